"""The text of a file that mcfs makes: written once, and read by everybody who opens the file.

Owns where a long text is kept: in a file without a name on the library's disk, which costs no memory and goes
when nobody needs it any more.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import IO

# A longer text is in a file.
LONGEST_IN_MEMORY = 16 * 1024


class FileText:
    """A text that never changes. Texts of the same bytes are equal. Safe to read from several threads."""

    __slots__ = ("__weakref__", "_digest", "_in_memory", "descriptor", "size")

    def __init__(self, text: bytes) -> None:
        self.size = len(text)
        # Of the file that it is in; None where it is in memory.
        self.descriptor: int | None = None
        self._in_memory = text
        self._digest = hashlib.blake2b(text).digest()

    def read(self, offset: int, size: int) -> bytes:
        """A part of it; at its end, fewer bytes."""
        if self.descriptor is None:
            return self._in_memory[offset : offset + size]
        return os.pread(self.descriptor, size, offset)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileText) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    @classmethod
    def of_file(cls, file: IO[bytes], digest: bytes) -> FileText:
        """What an unnamed file contains. It is closed with the last user of the text."""
        text = cls(b"")
        text.size = file.tell()
        file.flush()
        text.descriptor = os.dup(file.fileno())
        text._digest = digest
        weakref.finalize(text, os.close, text.descriptor)
        return text


def write_text(pieces: Iterable[str], folder: Path) -> FileText:
    """Write a text: a long one into a file in this folder, or where temporary files usually are."""
    encoded = (piece.encode("utf-8", "surrogateescape") for piece in pieces)
    first, size = list[bytes](), 0
    for piece in encoded:
        first.append(piece)
        size += len(piece)
        if size > LONGEST_IN_MEMORY:
            break
    else:
        return FileText(b"".join(first))
    digest = hashlib.blake2b()
    with _unnamed_file(folder) as file:
        for piece in chain(first, encoded):
            file.write(piece)
            digest.update(piece)
        return FileText.of_file(file, digest.digest())


def _unnamed_file(folder: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError:  # of a library that this user cannot write
        return tempfile.TemporaryFile()
