"""Hands the targets of the links that are being read to the C library, which answers without Python.

Owns the form of that table, which `link_targets.c` reads. Where that library does not work, nothing is kept,
and each request comes to Python. For the trio thread alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from mcfs.fuse import c_library


def keep(inodes: Sequence[int], targets: Sequence[bytes]) -> None:
    """Answer with these targets, until others are kept or all are dropped."""
    library = c_library.library()
    if library is not None:
        table = array("Q", inodes).tobytes() + b"\0".join(targets)
        library.mcfs_link_targets_keep(len(inodes), table, len(table))


def drop() -> None:
    """Answer with none of them from now on."""
    keep((), ())


def answered() -> int:
    """How many requests were answered from them, since the process began."""
    library = c_library.library()
    return 0 if library is None else int(library.mcfs_link_targets_answered())
