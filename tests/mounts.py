"""Real mounts for tests: `mcfs mount --foreground` in a process of its own, or one we can look into."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcfs.annex.library import Library
from mcfs.mount_table import all_mounts
from mcfs.store import Store
from tests.prerequisites import needs_fuse

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Mounted:
    """A mount that answers, and the process behind it."""

    path: Path
    process: subprocess.Popen[bytes]

    def requests(self) -> Counter[str]:
        """How often the kernel asked for what, so far. Only of an observed mount."""
        return Counter(self._seen()["requests"])

    def known(self) -> int:
        """How many inodes the kernel holds. Only of an observed mount."""
        return int(self._seen()["known"])

    def _seen(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGUSR1)
        seen: dict[str, Any] = json.loads(self.process.stdout.readline())
        return seen

    def let_a_day_pass(self) -> None:
        """Its clock goes on by that much. Only of an observed mount."""
        self.process.send_signal(signal.SIGUSR2)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the mount of the test is to be; nothing is there yet."""
    needs_fuse()
    return tmp_path / "mnt"


@pytest.fixture
def served(library: Library, synced: Store, place: Path) -> Iterator[Mounted]:
    """The samples, mounted as somebody does in a terminal."""
    with mounted(library.top, place) as serving:
        yield serving


def mcfs(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, as a shell runs it."""
    return subprocess.run(
        [sys.executable, "-m", "mcfs", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def is_mounted(place: Path) -> bool:
    """Whether something is mounted right here; a dead mount counts."""
    return any(mount.mount_point == place for mount in all_mounts())


@contextmanager
def mounted(
    library: Path, mount_point: Path, says: str = "", options: tuple[str, ...] = ()
) -> Iterator[Mounted]:
    """The command as a user runs it."""
    command = [
        sys.executable,
        "-m",
        "mcfs",
        "mount",
        "--foreground",
        *options,
        str(library),
        str(mount_point),
    ]
    with _served(command, mount_point, says) as served:
        yield served


@contextmanager
def observed(library: Path, mount_point: Path, *options: str, says: str = "") -> Iterator[Mounted]:
    """The same mount with a window: it says its request counts, and fails where a name asks for it."""
    command = [sys.executable, "-m", "tests.instrumented_mount", str(library), str(mount_point)]
    command += options
    with _served(command, mount_point, says) as served:
        yield served


@contextmanager
def _served(command: list[str], mount_point: Path, says: str) -> Iterator[Mounted]:
    """Waits for the mount; afterwards it must be gone, in peace, having said nothing but `says`."""
    mount_point.mkdir(exist_ok=True)
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: is_mounted(mount_point) or process.poll() is not None)
        mount_point.stat()  # answered only once it serves
        yield Mounted(mount_point, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            _, said = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            subprocess.run(["fusermount3", "-uz", mount_point], check=False)
            _, said = process.communicate()
    text = said.decode()
    assert process.returncode == 0, text
    assert not is_mounted(mount_point)
    if says:
        assert says in text
    else:
        assert text == ""


def wait_until(until: Callable[[], bool], seconds: float = 20) -> None:
    """Polls; fails when it takes too long."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
