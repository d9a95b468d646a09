"""The library that `mcfs demo` makes, once for all tests, and copies of it.

Sixty tracks: every special case of `mcfs.demo.handwritten`, and a crowd of forty.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs.demo.library import make_library
from tests.prerequisites import needs_git_annex

DEMO_TRACKS = 60
DEMO_SEED = 1


@pytest.fixture(scope="session")
def demo_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Its folder; the archive is beside it. Nobody writes to it: `demo_copy` is for that."""
    needs_git_annex()
    folder = tmp_path_factory.mktemp("demo")
    make_library(folder / "library", DEMO_TRACKS, DEMO_SEED, lambda _doing, _share: None)
    yield folder / "library"
    _allow_removal(folder)


@pytest.fixture
def demo_copy(demo_library: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, and of the archive beside it, to do with as one likes."""
    folder = tmp_path / "demo"
    subprocess.run(["cp", "-a", "--reflink=auto", demo_library.parent, folder], check=True)
    yield folder / demo_library.name
    _allow_removal(folder)


def _allow_removal(folder: Path) -> None:
    # git-annex takes the write bits away, and then nobody can clear the folder.
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
