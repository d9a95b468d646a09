"""The store: two SQLite databases, each with one repository that is the only way to it.

`cache.db` has the metadata of the library and can be rebuilt at any time; `user.db` has what the user made.

    engine.py            connections, transactions, waiting for locks, errors as one sentence
    sql_functions.py     functions that SQLite lacks
    cache_repository.py  the life of cache.db, and its transactions
    cache_reader.py      queries; track_records.py, bulk_lookup.py and field_counts.py serve it
    cache_writer.py      changes a few tracks; bulk_load.py replaces all
    field_kinds.py       which fields have dates as values
    row_encoder.py       records → rows; track_names.py and inodes.py make them unique
    change_feed.py       which tracks changed between two generations
    user_repository.py   user.db; migrations/ brings older databases up to date
    snapshot_repository.py   user.db: frozen results; snapshot_records.py has them as values,
                         known_snapshots.py finds their tracks in the cache
    pin_trash.py         pins that were moved to the trash
    pin_merge.py         brings pins over when the store has moved
    edit_journal.py      user.db: what each edit changed, from what, to what
    begun_values.py      user.db: values that no track has yet
    imported_rows.py     user.db: what imports have seen, as JSON
    summary.py           reads both without changing either
    quarantine.py        renames a damaged cache.db
    rescue.py            carries what can be read of a damaged user.db over into a new one
    replacing.py         gives a damaged database new content while others have it open
    locks.py             one sync at a time
    edit_lock.py         one edit at a time, and all who edit in turn
    batches.py           how many values one SQL statement gets
    records.py           the frozen values that go in and come out
    clock.py             which day it is today

The caller chooses the folder; only this room touches the files in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from mcfs.errors import StoreDamagedError, StoreError, StoreFullError, StoreReadOnlyError
from mcfs.store.cache_repository import CacheRepository
from mcfs.store.engine import open_engine, open_immutable
from mcfs.store.pin_trash import PinTrash
from mcfs.store.records import (
    Counts,
    FieldCount,
    Generation,
    Pin,
    Run,
    SyncState,
    TrackRecord,
)

if TYPE_CHECKING:
    from mcfs.store.user_repository import UserRepository

__all__ = [
    "CacheRepository",
    "Counts",
    "FieldCount",
    "Generation",
    "Pin",
    "Run",
    "Store",
    "SyncState",
    "TrackRecord",
    "open_cache",
    "open_store",
]


@dataclass(frozen=True, slots=True)
class Store:
    """The open databases of one library."""

    folder: Path
    cache: CacheRepository
    user: UserRepository
    # Lines for the user when opening found problems: a damaged cache that was renamed, for example.
    notice: str | None = None

    @property
    def trash(self) -> PinTrash:
        """The pins that were moved to the trash."""
        return PinTrash(self.folder / "trash")

    def close(self) -> None:
        """Close both databases."""
        self.cache.close()
        self.user.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(folder: Path) -> Store:
    """Open the store in this folder; make it when there is none."""
    # Commands that only read the cache need not load it.
    from mcfs.store.user_repository import UserRepository

    _make_folder(folder)
    cache = CacheRepository(open_engine(folder / "cache.db"))
    user = UserRepository(open_engine(folder / "user.db"), cache.met_damage)
    try:
        notices = [cache.prepare(), _lost_user_data(folder, cache), _prepare_user(user)]
        return Store(folder, cache, user, "\n".join(filter(None, notices)) or None)
    except BaseException:
        cache.close()
        user.close()
        raise


def _prepare_user(user: UserRepository) -> str | None:
    """Make user.db usable. Where that fails, syncs and mounts go on without it."""
    try:
        try:
            user.prepare()
        except StoreDamagedError:
            return user.rescue()
    except StoreError as error:
        return f"{error}; until then there are no pins, and nothing that changes metadata works"
    return None


def _lost_user_data(folder: Path, cache: CacheRepository) -> str | None:
    """Whether there was a user.db before, as a cache shows that has been synced."""
    path = folder / "user.db"
    if path.exists() and path.stat().st_size:
        return None
    try:
        if cache.state().finished_at is None:
            return None
    except StoreError:
        return None  # a damaged cache: the sync that follows says so
    how = "is empty" if path.exists() else "is gone"
    return (
        f"{path} {how}, although this library was synced before: its pins, and what `mcfs undo` needs, "
        "are lost; if you have a copy of it, put it back now"
    )


def open_cache(folder: Path) -> tuple[CacheRepository, str | None]:
    """Open the cache alone, which is quicker; also returns a sentence for the user, as `Store.notice`."""
    _make_folder(folder)
    path = folder / "cache.db"
    try:
        return _prepared(open_engine(path))
    except StoreFullError as error:
        # On a full disk: reading in WAL mode writes a few pages too, unless the file is immutable.
        engine = open_immutable(path)
        if engine is None:
            raise
        try:
            return _prepared(engine)
        except StoreReadOnlyError:
            # There is nothing in it to read yet, and it cannot be filled.
            raise error from None


def _prepared(engine: Engine) -> tuple[CacheRepository, str | None]:
    cache = CacheRepository(engine)
    try:
        return cache, cache.prepare()
    except BaseException:
        cache.close()
        raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}") from error
