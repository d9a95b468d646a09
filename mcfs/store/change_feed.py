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
        # The generation that the next change begins at. Kept, since the state before may be damaged by then.
        self.generation: Generation = self._before.generation()

    @contextmanager
    def next_change(self, *, always: bool = False) -> Iterator[StoreChange | None]:
        """What changed since the last call; None when nothing did, or with `always` a change of no track."""
        with ExitStack() as new_read:
            after = new_read.enter_context(self._cache.reading())
            was, now = self.generation, after.generation()
            if was == now:
                yield StoreChange(self._before, after, frozenset()) if always else None
            elif was.store_uuid != now.store_uuid:
                # Another cache, which may have replaced a damaged one: the state before is not read.
                yield StoreChange(after, after, None)
            else:
                changed_keys = after.changed_since(was.counter)
                if changed_keys is None:
                    yield StoreChange(self._before, after, None)
                else:
                    covers = after.covers_changed_since(was.counter)
                    yield StoreChange(
                        self._before, after, frozenset(changed_keys), frozenset(covers)
                    )
            # Even when nothing changed: an old read transaction keeps SQLite from truncating its log.
            old_read, self._open_read = self._open_read, new_read.pop_all()
            self._before, self.generation = after, now
            old_read.close()

    def close(self) -> None:
        """End the read transaction."""
        self._open_read.close()
