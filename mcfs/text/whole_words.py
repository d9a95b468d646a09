"""Where in a text another one stands: at the beginning, at the end, or as whole words.

A word is made of letters, digits and marks of any script. Everything else separates words, `_` and `'` too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator


def contains_at(text: str, part: str, *, at_start: bool, at_end: bool, words: bool) -> bool:
    """Whether `part` is in `text`, at each of the places that are asked for."""
    return any(
        not words or (_is_boundary(text, begin) and _is_boundary(text, begin + len(part)))
        for begin in _places(text, part, at_start=at_start, at_end=at_end)
    )


def _places(text: str, part: str, *, at_start: bool, at_end: bool) -> Iterator[int]:
    if at_start or at_end:
        last = len(text) - len(part)
        begin = last if at_end else 0
        if text.startswith(part, max(begin, 0)) and not (at_start and begin != 0) and last >= 0:
            yield begin
        return
    begin = text.find(part)
    while begin >= 0:
        yield begin
        begin = text.find(part, begin + 1)


def _is_boundary(text: str, place: int) -> bool:
    """Whether no word goes on across this place."""
    return not (0 < place < len(text) and _is_of_word(text[place - 1]) and _is_of_word(text[place]))


def _is_of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M"
