"""Copies content into a destination: each file is complete on the disk before it has its name.

Owns how bytes are copied (shared where the file system can, else by the kernel, else through memory), and
when they are forced to the disk. A file at a time would have a stick write its tables for each; so files are
copied in batches, and while one batch is forced to the disk, the next one is copied. Only then a batch's
files are renamed.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from mcfs.errors import DestinationLostError
from mcfs.export.changes import Wanted
from mcfs.export.manifest import PART_ENDING
from mcfs.export.plan import PlannedText

# After so many bytes or files, a batch is forced to the disk. More would be lost by an interruption, and
# would make Ctrl-C wait for a slow stick.
_BATCH_BYTES = 64 << 20
_BATCH_FILES = 256
_PIECE = 4 << 20
_FICLONE = 0x40049409
# What the file system of the destination says when it is full, gone, or broken: nothing more can be written.
_ENDS_ALL = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ESHUTDOWN,
     errno.ENOTCONN, errno.ENOMEDIUM, errno.EIO)
)  # fmt: skip
_CANNOT_SHARE = frozenset(
    (errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ENOTTY, errno.EPERM, errno.EBADF,
     errno.ETXTBSY, errno.EIO)
)  # fmt: skip


def ends_all(error: OSError) -> bool:
    """Whether the destination can take nothing more after this."""
    return error.errno in _ENDS_ALL


@dataclass(frozen=True, slots=True)
class Copied:
    """A file that is complete now, or the reason why it is not."""

    wanted: Wanted
    size: int
    reason: str | None = None


Source = Callable[[Wanted], str]
Place = Callable[[int, str, Wanted], None]
Flush = Callable[[int, Sequence[str]], None]


def copy_all(
    files: Sequence[Wanted],
    parts: int,
    source_of: Source,
    place: Place,
    on_bytes: Callable[[int, Wanted], None],
    flush: Flush,
) -> Iterator[Copied]:
    """Copy files into the folder of parts, and give each its name once it is on the disk.

    `parts` is a descriptor of that folder; `flush` forces some parts in it to the disk, and `place` renames a
    part. A `DestinationLostError` ends it: all that was yielded before is complete.
    """
    with _flusher(parts, flush, place) as flusher:
        batch: list[tuple[str, Copied]] = []
        size = 0
        for number, wanted in enumerate(files):
            part = f"{number}{PART_ENDING}"
            try:
                copied = _copy(wanted, part, parts, source_of, on_bytes)
            except DestinationLostError:
                # It may only be full: what was copied before can still get its names.
                yield from flusher.send(batch)
                yield from flusher.finish()
                raise
            if copied.reason is not None:
                yield copied
                continue
            batch.append((part, copied))
            size += copied.size
            if size >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
                yield from flusher.send(batch)
                batch, size = [], 0
        yield from flusher.send(batch)
        yield from flusher.finish()


def _copy(
    wanted: Wanted,
    part: str,
    parts: int,
    source_of: Source,
    on_bytes: Callable[[int, Wanted], None],
) -> Copied:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    source = None
    if not isinstance(wanted.origin, PlannedText):
        try:
            source = os.open(source_of(wanted), os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            return Copied(wanted, 0, f"its content cannot be read: {error.strerror}")
    try:
        try:
            target = os.open(part, flags, 0o666, dir_fd=parts)
        except OSError as error:
            raise lost(error) from error
        try:
            if source is None:
                assert isinstance(wanted.origin, PlannedText)
                size = _write_all(target, wanted.origin.content)
            else:
                size = _copy_content(source, target, lambda count: on_bytes(count, wanted))
                info = os.fstat(source)
                with suppress(PermissionError):  # a share may not let us set times
                    os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))
        finally:
            os.close(target)
    except _SourceError as error:
        os.unlink(part, dir_fd=parts)
        return Copied(wanted, 0, f"its content cannot be read: {error}")
    except OSError as error:
        with suppress(OSError):
            os.unlink(part, dir_fd=parts)
        if ends_all(error):
            raise lost(error) from error
        return Copied(wanted, 0, error.strerror or str(error))
    finally:
        if source is not None:
            os.close(source)
    return Copied(wanted, size)


def lost(error: OSError) -> DestinationLostError:
    """What such an error means to people."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DestinationLostError("the destination is full")
    return DestinationLostError(f"the destination can no longer be written: {error.strerror}")


# --- bytes


class _SourceError(Exception):
    """The content could not be read, while the destination is well."""


def _copy_content(source: int, target: int, on_bytes: Callable[[int], None]) -> int:
    """Copy all of a file; returns how many bytes these were."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _CANNOT_SHARE:
            raise
    else:
        size = os.fstat(target).st_size
        on_bytes(size)
        return size
    done = 0
    by_kernel = True
    while True:
        if by_kernel:
            try:
                count = os.copy_file_range(source, target, _PIECE)
            except OSError as error:
                # Also for EIO, which does not say whether reading failed or writing.
                if error.errno not in _CANNOT_SHARE:
                    raise
                by_kernel = False
                continue
        else:
            count = _copy_piece(source, target)
        if not count:
            # In some file systems the kernel ends early, as in those that make up their files.
            if by_kernel:
                by_kernel = False
                continue
            return done
        done += count
        on_bytes(count)


def _copy_piece(source: int, target: int) -> int:
    try:
        piece = os.read(source, _PIECE)
    except OSError as error:
        raise _SourceError(error.strerror) from error
    return _write_all(target, piece)


def _write_all(target: int, content: bytes) -> int:
    left = memoryview(content)
    while left:
        left = left[os.write(target, left) :]
    return len(content)


# --- forcing bytes to the disk


class _Flusher:
    """A thread that forces one batch after the other to the disk, and gives its files their names."""

    def __init__(self, parts: int, flush: Flush, place: Place) -> None:
        self._parts = parts
        self._flush = flush
        self._place = place
        # One waits while another is on its way, so that no more than three batches are in memory.
        self._batches: queue.Queue[list[tuple[str, Copied]] | None] = queue.Queue(maxsize=1)
        self._done: queue.Queue[Copied] = queue.Queue()
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, batch: list[tuple[str, Copied]]) -> Iterator[Copied]:
        """Hand over a batch; yields what has become complete meanwhile."""
        if batch:
            self._batches.put(batch)
        yield from self._take()

    def finish(self) -> Iterator[Copied]:
        """Wait until all is on the disk."""
        self.stop()
        yield from self._take()

    def stop(self) -> None:
        """Let it finish what it has. May be called again."""
        if self._thread.is_alive():
            self._batches.put(None)
            self._thread.join()

    def _take(self) -> Iterator[Copied]:
        while not self._done.empty():
            yield self._done.get()
        if self._error is not None:
            raise lost(self._error) from self._error

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            if self._error is not None:
                continue  # taken and dropped, so that nobody waits for a place in the queue
            try:
                self._flush(self._parts, [part for part, _ in batch])
                for part, copied in batch:
                    try:
                        self._place(self._parts, part, copied.wanted)
                    except OSError as error:
                        if ends_all(error):
                            raise
                        with suppress(OSError):
                            os.unlink(part, dir_fd=self._parts)
                        self._done.put(Copied(copied.wanted, 0, error.strerror))
                    else:
                        self._done.put(copied)
            except OSError as error:
                self._error = error


@contextmanager
def _flusher(parts: int, flush: Flush, place: Place) -> Iterator[_Flusher]:
    flusher = _Flusher(parts, flush, place)
    flusher.start()
    try:
        yield flusher
    finally:
        flusher.stop()


def flush_file_system(parts: int, _names: Sequence[str] = ()) -> None:
    """Force everything that was written to the file system to its disk; an `OSError` if that failed."""
    if _libc.syncfs(parts) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def flush_each(parts: int, names: Sequence[str]) -> None:
    """The same, file by file: where a program makes the file system, only that reaches the program."""
    for name in names:
        part = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=parts)
        try:
            os.fsync(part)
        finally:
            os.close(part)


_libc = ctypes.CDLL(None, use_errno=True)
