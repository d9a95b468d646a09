"""Finds and reads the content of tracks in the library.

Owns the threads that wait for the library's disk. They are not those that resolve names, so a slow disk
delays only those who read from it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import trio

from mcfs.errors import ContentMissingError
from mcfs.sql import EntryRow
from mcfs.store.cache_repository import CacheRepository

MAX_READERS = 40


class TrackContent:
    """The content of one library's tracks."""

    def __init__(
        self,
        top: Path,
        common_dir: Path,
        cache: CacheRepository,
        *,
        max_readers: int = MAX_READERS,
    ) -> None:
        self._common_dir = common_dir
        self._cache = cache
        self._in_work_tree = os.fsencode(top) + b"/"
        self._in_git_dir = os.fsencode(common_dir) + b"/"
        self._work_prefix_size = len(self._in_work_tree)
        self._git_prefix_size = len(self._in_git_dir)
        self._readers = trio.CapacityLimiter(max_readers)

    def link_target(self, track: EntryRow) -> bytes:
        """Absolute, so that a copy of the link leads there from anywhere on this machine."""
        if track.work_path is not None:
            return self._in_work_tree + os.fsencode(track.work_path)
        return self._in_git_dir + os.fsencode(track.content_path or "")

    def link_size(self, track: EntryRow) -> int:
        """The length of that, without making it."""
        return self.link_sizes((track,))[0]

    def link_sizes(self, tracks: Sequence[EntryRow]) -> list[int]:
        """The same of many: a listing asks this of every track."""
        paths = [track.work_path for track in tracks]
        return [
            self._git_prefix_size + _size(track.content_path or "")
            if path is None
            else self._work_prefix_size + (len(path) if path.isascii() else _size(path))
            for track, path in zip(tracks, paths, strict=True)
        ]

    async def open(self, track: EntryRow) -> int:
        """A descriptor of its content; a `ContentMissingError` where it is not here."""
        return await trio.to_thread.run_sync(self._open, track, limiter=self._readers)

    async def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Read in a thread, waiting for the disk."""
        return await trio.to_thread.run_sync(
            os.pread, descriptor, size, offset, limiter=self._readers
        )

    async def disk(self) -> os.statvfs_result:
        """The size and the free space of the file system that the content is on."""
        return await trio.to_thread.run_sync(os.statvfs, self._common_dir, limiter=self._readers)

    def _open(self, track: EntryRow) -> int:
        # The object first, if it is annexed: only git-annex writes there.
        candidates = []
        if content_path := self._content_path(track):
            candidates.append(self._in_git_dir + os.fsencode(content_path))
        if track.work_path is not None:
            candidates.append(self._in_work_tree + os.fsencode(track.work_path))
        for path in candidates:
            try:
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
        raise ContentMissingError(
            f"{track.name}: its content is not here; to have it: git annex get"
        )

    def _content_path(self, track: EntryRow) -> str | None:
        if track.content_path is not None:
            return track.content_path
        with self._cache.reading() as read:
            return read.content_path(track.inode)


def _size(path: str) -> int:
    return len(path) if path.isascii() else len(os.fsencode(path))


def read_cached(descriptor: int, size: int, offset: int) -> bytes | None:
    """Read without waiting for the disk; None where not all of it is in the page cache.

    A thread would take twice as long as copying from memory.
    """
    buffer = bytearray(size)
    try:
        count = os.preadv(descriptor, [buffer], offset, os.RWF_NOWAIT)
    except OSError:  # nothing of it is in memory, or the file system does not know RWF_NOWAIT
        return None
    return bytes(buffer) if count == size else None
