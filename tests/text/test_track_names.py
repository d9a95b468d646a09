"""The names of tracks."""

from __future__ import annotations

import pytest

from mcfs.text.track_names import stem_and_suffix


@pytest.mark.parametrize(
    ("work_path", "expected"),
    [
        ("a/b.mp3", ("b", "mp3")),
        ("b.tar.GZ", ("b.tar", "GZ")),
        ("a.b/c", ("c", "")),
        (".mp3", (".mp3", "")),
        ("a/.mp3", (".mp3", "")),
        ("b.", ("b.", "")),
        ("..mp3", (".", "mp3")),
    ],
)
def test_stem_and_suffix(work_path: str, expected: tuple[str, str]) -> None:
    assert stem_and_suffix(work_path) == expected
