"""Renames a damaged database, so that a new one can be made and the old one can still be examined.

Owns the only case in which a file of the store is renamed. A database that another process has open is
never renamed (`replacing.py` gives it new content instead): what that process writes would be lost, and when
it closes the database it would delete the write-ahead log of the new one.
"""

from __future__ import annotations

import fcntl
from pathlib import Path

from mcfs.errors import StoreBusyError, StoreError
from mcfs.store.replacing import damaged_name

# The bytes that SQLite locks on Unix; in WAL mode every open connection holds a shared lock on them.
_LOCKED_FROM = 0x4000_0000
_LOCKED_BYTES = 512


def quarantine(path: Path) -> Path:
    """Rename a database that no process has open, and its write-ahead log; returns the new path."""
    damaged = damaged_name(path)
    try:
        with path.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED_BYTES, _LOCKED_FROM)
            except OSError as error:
                raise StoreBusyError(
                    f"{path} is damaged, and in use by another process: end that first "
                    "(unmount), then try again"
                ) from error
            for suffix in ("-wal", "-shm", ""):
                source = path.with_name(path.name + suffix)
                if source.exists():
                    source.replace(damaged.with_name(damaged.name + suffix))
    except OSError as error:
        raise StoreError(f"{path} is damaged and cannot be renamed: {error.strerror}") from error
    return damaged
