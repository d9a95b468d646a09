"""Asks a mount something, and gives up when it does not answer: its process may be stopped, or hang.

Owns the time-out. A process that waits for a mount may be beyond any signal, so a process of its own asks,
and is left behind when no answer comes. Light on imports, for `mcfs umount`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import sys
import time
from enum import Enum
from pathlib import Path

_SECONDS = 3.0

# Not stat: the kernel may have cached its answer.
_STATVFS = "import os, sys; os.statvfs(sys.argv[1])"
_READ = "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
# The exit status is the errno.
_SCRIPT = "import sys\ntry:\n    {}\nexcept OSError as error:\n    sys.exit(error.errno)"


# Processes that were left behind. Each ends as soon as its mount answers, or is gone.
_left_behind: set[int] = set()


class Health(Enum):
    """What becomes of a request to a mount."""

    ANSWERS = "answers"
    # The process behind it is gone.
    DEAD = "dead"
    # The process is there, and does not answer.
    SILENT = "silent"


def health_of(mount_point: Path, seconds: float = _SECONDS) -> Health:
    """Whether a mount answers."""
    answer = _ask(_STATVFS, mount_point, seconds)
    if answer is None:
        return Health.SILENT
    number, _ = answer
    return Health.DEAD if number in {errno.ENOTCONN, errno.ECONNABORTED} else Health.ANSWERS


def read_from_mount(path: Path, seconds: float = _SECONDS) -> bytes | None:
    """What is in a file of a mount; None where it cannot be read, or does not come in time."""
    answer = _ask(_READ, path, seconds)
    if answer is None or answer[0] != 0:
        return None
    return answer[1]


def _ask(script: str, path: Path, seconds: float) -> tuple[int, bytes] | None:
    """The exit status of a short script, and what it printed; None when it did not end in time."""
    _left_behind.difference_update([child for child in _left_behind if _has_ended(child)])
    reading, writing = os.pipe()
    # None of our own files: whoever waits for their end would wait for the process that is left behind.
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, writing, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    command = [sys.executable, "-I", "-S", "-c", _SCRIPT.format(script), os.fspath(path)]
    try:
        child = os.posix_spawn(sys.executable, command, os.environ, file_actions=actions)
    finally:
        os.close(writing)
    with open(reading, "rb", buffering=0) as output:
        printed = _read_until(output.fileno(), time.monotonic() + seconds)
        if printed is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            _left_behind.add(child)
            return None
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), printed


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True  # of another process, before it forked


def _read_until(descriptor: int, deadline: float) -> bytes | None:
    """All that comes until the other end is closed; None when that is after the deadline."""
    parts: list[bytes] = []
    while select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(descriptor, 65_536)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None
