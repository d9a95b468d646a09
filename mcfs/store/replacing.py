"""Replaces a damaged database by a whole one while other processes, such as a mount, have it open.

Owns the files: the damaged one is copied aside, and its own file gets the content of the new one, because
whoever has it open goes on with that file. Copies are made by cp(1): when a process closes a descriptor of
a file, it loses the locks that its SQLite holds on that file.
"""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from mcfs.errors import StoreError


def damaged_name(path: Path) -> Path:
    """The name under which a damaged database is kept."""
    return path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")


def new_file(path: Path) -> Path:
    """Where the new database is made, beside the damaged one; what an earlier try left there is removed."""
    new = path.with_name(f"{path.name}.new")
    remove_database(new)
    return new


def remove_database(path: Path) -> None:
    """Remove a database that nobody else has open, and what SQLite keeps beside it."""
    for suffix in ("-wal", "-shm", ""):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def copy_aside(path: Path) -> Path | None:
    """Keep a copy of a damaged database; None where that is impossible, as on a full disk."""
    copy = damaged_name(path)
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists() and not _copy(source, copy.with_name(copy.name + suffix)):
            remove_database(copy)
            return None
    return copy


def replace_content(path: Path, new: Path) -> None:
    """Give a damaged database the content of a new one, which nobody has open.

    It is one transaction: who reads the old state goes on reading it. Only where the file is so damaged that
    no transaction can begin is it overwritten first.
    """
    try:
        try:
            _in_one_transaction(path, new)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _DAMAGED or not _copy(new, path):
                raise
            # What SQLite keeps beside the file, also for other processes, has to follow.
            _in_one_transaction(path, new)
    except sqlite3.Error as error:
        raise StoreError(f"{path} is damaged and cannot be replaced: {error}") from error


_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# Seconds that it waits for another process that writes.
_PATIENCE = 30.0


def _in_one_transaction(path: Path, new: Path) -> None:
    with (
        closing(sqlite3.connect(new)) as source,
        closing(sqlite3.connect(path, timeout=_PATIENCE)) as damaged,
    ):
        source.backup(damaged)


def _copy(source: Path, target: Path) -> bool:
    done = subprocess.run(
        ["cp", "--", source, target], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode == 0
