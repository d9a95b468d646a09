"""Where one can mount, and what is left alone. What is mounted there is `test_mount.py`'s."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mcfs.errors import MountError
from mcfs.mount_table import mount_options, mounts, unmount, usable
from tests.prerequisites import needs_fuse, needs_root


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what one may give as a mount point, and the current one."""
    for folder in ("empty", "full/library", "full/library/inside", "spaced out é"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "parent").symlink_to(".")
    (tmp_path / "inward").symlink_to("full/library/inside")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("empty", "empty"),
        ("./empty/", "empty"),
        ("full/../empty", "empty"),
        ("parent/empty", "empty"),
        ("spaced out é", "spaced out é"),
    ],
)
def test_usable(place: Path, given: str, found: str) -> None:
    needs_fuse()
    assert usable(Path(given), place / "full/library") == place / found
    assert usable(place / given, place / "full/library") == place / found


def test_usable_is_the_current_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_fuse()
    monkeypatch.chdir("empty")
    assert usable(Path(), place / "full/library") == place / "empty"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("nowhere", "nowhere is not there; make it first: mkdir nowhere"),
        ("nowhere/deep", "is not there"),
        ("file", "file is not a folder"),
        ("full", "lie inside one another"),
        ("full/library", "lie inside one another"),
        ("full/library/inside", "lie inside one another"),
        ("parent/full/library/inside", "lie inside one another"),
        ("inward", "lie inside one another"),
        (".", "lie inside one another"),
        ("/", "is a mount of something else"),
        ("/proc", "is a mount of something else"),
    ],
)
def test_unusable(place: Path, given: str, why: str) -> None:
    needs_fuse()
    with pytest.raises(MountError, match=why):
        usable(Path(given), place / "full/library")


def test_what_is_not_empty_is_unusable(place: Path, tmp_path: Path) -> None:
    needs_fuse()
    (place / "empty/.hidden").touch()
    with pytest.raises(MountError, match="empty is not empty; mount on an empty folder"):
        usable(Path("empty"), place / "full/library")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("empty", "^empty is not mounted$"),
        ("nowhere", "^nowhere is not mounted$"),
        ("file", "^file is not mounted$"),
        ("spaced out é", "^spaced out é is not mounted$"),
        ("/proc", "^/proc is a mount of something else; mcfs leaves it alone$"),
        ("/proc/self", "is not mounted"),
    ],
)
def test_what_is_not_ours_is_not_unmounted(place: Path, given: str, why: str) -> None:
    with pytest.raises(MountError, match=why):
        unmount(Path(given))


@pytest.mark.parametrize(
    "name", ["plain", "two words", "é 戦", "tab\tnewline\n", "back\\slash", "\\040", "#1", "\udce9"]
)
def test_a_mount_is_seen_whatever_its_name(tmp_path: Path, name: str) -> None:
    needs_root("to mount a tiny disk")
    place = tmp_path / name
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", place], check=True)
    try:
        with pytest.raises(MountError, match="is a mount of something else"):
            unmount(place)
        with pytest.raises(MountError, match="is not mounted"):
            unmount(place.parent)
        assert os.path.ismount(place)
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize(
    "source",
    ["/plain", "/two words", "/é 戦", "/tab\tnewline\n", "/back\\slash,", "/\\040", "/caf\udce9"],
)
def test_what_is_mounted_is_said_whatever_its_name(tmp_path: Path, source: str) -> None:
    needs_root("to mount a tiny disk")
    subprocess.run(["mount", "-i", "-t", "tmpfs", "-o", "size=4k", source, tmp_path], check=True)
    try:
        (mount,) = (mount for mount in mounts() if mount.place == tmp_path)
        assert (mount.kind, mount.source) == ("tmpfs", source)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_mount_of_ours_says_whose_it_is() -> None:
    assert mount_options(Path("/a b/c,d\\e\udce9")) == {
        "subtype=mcfs",
        r"fsname=/a b/c\054d\134e\351",
    }


@pytest.mark.parametrize("given", [".", "..", "inside/..", "../link"])
def test_a_mount_is_seen_whichever_way_one_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    needs_root("to mount a tiny disk")
    place = tmp_path / "disk"
    place.mkdir()
    (tmp_path / "link").symlink_to("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=True)
    try:
        (place / "inside").mkdir()
        monkeypatch.chdir(place / "inside" if given == ".." else place)
        with pytest.raises(MountError, match="is a mount of something else"):
            unmount(Path(given))
    finally:
        monkeypatch.undo()
        subprocess.run(["umount", place], check=True)
