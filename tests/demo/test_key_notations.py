"""The same key in every notation."""

from __future__ import annotations

import pytest

from mcfs.demo.key_notations import MusicKey, Notation

# Number and mode on the circle of fifths → every way to write it (as Mixxx shows them).
SPELLINGS = [
    (8, True, "Am", "Am", "8A", "1m"),
    (8, False, "C", "C", "8B", "1d"),
    (7, False, "F", "F", "7B", "12d"),
    (9, True, "Em", "Em", "9A", "2m"),
    (11, True, "F#m", "F♯m", "11A", "4m"),
    (3, False, "Db", "D♭", "3B", "8d"),
    (1, True, "G#m", "G♯m", "1A", "6m"),
    (12, False, "E", "E", "12B", "5d"),
]


@pytest.mark.parametrize(("number", "minor", "name", "signs", "lancelot", "open_key"), SPELLINGS)
def test_spellings(
    number: int, minor: bool, name: str, signs: str, lancelot: str, open_key: str
) -> None:
    key = MusicKey(number, minor)
    assert key.text_in(Notation.NAME) == name
    assert key.text_in(Notation.SIGNS) == signs
    assert key.text_in(Notation.LANCELOT) == lancelot
    assert key.text_in(Notation.OPEN) == open_key


@pytest.mark.parametrize("notation", Notation)
def test_no_two_keys_are_written_alike(notation: Notation) -> None:
    keys = [MusicKey(number, minor) for number in range(1, 13) for minor in (True, False)]
    assert len({key.text_in(notation) for key in keys}) == 24


def test_roots_climb_by_fifths() -> None:
    assert MusicKey(8, minor=True).root == 9  # A
    assert MusicKey(9, minor=False).root == 7  # G
    assert {MusicKey(number, minor=True).root for number in range(1, 13)} == set(range(12))
