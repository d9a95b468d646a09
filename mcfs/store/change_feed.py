"""Which tracks changed in the cache, with the state before and the state after.

Owns one read transaction that stays open from one change to the next. SQLite shows it the state in which
it began, so that names and values which a change removed can still be looked up.
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
    """The difference between one generation and a later one."""

    before: CacheReader
    after: CacheReader
    # The keys of the tracks that may differ; None when any track may.
    changed_keys: frozenset[str] | None
    # The work paths of the covers that may differ, where the changed tracks are known.
    changed_covers: frozenset[str] = frozenset()


class ChangeFeed:
    """Reports the changes of a cache, one after the other. For one thread."""

    def __init__(self, cache: CacheRepository) -> None:
        self._cache = cache
        self._open_read = ExitStack()
        self._before = self._open_read.enter_context(cache.reading())

    @property
    def generation(self) -> Generation:
        """The generation that the next change begins at."""
        return self._before.generation()

    @contextmanager
    def next_change(self) -> Iterator[StoreChange | None]:
        """What changed since the last call; None when nothing did."""
        with ExitStack() as new_read:
            after = new_read.enter_context(self._cache.reading())
            was, now = self._before.generation(), after.generation()
            if was == now:
                yield None
            else:
                same = was.store_uuid == now.store_uuid
                changed_keys = after.changed_since(was.counter) if same else None
                if changed_keys is None:
                    yield StoreChange(self._before, after, None)
                else:
                    covers = after.covers_changed_since(was.counter)
                    yield StoreChange(
                        self._before, after, frozenset(changed_keys), frozenset(covers)
                    )
            # Even when nothing changed: an old read transaction keeps SQLite from truncating its log.
            self._open_read.close()
            self._open_read, self._before = new_read.pop_all(), after

    def close(self) -> None:
        """End the read transaction."""
        self._open_read.close()
