"""Limits of the process that serves a mount: open files, heaps, and garbage collection.

Owns what has to be set before a mount begins to serve.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import resource

# Of glibc's <malloc.h>.
_M_ARENA_MAX = -8
_ARENAS = 2
_M_MMAP_THRESHOLD = -3
_LARGE = 256 * 1024
_NEW_OBJECTS = 20_000


def set_process_limits() -> None:
    """Prepare this process for serving a mount."""
    _allow_many_open_files()
    _share_heaps()
    _collect_less_often()


def _allow_many_open_files() -> None:
    """Each track that is being read has a descriptor here; players and scanners open thousands."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def _share_heaps() -> None:
    """Have freed memory used again, or given back.

    By default, glibc gives each thread a heap of its own, and no other thread gets what it freed. And once a
    large table was freed, the next one of its size is made inside a heap, which cannot shrink below it.
    """
    with contextlib.suppress(AttributeError):  # another libc
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)


def _collect_less_often() -> None:
    """A listing adds ten thousand objects to keep, and Python looks for garbage after each 700."""
    gc.set_threshold(_NEW_OBJECTS)
