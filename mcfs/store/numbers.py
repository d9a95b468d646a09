"""What a value is as a number, for ranges and for sorting.

Owns the reading of numbers out of metadata, which promises nothing: what is none is None, never an
error. Knows nothing of how a query writes its numbers.
"""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+))\s*")
_YEAR = re.compile(r"\s*([0-9]{4})")
_TRACK = re.compile(r"\s*([0-9]+)\s*(?:/.*)?")
# What a number can begin with: spares nearly all titles and names the expression.
_BEGINNINGS = frozenset("0123456789+-., \t\n")


def number_of(field: str, text: str) -> float | None:
    """The number of a value, by its field's folded name: year "1997-05-12" is 1997, bpm "fast" none."""
    if text[:1] not in _BEGINNINGS:
        return None
    match field:
        case "year":
            found = _YEAR.match(text)
        case "tracknumber":
            found = _TRACK.fullmatch(text)
        case _:
            found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    number = float(found.group(1).replace(",", "."))
    return number if math.isfinite(number) else None
