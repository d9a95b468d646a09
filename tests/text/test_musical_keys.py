"""Keys in every notation, and which keys mix."""

from __future__ import annotations

import pytest

from mcfs.text.musical_keys import key_number, lancelot, mixes_with, open_key

# Lancelot, OpenKey, major or minor names: the whole wheel, written out.
WHEEL = [
    ("1A", "6m", ["Abm", "G#m", "G♯m", "A♭ minor"]),
    ("1B", "6d", ["B", "Cb", "B maj"]),
    ("2A", "7m", ["Ebm", "D#m", "eb"]),
    ("2B", "7d", ["F#", "Gb", "F♯/G♭", "F# major"]),
    ("3A", "8m", ["Bbm", "B♭m", "A#m", "bb"]),
    ("3B", "8d", ["Db", "C#"]),
    ("4A", "9m", ["Fm", "f"]),
    ("4B", "9d", ["Ab", "G#"]),
    ("5A", "10m", ["Cm", "c", "C min"]),
    ("5B", "10d", ["Eb", "D♯"]),
    ("6A", "11m", ["Gm"]),
    ("6B", "11d", ["Bb", "A#"]),
    ("7A", "12m", ["Dm"]),
    ("7B", "12d", ["F", "E#"]),
    ("8A", "1m", ["Am", "a", "A min", "A minor", "Amin"]),
    ("8B", "1d", ["C", "B#"]),
    ("9A", "2m", ["Em"]),
    ("9B", "2d", ["G"]),
    ("10A", "3m", ["Bm", "b"]),
    ("10B", "3d", ["D"]),
    ("11A", "4m", ["F#m", "F♯m", "Gbm", "f#"]),
    ("11B", "4d", ["A"]),
    ("12A", "5m", ["C#m", "Dbm"]),
    ("12B", "5d", ["E"]),
]


@pytest.mark.parametrize(("number", "row"), list(enumerate(WHEEL, 1)))
def test_all_notations_of_a_key_are_one_number(
    number: int, row: tuple[str, str, list[str]]
) -> None:
    camelot, openkey, names = row
    for text in (camelot, openkey, *names, camelot.lower(), f"0{camelot}", f" {camelot} +12"):
        assert key_number(text) == number, text
    assert lancelot(number) == camelot
    assert open_key(number) == openkey


@pytest.mark.parametrize("text", ["1D", "1P", "1C", "1A"])
def test_minor_modes(text: str) -> None:
    assert key_number(text) == 1


@pytest.mark.parametrize("text", ["1I", "1L", "1M", "1B"])
def test_major_modes(text: str) -> None:
    assert key_number(text) == 2


@pytest.mark.parametrize("minor", ["A aeolian", "D dorian", "E Phrygian", "b locrian", "Ddorian"])
def test_named_modes_with_a_minor_third_or_less(minor: str) -> None:
    assert lancelot(key_number(minor) or 0) == "8A"


@pytest.mark.parametrize("major", ["C ionian", "F LYDIAN", "g mixolydian +3"])
def test_named_modes_with_a_major_third(major: str) -> None:
    assert lancelot(key_number(major) or 0) == "8B"


@pytest.mark.parametrize(
    "text",
    [
        "A dorianx",
        "A mode",
        "",
        "H",
        "8A/9A",
        "Am/C",
        "0A",
        "13A",
        "8",
        "Atonal",
        "Amx",
        "8 A",
        "-",
    ],
)
def test_what_is_no_key(text: str) -> None:
    assert key_number(text) is None


@pytest.mark.parametrize(
    ("key", "mixes"),
    [
        ("8A", ["7A", "7B", "8A", "8B", "9A", "9B"]),
        ("1A", ["1A", "1B", "2A", "2B", "12A", "12B"]),
        ("12B", ["1A", "1B", "11A", "11B", "12A", "12B"]),
    ],
)
def test_what_mixes(key: str, mixes: list[str]) -> None:
    number = key_number(key)
    assert number is not None
    assert [lancelot(other) for other in mixes_with(number)] == mixes
