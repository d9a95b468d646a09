"""Engines for SQLite files: the settings of connections, the beginning of transactions, errors.

Owns the settings, the waiting for other writers, and the sentence that every error of SQLite or SQLAlchemy
becomes: their exceptions do not leave this room. Knows no table.
"""

from __future__ import annotations

import errno
import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, RootTransaction, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mcfs.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
    TooManyFilesError,
)
from mcfs.store.sql_functions import add_functions

# Seconds that a writer waits for another: a full sync of a large library holds the lock that long.
PATIENCE = 30.0
# SQLite itself waits only this long, because Ctrl-C does not interrupt it; then we try again.
_ONE_WAIT = 0.2

SETTINGS = (
    "PRAGMA page_size = 16384",  # of a new file: filling it takes a tenth less time
    "PRAGMA journal_mode = WAL",  # readers are never blocked, and never see half of a sync
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = OFF",  # Debian's default overwrites deleted data: half a second for all tracks
    "PRAGMA journal_size_limit = 16777216",  # the large log of a full sync is truncated afterwards
)
SETTINGS_TO_REBUILD = (
    "PRAGMA foreign_keys = OFF",
    # 4 MiB; sorting may use as much again. Rows only arrive at the ends of tables, and runs that fit into
    # the processor's cache are sorted in half the time.
    "PRAGMA cache_size = -4096",
    # Sorting in memory allocates every row by itself, and without a limit.
    "PRAGMA temp_store = FILE",
)

# SQLAlchemy logs failures that it raises as well. Without any handler, Python would print them: Ctrl-C at
# the wrong moment would put a traceback on the terminal.
_NOT_ON_THE_TERMINAL = logging.NullHandler()

# Compiled statements that SQLAlchemy remembers; each is large, and it keeps half as many again.
_MAX_COMPILED = 200

_BEGIN = "mcfs_begin"
_PATIENCE = "mcfs_patience"
_ON_DAMAGE = "mcfs_on_damage"


def open_engine(path: Path, patience: float = PATIENCE) -> Engine:
    """An engine for one file, which the first transaction opens."""
    return _engine(path, _connect, patience)


def open_immutable(path: Path) -> Engine | None:
    """An engine that only reads and needs no space on the disk; None for a file with a write-ahead log.

    It takes no lock, so it is only for reading once, on a disk that is full for every writer.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return None
    return _engine(path, _connect_immutable, patience=0)


def _engine(path: Path, connect: Callable[[Path], sqlite3.Connection], patience: float) -> Engine:
    logging.getLogger("sqlalchemy").addHandler(_NOT_ON_THE_TERMINAL)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=partial(connect, path),
        poolclass=QueuePool,
        max_overflow=-1,  # threads that read never wait for each other
        execution_options={_PATIENCE: patience},
        query_cache_size=_MAX_COMPILED,
    )
    event.listen(engine, "begin", _begin)
    return engine


def open_read_only(path: Path) -> Engine:
    """An engine that changes nothing and makes no file, also on a disk that cannot be written."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=partial(_connect_read_only, path),
        poolclass=QueuePool,
        execution_options={_PATIENCE: _ONE_WAIT},
    )
    event.listen(engine, "begin", _begin)
    return engine


def call_on_damage(engine: Engine, call: Callable[[str], None]) -> None:
    """Call this with a sentence whenever damage in the database is met."""
    engine.update_execution_options(**{_ON_DAMAGE: call})


def path_of(engine: Engine) -> Path:
    """The file of an engine."""
    return Path(engine.url.database or "")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read transaction: it sees one state of the database, even while others write."""
    with _store_errors(engine):
        connection, transaction = _begin_transaction(engine, "BEGIN")
        with connection, transaction:
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction, which holds the write lock from its start."""
    with _store_errors(engine):
        connection, transaction = _begin_transaction(engine, "BEGIN IMMEDIATE")
        with connection, transaction:
            yield connection


def empty_log(engine: Engine) -> bool:
    """Copy the write-ahead log into the database; whether that was all of it, so that it can start anew.

    For as long as somebody reads a state that is only in the log, a part of it cannot be copied.
    """
    with _store_errors(engine), closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        (answer,) = cursor.fetchall()
        is_busy, pages, copied = answer
        return not is_busy and bool(pages == copied)


@contextmanager
def rebuilding(engine: Engine) -> Iterator[Connection]:
    """A write transaction without foreign key checks, for replacing whole tables."""
    with _store_errors(engine):
        connection, transaction = _begin_transaction(engine, "BEGIN IMMEDIATE", rebuild=True)
        with connection, transaction:
            yield connection


@contextmanager
def _store_errors(engine: Engine) -> Iterator[None]:
    """Turn every exception of SQLite and SQLAlchemy into a `StoreError` with one sentence."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        found = _store_error(path_of(engine), error)
        on_damage = engine.get_execution_options().get(_ON_DAMAGE)
        if on_damage is not None and isinstance(found, StoreDamagedError):
            on_damage(str(found))
        raise found from error


def _connect(path: Path) -> sqlite3.Connection:
    # No implicit transactions: `_begin` begins each, with the right kind of lock.
    connection = sqlite3.connect(
        path, timeout=_ONE_WAIT, isolation_level=None, check_same_thread=False
    )
    return _set_up(connection, SETTINGS)


def _connect_immutable(path: Path) -> sqlite3.Connection:
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
        add_functions(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_read_only(path: Path) -> sqlite3.Connection:
    # Even a reader would make a write-ahead log, and leave it. If there is a log, another process has the
    # file open or was killed. If there is none, no process has it open, and it can be read as immutable.
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
            # There is a log without its index, and none can be made on a disk that is read-only.
            if not ways:
                raise
        except BaseException:
            connection.close()
            raise
        else:
            return connection


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options()[_BEGIN])


def _begin_transaction(
    engine: Engine, begin: str, *, rebuild: bool = False
) -> tuple[Connection, RootTransaction]:
    """Begin a transaction, waiting for locks; waiting inside a transaction could deadlock."""
    deadline = time.monotonic() + engine.get_execution_options()[_PATIENCE]
    pause = 0.005
    while True:
        try:
            return _try_to_begin(engine, begin, rebuild=rebuild)
        except (DBAPIError, sqlite3.Error) as error:
            if _code(error) & 0xFF not in _BUSY or time.monotonic() >= deadline:
                raise
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2 * pause, 0.25)


def _try_to_begin(
    engine: Engine, begin: str, *, rebuild: bool
) -> tuple[Connection, RootTransaction]:
    connection = engine.connect().execution_options(**{_BEGIN: begin})
    try:
        if rebuild:
            cursor = connection.connection.cursor()
            for setting in SETTINGS_TO_REBUILD:
                cursor.execute(setting)
            cursor.close()
            # These settings outlive the transaction, so the connection must not return to the pool.
            connection.detach()
        transaction = connection.begin()
        # SQLite takes a reader's snapshot at its first read, not at BEGIN.
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except BaseException:
        connection.close()
        raise
    return connection, transaction


_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})


def _code(error: Exception) -> int:
    """SQLite's extended result code; 0 when the failure is not SQLite's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code: int = getattr(cause, "sqlite_errorcode", 0)
    return code


def _store_error(path: Path, error: Exception) -> StoreError:
    code = _code(error)
    kind = code & 0xFF
    if kind in _BUSY:
        return StoreBusyError(f"{path} is being written by another process; try again in a moment")
    if kind == sqlite3.SQLITE_NOTADB:
        return StoreDamagedError(f"{path} is not a database", str(path))
    if kind == sqlite3.SQLITE_CORRUPT:
        return StoreDamagedError(f"{path} is damaged", str(path))
    if code in _FULL:
        return StoreFullError(
            f"{path} cannot be written: no space left on its disk; make some and try again"
        )
    if kind in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR} and _has_no_descriptor_left():
        return TooManyFilesError(
            f"{path} cannot be opened: too many files are open; allow more with ulimit -n"
        )
    reason = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
    if kind == sqlite3.SQLITE_CANTOPEN:
        return StoreError(f"{path} cannot be opened: {_obstacle(path) or reason}")
    if kind in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR):
        kind_of_error = StoreReadOnlyError if kind == sqlite3.SQLITE_READONLY else StoreError
        return kind_of_error(f"{path} cannot be written: {_obstacle(path) or reason}")
    return StoreError(f"{path}: {reason}")


def _has_no_descriptor_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False


def _obstacle(path: Path) -> str | None:
    """Why the file system refuses to open the file, in plain words."""
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
