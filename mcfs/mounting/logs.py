"""Where a mount logs: the terminal, or a file that does not grow without end. Both show printable text."""

from __future__ import annotations

import logging
import logging.handlers
import os
from io import TextIOWrapper
from pathlib import Path

from mcfs.errors import MountError
from mcfs.text.printable import printable_lines

_MAX_BYTES = 1_000_000
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _Printable(logging.Formatter):
    """Messages hold names, and a terminal would obey their control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(super().format(record))


class _StoreLog(logging.handlers.RotatingFileHandler):
    """The log in a store. It is not opened through a link, which may lead to a file that is not ours."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.baseFilename, flags, 0o644)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)


def log_to_terminal(verbosity: int) -> None:
    """Log to stderr, as messages of the command."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Printable("mcfs: %(message)s"))
    _install(handler, verbosity)


def log_to_file(path: Path, verbosity: int) -> None:
    """Log to a file that the user chose; a `MountError` where it cannot be written."""
    _log_to(logging.handlers.RotatingFileHandler, path, verbosity)


def log_to_store(folder: Path, verbosity: int) -> None:
    """Log to the file of a store."""
    _log_to(_StoreLog, folder / "mount.log", verbosity)


def _log_to(kind: type[logging.handlers.RotatingFileHandler], path: Path, verbosity: int) -> None:
    try:
        handler = kind(
            path, maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise MountError(f"the log {path} cannot be written: {error.strerror}") from error
    handler.setFormatter(_Printable("%(asctime)s %(levelname)s %(message)s"))
    _install(handler, verbosity)


def log_nowhere() -> None:
    """Drop every message."""
    _install(logging.NullHandler(), verbosity=0)


def _install(handler: logging.Handler, verbosity: int) -> None:
    level = _LEVELS[min(verbosity, len(_LEVELS) - 1)]
    logging.basicConfig(level=level, handlers=[handler])
