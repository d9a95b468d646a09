"""The only door to `cache.db`: the library's metadata, disposable at any time.

Owns its life: made, stamped, filled, read, changed, made anew when the tables differ. Nothing that
is bound to a connection leaves it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, insert, update

from mcfs.errors import StoreDamagedError, StoreError
from mcfs.schema.cache import CacheBase, schema_stamp
from mcfs.schema.cache import SyncState as SyncRow
from mcfs.sql import BoundQuery
from mcfs.store import engine as sqlite
from mcfs.store.cache_reader import CacheReader
from mcfs.store.quarantine import quarantine
from mcfs.store.records import Counts, SyncState, TrackRecord

# What writes is loaded where something is written: most commands only read.
if TYPE_CHECKING:
    from mcfs.store.cache_writer import CacheWriter

_APPLICATION = int.from_bytes(b"mcfs")


class CacheRepository:
    """The cache behind one engine. Safe to use from several threads.

    `stamp` says which tables the cache has; by default those of this version of mcfs.
    """

    def __init__(self, engine: Engine, stamp: int | None = None) -> None:
        self._engine = engine
        self._path = sqlite.path_of(engine)
        self._stamp = schema_stamp() if stamp is None else stamp

    def prepare(self) -> str | None:
        """Have tables, and these tables.

        A cache of another version is made anew, empty. A damaged one is set aside; the sentence that
        is then returned says so.
        """
        try:
            self._prepare()
        except StoreDamagedError as error:
            self._engine.dispose()
            aside = quarantine(self._path)
            self._prepare()
            return f"{error}; it is set aside as {aside.name}, and the next sync fills a new one"
        return None

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[CacheReader]:
        """Several questions to one state of the cache."""
        with sqlite.reading(self._engine) as connection:
            self._check(connection)
            yield CacheReader(connection)

    @contextmanager
    def writing(self) -> Iterator[CacheWriter]:
        """Several changes that are one: one commit, one generation, or an exception and nothing."""
        from mcfs.store.cache_writer import CacheWriter

        with sqlite.writing(self._engine) as connection:
            self._check(connection)
            writer = CacheWriter(connection)
            yield writer
            writer.finish()

    def replace_all(self, records: Iterable[TrackRecord], state: SyncState | None = None) -> None:
        """Put these tracks in the place of all there are; the records are gone through once."""
        from mcfs.store.bulk_load import load
        from mcfs.store.cache_writer import CacheWriter, start_generation

        with sqlite.rebuilding(self._engine) as connection:
            self._check(connection)
            load(connection, records)
            if state is not None:
                CacheWriter(connection).set_state(state)
            start_generation(connection, None)

    def record_finish(self, finished_at: datetime, counts: Counts) -> None:
        """That a sync came to its end, and what there is now. Not a new generation."""
        self._note(finished_at=finished_at, counts=asdict(counts), last_error=None)

    def record_error(self, sentence: str | None) -> None:
        """What went wrong with the last sync; None when nothing did. Not a new generation."""
        self._note(last_error=sentence)

    def state(self) -> SyncState:
        """What the cache is a picture of now."""
        with self.reading() as read:
            return read.state()

    def count(self, bound: BoundQuery | None = None) -> int:
        """How many tracks a query names; without one, how many there are."""
        with self.reading() as read:
            return read.count(bound)

    def _prepare(self) -> None:
        with sqlite.reading(self._engine) as connection:
            if self._is_current(connection):
                return
        with sqlite.rebuilding(self._engine) as connection:
            # Another process may have been quicker.
            if not self._is_current(connection):
                self._make_anew(connection)

    def _is_current(self, connection: Connection) -> bool:
        application: int = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        if application != _APPLICATION and _tables(connection):
            raise StoreDamagedError(f"{self._path} is no cache of mcfs")
        stamp: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        return application == _APPLICATION and stamp == self._stamp

    def _make_anew(self, connection: Connection) -> None:
        """In the same file and in one transaction: who reads meanwhile keeps what they have."""
        while tables := _tables(connection):
            connection.exec_driver_sql(f"DROP TABLE {_quoted(tables[0])}")
        CacheBase.metadata.create_all(connection)
        connection.execute(insert(SyncRow).values(id=1, store_uuid=str(uuid.uuid4())))
        connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION}")
        connection.exec_driver_sql(f"PRAGMA user_version = {self._stamp}")

    def _check(self, connection: Connection) -> None:
        """A newer mcfs may have made other tables while this process had the file open."""
        stamp = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if stamp != self._stamp:
            raise StoreError(
                f"{self._path} was made anew by another version of mcfs; start this one again"
            )

    def _note(self, **columns: Any) -> None:
        with sqlite.writing(self._engine) as connection:
            self._check(connection)
            connection.execute(update(SyncRow).values(**columns))


def _tables(connection: Connection) -> list[str]:
    """What can be dropped: virtual tables first, which take their hidden ones along."""
    rows = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
        " ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC"
    )
    return list(rows.scalars())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
