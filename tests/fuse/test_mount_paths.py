"""Paths inside a mount."""

from __future__ import annotations

import pytest

from mcfs.fuse import mount_paths


@pytest.mark.parametrize(
    ("path", "folder", "name", "depth"),
    [
        ("/", "/", "", 0),
        ("/genre", "/", "genre", 1),
        ("/genre/Dub Techno", "/genre", "Dub Techno", 2),
        ("/{{ genre }}/a:b/c", "/{{ genre }}/a:b", "c", 3),
    ],
)
def test_split_join_and_depth(path: str, folder: str, name: str, depth: int) -> None:
    assert mount_paths.split(path) == (folder, name)
    assert mount_paths.join(folder, name) == path
    assert mount_paths.depth(path) == depth


def test_is_at_or_below() -> None:
    assert mount_paths.is_at_or_below("/pins/a", "/pins/a")
    assert mount_paths.is_at_or_below("/pins/a/b", "/pins/a")
    assert not mount_paths.is_at_or_below("/pins/ab", "/pins/a")
    assert not mount_paths.is_at_or_below("/pins", "/pins/a")
