"""Folding, escaping, and names that stay apart."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.text.escape import MAX_BYTES, cut_to_bytes, escape, escape_value, file_name
from mcfs.text.fold import fold
from mcfs.text.portable import portable_name
from mcfs.text.track_names import track_name
from mcfs.text.unique_names import collision_key, unique_names

# Any text a value can be: surrogate escapes are how bytes that are not UTF-8 come.
ANY_TEXT = st.text(
    st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Beyoncé", "BEYONCE"),
        ("AC/DC", "ac∕dc"),
        ("AC\\DC", "AC/DC"),
        ("Straße", "STRASSE"),
        ("Łódź", "lodz"),
        ("Røyksopp", "royksopp"),
        ("ＦＵＬＬ", "full"),
        ("Éric", "E\u0301ric"),
        ("ЁЛКА", "ёлка"),
    ],
)
def test_the_same_to_the_fold(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("й", "и"), ("が", "か"), ("techno", "tech no")])
def test_not_the_same_to_the_fold(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(ANY_TEXT)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("e\u0301", "e"),  # a mark belongs to the letter before it, also where that is ASCII
        ("ne\u0301e", "nee"),
        ("\u0301e", "\u0301e"),
        ("\0\u0301", "␀\u0301"),
        ("é\u0327\u0301é", "ee"),
        ("и\u0306ork", "йork"),
        ("Kраi\u0306", "kраi"),
        ("ﬁﬀé½", "fiffe1⁄2"),
        ("\u1100a\u1161", "\u1100a\u1161"),
        ("\u1100\u1161", "가"),
    ],
)
def test_what_lies_beyond_ascii(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Techno", "Techno"),
        ("AC/DC", "AC∕DC"),
        ("", "Unknown"),
        ("  ", "Unknown"),
        (".", "․"),
        ("..", "․."),
        (".hidden", "․hidden"),
        ("a\nb\0c\x7f", "a␊b␀c␡"),
        ("é" * 200, "é" * 127),
    ],
)
def test_escape(value: str, name: str) -> None:
    assert escape(value) == name


@pytest.mark.parametrize(
    ("value", "within"),
    [("AC/DC", "AC∕DC"), ("a\nb", "a␊b"), ("\n", "Unknown"), (".x", ".x"), ("é" * 200, "é" * 200)],
)
def test_escape_within_a_name(value: str, within: str) -> None:
    assert escape_value(value) == within


@given(ANY_TEXT)
def test_every_escaped_value_is_a_legal_name(value: str) -> None:
    raw = escape(value).encode("utf-8", "surrogateescape")
    assert 0 < len(raw) <= MAX_BYTES
    assert b"/" not in raw
    assert b"\0" not in raw
    assert not raw.startswith(b".")


@given(ANY_TEXT, st.integers(0, 40))
def test_cutting_never_halves_a_character(text: str, size: int) -> None:
    shorter = cut_to_bytes(text, size)
    assert len(shorter.encode("utf-8", "surrogateescape")) <= size
    assert text.startswith(shorter)


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


def test_all_members_of_a_collision_are_marked() -> None:
    names = unique_names([("k1", "A - T.mp3"), ("k2", "a - t.mp3"), ("k3", "A - U.mp3")])
    assert names["k3"] == "A - U.mp3"
    assert names["k1"].startswith("A - T [")
    assert names["k2"].startswith("a - t [")
    assert names["k1"].endswith("].mp3")


def test_a_name_that_looks_like_a_mark_gives_way() -> None:
    marked = unique_names([("k1", "T.mp3"), ("k2", "T.mp3")])["k1"]
    names = unique_names([("k1", "T.mp3"), ("k2", "T.mp3"), ("k3", marked)])
    assert len({fold(name) for name in names.values()}) == 3


def test_a_long_name_keeps_its_mark_and_its_extension() -> None:
    long = "x" * 250 + ".flac"
    for name in unique_names([("k1", long), ("k2", long)]).values():
        assert len(name) == MAX_BYTES
        assert name.endswith("].flac")


@given(
    st.dictionaries(st.text(min_size=1), st.sampled_from(["a.mp3", "A.mp3", "á.mp3", "b.mp3", "a"]))
)
def test_names_are_distinct_and_owe_nothing_to_the_order(wanted: dict[str, str]) -> None:
    names = unique_names(wanted.items())
    assert len({fold(name) for name in names.values()}) == len(wanted)
    for order in itertools.islice(itertools.permutations(wanted.items()), 6):
        assert unique_names(order) == names


# Few letters, so that they meet; marks, dots, what folds to several letters, and what is cut.
wishes = st.lists(
    st.sampled_from(
        ["a", "A", "æ", "é", " ", ".", ".mp3", " [abcdef]", "?", "∕", "word " * 60, "😀" * 60]
    ),
    min_size=1,
    max_size=5,
).map(lambda parts: file_name("".join(parts)))


@given(st.lists(wishes, min_size=1, max_size=6), st.booleans())
def test_whatever_is_made_of_a_wish_claims_the_same(wanted: list[str], of_files: bool) -> None:
    keys = {str(number): name for number, name in enumerate(wanted)}
    for key, name in unique_names(keys.items(), of_files=of_files).items():
        assert collision_key(name) == collision_key(keys[key]) == collision_key(portable_name(name))


@given(wishes, wishes)
def test_names_that_collide_claim_the_same(one: str, other: str) -> None:
    if fold(one) == fold(other):
        assert collision_key(one) == collision_key(other)
