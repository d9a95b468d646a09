"""One sync at a time, and one import: who holds the lock, since when, and how far it is.

Owns `sync.lock` and `import.lock` in the store's folder. The kernel lets go of them when their holder
dies, however that happens, so that no lock is ever left behind; what is written in them is for people
to read. They are locks of an open file (`fcntl(2)`, F_OFD_SETLK), not those of flock(2), because of
these the kernel tells whether somebody holds them: who looks need not take one, and is in nobody's way.
"""

from __future__ import annotations

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

from mcfs.errors import ImportRunningError, StoreError, SyncRunningError

_NAME = "sync.lock"
_IMPORT = "import.lock"
_LOOK_AGAIN = 0.1
# struct flock: the kind of lock, from where, start, length (0: all there is), whose.
_FLOCK = struct.Struct("hhqqi")
_EXCLUSIVE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class RunningSync:
    """What the holder of the lock says of itself."""

    pid: int
    started: float
    done: int = 0
    total: int = 0


class HeldLock:
    """The lock, held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._started = time.time()
        self.report_progress(0, 0)

    def report_progress(self, done: int, total: int) -> None:
        """Say how far the sync is, for `running_sync` to tell."""
        said = json.dumps([os.getpid(), self._started, done, total]).encode()
        # Longer than what it replaces, or as long: a reader sees one or the other, never a mixture.
        with suppress(OSError):  # a full disk is no reason not to sync, if all else fits
            os.pwrite(self._descriptor, said.ljust(100), 0)


@contextmanager
def sync_lock(folder: Path) -> Iterator[HeldLock]:
    """Hold the lock; a `SyncRunningError` that says who does when somebody else does."""
    try:
        with _held(folder / _NAME) as lock:
            yield lock
    except _HeldByAnotherError as error:
        raise SyncRunningError(f"already syncing{error}") from error


@contextmanager
def import_lock(folder: Path) -> Iterator[HeldLock]:
    """The same for an import, beside which syncs go on."""
    try:
        with _held(folder / _IMPORT) as lock:
            yield lock
    except _HeldByAnotherError as error:
        raise ImportRunningError(f"already importing{error}") from error


class _HeldByAnotherError(Exception):
    """By whom, and since when."""


@contextmanager
def _held(path: Path) -> Iterator[HeldLock]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _EXCLUSIVE)
        except (BlockingIOError, PermissionError) as error:  # POSIX leaves the choice of the two
            raise _HeldByAnotherError(_holder(_read(descriptor))) from error
        yield HeldLock(descriptor)
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def running_sync(folder: Path) -> RunningSync | None:
    """The sync that runs now, if one does and has said so."""
    _, holder = _look(folder)
    return holder


def wait_for_sync(
    folder: Path, stop: threading.Event, seconds: float = threading.TIMEOUT_MAX
) -> bool:
    """Wait until no sync runs; False when stopped before, or when one still runs after so many seconds."""
    deadline = time.monotonic() + seconds
    while not stop.is_set():
        held, _ = _look(folder)
        if not held:
            return True
        if time.monotonic() > deadline:
            return False
        stop.wait(_LOOK_AGAIN)
    return False


def _look(folder: Path) -> tuple[bool, RunningSync | None]:
    """Whether somebody holds the lock, and who."""
    try:
        descriptor = os.open(folder / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False, None
    try:
        in_the_way = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _EXCLUSIVE)
        held = _FLOCK.unpack(in_the_way[: _FLOCK.size])[0] != fcntl.F_UNLCK
        return held, _read(descriptor) if held else None
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> RunningSync | None:
    try:
        return RunningSync(*json.loads(os.pread(descriptor, 200, 0)))
    except (ValueError, TypeError):
        return None  # it has only just taken the lock


def _holder(holder: RunningSync | None) -> str:
    if holder is None:
        return "; try again in a moment"
    seconds = max(0, round(time.time() - holder.started))
    return f" (pid {holder.pid}, for {seconds} s)"
