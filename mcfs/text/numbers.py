"""What a value is as a number, for ranges and for sorting.

Owns the reading of numbers out of metadata, which promises nothing: what is none is None, never an
error. Knows nothing of how a query writes its numbers.
"""

from __future__ import annotations

import math
import re

from mcfs.text.musical_keys import key_number

# Fields that promise a number.
NUMERIC = ("bpm", "rating", "year", "tracknumber", "duration", "played", "bitrate")

_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+))\s*")
_YEAR = re.compile(r"\s*([0-9]{4})")
_TRACK = re.compile(r"\s*([0-9]+)\s*(?:/.*)?")
# What a number can begin with: spares nearly all titles and names the expression.
_BEGINNINGS = frozenset("0123456789+-., \t\n")
_CLOCK = re.compile(r"\s*(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)\s*", re.ASCII)


def number_of(field: str, text: str) -> float | None:
    """The number of a value, by its field's folded name: year "1997-05-12" is 1997, key "8A" 15."""
    if field == "key":
        return key_number(text)
    if text[:1] not in _BEGINNINGS:
        return None
    match field:
        case "duration" if clock := _CLOCK.fullmatch(text):
            hours, minutes, seconds = clock.groups()
            return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
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
