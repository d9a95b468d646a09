"""The notifications that make the kernel drop what it has cached, as linux/fuse.h lays them out.

Owns their bytes, and writing them to /dev/fuse. `invalidation.py` decides what is dropped,
and when.

A notification must be written from a thread of its own: written from the thread that answers requests,
it deadlocks, because the kernel may first ask that thread for the same folder.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import os
import re
import struct
from collections.abc import Sequence
from pathlib import Path

from mcfs.errors import MountError

log = logging.getLogger(__name__)

# Since Linux 6.2 a cached name can expire: the kernel asks again at its next use, and a process with its
# cwd there keeps it. An older kernel can only remove the name.
KERNEL_CAN_EXPIRE = [int(number) for number in re.findall(r"\d+", os.uname().release)[:2]] >= [6, 2]


def invalidate_name(parent: int, name: bytes, *, expire: bool) -> None:
    """Make the kernel ask again for a name in a folder; without `expire`, it forgets the name at once."""
    body = _ENTRY.pack(parent, len(name), _EXPIRE_ONLY if expire else 0) + name + b"\0"
    _write(_INVALIDATE_ENTRY, body, parent, name)


def invalidate_inode(inode: int, *, keep_content: bool) -> None:
    """Make the kernel ask again for the attributes of an inode, and for its content unless that is kept.

    The content of a link is its target, and that of a folder its listing.
    """
    offset = _ATTRIBUTES_ONLY if keep_content else 0
    _write(_INVALIDATE_INODE, _INODE.pack(inode, offset, 0), inode, "attributes")


def prune(inodes: Sequence[int]) -> bool:
    """Make the kernel forget these inodes, but for those in use; False where it is too old to know how."""
    for start in range(0, len(inodes), _PRUNED_AT_ONCE):
        some = inodes[start : start + _PRUNED_AT_ONCE]
        body = _PRUNE.pack(len(some), 0, 0) + struct.pack(f"={len(some)}Q", *some)
        try:
            os.write(_device(), _HEADER.pack(_HEADER.size + len(body), _PRUNE_INODES, 0) + body)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return False
            log.warning("the kernel did not forget %d inodes: %s", len(some), error)
    return True


def _write(code: int, body: bytes, inode: int, what: bytes | str) -> None:
    try:
        os.write(_device(), _HEADER.pack(_HEADER.size + len(body), code, 0) + body)
    except OSError as error:
        if error.errno != errno.ENOENT:  # the kernel has dropped it already
            log.warning("the kernel did not accept that %r in %d is stale: %s", what, inode, error)


# struct fuse_out_header, fuse_notify_inval_inode_out, fuse_notify_inval_entry_out, fuse_notify_prune_out
_HEADER = struct.Struct("=IiQ")
_INODE = struct.Struct("=Qqq")
_ENTRY = struct.Struct("=QII")
_PRUNE = struct.Struct("=IIQ")
_PRUNED_AT_ONCE = 500
_INVALIDATE_INODE = 2
_INVALIDATE_ENTRY = 3
_PRUNE_INODES = 9
_ATTRIBUTES_ONLY = -1
_EXPIRE_ONLY = 1


@functools.cache
def _device() -> int:
    """The descriptor that pyfuse3 uses. It does not say which; a process has no second mount."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # it was closed since it was listed
            if descriptor.readlink() == Path("/dev/fuse"):
                return int(descriptor.name)
    raise MountError("nothing is mounted")
