"""Tracks and failures as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mcfs.errors import LibraryError, QueryError
from mcfs.export.json_objects import as_json, error_object, json_text, track_object
from tests.simple_track import simple_track

REZ = simple_track("Rez", title="Rez", artist="Underworld", duration="95.4")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_one_array_a_track_a_line(count: int) -> None:
    tracks = [simple_track(f"t{number}", title="é", Mood=("b", "a")) for number in range(count)]
    text = "".join(as_json(tracks))
    assert json.loads(text) == [track_object(track) for track in tracks]
    assert len(text.splitlines()) == (count + 2 if count else 1)
    assert text.endswith("]\n")


def test_a_track_as_an_object() -> None:
    assert track_object(replace(REZ, files=("a", "b"), values={"t": ("x", "y"), "A": ("z",)})) == {
        "annex_key": REZ.annex_key,
        "file": "a",
        "files": ["a", "b"],
        "name": "Rez.mp3",
        "present": True,
        "size": 1,
        "fields": {"A": ["z"], "t": ["x", "y"]},
    }
    assert track_object(replace(REZ, files=()))["file"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("é🎹", '"é🎹"'),
        ("caf\udce9", '"caf\ufffd"'),
        ({"\udce9": ["\udcff\udcff"]}, '{"\ufffd": ["\ufffd\ufffd"]}'),
        ("\0\n\x1b", '"\\u0000\\n\\u001b"'),
        (None, "null"),
    ],
)
def test_json_is_always_valid_utf8(value: object, text: str) -> None:
    assert json_text(value) == text
    text.encode()


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            QueryError("no number", "bpm:x", 4, "write bpm:120"),
            {"message": "no number", "suggestion": "write bpm:120", "position": 4},
        ),
        (
            LibraryError("the disk is gone"),
            {"message": "the disk is gone", "suggestion": None, "position": None},
        ),
        ("no space", {"message": "no space", "suggestion": None, "position": None}),
    ],
)
def test_a_failure_as_an_object(error: Exception | str, shown: dict[str, object]) -> None:
    assert error_object(error) == shown
