"""Where in a text another one stands, against Python's own ways to ask."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.text.whole_words import contains_at

# Few letters, so that one text is often part of the other.
TEXTS = st.text("ab _-é", max_size=12)
PARTS = st.text("ab _-é", min_size=1, max_size=3)


@given(TEXTS, PARTS)
def test_beginnings_and_ends(text: str, part: str) -> None:
    def at(*, start: bool, end: bool) -> bool:
        return contains_at(text, part, at_start=start, at_end=end, words=False)

    assert at(start=False, end=False) == (part in text)
    assert at(start=True, end=False) == text.startswith(part)
    assert at(start=False, end=True) == text.endswith(part)
    assert at(start=True, end=True) == (text == part)


@given(TEXTS, PARTS, st.booleans(), st.booleans())
def test_whole_words(text: str, part: str, at_start: bool, at_end: bool) -> None:
    letter = "[^\\W_]"
    # No letter on both sides of either end.
    edges = rf"(?:(?<!{letter})|(?!{letter}))"
    pattern = edges + re.escape(part) + edges
    pattern = rf"\A{pattern}" if at_start else pattern
    pattern = rf"{pattern}\Z" if at_end else pattern
    found = contains_at(text, part, at_start=at_start, at_end=at_end, words=True)
    assert found == (re.search(pattern, text) is not None)


@pytest.mark.parametrize(
    ("text", "part", "is_word"),
    [
        ("dangerous danger", "danger", True),
        ("dangerous", "danger", False),
        ("don't", "don", True),
        ("pure_love", "pure", True),
        ("группа крови", "крови", True),
        ("группа крови", "кров", False),
        ("हिन्दी", "हिन", False),  # a vowel sign goes on with the word
        ("+44", "44", True),
        ("+/-", "+/-", True),
        ("track 12b", "12", False),
        ("a", "a", True),
        ("", "a", False),
    ],
)
def test_words_of_any_script(text: str, part: str, is_word: bool) -> None:
    assert contains_at(text, part, at_start=False, at_end=False, words=True) is is_word
