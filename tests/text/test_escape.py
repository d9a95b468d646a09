"""Legal names of folders and files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.text.escape import MAX_BYTES, cut_to_bytes, escape, escape_value

# Any text a value can be: bytes that are not UTF-8 come as surrogate escapes.
ANY_TEXT = st.text(
    st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)
)


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
def test_a_value_as_a_part_of_a_name(value: str, within: str) -> None:
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
