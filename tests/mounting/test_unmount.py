"""What `mcfs umount` refuses. Unmounting real mounts is tested in test_mount_and_unmount.py."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mcfs.errors import MountError
from mcfs.mounting.unmount import unmount
from tests.prerequisites import needs_root


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
def test_what_is_no_mount_of_mcfs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, why: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "spaced out é").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MountError, match=why):
        unmount(Path(given))


@pytest.mark.parametrize(
    "name", ["plain", "two words", "é 戦", "tab\tnewline\n", "back\\slash", "\\040", "#1", "\udce9"]
)
def test_another_file_system_whatever_its_name(tmp_path: Path, name: str) -> None:
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


@pytest.mark.parametrize("given", [".", "..", "inside/..", "../link"])
def test_another_file_system_by_any_path(
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
