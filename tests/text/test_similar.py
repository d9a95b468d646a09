"""Which word somebody may have meant."""

from __future__ import annotations

import itertools

import pytest

from mcfs.text.similar import nearest


@pytest.mark.parametrize(
    ("word", "among", "meant"),
    [
        ("tehno", ["house", "techno"], "techno"),
        ("tehcno", ["techno", "house"], "techno"),
        ("ambeint", ["dark ambient"], "ambient"),
        ("dark ambeint", ["dark ambient"], "dark ambient"),
        # the nearer of two, whichever comes first
        ("technoo", ["tech no", "techno"], "techno"),
        ("technoo", ["techno", "tech no"], "techno"),
        # the whole of a text before the words in it
        ("remnant", ["remnants remnants", "other"], "remnants"),
        ("группа крви", ["группа крови"], "группа крови"),
        # none is close
        ("techno", ["house", "ambient"], None),
        ("techno", [], None),
        ("techno", [""], None),
        ("x", ["y"], None),
        ("", ["techno"], None),
        # what was written is no suggestion
        ("techno", ["techno"], None),
        ("techno", ["techno", "technoo"], "technoo"),
        ("ab", ["abcde"], None),
    ],
)
def test_meant(word: str, among: list[str], meant: str | None) -> None:
    assert nearest(word, among, patience=60) == meant


def test_it_has_no_patience_for_ever() -> None:
    assert nearest("tehno", itertools.repeat("techno"), patience=0.01) == "techno"


def test_without_patience_nothing_is_looked_at() -> None:
    assert nearest("tehno", ["techno"], patience=-1) is None
