"""Stores in a temporary folder, and disks that are full or read-only."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mcfs.store import CacheRepository
from mcfs.store.engine import open_engine
from mcfs.store.user_repository import UserRepository
from tests import prerequisites


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the cache."""
    return tmp_path / "cache.db"


@pytest.fixture
def cache_engine(path: Path) -> Engine:
    """The engine of `cache`, with little patience."""
    return open_engine(path, patience=0.3)


@pytest.fixture
def cache(cache_engine: Engine) -> Iterator[CacheRepository]:
    """An empty cache."""
    repository = CacheRepository(cache_engine)
    assert repository.prepare() is None
    yield repository
    repository.close()


@pytest.fixture
def user_engine(tmp_path: Path) -> Engine:
    """The engine of `user`, with little patience."""
    return open_engine(tmp_path / "user.db", patience=0.3)


@pytest.fixture
def user(user_engine: Engine) -> Iterator[UserRepository]:
    """An empty user.db."""
    repository = UserRepository(user_engine)
    repository.prepare()
    yield repository
    repository.close()


Disk = Callable[[str], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A function that mounts an in-memory disk of a given size."""
    prerequisites.needs_root("to mount a tiny disk")
    with ExitStack() as mounted:
        yield lambda size: mounted.enter_context(_disk(tmp_path / "disk", size))


@contextmanager
def _disk(place: Path, size: str) -> Iterator[Path]:
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        prerequisites.skip_or_fail(f"a tiny disk cannot be mounted: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def make_read_only(place: Path) -> None:
    """Remount a disk read-only."""
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
