"""Notes in the trash of pins: the only files of a mount that can be written. Desktops write them.

Owns their descriptors and how long a note may be. `store/pin_trash.py` keeps the notes.
"""

from __future__ import annotations

import errno
import os

import trio
from pyfuse3 import FileHandleT, FileInfo, FUSEError

from mcfs.tree.nodes import Node
from mcfs.tree.tree import Tree

_LONGEST = 64 * 1024


class TrashNotes:
    """The open notes of one mount. For the trio thread alone; a worker thread writes."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._open: set[int] = set()

    async def open(self, folder: Node, name: str, flags: int) -> FileInfo:
        """Open a note in a folder of the trash; with O_CREAT in `flags`, make it."""
        descriptor = await self._descriptor(folder, name, flags)
        self._open.add(descriptor)
        return FileInfo(fh=FileHandleT(descriptor), direct_io=True)

    async def write(self, handle: FileHandleT, offset: int, text: bytes) -> int:
        """Write into an open note; nothing else can be written."""
        if handle not in self._open:
            raise FUSEError(errno.EROFS)
        _check_length(offset + len(text))
        return await trio.to_thread.run_sync(os.pwrite, handle, text, offset)

    async def truncate(self, folder: Node, name: str, size: int) -> None:
        """Cut or lengthen a note."""
        _check_length(size)
        descriptor = await self._descriptor(folder, name, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, size)
        finally:
            os.close(descriptor)

    def close(self, handle: FileHandleT) -> bool:
        """Close a note; False for the handle of anything else."""
        if handle not in self._open:
            return False
        self._open.remove(handle)
        os.close(handle)
        return True

    async def _descriptor(self, folder: Node, name: str, flags: int) -> int:
        return await trio.to_thread.run_sync(self._tree.open_trash_note, folder, name, flags)


def _check_length(size: int) -> None:
    if size > _LONGEST:
        raise FUSEError(errno.EFBIG)
