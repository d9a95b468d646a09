"""The texts of `.mcfs/`: made once a second at most, however often a program looks."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
import trio
from pyfuse3 import ROOT_INODE, InodeT

from mcfs.errors import StoreError
from mcfs.fuse.info_files import InfoFiles
from mcfs.fuse.operations import Operations
from mcfs.fuse.track_content import TrackContent
from mcfs.store import Store
from mcfs.tree.nodes import InfoFile
from mcfs.tree.tree import Tree
from tests.fuse.conftest import CTX


class Texts:
    """Makes texts, and counts them; time goes on when a test says so."""

    def __init__(self) -> None:
        self.made: Counter[InfoFile] = Counter()
        self.now = 1000.0
        self.fails = False

    def make(self, file: InfoFile) -> str:
        self.made[file] += 1
        if self.fails:
            raise StoreError("the disk is gone")
        return f"{file.value} {self.made[file]}"

    def files(self) -> InfoFiles:
        return InfoFiles(self.make, clock=lambda: self.now)


async def test_a_text_is_kept_for_a_second() -> None:
    texts = Texts()
    files = texts.files()
    assert await files.content(InfoFile.STATUS) == b"status 1"
    texts.now += 0.9
    assert await files.content(InfoFile.STATUS) == b"status 1"
    assert await files.content(InfoFile.HELP) == b"help 1"
    texts.now += 0.2
    assert await files.content(InfoFile.STATUS) == b"status 2"


async def test_requests_at_the_same_time_share_one_text() -> None:
    texts = Texts()
    files = texts.files()
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(files.content, InfoFile.STATUS)
    assert texts.made == {InfoFile.STATUS: 1}


async def test_a_failure_is_not_kept() -> None:
    texts = Texts()
    files = texts.files()
    texts.fails = True
    with pytest.raises(StoreError):
        await files.content(InfoFile.STATUS)
    texts.fails = False
    assert await files.content(InfoFile.STATUS) == b"status 2"


async def test_a_burst_of_requests_makes_one_text(store: Store, tmp_path: Path) -> None:
    texts = Texts()
    content = TrackContent(tmp_path, tmp_path, store.cache)
    operations = Operations(Tree(store), content, texts.files())
    try:
        folder = (await operations.lookup(ROOT_INODE, b".mcfs", CTX)).st_ino
        for _ in range(20):
            found = await operations.lookup(folder, b"status", CTX)
            assert found.st_size == (await operations.getattr(found.st_ino, CTX)).st_size == 8
            assert await _read(operations, found.st_ino) == b"status 1"
        assert texts.made == {InfoFile.STATUS: 1}
        texts.now += 1.1
        assert await _read(operations, found.st_ino) == b"status 2"
    finally:
        operations.close()


async def _read(operations: Operations, inode: InodeT) -> bytes:
    handle = (await operations.open(inode, os.O_RDONLY, CTX)).fh
    content = await operations.read(handle, 0, 1000)
    await operations.release(handle)
    return content
