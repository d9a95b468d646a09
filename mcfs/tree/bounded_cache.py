"""A cache that holds the values used last, as many as fit.

Owns its memory and its lock; knows nothing of what it keeps.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Forgets the least recently used values. Safe to use from several threads.

    The newest value stays even if it alone is heavier than the limit: it is likely to be needed again.
    """

    def __init__(self, limit: int, weigh: Callable[[V], int]) -> None:
        self.limit = limit
        self._weigh = weigh
        self._values: OrderedDict[K, V] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def weight(self) -> int:
        """Of all values together."""
        return self._weight

    def __iter__(self) -> Iterator[K]:
        """The keys; the least recently used one comes first."""
        with self._lock:
            return iter(list(self._values))

    def get(self, key: K) -> V | None:
        """The value, if it is still here."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        """Keep a value, and forget others until all fit."""
        with self._lock:
            replaced = self._values.pop(key, None)
            if replaced is not None:
                self._weight -= self._weigh(replaced)
            self._values[key] = value
            self._weight += self._weigh(value)
            while self._weight > self.limit and len(self._values) > 1:
                _, forgotten = self._values.popitem(last=False)
                self._weight -= self._weigh(forgotten)
