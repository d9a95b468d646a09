"""Text that need not be UTF-8, as a database keeps it."""

from __future__ import annotations

import pytest

from mcfs.text.raw_text import as_text, first_not_utf8, is_utf8, replace_not_utf8, stored_text

# Text, what is stored of it, where it first is not UTF-8, how it is shown.
TEXTS: list[tuple[str, str | bytes, int | None, str]] = [
    ("", "", None, ""),
    ("techno", "techno", None, "techno"),
    ("Beyoncé", "Beyoncé", None, "Beyoncé"),
    ("戦場 🎹", "戦場 🎹", None, "戦場 🎹"),
    ("nul\0inside", "nul\0inside", None, "nul\0inside"),
    ("caf\udce9", b"caf\xe9", 3, "caf�"),
    ("é\udcff", b"\xc3\xa9\xff", 1, "é�"),
    ("\udcff\udcff🎹", b"\xff\xff\xf0\x9f\x8e\xb9", 0, "��🎹"),
]


@pytest.mark.parametrize(("text", "stored", "position", "shown"), TEXTS)
def test_text_and_its_stored_form(
    text: str, stored: str | bytes, position: int | None, shown: str
) -> None:
    assert stored_text(text) == stored
    assert as_text(stored) == text
    assert first_not_utf8(text) == position
    assert is_utf8(text) == (position is None)
    assert replace_not_utf8(text) == shown


def test_nothing_stays_nothing() -> None:
    assert as_text(None) is None
