"""The handlers without a kernel: what each answers, and which errno stands for which failure."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyfuse3
import pytest
from pyfuse3 import ROOT_INODE, FileHandleT, FUSEError, InodeT

from mcfs.config.settings import Absent, Entries, Settings
from mcfs.fuse.cached_names import CachedName, CachedNames, NameKind
from mcfs.fuse.operations import Operations
from mcfs.store import Store
from mcfs.tree.changed_names import NameChanges
from mcfs.tree.nodes import Node
from mcfs.tree.tree import Tree
from tests.fuse.conftest import CTX, MakeOperations, inode_at
from tests.tracks import ABSENT

NO_INODE = InodeT(0)


def everything(store: Store) -> NameChanges:
    """A change after which all that the kernel has cached may be wrong."""
    return NameChanges(Tree(store).version, everything=True)


async def fails(awaited: Awaitable[object]) -> int:
    """The errno that a request fails with."""
    with pytest.raises(FUSEError) as raised:
        await awaited
    return raised.value.errno


class TestNotThere:
    @pytest.mark.parametrize(
        ("mount_path", "seconds"),
        [
            ("nothing", 86_400),
            (".git", 86_400),
            ("all/.hidden", 86_400),
            ("all/nothing.mp3", 86_400),
            ("genre/nothing", 86_400),
            ("mood:dark", 1),
            ("all/nothing.json", 1),
            ("pins/nothing", 1),
            (".mcfs/nothing", 1),
        ],
    )
    async def test_is_cached_for_as_long_as_it_is_certain(
        self, operations: Operations, mount_path: str, seconds: int
    ) -> None:
        above, _, name = mount_path.rpartition("/")
        found = await operations.lookup(await inode_at(operations, above), os.fsencode(name), CTX)
        assert found.st_ino == NO_INODE
        assert found.entry_timeout == seconds

    async def test_in_an_empty_pin_which_a_rename_may_fill(
        self, operations: Operations, store: Store
    ) -> None:
        store.user.add_pin("New folder", "")
        inode = await inode_at(operations, "pins/New folder")
        assert (await operations.lookup(inode, b"nothing", CTX)).entry_timeout == 1

    async def test_in_a_folder_whose_listing_is_in_memory(self, operations: Operations) -> None:
        for folder in ("all", "genre"):
            inode = await inode_at(operations, folder)
            await operations.opendir(inode, CTX)
            assert (await operations.lookup(inode, b"nothing", CTX)).st_ino == NO_INODE

    async def test_below_the_greatest_depth(self, operations: Operations) -> None:
        assert await inode_at(operations, "/".join(["bpm:>1"] * 32))
        assert not await inode_at(operations, "/".join(["bpm:>1"] * 33))

    async def test_a_pin_to_remove_or_rename(self, operations: Operations) -> None:
        pins = await inode_at(operations, "pins")
        assert await fails(operations.rmdir(pins, b"nothing", CTX)) == errno.ENOENT
        long = b"x" * 256
        assert await fails(operations.mkdir(pins, long, 0o755, CTX)) == errno.ENAMETOOLONG
        moving = operations.rename(pins, b"nothing", pins, b"x", 0, CTX)
        assert await fails(moving) == errno.ENOENT


class TestReadOnly:
    @pytest.mark.parametrize(
        "write",
        [
            lambda o, i: o.setattr(i, pyfuse3.EntryAttributes(), None, None, CTX),
            lambda o, i: o.mknod(i, b"x", stat.S_IFREG | 0o644, 0, CTX),
            lambda o, i: o.create(i, b"x", 0o644, os.O_WRONLY, CTX),
            lambda o, i: o.unlink(i, b"x", CTX),
            lambda o, i: o.symlink(i, b"x", b"y", CTX),
            lambda o, i: o.link(i, i, b"x", CTX),
            lambda o, i: o.setxattr(i, b"user.x", b"y", CTX),
            lambda o, i: o.removexattr(i, b"user.x", CTX),
            lambda o, _: o.write(FileHandleT(1), 0, b"x"),
        ],
    )
    @pytest.mark.parametrize("where", ["", "all", "pins"])
    async def test_every_other_change_is_refused(
        self, operations: Operations, write: Callable[..., Awaitable[object]], where: str
    ) -> None:
        assert await fails(write(operations, await inode_at(operations, where))) == errno.EROFS

    @pytest.mark.parametrize("where", ["", "all", "genre", "genre:techno"])
    async def test_folders_can_be_made_only_in_pins(
        self, operations: Operations, where: str
    ) -> None:
        inode, pins = await inode_at(operations, where), await inode_at(operations, "pins")
        assert await fails(operations.mkdir(inode, b"x", 0o755, CTX)) == errno.EROFS
        assert await fails(operations.rmdir(inode, b"x", CTX)) == errno.EROFS
        for old, new in ((inode, pins), (pins, inode)):
            assert await fails(operations.rename(old, b"x", new, b"y", 0, CTX)) == errno.EROFS
        assert await fails(operations.access(inode, os.W_OK, CTX)) == errno.EROFS

    @pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_TRUNC, os.O_APPEND])
    async def test_files_can_be_opened_only_for_reading(
        self, make: MakeOperations, flags: int
    ) -> None:
        operations = make(settings=Settings(entries=Entries.FILES))
        for mount_path in ("all/Underworld - Rez.wav", "genre:techno.m3u8", ".mcfs/status"):
            inode = await inode_at(operations, mount_path)
            assert await fails(operations.open(inode, flags, CTX)) == errno.EROFS


class TestPins:
    async def test_a_name_that_exists_already(self, operations: Operations) -> None:
        pins = await inode_at(operations, "pins")
        for name in (b"one", b"other"):
            await operations.mkdir(pins, name, 0o755, CTX)
        assert await fails(operations.mkdir(pins, b"one", 0o755, CTX)) == errno.EEXIST
        moving = operations.rename(pins, b"one", pins, b"other", 0, CTX)
        assert await fails(moving) == errno.EEXIST

    async def test_a_query_or_a_rename_that_is_invalid(self, operations: Operations) -> None:
        pins = await inode_at(operations, "pins")
        assert await fails(operations.mkdir(pins, b"bpm:12x", 0o755, CTX)) == errno.EINVAL
        trading = operations.rename(pins, b"a", pins, b"b", pyfuse3.RENAME_EXCHANGE, CTX)
        assert await fails(trading) == errno.EINVAL

    async def test_one_that_another_process_replaced_is_another_folder(
        self, operations: Operations, store: Store
    ) -> None:
        """Otherwise the kernel would keep for a day what it has cached below the old one."""
        store.user.add_pin("mine", "genre:techno")
        old = await inode_at(operations, "pins/mine")
        below = await inode_at(operations, "pins/mine/bpm:126")
        store.user.remove_pin("mine")
        store.user.add_pin("mine", "genre:rock")
        assert await inode_at(operations, "pins/mine") != old
        assert await inode_at(operations, "pins/mine/bpm:126") not in (old, below)
        store.user.remove_pin("mine")
        store.user.add_pin("mine", "genre:techno")
        new = await inode_at(operations, "pins/mine")
        assert new != old, "the old one may be the cwd of a process"
        assert await inode_at(operations, "pins/mine/bpm:126") != below
        await operations.forget([(old, 1), (below, 1)])
        cached = operations.inodes.cached_names.take_stale(everything(store))
        assert CachedName(new, b"bpm:126", NameKind.FOLDER) in cached


class TestKinds:
    async def test_only_links_have_a_target(self, make: MakeOperations) -> None:
        links, files = make(), make(settings=Settings(entries=Entries.FILES))
        name = "all/Underworld - Rez.wav"
        assert (await links.readlink(await inode_at(links, name), CTX)).endswith(b"/underworld.wav")
        for operations, mount_path in ((links, "all"), (files, name), (links, ".mcfs/status")):
            inode = await inode_at(operations, mount_path)
            assert await fails(operations.readlink(inode, CTX)) == errno.EINVAL

    async def test_a_folder_is_not_opened_as_a_file(self, operations: Operations) -> None:
        inode = await inode_at(operations, "all")
        assert await fails(operations.open(inode, os.O_RDONLY, CTX)) == errno.EISDIR

    async def test_no_file_is_ever_of_size_zero(self, make: MakeOperations, store: Store) -> None:
        """`tar` would write an empty file in its place, without an error."""
        operations = make(settings=Settings(absent=Absent.SHOW, entries=Entries.FILES))
        inode = await inode_at(operations, "all/Basic Channel - Phylyps.flac")
        assert (await operations.getattr(inode, CTX)).st_size == len(f"sound of {ABSENT}\n") * 40


@pytest.mark.logs("its content is not here")
async def test_missing_content_cannot_be_opened(make: MakeOperations, store: Store) -> None:
    tree = Tree(store, Settings(absent=Absent.SHOW, entries=Entries.FILES))
    operations = make(tree)
    inode = await inode_at(operations, "all/Basic Channel - Phylyps.flac")
    assert await fails(operations.open(inode, os.O_RDONLY, CTX)) == errno.EIO
    assert "Phylyps" in tree.error_log.text()
    assert "git annex get" in tree.error_log.text()


class _Buggy(Tree):
    def child(self, node: Node, name: str, depth: int = 0) -> Node:
        raise RuntimeError("a bug in the tree")

    def children(self, node: Node) -> Any:
        raise RuntimeError("a bug in the tree")


@pytest.mark.logs("failed", "a bug in mcfs")
async def test_a_bug_is_an_input_output_error_and_is_logged(
    make: MakeOperations, store: Store
) -> None:
    tree = _Buggy(store)
    operations = make(tree)
    assert await fails(operations.lookup(ROOT_INODE, b"x", CTX)) == errno.EIO
    assert await fails(operations.opendir(ROOT_INODE, CTX)) == errno.EIO
    assert await fails(operations.getattr(InodeT(12345), CTX)) == errno.EIO
    assert "a bug in mcfs: RuntimeError: a bug in the tree" in tree.error_log.text()


class _DiskIsGone(Tree):
    def children(self, node: Node) -> Any:
        raise OSError(errno.ENODEV, "No such device")


@pytest.mark.logs("opendir: [Errno 19]")
async def test_a_failing_disk_is_answered_with_its_own_errno(
    make: MakeOperations, store: Store
) -> None:
    assert await fails(make(_DiskIsGone(store)).opendir(ROOT_INODE, CTX)) == errno.ENODEV


@pytest.mark.logs("was rebuilt by another version")
async def test_without_a_database_the_last_listing_still_serves(
    make: MakeOperations, store: Store
) -> None:
    operations = make(tree := Tree(store))
    inode, other = (
        await inode_at(operations, "genre:techno"),
        await inode_at(operations, "genre:pop"),
    )
    genres = await inode_at(operations, "genre")
    for known in (inode, genres):
        await operations.releasedir(await operations.opendir(known, CTX))
    _upgrade(store.folder / "cache.db")
    handle = await operations.opendir(inode, CTX)
    await operations.releasedir(handle)
    assert (await operations.lookup(inode, b"Underworld - Rez.wav", CTX)).st_ino
    assert (await operations.lookup(genres, b"Pop", CTX)).st_ino
    assert (await operations.getattr(other, CTX)).st_ino == other
    assert await fails(operations.opendir(other, CTX)) == errno.EIO
    assert "another version" in tree.error_log.text()


def _upgrade(cache: Path) -> None:
    """Do what a newer mcfs does to the database of an older one that still runs."""
    with closing(sqlite3.connect(cache)) as connection:
        connection.execute("PRAGMA user_version = 1")


async def test_what_the_kernel_forgets_is_forgotten(operations: Operations) -> None:
    before = set(operations.inodes)
    inodes = [
        await inode_at(operations, mount_path)
        for mount_path in ("genre/Pop", "genre/Pop/Beyoncé - Halo.mp3", "genre:techno.m3u8")
    ]
    genre = await inode_at(operations, "genre")
    await operations.forget([(genre, 4), *((inode, 1) for inode in inodes), (genre, 0)])
    await operations.forget([(inodes[0], 1)])
    assert set(operations.inodes) == before
    assert await inode_at(operations, "genre") == genre


@pytest.mark.parametrize(
    "names",
    [
        ("Beyoncé - Halo.mp3",),
        ("nothing.mp3",),
        ("sort:title", "sort:title/001 Beyoncé - Halo.mp3", "sort:title/nothing"),
        ("{{ genre }}", "{{ genre }}/Pop", "{{ genre }}/nothing"),
        ("{{ title }}.{{ ext }}", "{{ title }}.{{ ext }}/Halo.mp3"),
    ],
)
async def test_names_in_a_folder_are_forgotten_with_it(
    make: MakeOperations, store: Store, names: tuple[str, ...]
) -> None:
    cached = CachedNames(prune_after=10)
    operations = make(cached_names=cached)
    # The kernel holds this one for the whole time, while the other folders come and go.
    track = await inode_at(operations, "all/Beyoncé - Halo.mp3")
    inodes_before, folders_before = set(operations.inodes), set(operations.inodes.folder_paths())
    for number in range(100):
        folder = f"title:halo bpm:<{1000 + number}"
        inodes = [await inode_at(operations, folder)]
        for name in names:
            above, _, last = name.rpartition("/")
            parent = inodes[0] if not above else inodes[1]
            found = await operations.lookup(parent, os.fsencode(last), CTX)
            inodes += [found.st_ino] if found.st_ino else []
        assert (track in inodes) == any("Halo" in name for name in names)
        await operations.forget([(inode, 1) for inode in reversed(inodes)])
    assert set(operations.inodes) == inodes_before
    assert set(operations.inodes.folder_paths()) == folders_before
    assert cached.absent_count <= 20
    assert len(list(cached.take_stale(everything(store)))) <= 20
    # The folder `all` is left: the kernel may go on caching that it is there.
    assert (len(cached), cached.absent_count) == (1, 0)


async def test_absent_names_that_have_no_room_are_cached_for_a_second(
    make: MakeOperations,
) -> None:
    """A program that probes for millions of names must not fill the memory."""
    operations = make(cached_names=CachedNames(max_absent=2))
    folder = await inode_at(operations, "all")
    timeouts = [
        (await operations.lookup(folder, b"nothing %d" % number, CTX)).entry_timeout
        for number in range(4)
    ]
    assert timeouts == [86_400, 86_400, 1, 1]
