"""Operations without a kernel: the handlers, called as pyfuse3 calls them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyfuse3 import ROOT_INODE, InodeT

from mcfs.config.settings import DEFAULTS, Settings
from mcfs.fuse.info_files import InfoFiles
from mcfs.fuse.operations import Operations
from mcfs.fuse.track_content import TrackContent
from mcfs.store import Store, open_store
from mcfs.tree.tree import Tree

# Who asks: a thread that announces nothing.
CTX: Any = SimpleNamespace(pid=0)
MakeOperations = Callable[..., Operations]


@pytest.fixture
def store(pristine_store: Path, tmp_path: Path) -> Iterator[Store]:
    """A store of the samples that a test may change; it has no library."""
    shutil.copytree(pristine_store, tmp_path / "mcfs")
    with open_store(tmp_path / "mcfs") as opened:
        yield opened


@pytest.fixture
def make(pristine_library: Path, store: Store) -> Iterator[MakeOperations]:
    """Makes operations on the samples, as a mount has them."""
    made: list[Operations] = []

    def operations(
        tree: Tree | None = None, *, settings: Settings = DEFAULTS, **options: Any
    ) -> Operations:
        content = TrackContent(pristine_library, pristine_library / ".git", store.cache)
        made.append(
            Operations(tree or Tree(store, settings), content, InfoFiles(lambda _: ""), **options)
        )
        return made[-1]

    yield operations
    for one in made:
        one.close()


@pytest.fixture
def operations(make: MakeOperations) -> Operations:
    """Operations on the samples, with default settings."""
    return make()


async def inode_at(operations: Operations, mount_path: str) -> InodeT:
    """The inode that a kernel would have of a path; 0 where it would hear that there is none."""
    inode = ROOT_INODE
    for name in filter(None, mount_path.split("/")):
        inode = (await operations.lookup(inode, os.fsencode(name), CTX)).st_ino
    return inode
