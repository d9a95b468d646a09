"""The name of a track."""

from __future__ import annotations

import pytest

from mcfs.text.track_names import track_name


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"artist": ["Surgeon"], "title": ["Force + Form"]}, "Surgeon - Force + Form.flac"),
        ({"artist": ["B", "A"], "title": ["T"]}, "A, B - T.flac"),
        ({"title": ["T"]}, "T.flac"),
        ({"artist": ["A"]}, "01 stem.flac"),
        ({}, "01 stem.flac"),
        ({"artist": ["AC/DC"], "title": ["T"]}, "AC∕DC - T.flac"),
        ({"artist": [" "], "title": ["", "T"]}, "T.flac"),
        ({"title": ["x" * 300]}, "x" * 250 + ".flac"),
    ],
)
def test_track_name(values: dict[str, list[str]], name: str) -> None:
    assert track_name(values, "01 stem", "flac") == name
