"""One sync at a time, and one edit: who holds the lock, since when, and how far that is.

Owns `sync.lock`, `edit.lock` and `rescue.lock` in the store's folder. The kernel releases them when the
holder dies, so no lock is ever left behind; what is written in them is for people to read. They are open file
description locks (`fcntl(2)`, F_OFD_SETLK), not those of flock(2): the kernel can tell whether one is held,
so that a process can look without taking the lock for a moment. A git-annex that writes for us inherits the
lock of edits: if we are killed, nobody else edits until it has written what we had sent to it.
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
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mcfs.errors import (
    EditRunningError,
    McfsError,
    StoreBusyError,
    StoreError,
    SyncRunningError,
)

_SYNC = "sync.lock"
_EDIT = "edit.lock"
_RESCUE = "rescue.lock"
_SECONDS_BETWEEN_LOOKS = 0.1
# struct flock: type, whence, start, length (0: the whole file), pid.
_FLOCK = struct.Struct("hhqqi")
_EXCLUSIVE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
_UNLOCKED = _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, 0, 0, 0)
# How long a git-annex whose mcfs was killed may need to write what was sent to it, and to commit.
_ORPHAN_SECONDS = 60.0


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


def sync_lock(folder: Path) -> AbstractContextManager[HeldLock]:
    """Hold the sync lock; a `SyncRunningError` names the process that holds it already."""
    return _hold(folder / _SYNC, SyncRunningError, "already syncing")


def edit_lock(folder: Path) -> AbstractContextManager[HeldLock]:
    """Hold the lock of edits, or raise an `EditRunningError`; syncs go on meanwhile."""
    return _hold(folder / _EDIT, EditRunningError, "another mcfs is editing this library")


def rescue_lock(folder: Path) -> AbstractContextManager[HeldLock]:
    """Hold the lock of those who rescue a damaged user.db, or raise a `StoreBusyError`."""
    return _hold(folder / _RESCUE, StoreBusyError, "another mcfs is rescuing user.db")


@contextmanager
def _hold(path: Path, held_error: type[McfsError], message: str) -> Iterator[HeldLock]:
    try:
        # Not through a link: a lock is truncated, and a link may lead to anything.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise StoreError(f"{path} is a link, which mcfs does not follow; remove it") from error
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    try:
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while not _lock(descriptor):
            holder = _read(descriptor)
            if holder is None or _is_alive(holder.pid) or time.monotonic() > deadline:
                raise held_error(f"{message}{_holder(holder)}")
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        yield HeldLock(descriptor)
        os.ftruncate(descriptor, 0)
        # Explicitly, for processes that have inherited the descriptor and live on.
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _UNLOCKED)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _EXCLUSIVE)
    except (BlockingIOError, PermissionError):  # POSIX leaves the choice of the two
        return False
    return True


def _is_alive(pid: int) -> bool:
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
        conflict = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _EXCLUSIVE)
        held = _FLOCK.unpack(conflict[: _FLOCK.size])[0] != fcntl.F_UNLCK
        return held, _read(descriptor) if held else None
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> RunningSync | None:
    try:
        return RunningSync(*json.loads(os.pread(descriptor, 200, 0)))
    except (ValueError, TypeError):
        return None  # the holder has taken the lock but not yet written it


def _holder(holder: RunningSync | None) -> str:
    """The end of a sentence: which process holds the lock, and for how long."""
    if holder is None:
        return "; try again in a moment"
    seconds = max(0, round(time.time() - holder.started))
    return f" (pid {holder.pid}, for {seconds} s)"
