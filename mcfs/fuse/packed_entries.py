"""Adds many entries to the answer of a listing at once.

Owns how they are packed for C: one call adds as many as the kernel takes, where pyfuse3 needs one for each.
`packed_entries.c` unpacks them, and says how it comes to see them. Where that library does not work, they
are given one by one.
"""

from __future__ import annotations

import os
import stat
import struct
from array import array
from collections.abc import Sequence

import pyfuse3
from pyfuse3 import EntryAttributes, InodeT, ReaddirToken

from mcfs.fuse import c_library

# packed_entries.c has the same.
_MARK = 0x6D63_6673_7061_6B64
_HEAD = struct.Struct("=QqQQ")


def are_ready() -> bool:
    """Whether C will unpack them: known once an entry was given by itself. Every folder begins with two."""
    library = c_library.library()
    return library is not None and bool(library.mcfs_packed_entries_are_ready())


def add(
    token: ReaddirToken,
    names: Sequence[str],
    inodes: Sequence[int],
    bits: int,
    sizes: Sequence[int],
    changed: Sequence[int],
    shared: EntryAttributes,
    next_position: int,
    *,
    names_only: bool,
) -> int:
    """Add these entries, as many as the kernel takes, and return how many that were.

    All their inodes have these bits besides, and they have changed so many microseconds after 1970. What else
    they have in common is in `shared`, which is then of no more use. After the first of them, the kernel goes
    on at `next_position`. With `names_only`, which needs C, it is given no inodes: it looks up what it needs.
    """
    library = c_library.library()
    if library is None or not library.mcfs_packed_entries_are_ready():
        return _add_one_by_one(token, names, inodes, bits, sizes, changed, shared, next_position)
    packed = b"".join(
        (
            _HEAD.pack(len(inodes), next_position, bits, names_only),
            array("Q", inodes),
            array("q", changed),
            array("Q", sizes),
            "\0".join(names).encode("utf-8", "surrogateescape"),
        )
    )
    shared.generation = _MARK
    pyfuse3.readdir_reply(token, packed, shared, next_position)
    return int(library.mcfs_packed_entries_taken())


def _add_one_by_one(
    token: ReaddirToken,
    names: Sequence[str],
    inodes: Sequence[int],
    bits: int,
    sizes: Sequence[int],
    changed: Sequence[int],
    shared: EntryAttributes,
    next_position: int,
) -> int:
    is_file = stat.S_ISREG(shared.st_mode)
    entries = zip(names, inodes, sizes, changed, strict=True)
    for number, (name, inode, size, microseconds) in enumerate(entries):
        shared.st_ino = InodeT(inode | bits)
        shared.st_size = size
        if is_file:
            shared.st_blocks = -(-size // 512)
        shared.st_mtime_ns = shared.st_ctime_ns = microseconds * 1000
        if not pyfuse3.readdir_reply(token, os.fsencode(name), shared, next_position + number):
            return number
    return len(names)
