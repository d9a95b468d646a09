"""Loads the C library that turns on two more caches of the kernel: of link targets and of listings.

Owns that library, whether it works in this process, and the handles of folders that tell it what to allow.
`kernel_caches.c` says how it works and why that is safe. Without it a mount works as well, and the kernel
asks more often. `cached_listings.py` decides which listing may be cached.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from pathlib import Path

log = logging.getLogger(__name__)

_FILE = Path(__file__).with_name("libkernel_caches.so")
_REASONS = {
    0: "pyfuse3 does not call the libfuse of the system",
    2: "this needs Linux 4.20",
    3: "this libfuse is not as mcfs knows it",
}
_ON = 1

# kernel_caches.c has the same numbers.
_MAY_CACHE = 0x6D63 << 48
_STILL_RIGHT = 1 << 47


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
        _Loaded.library = ctypes.CDLL(str(_FILE), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        log.debug("%s", error)
        _Loaded.missing_because = (
            "there was no C compiler when mcfs was installed"
            if not _FILE.exists()
            else "their library is of another machine; install mcfs anew"
        )


def off_because() -> str | None:
    """Why the kernel does not have these caches; None where they are on. Known once the mount answers."""
    if _Loaded.library is None:
        return _Loaded.missing_because
    state = _Loaded.library.mcfs_kernel_caches_state()
    return None if state == _ON else _REASONS[state]


def sentence() -> str:
    """For `.mcfs/kernel` and `mcfs status`."""
    reason = off_because()
    return "kernel caches: on" if reason is None else f"kernel caches: off, because {reason}"


def folder_handle(number: int, *, may_cache: bool, still_right: bool) -> int:
    """The handle of an open folder: whether the kernel may cache its listing, and keep what it has cached."""
    return number | (_MAY_CACHE if may_cache else 0) | (_STILL_RIGHT if still_right else 0)
