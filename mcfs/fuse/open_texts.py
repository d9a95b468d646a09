"""The texts of files that programs have open: each is read as it was when it was opened, to its end.

Owns the handles of these files, and that all who have one inode open read the same text: the kernel knows one
size for each inode, and cuts off what is behind it.
"""

from __future__ import annotations

from mcfs.tree.file_text import FileText


class OpenTexts:
    """The open texts of one mount. For the trio thread alone."""

    def __init__(self) -> None:
        self._by_handle: dict[int, tuple[int, FileText]] = {}
        # Inode → the text that is open there, and by how many handles.
        self._by_inode: dict[int, tuple[FileText, int]] = {}

    def open(self, handle: int, inode: int, text: FileText) -> None:
        """Keep a text until the handle is closed."""
        _, handles = self._by_inode.get(inode, (text, 0))
        self._by_inode[inode] = text, handles + 1
        self._by_handle[handle] = inode, text

    def text(self, handle: int) -> FileText | None:
        """What a handle was opened with; None where it is no text that is open."""
        found = self._by_handle.get(handle)
        return None if found is None else found[1]

    def text_at(self, inode: int) -> FileText | None:
        """What is open at this inode; None if nothing is."""
        found = self._by_inode.get(inode)
        return None if found is None else found[0]

    def close(self, handle: int) -> bool:
        """Let go of a handle; false where it is none of a text."""
        found = self._by_handle.pop(handle, None)
        if found is None:
            return False
        inode, _ = found
        text, handles = self._by_inode.pop(inode)
        if handles > 1:
            self._by_inode[inode] = text, handles - 1
        return True
