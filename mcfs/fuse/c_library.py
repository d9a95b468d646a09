"""Loads the C library of this room: what pyfuse3 has no word for, or is too slow at.

Owns that library, and whether it works in this process. The head of `kernel_caches.c` says how pyfuse3 comes
to call it and why that is safe. Without it a mount works as well, and is slower.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from pathlib import Path

log = logging.getLogger(__name__)

# libfuse_function.h has the same, and says when to raise it.
_VERSION = 1
_FILE = Path(__file__).with_name("libmcfs_fuse.so")


class _Loaded:
    """The library in this process, or why there is none."""

    library: ctypes.CDLL | None = None
    missing_because = "nothing has loaded it"


def load() -> None:
    """Load it, so that pyfuse3 calls it when pyfuse3 is imported after this."""
    if "pyfuse3" in sys.modules:
        _Loaded.missing_because = "pyfuse3 was imported before mcfs"
        return
    try:
        # Not yet for pyfuse3: only once it is known to be the right one.
        if not _is_of_this_version(ctypes.CDLL(str(_FILE))):
            _Loaded.missing_because = "their library is of another version; install mcfs anew"
            return
        _Loaded.library = ctypes.CDLL(str(_FILE), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        log.debug("%s", error)
        _Loaded.missing_because = (
            "there was no C compiler when mcfs was installed"
            if not _FILE.exists()
            else "their library is of another machine; install mcfs anew"
        )


def _is_of_this_version(library: ctypes.CDLL) -> bool:
    """Whether it was compiled from sources that this code understands."""
    try:
        return bool(library.mcfs_library_version() == _VERSION)
    except AttributeError:
        return False


def library() -> ctypes.CDLL | None:
    """It, if it was loaded."""
    return _Loaded.library


def missing_because() -> str:
    """Why it was not loaded."""
    return _Loaded.missing_because
