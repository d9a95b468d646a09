"""The handlers themselves, with no kernel: what each answers, and which errno stands for what."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyfuse3
import pytest
from pyfuse3 import ROOT_INODE, FileHandleT, FUSEError, InodeT

from mcfs.config.settings import Absent, Entries, Settings
from mcfs.fuse.cached_names import Entry, Kind
from mcfs.fuse.operations import Operations, Places
from mcfs.store import Store, open_store
from mcfs.tree.changed_names import NameChanges
from mcfs.tree.nodes import Node
from mcfs.tree.tree import Tree
from tests.tracks import ABSENT

CTX: Any = None
NOBODY = InodeT(0)
Make = Callable[..., Operations]


@pytest.fixture
def store(pristine_store: Path, tmp_path: Path) -> Iterator[Store]:
    """The store of the samples, to do with as one likes; nothing here touches a library."""
    shutil.copytree(pristine_store, tmp_path / "mcfs")
    with open_store(tmp_path / "mcfs") as opened:
        yield opened


@pytest.fixture
def make(pristine_library: Path, store: Store) -> Iterator[Make]:
    """Operations on the samples, as a mount would have them."""
    made: list[Operations] = []

    def operations(tree: Tree | None = None, **options: Any) -> Operations:
        places = Places(pristine_library, pristine_library / ".git")
        made.append(Operations(tree or Tree(store), places, **options))
        return made[-1]

    yield operations
    for one in made:
        one.close()


@pytest.fixture
def operations(make: Make) -> Operations:
    return make()


async def at(operations: Operations, mount_path: str) -> InodeT:
    """The inode that the kernel would have of a path; 0 where it is told that there is none."""
    inode = ROOT_INODE
    for name in filter(None, mount_path.split("/")):
        inode = (await operations.lookup(inode, os.fsencode(name), CTX)).st_ino
    return inode


def everything(operations: Operations) -> NameChanges:
    """A change after which all that the kernel believes may be wrong."""
    generation, day = operations._tree.version
    return NameChanges(generation, day, everything=True)


async def fails(awaited: Awaitable[object]) -> int:
    """Its errno."""
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
    async def test_is_believed_for_as_long_as_it_is_sure(
        self, operations: Operations, mount_path: str, seconds: int
    ) -> None:
        above, _, name = mount_path.rpartition("/")
        found = await operations.lookup(await at(operations, above), os.fsencode(name), CTX)
        assert found.st_ino == NOBODY
        assert found.entry_timeout == seconds

    async def test_a_listing_at_hand_says_so_too(self, operations: Operations) -> None:
        for folder in ("all", "genre"):
            inode = await at(operations, folder)
            await operations.opendir(inode, CTX)
            assert (await operations.lookup(inode, b"nothing", CTX)).st_ino == NOBODY

    async def test_a_path_that_is_too_deep(self, operations: Operations) -> None:
        assert await at(operations, "/".join(["bpm:>1"] * 32))
        assert not await at(operations, "/".join(["bpm:>1"] * 33))

    async def test_a_pin_that_is_to_go_or_to_be_called_otherwise(
        self, operations: Operations
    ) -> None:
        pins = await at(operations, "pins")
        assert await fails(operations.rmdir(pins, b"nothing", CTX)) == errno.ENOENT
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
    async def test_everything_that_would_write(
        self, operations: Operations, write: Callable[..., Awaitable[object]], where: str
    ) -> None:
        assert await fails(write(operations, await at(operations, where))) == errno.EROFS

    @pytest.mark.parametrize("where", ["", "all", "genre", "genre:techno"])
    async def test_folders_are_made_in_pins_alone(self, operations: Operations, where: str) -> None:
        inode, pins = await at(operations, where), await at(operations, "pins")
        assert await fails(operations.mkdir(inode, b"x", 0o755, CTX)) == errno.EROFS
        assert await fails(operations.rmdir(inode, b"x", CTX)) == errno.EROFS
        for old, new in ((inode, pins), (pins, inode)):
            assert await fails(operations.rename(old, b"x", new, b"y", 0, CTX)) == errno.EROFS
        assert await fails(operations.access(inode, os.W_OK, CTX)) == errno.EROFS

    @pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_TRUNC, os.O_APPEND])
    async def test_files_are_opened_for_reading(self, make: Make, flags: int) -> None:
        operations = make(entries=Entries.FILES)
        for mount_path in ("all/Underworld - Rez.wav", "genre:techno.m3u8", ".mcfs/status"):
            inode = await at(operations, mount_path)
            assert await fails(operations.open(inode, flags, CTX)) == errno.EROFS


class TestPins:
    async def test_exists(self, operations: Operations) -> None:
        pins = await at(operations, "pins")
        for name in (b"one", b"other"):
            await operations.mkdir(pins, name, 0o755, CTX)
        assert await fails(operations.mkdir(pins, b"one", 0o755, CTX)) == errno.EEXIST
        moving = operations.rename(pins, b"one", pins, b"other", 0, CTX)
        assert await fails(moving) == errno.EEXIST

    async def test_means_nothing(self, operations: Operations) -> None:
        pins = await at(operations, "pins")
        assert await fails(operations.mkdir(pins, b"bpm:12x", 0o755, CTX)) == errno.EINVAL
        trading = operations.rename(pins, b"a", pins, b"b", pyfuse3.RENAME_EXCHANGE, CTX)
        assert await fails(trading) == errno.EINVAL

    async def test_made_anew_by_somebody_else_is_another_folder(
        self, operations: Operations, store: Store
    ) -> None:
        """Else the kernel would believe for a day what it knows below the old one."""
        store.user.add_pin("mine", "genre:techno")
        old = await at(operations, "pins/mine")
        below = await at(operations, "pins/mine/bpm:126")
        store.user.remove_pin("mine")
        store.user.add_pin("mine", "genre:rock")
        assert await at(operations, "pins/mine") != old
        assert await at(operations, "pins/mine/bpm:126") not in (old, below)
        store.user.remove_pin("mine")
        store.user.add_pin("mine", "genre:techno")
        new = await at(operations, "pins/mine")
        assert new != old, "somebody may still be in there"
        assert await at(operations, "pins/mine/bpm:126") != below
        await operations.forget([(old, 1), (below, 1)])
        believed = operations.known.names.to_expire(everything(operations))
        assert Entry(new, b"bpm:126", Kind.FOLDER) in believed


class TestKinds:
    async def test_only_links_lead_somewhere(self, make: Make) -> None:
        links, files = make(), make(entries=Entries.FILES)
        name = "all/Underworld - Rez.wav"
        assert (await links.readlink(await at(links, name), CTX)).endswith(b"/underworld.wav")
        for operations, mount_path in ((links, "all"), (files, name), (links, ".mcfs/status")):
            inode = await at(operations, mount_path)
            assert await fails(operations.readlink(inode, CTX)) == errno.EINVAL

    async def test_a_folder_is_not_opened_as_a_file(self, operations: Operations) -> None:
        inode = await at(operations, "all")
        assert await fails(operations.open(inode, os.O_RDONLY, CTX)) == errno.EISDIR

    async def test_no_file_is_ever_of_size_zero(self, make: Make, store: Store) -> None:
        """`tar` would write an empty file in its place, and say nothing."""
        operations = make(Tree(store, Settings(absent=Absent.SHOW)), entries=Entries.FILES)
        inode = await at(operations, "all/Basic Channel - Phylyps.flac")
        assert (await operations.getattr(inode, CTX)).st_size == len(f"sound of {ABSENT}\n") * 40


@pytest.mark.logs("its content is not here")
async def test_what_is_not_here_cannot_be_read(make: Make, store: Store) -> None:
    tree = Tree(store, Settings(absent=Absent.SHOW))
    operations = make(tree, entries=Entries.FILES)
    inode = await at(operations, "all/Basic Channel - Phylyps.flac")
    assert await fails(operations.open(inode, os.O_RDONLY, CTX)) == errno.EIO
    assert "Phylyps" in tree.error_log.text()
    assert "git annex get" in tree.error_log.text()


class _Buggy(Tree):
    def child(self, node: Node, name: str, depth: int = 0) -> Node:
        raise RuntimeError("a bug in the tree")

    def children(self, node: Node) -> Any:
        raise RuntimeError("a bug in the tree")


@pytest.mark.logs("failed", "a bug in mcfs")
async def test_a_bug_is_an_input_output_error_and_a_line(make: Make, store: Store) -> None:
    tree = _Buggy(store)
    operations = make(tree)
    assert await fails(operations.lookup(ROOT_INODE, b"x", CTX)) == errno.EIO
    assert await fails(operations.opendir(ROOT_INODE, CTX)) == errno.EIO
    assert await fails(operations.getattr(InodeT(12345), CTX)) == errno.EIO
    assert "a bug in mcfs: RuntimeError: a bug in the tree" in tree.error_log.text()


@pytest.mark.logs("was made anew by another version")
async def test_without_a_database_the_last_listing_still_serves(make: Make, store: Store) -> None:
    operations = make(tree := Tree(store))
    inode, other = await at(operations, "genre:techno"), await at(operations, "genre:pop")
    genres = await at(operations, "genre")
    for known in (inode, genres):
        await operations.releasedir(await operations.opendir(known, CTX))
    _spoil(store.folder / "cache.db")
    handle = await operations.opendir(inode, CTX)
    await operations.releasedir(handle)
    assert (await operations.lookup(inode, b"Underworld - Rez.wav", CTX)).st_ino
    assert (await operations.lookup(genres, b"Pop", CTX)).st_ino
    assert (await operations.getattr(other, CTX)).st_ino == other
    assert await fails(operations.opendir(other, CTX)) == errno.EIO
    assert "another version" in tree.error_log.text()


def _spoil(cache: Path) -> None:
    """What a newer mcfs does to the database of an older one that still runs."""
    with closing(sqlite3.connect(cache)) as connection:
        connection.execute("PRAGMA user_version = 1")


async def test_what_the_kernel_forgets_is_forgotten(operations: Operations) -> None:
    before = set(operations.known.all())
    inodes = [
        await at(operations, mount_path)
        for mount_path in ("genre/Pop", "genre/Pop/Beyoncé - Halo.mp3", "genre:techno.m3u8")
    ]
    genre = await at(operations, "genre")
    await operations.forget([(genre, 4), *((inode, 1) for inode in inodes), (genre, 0)])
    await operations.forget([(inodes[0], 1)])
    assert set(operations.known.all()) == before
    assert await at(operations, "genre") == genre


@pytest.mark.parametrize(
    "told",
    [
        ("Beyoncé - Halo.mp3",),
        ("nothing.mp3",),
        ("sort:title", "sort:title/001 Beyoncé - Halo.mp3", "sort:title/nothing"),
        ("{{ genre }}", "{{ genre }}/Pop", "{{ genre }}/nothing"),
        ("{{ title }}.{{ ext }}", "{{ title }}.{{ ext }}/Halo.mp3"),
    ],
)
async def test_what_was_told_in_a_folder_is_forgotten_with_it(
    operations: Operations, monkeypatch: pytest.MonkeyPatch, told: tuple[str, ...]
) -> None:
    monkeypatch.setattr("mcfs.fuse.cached_names._FEW", 10)
    # Known in one folder for as long as the others come and go.
    track = await at(operations, "all/Beyoncé - Halo.mp3")
    known, places = set(operations.known.all()), set(operations.known.places())
    for number in range(100):
        folder = f"title:halo bpm:<{1000 + number}"
        inodes = [await at(operations, folder)]
        for name in told:
            above, _, last = name.rpartition("/")
            parent = inodes[0] if not above else inodes[1]
            found = await operations.lookup(parent, os.fsencode(last), CTX)
            inodes += [found.st_ino] if found.st_ino else []
        assert (track in inodes) == any("Halo" in name for name in told)
        await operations.forget([(inode, 1) for inode in reversed(inodes)])
    assert set(operations.known.all()) == known
    assert set(operations.known.places()) == places
    assert operations.known.names._absent <= 20
    assert len(list(operations.known.names.to_expire(everything(operations)))) <= 20
    # What is left is the folder `all`, of which the kernel may go on believing that it is there.
    assert (operations.known.names._noted, operations.known.names._absent) == (1, 0)


_HEAPS = """
import ctypes, sys, threading
from mcfs.fuse.operations import Operations, Places, _share_memory
_share_memory()
together = threading.Barrier(21)
def take():
    taken = bytearray(3000)
    together.wait()
    together.wait()
threads = [threading.Thread(target=take) for _ in range(20)]
for thread in threads:
    thread.start()
together.wait()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.fclose.argtypes = [ctypes.c_void_p]
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
file = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
together.wait()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's heaps")
def test_threads_share_what_memory_is_freed(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _HEAPS, tmp_path / "heaps"], check=True)
    assert (tmp_path / "heaps").read_text().count("<heap nr=") == 2
