"""The requests that programs cause, counted on real mounts. The cheapest is one the kernel never sends."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import pytest

from mcfs.store import open_store
from mcfs.sync.run import sync
from tests.mounts import RunningMount, instrumented_mount
from tests.prerequisites import needs_fuse, skip_or_fail
from tests.tracks import copy_of_library


@pytest.fixture(scope="module")
def counted(
    pristine_library: Path, pristine_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningMount]:
    """The samples, on a mount that counts its requests; no test changes them."""
    needs_fuse()
    folder = tmp_path_factory.mktemp("counted")
    with copy_of_library(pristine_library, folder / "library") as library:
        shutil.copytree(pristine_store, library.store_dir)
        with instrumented_mount(library.top, folder / "mnt") as served:
            yield served


def needs_kernel_caches(mount: RunningMount) -> None:
    """Their C library, which is built where mcfs is installed with a C compiler."""
    if not mount.kernel_caches_are_on():
        skip_or_fail("the kernel caches are off: mcfs was installed without a C compiler")


@pytest.fixture(scope="module")
def uncached(
    pristine_library: Path, pristine_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningMount]:
    """The same without the kernel's caches of links and listings."""
    needs_fuse()
    folder = tmp_path_factory.mktemp("uncached")
    with copy_of_library(pristine_library, folder / "library") as library:
        shutil.copytree(pristine_store, library.store_dir)
        with instrumented_mount(library.top, folder / "mnt", kernel_caches=False) as served:
            yield served


def test_without_kernel_caches_a_long_listing_reads_each_link_once(uncached: RunningMount) -> None:
    names = _run("ls", "-l", uncached.path / "all").count(" -> ")
    before = uncached.requests()
    _run("ls", "-l", uncached.path / "all")
    sent = uncached.requests() - before
    assert sent["readlink"] == names
    assert sent["lookup"] == 0


@pytest.mark.parametrize("folder", ["all", "genre", "genre/Pop", "sort:title"])
def test_entries_that_are_packed_are_what_single_ones_are(
    counted: RunningMount, uncached: RunningMount, folder: str
) -> None:
    """Without the C library, which turns on these caches, pyfuse3 is given the entries one by one."""
    needs_kernel_caches(counted)
    packed, single = (_listed(mount.path / folder) for mount in (counted, uncached))
    assert packed
    assert packed == single


def _listed(folder: Path) -> dict[str, tuple[int, ...]]:
    """What a listing gives the kernel of each entry. A target begins with another folder on each mount."""
    listed = {}
    for entry in os.scandir(folder):
        status = entry.stat(follow_symlinks=False)
        size = status.st_size
        if entry.is_symlink():
            size -= len(Path(entry.path).readlink().as_posix().encode())
        changed = () if entry.is_dir(follow_symlinks=False) else (status.st_mtime_ns, size)
        listed[entry.name] = (entry.inode(), status.st_mode, status.st_nlink, *changed)
    return listed


class _SmallReader:
    """Reads a folder with a buffer of a page, as a program without the C library's may: in many answers."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._buffer = ctypes.create_string_buffer(4096)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def __iter__(self) -> Iterator[list[str]]:
        """The names in each answer."""
        read = ctypes.CDLL(None).getdents64
        while length := read(self._descriptor, self._buffer, len(self._buffer)):
            yield [name for name in self._names(self._buffer.raw[:length]) if name[0] != "."]

    def _names(self, entries: bytes) -> Iterator[str]:
        while entries:
            _, _, length, _ = struct.unpack_from("=QqHB", entries)
            yield entries[19:length].partition(b"\0")[0].decode()
            entries = entries[length:]


@pytest.fixture(scope="module")
def sixty(demo_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMount]:
    """A mount with sixty tracks."""
    needs_fuse()
    folder = tmp_path_factory.mktemp("sixty")
    with copy_of_library(demo_library, folder / "library") as library:
        with open_store(library.store_dir) as store:
            sync(library, store)
        with instrumented_mount(library.top, folder / "mnt") as served:
            needs_kernel_caches(served)
            yield served


def _long_names(mount: RunningMount, letter: str) -> Path:
    """A folder whose names are so long that a page holds nine of them."""
    return mount.path / f"{{{{ title }}}} {200 * letter}.{{{{ ext }}}}"


def _look_at(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).lstat()


def test_who_reads_only_names_is_given_only_names(sixty: RunningMount) -> None:
    folder = _long_names(sixty, "x")
    with _SmallReader(folder) as reader:
        first, *others = reader
    rest = [name for names in others for name in names]
    assert len(rest) > 10
    before = sixty.requests()
    _look_at(folder, first)
    assert (sixty.requests() - before)["lookup"] == 0
    _look_at(folder, rest[:5])
    assert (sixty.requests() - before)["lookup"] == 5
    # A folder that is listed again is likely to be looked at.
    with _SmallReader(folder) as reader:
        assert [name for names in reader for name in names] == first + rest
    before = sixty.requests()
    _look_at(folder, first + rest)
    assert (sixty.requests() - before)["lookup"] == 0


def test_who_looks_at_what_was_read_is_given_inodes_with_the_names(sixty: RunningMount) -> None:
    folder = _long_names(sixty, "y")
    looked_up = []
    with _SmallReader(folder) as reader:
        for names in reader:
            before = sixty.requests()
            _look_at(folder, names)
            looked_up.append((sixty.requests() - before)["lookup"])
    assert len(looked_up) > 2
    assert sum(looked_up) == looked_up[1]


def _run(*words: str | Path, cwd: Path | None = None) -> str:
    return subprocess.run(words, cwd=cwd, check=True, capture_output=True, text=True).stdout


class TestRequests:
    @pytest.mark.parametrize("folder", ["all", "genre", "bpm:>1/{{ genre }}", "sort:title"])
    @pytest.mark.parametrize(
        "command", ["ls -U .", "find .", "echo *", "ls -d *", "test ! -e nothing"]
    )
    def test_a_repeated_command_looks_nothing_up(
        self, counted: RunningMount, folder: str, command: str
    ) -> None:
        first = _run("sh", "-c", command, cwd=counted.path / folder)
        before = counted.requests()
        assert _run("sh", "-c", command, cwd=counted.path / folder) == first
        sent = counted.requests() - before
        assert sent["lookup"] == sent["readlink"] == 0
        assert set(sent) <= {"opendir", "readdir", "releasedir", "getattr", "access"}

    @pytest.mark.parametrize("folder", ["", "all", "genre", "genre/Pop", "sort:title"])
    @pytest.mark.parametrize("command", ["ls -U .", "ls -l .", "find . -maxdepth 1", "echo *"])
    def test_a_repeated_listing_is_only_opened_and_closed(
        self, counted: RunningMount, folder: str, command: str
    ) -> None:
        needs_kernel_caches(counted)
        first = _run("sh", "-c", command, cwd=counted.path / folder)
        _run("ls", "-l", ".", cwd=counted.path / folder)
        before = counted.requests()
        assert _run("sh", "-c", command, cwd=counted.path / folder) == first
        sent = counted.requests() - before
        # Of the `cd`, and of other programs on this machine that look at all mounts.
        del sent["access"], sent["statfs"]
        # `find` opens a folder twice.
        assert sent in ({"opendir": 1, "releasedir": 1}, {"opendir": 2, "releasedir": 2})

    def test_extended_attributes_are_requested_once(self, counted: RunningMount) -> None:
        for _ in range(2):
            for name in os.listdir(counted.path / "all"):
                file = counted.path / "all" / name
                with pytest.raises(OSError, match="not supported"):
                    os.getxattr(file, "security.selinux", follow_symlinks=False)
                with pytest.raises(OSError, match="not supported"):
                    os.listxattr(file, follow_symlinks=False)
        sent = counted.requests()
        assert (sent["getxattr"], sent["listxattr"]) == (1, 1)

    PROBES = (
        ".Trash", ".Trash-1000", ".hidden", ".sh_thumbnails", ".directory", ".mpdignore", ".git",
        "HEAD", "config", "GNUmakefile", "makefile", "Makefile", "RCS", "SCCS", "node_modules",
        ".python-version", "libsoup-3.0.so.0", "*.mp3", "autorun.inf", "Desktop.ini", "qt_temp.x",
    )  # fmt: skip
    LIKE_QUERIES = ("package.json", "bpm:120-130\\ genre:techno", "mood:dark", "pyvenv.cfg.json")

    @pytest.mark.parametrize("folder", ["", "all", "genre", "genre/Pop", "genre:techno", ".mcfs"])
    def test_probes_are_answered_once(self, counted: RunningMount, folder: str) -> None:
        where = counted.path / folder
        where.stat()
        before = counted.requests()
        for _ in range(3):
            for name in self.PROBES:
                assert not os.path.lexists(where / name)
        sent = counted.requests() - before
        assert sent["lookup"] - (len(folder.split("/")) if folder == ".mcfs" else 0) <= len(
            self.PROBES
        )

    def test_an_absent_name_that_a_new_field_can_make_valid_is_looked_up_once_a_second(
        self, counted: RunningMount
    ) -> None:
        for name in self.LIKE_QUERIES:
            before = counted.requests()["lookup"]
            for _ in range(20):
                assert not os.path.lexists(counted.path / "all" / name)
            assert counted.requests()["lookup"] - before <= 3
