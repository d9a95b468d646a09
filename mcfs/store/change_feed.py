"""Which tracks changed in the cache, with the state before and the state after.

Owns one read transaction that stays open from one change to the next. SQLite shows it the state in which
it began, so that names and values which a change removed can still be looked up.

Because of that, SQLite never finds a moment in which nobody reads its write-ahead log, and would let it grow
for as long as the feed is open. So the feed has the log copied from time to time, and then reads from the
database file alone: the next writer begins the log anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from mcfs.errors import StoreError
from mcfs.store.cache_reader import CacheReader
from mcfs.store.cache_repository import CacheRepository
from mcfs.store.records import Generation

# One gesture writes some hundred kilobytes. SQLite itself begins to copy after 16 MB, with each commit.
_CHANGES_UNTIL_COPIED = 50


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
        self._changes_in_log = 0

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
            self._move_to(after, new_read)
        if was != now:
            self.generation = now
            self._changes_in_log += 1
            if self._changes_in_log >= _CHANGES_UNTIL_COPIED:
                with suppress(StoreError):  # such as a full disk
                    self._empty_log()

    def _move_to(self, read: CacheReader, new_read: ExitStack) -> None:
        old_read, self._open_read = self._open_read, new_read.pop_all()
        self._before = read
        old_read.close()

    def _empty_log(self) -> None:
        """Where the log is copied and nobody has written since, read from the database file alone."""
        if self._cache.empty_log():
            with ExitStack() as new_read:
                read = new_read.enter_context(self._cache.reading())
                if read.generation() == self.generation:
                    self._changes_in_log = 0
                    self._move_to(read, new_read)

    def close(self) -> None:
        """End the read transaction."""
        self._open_read.close()
