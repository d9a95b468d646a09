"""Reading the kernel's table of mounts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mcfs.mount_table import (
    all_mounts,
    mount_containing,
    mount_points_of,
    real_mount_point,
    type_mounted_at,
)
from tests.mounts import RunningMount
from tests.prerequisites import needs_root


@pytest.mark.parametrize(
    "source",
    ["/plain", "/two words", "/é 戦", "/tab\tnewline\n", "/back\\slash,", "/\\040", "/caf\udce9"],
)
def test_a_source_is_read_whatever_its_characters(tmp_path: Path, source: str) -> None:
    needs_root("to mount a tiny disk")
    subprocess.run(["mount", "-i", "-t", "tmpfs", "-o", "size=4k", source, tmp_path], check=True)
    try:
        (mount,) = (mount for mount in all_mounts() if mount.mount_point == tmp_path)
        assert (mount.type, mount.source) == ("tmpfs", source)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_of_two_mounts_at_one_place_the_later_is_on_top(tmp_path: Path) -> None:
    needs_root("to mount a tiny disk")
    assert type_mounted_at(tmp_path) is None
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", tmp_path], check=True)
    subprocess.run(["mount", "-t", "ramfs", "none", tmp_path], check=True)
    try:
        assert type_mounted_at(tmp_path) == "ramfs"
        assert type_mounted_at(tmp_path.parent) is None
    finally:
        subprocess.run(["umount", tmp_path], check=True)
        subprocess.run(["umount", tmp_path], check=True)


def test_a_mount_of_a_library(served: RunningMount, monkeypatch: pytest.MonkeyPatch) -> None:
    library = served.path.parent / "library"
    assert mount_points_of(library) == {served.path}
    assert mount_points_of(library.parent) == set()
    link = served.path.with_name("link")
    link.symlink_to(served.path)
    outside, again = served.path.with_name("outside"), served.path.with_name("again")
    outside.symlink_to("mnt/genre/../../beside")
    again.symlink_to("mnt/../mnt/./genre/..")
    for path, inside in (
        (f"{served.path}", ""),
        (f"{served.path}/genre:techno/x", "/genre:techno/x"),
        (f"{link}/all", "/all"),
        (f"{again}/all", "/all"),
    ):
        found = mount_containing(path)
        assert found is not None
        assert (found[0].mount_point, found[1]) == (served.path, inside)
    assert mount_containing(f"{served.path}-other/all") is None
    assert mount_containing(f"{outside}/all") is None
    assert real_mount_point(outside) == served.path.with_name("beside")
    monkeypatch.chdir(served.path.parent)
    assert mount_containing("mnt/all") is not None
    assert mount_containing(".") is None
