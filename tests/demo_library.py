"""The library that `mcfs demo` makes, made once for all tests, and copies of it.

Sixty tracks: the twenty of `mcfs.demo.handwritten`, and forty generated ones.
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
    """Its folder; the archive is beside it. Read only; `demo_copy` is a copy to change."""
    needs_git_annex()
    folder = tmp_path_factory.mktemp("demo")
    make_library(folder / "library", DEMO_TRACKS, DEMO_SEED, lambda _doing, _share: None)
    yield folder / "library"
    _allow_removal(folder)


@pytest.fixture
def demo_copy(demo_library: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, and of the archive beside it, which a test may change."""
    folder = tmp_path / "demo"
    subprocess.run(["cp", "-a", "--reflink=auto", demo_library.parent, folder], check=True)
    yield folder / demo_library.name
    _allow_removal(folder)


def _allow_removal(folder: Path) -> None:
    # git-annex removes write permission from contents; pytest needs it to remove the folder.
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
