"""Real mounts for tests, each in a process of its own: `mcfs mount`, or one that counts its requests."""

from __future__ import annotations

import json
import shutil
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
from tests.tracks import copy_of_library

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class RunningMount:
    """A mount that serves, and its process."""

    path: Path
    process: subprocess.Popen[bytes]

    def requests(self) -> Counter[str]:
        """The number of requests of each kind so far. Only of an instrumented mount."""
        return Counter(self._state()["requests"])

    def inode_count(self) -> int:
        """How many inodes the kernel holds. Only of an instrumented mount."""
        return int(self._state()["inodes"])

    def kernel_caches_are_on(self) -> bool:
        """Whether the kernel caches link targets and listings. Only of an instrumented mount."""
        return self._state()["kernel_caches"] is None

    def _state(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGUSR1)
        state: dict[str, Any] = json.loads(self.process.stdout.readline())
        return state

    def let_a_day_pass(self) -> None:
        """Move its clock on. Only of an instrumented mount."""
        self.process.send_signal(signal.SIGUSR2)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The path for the test's mount point; nothing is there yet."""
    needs_fuse()
    return tmp_path / "mnt"


@pytest.fixture
def served(library: Library, synced: Store, place: Path) -> Iterator[RunningMount]:
    """The samples, mounted by `mcfs mount --foreground`."""
    with mounted(library.top, place) as serving:
        yield serving


@pytest.fixture(scope="module")
def shared(
    pristine_library: Path, pristine_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """One mount for all tests of a module that change nothing, or undo what they changed."""
    needs_fuse()
    folder = tmp_path_factory.mktemp("shared")
    with copy_of_library(pristine_library, folder / "library") as library:
        shutil.copytree(pristine_store, library.store_dir)
        with mounted(library.top, folder / "mnt") as served:
            yield served.path


def mcfs(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of mcfs."""
    return subprocess.run(
        [sys.executable, "-m", "mcfs", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def is_mounted(place: Path) -> bool:
    """Whether something is mounted at exactly this path; a dead mount counts."""
    return any(mount.mount_point == place for mount in all_mounts())


@contextmanager
def mounted(
    library: Path, mount_point: Path, says: str = "", options: tuple[str, ...] = ()
) -> Iterator[RunningMount]:
    """Run `mcfs mount --foreground` while this lasts; `says` is what it must print."""
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
    with _run_mount(command, mount_point, says) as mount:
        yield mount


@contextmanager
def instrumented_mount(
    library: Path, mount_point: Path, *options: str, says: str = "", kernel_caches: bool = True
) -> Iterator[RunningMount]:
    """Run a mount that counts its requests (tests/instrumented_mount.py) while this lasts.

    Without `kernel_caches` it is as where their C library was not built: pyfuse3 is imported before mcfs.
    """
    start = ["-m", "tests.instrumented_mount"] if kernel_caches else ["-c", _WITHOUT_KERNEL_CACHES]
    command = [sys.executable, *start, str(library), str(mount_point), *options]
    with _run_mount(command, mount_point, says) as mount:
        yield mount


_WITHOUT_KERNEL_CACHES = """
import pyfuse3, tests.instrumented_mount
tests.instrumented_mount.main()
"""


@contextmanager
def _run_mount(command: list[str], mount_point: Path, says: str) -> Iterator[RunningMount]:
    """Wait for the mount. Afterwards it must have ended without an error, and printed nothing but `says`."""
    mount_point.mkdir(exist_ok=True)
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: is_mounted(mount_point) or process.poll() is not None)
        mount_point.stat()  # waits until it serves
        yield RunningMount(mount_point, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            _, stderr = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            subprocess.run(["fusermount3", "-uz", mount_point], check=False)
            _, stderr = process.communicate()
    text = stderr.decode()
    assert process.returncode == 0, text
    assert not is_mounted(mount_point)
    if says:
        assert says in text
    else:
        assert text == ""


def wait_until(until: Callable[[], bool], seconds: float = 20) -> None:
    """Poll a condition; fail when it takes too long."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
