"""Engines for SQLite files: how connections are set up, transactions begin, failures are told.

Owns the settings, the waiting for other writers, and the one sentence that every error of SQLite or
SQLAlchemy becomes; neither's exceptions leave this room. Knows no table.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, RootTransaction, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mcfs.errors import StoreBusyError, StoreDamagedError, StoreError, StoreFullError

# How long a writer waits for another: a full sync of a large library holds the lock for seconds.
PATIENCE = 30.0
# SQLite sleeps this long inside one call, where Ctrl-C does not reach it; then we try again.
_ONE_WAIT = 0.2

SETTINGS = (
    "PRAGMA page_size = 16384",  # of a file that is made anew: filling it takes a tenth less
    "PRAGMA journal_mode = WAL",  # readers are never blocked, and see no half of a sync
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = OFF",  # Debian overwrites what is deleted: half a second when all of it is
    "PRAGMA journal_size_limit = 16777216",  # the WAL of a full sync does not stay on the disk
)
SETTINGS_TO_REBUILD = (
    "PRAGMA foreign_keys = OFF",
    # 4 MiB, of which sorting may take as much: rows only ever arrive at the ends of tables, and runs that
    # fit into the processor's cache are sorted in half the time.
    "PRAGMA cache_size = -4096",
    # Sorting what is in memory asks for every row's memory apart, and has no bound.
    "PRAGMA temp_store = FILE",
)

# What SQLAlchemy logs of a failure that is raised besides is for a log, where there is one: without any,
# Ctrl-C at the wrong moment would put its traceback on the terminal.
_NOT_ON_THE_TERMINAL = logging.NullHandler()

# Each keeps its statement too, which is large; SQLAlchemy lets half as many more come before it forgets.
_MOST_COMPILED = 200

_BEGIN = "mcfs_begin"
_PATIENCE = "mcfs_patience"


def open_engine(path: Path, patience: float = PATIENCE) -> Engine:
    """An engine for one file. Nothing is opened yet: the first transaction does that."""
    return _engine(path, _connect, patience)


def open_immutable(path: Path) -> Engine | None:
    """One that only reads and needs no space on the disk; None for a file with a write-ahead log.

    It takes no lock: right for who reads once, of a file that nobody has open and nobody can write.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return None
    return _engine(path, _connect_still, patience=0)


def _engine(path: Path, connect: Callable[[Path], sqlite3.Connection], patience: float) -> Engine:
    logging.getLogger("sqlalchemy").addHandler(_NOT_ON_THE_TERMINAL)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=partial(connect, path),
        poolclass=QueuePool,
        max_overflow=-1,  # threads that read never wait for each other
        execution_options={_PATIENCE: patience},
        query_cache_size=_MOST_COMPILED,
    )
    event.listen(engine, "begin", _begin)
    return engine


def open_read_only(path: Path) -> Engine:
    """An engine that changes nothing, makes no file and leaves none, on whatever disk."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=partial(_connect_to_look, path),
        poolclass=QueuePool,
        execution_options={_PATIENCE: _ONE_WAIT},
    )
    event.listen(engine, "begin", _begin)
    return engine


def path_of(engine: Engine) -> Path:
    """The file of an engine."""
    return Path(engine.url.database or "")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database, whatever others write meanwhile."""
    with translated(engine):
        connection, transaction = _begun(engine, "BEGIN")
        with connection, transaction:
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock from its start; all of it is kept, or nothing."""
    with translated(engine):
        connection, transaction = _begun(engine, "BEGIN IMMEDIATE")
        with connection, transaction:
            yield connection


@contextmanager
def rebuilding(engine: Engine) -> Iterator[Connection]:
    """As `writing`, with foreign keys unchecked: for who drops tables and numbers every row."""
    with translated(engine):
        connection, transaction = _begun(engine, "BEGIN IMMEDIATE", rebuild=True)
        with connection, transaction:
            yield connection


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Whatever SQLite or SQLAlchemy raises becomes a StoreError that says it in one sentence."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _explained(path_of(engine), error) from error


def _connect(path: Path) -> sqlite3.Connection:
    # No implicit transactions: `_begin` says when one begins, and of which kind.
    connection = sqlite3.connect(
        path, timeout=_ONE_WAIT, isolation_level=None, check_same_thread=False
    )
    return _set_up(connection, SETTINGS)


def _connect_still(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?immutable=1",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    return _set_up(connection, ("PRAGMA temp_store = MEMORY",))


def _set_up(connection: sqlite3.Connection, settings: Iterable[str]) -> sqlite3.Connection:
    try:
        for setting in settings:
            connection.execute(setting).close()
        connection.create_function("mcfs_shuffle", 2, _shuffled, deterministic=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_look(path: Path) -> sqlite3.Connection:
    # Who only reads would make a write-ahead log too, and leave it. Where there is one somebody writes,
    # or was killed; where there is none the file is all there is, and nobody else has it open.
    ways = ["immutable=1"]
    if path.with_name(f"{path.name}-wal").exists():
        ways.insert(0, "mode=ro")
    while True:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{ways.pop(0)}",
            uri=True,
            timeout=_ONE_WAIT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA temp_store = MEMORY").close()
            connection.execute("SELECT count(*) FROM sqlite_master").close()
        except sqlite3.OperationalError:
            connection.close()
            # A log without its index, which cannot be made on a disk that cannot be written.
            if not ways:
                raise
        except BaseException:
            connection.close()
            raise
        else:
            return connection


def _shuffled(seed: str | bytes, annex_key: str | bytes) -> bytes:
    """Where a track comes in a shuffled order: its own, whoever arrives or leaves."""
    seed, key = (text if isinstance(text, bytes) else text.encode() for text in (seed, annex_key))
    return hashlib.blake2b(seed + b"\0" + key, digest_size=8).digest()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options()[_BEGIN])


def _begun(
    engine: Engine, begin: str, *, rebuild: bool = False
) -> tuple[Connection, RootTransaction]:
    """All waiting is done here, with nothing begun: who waits inside a transaction can deadlock."""
    deadline = time.monotonic() + engine.get_execution_options()[_PATIENCE]
    pause = 0.005
    while True:
        try:
            return _begun_at_once(engine, begin, rebuild=rebuild)
        except (DBAPIError, sqlite3.Error) as error:
            if _code(error) & 0xFF not in _BUSY or time.monotonic() >= deadline:
                raise
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2 * pause, 0.25)


def _begun_at_once(
    engine: Engine, begin: str, *, rebuild: bool
) -> tuple[Connection, RootTransaction]:
    connection = engine.connect().execution_options(**{_BEGIN: begin})
    try:
        if rebuild:
            cursor = connection.connection.cursor()
            for setting in SETTINGS_TO_REBUILD:
                cursor.execute(setting)
            cursor.close()
            # They outlive the transaction: such a connection is for nobody else.
            connection.detach()
        transaction = connection.begin()
        # A reader's snapshot is taken by its first read, not by BEGIN.
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except BaseException:
        connection.close()
        raise
    return connection, transaction


_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})


def _code(error: Exception) -> int:
    """SQLite's extended result code, 0 when the failure is not SQLite's own."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code: int = getattr(cause, "sqlite_errorcode", 0)
    return code


def _explained(path: Path, error: Exception) -> StoreError:
    code = _code(error)
    kind = code & 0xFF
    if kind in _BUSY:
        return StoreBusyError(f"{path} is being written by another process; try again in a moment")
    if kind == sqlite3.SQLITE_NOTADB:
        return StoreDamagedError(f"{path} is not a database")
    if kind == sqlite3.SQLITE_CORRUPT:
        return StoreDamagedError(f"{path} is damaged")
    if code in _FULL:
        return StoreFullError(
            f"{path} cannot be written: no space left on its disk; make some and try again"
        )
    reason = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
    if kind == sqlite3.SQLITE_CANTOPEN:
        return StoreError(f"{path} cannot be opened: {_obstacle(path) or reason}")
    if kind in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR):
        return StoreError(f"{path} cannot be written: {_obstacle(path) or reason}")
    return StoreError(f"{path}: {reason}")


def _obstacle(path: Path) -> str | None:
    """What the file system would say to somebody who opens the file, in the user's words."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if path.is_dir():
        return "it is a folder"
    if not os.access(folder, os.W_OK):
        return f"the folder {folder} is read-only"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return "its permissions do not allow it"
    return None
