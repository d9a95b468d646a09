"""Whether a text is several values that a program has joined: "Deep House House" of Deep House and House.

Mixxx shows the values of a tag as one text, with spaces between them; other programs put other separators
there. Where one value contains another, there are several ways to take the text apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_SEPARATOR = re.compile(r" ?[;,/] ?| ")
# No tag has so many; more could take long to try.
_MAX_VALUES = 12


def is_joined(text: str, values: Collection[str]) -> bool:
    """Whether the text is these values in any order, each at least once, with separators between them."""
    pieces = sorted({" ".join(value.split()) for value in values} - {""})
    if not 1 < len(pieces) <= _MAX_VALUES:
        return False
    text = " ".join(text.split())
    if len(text) < sum(map(len, pieces)) + len(pieces) - 1:
        return False
    # (where the next value begins, which values were there before)
    beginnings: set[tuple[int, frozenset[str]]] = {(0, frozenset())}
    tried = set(beginnings)
    while beginnings:
        begin, before = beginnings.pop()
        for piece in pieces:
            if not text.startswith(piece, begin):
                continue
            end, used = begin + len(piece), before | {piece}
            if end == len(text):
                if len(used) == len(pieces):
                    return True
                continue
            separator = _SEPARATOR.match(text, end)
            if separator and (following := (separator.end(), used)) not in tried:
                tried.add(following)
                beginnings.add(following)
    return False
