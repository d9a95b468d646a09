"""Setting a damaged database aside, where somebody can still look into it.

Owns the one case in which a file of the store is renamed. A database that another process has open
is never touched: what that one writes would go to a file nobody reads, and when it closes it would
unlink the write-ahead log of the new one.
"""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime
from pathlib import Path

from mcfs.errors import StoreBusyError, StoreError

# Where SQLite locks a file on Unix; in WAL mode every open connection holds a share of it.
_LOCKED_FROM = 0x4000_0000
_LOCKED_BYTES = 512


def quarantine(path: Path) -> Path:
    """Rename a database nobody has open, with its write-ahead log; its new path."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
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
                    source.replace(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise StoreError(f"{path} is damaged and cannot be renamed: {error.strerror}") from error
    return aside
