"""Which texts fold to the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.text.fold import fold

# Any text a value can be: bytes that are not UTF-8 come as surrogate escapes.
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
def test_texts_that_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("й", "и"), ("が", "か"), ("techno", "tech no")])
def test_texts_that_do_not_fold_to_the_same(one: str, other: str) -> None:
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
def test_folding_beyond_ascii(text: str, folded: str) -> None:
    assert fold(text) == folded
