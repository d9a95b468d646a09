"""Whether the kernel caches link targets and listings, which pyfuse3 cannot tell it to.

Owns the handles of folders that tell the C library what to allow, and the sentence for the user.
`kernel_caches.c` says how it works. Without it a mount works as well, and the kernel asks more often.
`cached_listings.py` decides which listing may be cached.
"""

from __future__ import annotations

from mcfs.fuse import c_library

_REASONS = {
    0: "pyfuse3 does not call the libfuse of the system",
    2: "this needs Linux 4.20",
    3: "this libfuse is not as mcfs knows it",
}
_ON = 1

# kernel_caches.c has the same numbers.
_MAY_CACHE = 0x6D63 << 48
_STILL_RIGHT = 1 << 47


def off_because() -> str | None:
    """Why the kernel does not have these caches; None where they are on. Known once the mount answers."""
    library = c_library.library()
    if library is None:
        return c_library.missing_because()
    state = library.mcfs_kernel_caches_state()
    return None if state == _ON else _REASONS[state]


def sentence() -> str:
    """For `.mcfs/kernel` and `mcfs status`."""
    reason = off_because()
    return "kernel caches: on" if reason is None else f"kernel caches: off, because {reason}"


def folder_handle(number: int, *, may_cache: bool, still_right: bool) -> int:
    """The handle of an open folder: whether the kernel may cache its listing, and keep what it has cached."""
    return number | (_MAY_CACHE if may_cache else 0) | (_STILL_RIGHT if still_right else 0)
