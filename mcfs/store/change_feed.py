"""The cache as it was, held while others move it on: what there was beside what there is.

Owns one read transaction that is kept open from generation to generation. SQLite shows it the state in
which it began, so that what a change took away can still be looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from mcfs.store.cache_reader import CacheReader
from mcfs.store.cache_repository import CacheRepository
from mcfs.store.records import Generation


@dataclass(frozen=True, slots=True)
class StoreChange:
    """From one generation to a later one."""

    before: CacheReader
    after: CacheReader
    # The keys of the tracks that differ; None where all may.
    changed_keys: frozenset[str] | None


class ChangeFeed:
    """Goes after a cache, a step at a time; for one thread."""

    def __init__(self, cache: CacheRepository) -> None:
        self._cache = cache
        self._holding = ExitStack()
        self._before = self._holding.enter_context(cache.reading())

    @property
    def generation(self) -> Generation:
        """The one that the next step begins at."""
        return self._before.generation()

    @contextmanager
    def next_change(self) -> Iterator[StoreChange | None]:
        """What has changed since the last step; None if nothing has. The next is from here on."""
        with ExitStack() as holding:
            after = holding.enter_context(self._cache.reading())
            was, now = self._before.generation(), after.generation()
            if was == now:
                yield None
            else:
                same = was.store_uuid == now.store_uuid
                changed_keys = after.changed_since(was.counter) if same else None
                yield StoreChange(
                    self._before, after, None if changed_keys is None else frozenset(changed_keys)
                )
            # In either case: as long as an old state is held, SQLite's log can only grow.
            self._holding.close()
            self._holding, self._before = holding.pop_all(), after

    def close(self) -> None:
        """Let go of the state."""
        self._holding.close()
