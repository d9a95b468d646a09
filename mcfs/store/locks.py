"""One sync at a time, and one rescue: who holds the lock, since when, and how far that is.

Owns `sync.lock` and `rescue.lock` in the store's folder, and how a lock of mcfs works: `edit_lock.py` is made
of the same. The kernel releases locks when the holder dies, so none is ever left behind; what is written in
them is for people to read. They are open file description locks (`fcntl(2)`, F_OFD_SETLK), not those of
flock(2): the kernel can tell whether one is held, so that a process can look without taking the lock for a
moment, and a file has many of them, one for each of its bytes.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mcfs.errors import StoreBusyError, StoreError, SyncRunningError

_SYNC = "sync.lock"
_RESCUE = "rescue.lock"
_SECONDS_BETWEEN_LOOKS = 0.1
# Of those who cannot wait that long: a small sync takes a few hundredths of a second.
_SHORT_SECONDS = 0.005
# struct flock: type, whence, start, length, pid.
_FLOCK = struct.Struct("hhqqi")


@dataclass(frozen=True, slots=True)
class RunningSync:
    """What the holder of the lock has written into it."""

    pid: int
    started: float
    done: int = 0
    total: int = 0


class HeldLock:
    """A lock that this process holds."""

    def __init__(self, descriptor: int) -> None:
        # A process that inherits it holds the lock as well, until it ends.
        self.descriptor = descriptor
        self._started = time.time()
        self.report_progress(0, 0)

    def report_progress(self, done: int, total: int) -> None:
        """Write how far the work is, for `running_sync` to read."""
        text = json.dumps([os.getpid(), self._started, done, total]).encode()
        # Padded to one length: a reader sees the old text or the new one, never a mixture.
        with suppress(OSError):  # on a full disk the sync itself may still succeed
            os.pwrite(self.descriptor, text.ljust(100), 0)


@contextmanager
def sync_lock(folder: Path, patience: float = 0.0) -> Iterator[HeldLock]:
    """Hold the sync lock; a `SyncRunningError` names the process that holds it for longer than `patience`."""
    descriptor = open_lock(folder / _SYNC)
    try:
        deadline = time.monotonic() + patience
        while not try_to_lock(descriptor):
            if time.monotonic() >= deadline:
                raise SyncRunningError(f"already syncing{holder_words(descriptor)}")
            time.sleep(_SHORT_SECONDS)
        yield HeldLock(descriptor)
        release(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def rescue_lock(folder: Path) -> Iterator[HeldLock]:
    """Hold the lock of those who rescue a damaged user.db, or raise a `StoreBusyError`."""
    descriptor = open_lock(folder / _RESCUE)
    try:
        if not try_to_lock(descriptor):
            raise StoreBusyError(f"another mcfs is rescuing user.db{holder_words(descriptor)}")
        yield HeldLock(descriptor)
        release(descriptor)
    finally:
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """A descriptor of the file of a lock, which is made if it is not there."""
    try:
        # Not through a link: a lock is truncated, and a link may lead to anything.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise StoreError(f"{path} is a link, which mcfs does not follow; remove it") from error
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def try_to_lock(descriptor: int, byte: int = 0) -> bool:
    """Take the lock that one byte of the file stands for; False if somebody else has it."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, byte))
    except (BlockingIOError, PermissionError):  # POSIX leaves the choice of the two
        return False
    return True


def unlock(descriptor: int, byte: int = 0) -> None:
    """Release the lock of a byte, also for processes that have inherited the descriptor and live on."""
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _flock(fcntl.F_UNLCK, byte))


def release(descriptor: int) -> None:
    """Release the first lock of the file; nobody is named in it any more."""
    os.ftruncate(descriptor, 0)
    unlock(descriptor)


def is_locked_by_others(descriptor: int, byte: int = 0) -> bool:
    """Whether the lock of a byte is held, other than through this descriptor."""
    conflict = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK, byte))
    kind: int = _FLOCK.unpack(conflict[: _FLOCK.size])[0]
    return kind != fcntl.F_UNLCK


def _flock(kind: int, byte: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0)


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # a process of another user
    return True


def running_sync(folder: Path) -> RunningSync | None:
    """The sync that is running now; None when none is, or when it has not written its lock yet."""
    _, running = _inspect_lock(folder)
    return running


def wait_for_sync(
    folder: Path, stop: threading.Event, seconds: float = threading.TIMEOUT_MAX
) -> bool:
    """Wait until no sync runs; False when stopped before, or when one still runs after so many seconds."""
    deadline = time.monotonic() + seconds
    while not stop.is_set():
        held, _ = _inspect_lock(folder)
        if not held:
            return True
        if time.monotonic() > deadline:
            return False
        stop.wait(_SECONDS_BETWEEN_LOOKS)
    return False


def _inspect_lock(folder: Path) -> tuple[bool, RunningSync | None]:
    """Whether the sync lock is held, and by whom."""
    try:
        descriptor = os.open(folder / _SYNC, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        # There is none, or one that no sync of ours can hold.
        return False, None
    try:
        held = is_locked_by_others(descriptor)
        return held, read_holder(descriptor) if held else None
    finally:
        os.close(descriptor)


def read_holder(descriptor: int) -> RunningSync | None:
    """Who holds the first lock of a file; None if the holder has not written that yet."""
    try:
        return RunningSync(*json.loads(os.pread(descriptor, 200, 0)))
    except (ValueError, TypeError):
        return None


def holder_words(descriptor: int) -> str:
    """The end of a sentence: which process holds the lock, and for how long."""
    holder = read_holder(descriptor)
    if holder is None:
        return "; try again in a moment"
    seconds = max(0, round(time.time() - holder.started))
    return f" (pid {holder.pid}, for {seconds} s)"
