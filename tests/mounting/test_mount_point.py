"""Which paths can be a mount point, and the reason for each that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcfs.errors import MountError
from mcfs.mounting.mount_point import prepare_mount_point
from tests.prerequisites import needs_fuse


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with good and bad mount points in it."""
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
def test_good_mount_points(place: Path, given: str, found: str) -> None:
    needs_fuse()
    assert prepare_mount_point(Path(given), place / "full/library") == place / found
    assert prepare_mount_point(place / given, place / "full/library") == place / found


def test_the_current_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_fuse()
    monkeypatch.chdir("empty")
    assert prepare_mount_point(Path(), place / "full/library") == place / "empty"


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
def test_bad_mount_points(place: Path, given: str, why: str) -> None:
    needs_fuse()
    with pytest.raises(MountError, match=why):
        prepare_mount_point(Path(given), place / "full/library")


def test_a_folder_that_is_not_empty(place: Path, tmp_path: Path) -> None:
    needs_fuse()
    (place / "empty/.hidden").touch()
    with pytest.raises(MountError, match="empty is not empty; mount on an empty folder"):
        prepare_mount_point(Path("empty"), place / "full/library")
