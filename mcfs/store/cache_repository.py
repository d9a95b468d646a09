"""The only way to `cache.db`, the metadata of the library, which can be rebuilt at any time.

Owns its life: making the tables, the stamp that names their version, remaking them when that differs,
and the transactions in which it is read and changed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, insert, update

from mcfs.errors import CacheDamagedError, StoreBusyError, StoreDamagedError, StoreError
from mcfs.schema.cache import CACHE_TABLES, schema_stamp
from mcfs.schema.cache import SyncState as SyncRow
from mcfs.sql import BoundQuery
from mcfs.store import engine as sqlite
from mcfs.store.cache_reader import CacheReader
from mcfs.store.quarantine import quarantine
from mcfs.store.records import Counts, CoverRecord, SyncState, TrackRecord

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
        # A sentence once damage was met; then the next sync calls `rebuild`.
        self.damage: str | None = None
        # Set whenever damage is met, for a mount that is to sync at once.
        self.met_damage = threading.Event()

    def prepare(self) -> str | None:
        """Make the tables when there are none, or when they are of another version.

        A damaged database is renamed and a new one is made; a sentence about that is returned. One that
        another process has open waits for `rebuild`.
        """
        try:
            self._prepare()
        except StoreDamagedError as error:
            self._engine.dispose()
            try:
                renamed = quarantine(self._path)
            except StoreBusyError:
                self._note_damage(str(error))
                return None
            self._prepare()
            return f"{error}; it is set aside as {renamed.name}, and the next sync fills a new one"
        return None

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[CacheReader]:
        """A read transaction: everything that is read belongs to one state of the cache."""
        with self._noting_damage(), sqlite.reading(self._engine) as connection:
            self._check_stamp(connection)
            yield CacheReader(connection)

    def empty_log(self) -> bool:
        """Copy the write-ahead log into the file; whether all of it could be copied."""
        with self._noting_damage():
            return sqlite.empty_log(self._engine)

    @contextmanager
    def writing(self) -> Iterator[CacheWriter]:
        """A write transaction: all changes become one generation, or none after an exception."""
        from mcfs.store.cache_writer import CacheWriter

        with self._noting_damage(), sqlite.writing(self._engine) as connection:
            self._check_stamp(connection)
            writer = CacheWriter(connection)
            yield writer
            writer.finish()

    def replace_all(
        self,
        records: Iterable[TrackRecord],
        state: SyncState | None = None,
        covers: Iterable[CoverRecord] = (),
    ) -> None:
        """Replace all tracks, and all covers, by these, as one generation."""
        from mcfs.store.bulk_load import load
        from mcfs.store.cache_writer import (
            CacheWriter,
            insert_covers,
            note_presence,
            start_generation,
        )

        with self._noting_damage(), sqlite.rebuilding(self._engine) as connection:
            self._check_stamp(connection)
            load(connection, records)
            insert_covers(connection, covers)
            if state is not None:
                CacheWriter(connection).set_state(state)
            note_presence(connection)
            start_generation(connection, None)

    def record_finish(self, finished_at: datetime, counts: Counts) -> None:
        """Record that a sync ended, and the counts after it. Begins no new generation."""
        with self._noting_damage(), sqlite.writing(self._engine) as connection:
            self._check_stamp(connection)
            connection.execute(
                update(SyncRow).values(finished_at=finished_at, counts=asdict(counts))
            )

    def state(self) -> SyncState:
        """Which state of the library the cache has."""
        with self.reading() as read:
            return read.state()

    def count(self, bound: BoundQuery | None = None) -> int:
        """How many tracks a query names; without one, how many there are."""
        with self.reading() as read:
            return read.count(bound)

    def rebuild(self, fill: Callable[[CacheRepository], None]) -> str:
        """Put a new cache, which `fill` fills, in the place of a damaged one; a sentence about that.

        Until it is full, the damaged one stays where it is. Only for the holder of the sync lock.
        """
        from mcfs.store import replacing

        new = replacing.new_file(self._path)
        try:
            cache = CacheRepository(sqlite.open_engine(new), self._stamp)
            try:
                cache.prepare()
                fill(cache)
            finally:
                cache.close()
            copy = replacing.copy_aside(self._path)
            self._engine.dispose()
            replacing.replace_content(self._path, new)
        finally:
            replacing.remove_database(new)
        what, self.damage = self.damage or f"{self._path} is damaged", None
        kept = f"a copy is kept as {copy.name}" if copy else "there was no room to keep a copy"
        return f"{what}; {kept}, and a new one has been made from the library"

    @contextmanager
    def _noting_damage(self) -> Iterator[None]:
        try:
            yield
        except StoreDamagedError as error:
            if error.database != str(self._path):
                # Something read user.db in the middle of a transaction here.
                raise
            self._note_damage(str(error))
            raise CacheDamagedError(str(error), error.database) from error

    def _note_damage(self, sentence: str) -> None:
        # Only the first time: a failed rebuild is tried again, but not without a pause.
        if self.damage is None:
            self.damage = sentence
            self.met_damage.set()

    def _prepare(self) -> None:
        with sqlite.reading(self._engine) as connection:
            if self._is_current(connection):
                return
        with sqlite.rebuilding(self._engine) as connection:
            # Another process may have made them meanwhile.
            if not self._is_current(connection):
                self._make_tables(connection)

    def _is_current(self, connection: Connection) -> bool:
        application: int = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        if application != _APPLICATION and _tables(connection):
            raise StoreDamagedError(f"{self._path} is no cache of mcfs", str(self._path))
        stamp: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        return application == _APPLICATION and stamp == self._stamp

    def _make_tables(self, connection: Connection) -> None:
        """In the same file and in one transaction: other readers keep the state that they see."""
        while tables := _tables(connection):
            connection.exec_driver_sql(f"DROP TABLE {_quoted(tables[0])}")
        CACHE_TABLES.create_all(connection)
        connection.execute(insert(SyncRow).values(id=1, store_uuid=str(uuid.uuid4())))
        connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION}")
        connection.exec_driver_sql(f"PRAGMA user_version = {self._stamp}")

    def _check_stamp(self, connection: Connection) -> None:
        """Another version of mcfs may have made other tables while this process had the file open."""
        stamp = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if stamp != self._stamp:
            raise StoreError(
                f"{self._path} was rebuilt by another version of mcfs; start this one again"
            )


def _tables(connection: Connection) -> list[str]:
    """The tables to drop: virtual ones first, which drop their hidden tables with them."""
    rows = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
        " ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC"
    )
    return list(rows.scalars())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
