"""Reading tracks: a disk that does not answer delays reading from it, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from pyfuse3 import InodeT
from trio.testing import wait_all_tasks_blocked

from mcfs.config.settings import Entries, Settings
from mcfs.fuse.info_files import InfoFiles
from mcfs.fuse.operations import Operations
from mcfs.fuse.track_content import MAX_READERS, TrackContent, read_cached
from mcfs.store import Store
from mcfs.tree.nodes import TrackNode
from mcfs.tree.tree import Tree
from tests.fuse.conftest import CTX, inode_at

NAME = "all/Underworld - Rez.wav"


@pytest.fixture
def slow(store: Store, tmp_path: Path) -> Iterator[Operations]:
    """The content of one track is a FIFO: opening it blocks until a writer opens it."""
    content = TrackContent(tmp_path, tmp_path, store.cache)
    tree = Tree(store, Settings(entries=Entries.FILES))
    operations = Operations(tree, content, InfoFiles(lambda _: ""))
    yield operations
    operations.close()


async def test_a_slow_disk_does_not_delay_names(
    slow: Operations, store: Store, tmp_path: Path
) -> None:
    inode = await inode_at(slow, NAME)
    fifo = tmp_path / _content_path(slow, inode, store)
    fifo.parent.mkdir(parents=True)
    os.mkfifo(fifo)
    # More than there are threads for names, too.
    count = 2 * MAX_READERS
    opened: list[int] = []

    async def open_track() -> None:
        opened.append((await slow.open(inode, os.O_RDONLY, CTX)).fh)

    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(open_track)
        await wait_all_tasks_blocked()
        with trio.move_on_after(20) as too_long:
            assert await inode_at(slow, "genre:techno/bpm:126/{{ artist }}")
            folder = await inode_at(slow, "all")
            await slow.releasedir(await slow.opendir(folder, CTX))
        assert not opened
        # Opening for both never waits, and lets the readers in.
        writer = os.open(fifo, os.O_RDWR)
    os.close(writer)
    for descriptor in opened:
        os.close(descriptor)
    assert not too_long.cancelled_caught
    assert len(opened) == count


def _content_path(operations: Operations, inode: InodeT, store: Store) -> str:
    track = operations.inodes[inode].node
    assert isinstance(track, TrackNode)
    with store.cache.reading() as read:
        content_path = read.content_path(track.inode)
    assert content_path is not None
    return content_path


async def test_what_is_in_memory_is_read_at_once(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        assert read_cached(descriptor, 4, 3) in (b"3456", None)
        assert read_cached(descriptor, 4, 8) is None, "the end of a file is read in a thread"
        content = TrackContent(tmp_path, tmp_path, store.cache)
        assert await content.read(descriptor, 4, 8) == b"89"
    finally:
        os.close(descriptor)


async def test_a_pipe_is_read_in_a_thread(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        assert read_cached(reading, 4, 0) is None
    finally:
        os.close(reading)
        os.close(writing)
