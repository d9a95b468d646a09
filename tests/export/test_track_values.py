"""The values, the length and the title that all formats ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.export.track_values import display_title, seconds_of, values_by_field
from tests.simple_track import simple_track

REZ = simple_track("Rez", title="Rez", artist="Underworld", duration="95.4")


@pytest.mark.parametrize(
    ("lengths", "seconds"),
    [
        (("95.4",), 95.4), (("1:03:20",), 3800), (("3:30",), 210), (("long", "90"), 90),
        (("120", "90"), 90), (("0",), None), (("-5",), None), (("long",), None), ((), None),
    ],
)  # fmt: skip
def test_seconds(lengths: tuple[str, ...], seconds: float | None) -> None:
    assert seconds_of({"duration": lengths}) == seconds


@pytest.mark.parametrize(
    ("name", "titles", "shown"),
    [
        ("a.mp3", ("Rez",), "Rez"),
        ("a.mp3", ("Rez", "Cowgirl"), "Rez"),
        ("a.mp3", (" ", "Rez"), "Rez"),
        ("a.mp3", ("",), "a"),
        ("a.b.mp3", (), "a.b"),
        ("no extension", (), "no extension"),
    ],
)
def test_title(name: str, titles: tuple[str, ...], shown: str) -> None:
    assert display_title(replace(REZ, name=name), {"title": titles}) == shown


def test_fields_by_their_folded_names() -> None:
    assert values_by_field(simple_track("a", Künstler="x", TITLE="y")) == {
        "kunstler": ("x",),
        "title": ("y",),
    }
