"""The store: two SQLite files, and the one repository that is the door to each.

`cache.db` is what the library says, disposable; `user.db` is what the user made, and never lost.

    engine.py               settings, transactions, waiting, errors in one sentence
    cache.py                CacheRepository: reader.py asks, load.py fills, changes.py changes
    encoding.py, numbers.py records → rows;  inodes.py, aside.py: one rule each
    look.py                 what both say of themselves, without touching either
    user.py                 UserRepository over user_schema.py, carried along by migrations/
    records.py              the frozen values that go in and come out

The folder they are in is the caller's to choose; what is in it is this room's alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from mcfs.errors import StoreError, StoreFullError
from mcfs.store.cache_repository import CacheRepository
from mcfs.store.engine import open_engine, open_immutable
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
    """Both databases of one library."""

    folder: Path
    cache: CacheRepository
    user: UserRepository
    # What the user should know about how it was opened: a damaged cache that was set aside.
    notice: str | None = None

    def close(self) -> None:
        """Let go of the files."""
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
    """The store in this folder, which is made if there is none; both databases ready for use."""
    from mcfs.store.user_repository import UserRepository  # not loaded for who only reads the cache

    _make(folder)
    cache = CacheRepository(open_engine(folder / "cache.db"))
    user = UserRepository(open_engine(folder / "user.db"))
    try:
        user.prepare()
        return Store(folder, cache, user, cache.prepare())
    except BaseException:
        cache.close()
        user.close()
        raise


def open_cache(folder: Path) -> tuple[CacheRepository, str | None]:
    """The cache alone, which is quicker; and what the user should know about how it was opened."""
    _make(folder)
    path = folder / "cache.db"
    try:
        return _prepared(open_engine(path))
    except StoreFullError:
        # Reading takes a few pages beside the file too, unless nobody else can be at it.
        still = open_immutable(path)
        if still is None:
            raise
        return _prepared(still)


def _prepared(engine: Engine) -> tuple[CacheRepository, str | None]:
    cache = CacheRepository(engine)
    try:
        return cache, cache.prepare()
    except BaseException:
        cache.close()
        raise


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}") from error
