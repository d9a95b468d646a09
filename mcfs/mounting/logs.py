"""Where a mount logs: the terminal, or a file that does not grow without end."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from mcfs.errors import MountError

_MAX_BYTES = 1_000_000
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def log_to_terminal(verbosity: int) -> None:
    """Log to stderr, as messages of the command."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("mcfs: %(message)s"))
    _install(handler, verbosity)


def log_to_file(path: Path, verbosity: int) -> None:
    """Log to a file; a `MountError` where it cannot be written."""
    try:
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise MountError(f"the log {path} cannot be written: {error.strerror}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _install(handler, verbosity)


def log_nowhere() -> None:
    """Drop every message."""
    _install(logging.NullHandler(), verbosity=0)


def _install(handler: logging.Handler, verbosity: int) -> None:
    level = _LEVELS[min(verbosity, len(_LEVELS) - 1)]
    logging.basicConfig(level=level, handlers=[handler])
