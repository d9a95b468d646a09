"""The filters: what each makes of a value, and what may stand in its parentheses.

Owns the table. A filter of a missing value is missing, `default` apart, and so is one of a value that
it cannot read. None makes a text longer but `pad`, by a few zeros, and the capitals of a few letters.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from mcfs.template.values import Cell, Kind, cell_number, is_missing, short, text_of
from mcfs.text.fold import fold
from mcfs.text.musical_keys import key_number, lancelot, open_key

Apply = Callable[..., Cell]


@dataclass(frozen=True, slots=True)
class Takes:
    """The one value in a filter's parentheses; `unless` stands for it where it may be left out."""

    what: str
    accepts: Callable[[Cell], bool]
    unless: Cell = None


@dataclass(frozen=True, slots=True)
class Filter:
    """`apply` is given a value, and what stood in the parentheses of a filter that takes something."""

    apply: Apply
    gives: Kind
    example: str
    takes: Takes | None = None


def _of_number(change: Callable[..., Cell]) -> Apply:
    def apply(cell: Cell, *taken: Cell) -> Cell:
        number = cell_number(cell)
        return None if number is None else change(number, *taken)

    return apply


def _of_text(change: Callable[..., Cell]) -> Apply:
    def apply(cell: Cell, *taken: Cell) -> Cell:
        text = text_of(cell)
        return None if text is None else change(text, *taken)

    return apply


def _rounded(number: float, decimals: float) -> float:
    """Half away from zero, as on paper: of the number as it is written, not of its binary neighbour."""
    unit = Decimal(1).scaleb(-int(decimals))
    return float(Decimal(repr(number)).quantize(unit, ROUND_HALF_UP))


def _nearest_multiple(number: float, step: float) -> float:
    return math.copysign(math.floor(abs(number) / step + 0.5) * step, number)


def _default(cell: Cell, fallback: Cell) -> Cell:
    return fallback if is_missing(cell) else cell


# A word ends at space and at what joins words, and not at an apostrophe.
_WORD = re.compile(r"[^\s\-‐–—/∕\\&+.,;:(\[{<\"“„«]+")
_FIRST = re.compile(r"[^\W_]")


def _in_title_case(text: str) -> str:
    """ "don't stop" → "Don't Stop", which Python has as "Don'T Stop"."""
    return _WORD.sub(
        lambda word: _FIRST.sub(lambda first: first.group().title(), word.group().lower(), 1), text
    )


_JOINER = "\N{ZERO WIDTH JOINER}"


def _beginning(text: str, most: float) -> str:
    """Never ends within what is one character to a reader, unless that alone is too long."""
    longest = int(most)
    if len(text) <= longest:
        return text
    end = longest
    while end > 0 and (_joins(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return text[: end or longest].rstrip()


def _joins(char: str) -> bool:
    """Whether a character is one with the one before it: an accent, the colour of a skin."""
    is_mark = unicodedata.category(char).startswith("M")
    return is_mark or char == _JOINER or "\U0001f3fb" <= char <= "\U0001f3ff"


def _first_letter(text: str) -> str:
    first = fold(text.lstrip()[:1])[:1]
    if not first.isalpha():
        return "#"
    capital = first.title()
    return capital if len(capital) == 1 else first


_YEAR = re.compile(r"\s*([0-9]{3})[0-9]")


def _decade(text: str) -> str | None:
    """Of a year, or of a date that begins with one."""
    found = _YEAR.match(text)
    return f"{found.group(1)}0s" if found else None


def _key(spell: Callable[[int], str]) -> Apply:
    def apply(cell: Cell) -> Cell:
        number = key_number(short(cell)) if isinstance(cell, str) else None
        return None if number is None else spell(number)

    return apply


def _stars(number: float) -> str | None:
    return "★" * int(number) if 1 <= number <= 5 else None


def _padded(text: str, width: float) -> str:
    """Only what is digits alone: "3/14" and "A1" stay as they are."""
    bare = text.strip()
    return bare.zfill(int(width)) if bare.isascii() and bare.isdigit() else text


def _whole(low: int, high: int, unless: float | None = None) -> Takes:
    return Takes(
        f"a whole number from {low} to {high}",
        lambda cell: isinstance(cell, float) and cell.is_integer() and low <= cell <= high,
        unless,
    )


_STEP = Takes("a number above 0", lambda cell: isinstance(cell, float) and cell > 0)
_FALLBACK = Takes("a text with something in it, or a number", lambda cell: not is_missing(cell))

FILTERS: Mapping[str, Filter] = {
    "camelot": Filter(_key(lancelot), Kind.TEXT, "camelot"),
    "decade": Filter(_of_text(_decade), Kind.TEXT, "decade"),
    "default": Filter(_default, Kind.ANY, 'default("none")', _FALLBACK),
    "first_letter": Filter(_of_text(_first_letter), Kind.TEXT, "first_letter"),
    "int": Filter(_of_number(math.trunc), Kind.NUMBER, "int"),
    "lower": Filter(_of_text(str.lower), Kind.TEXT, "lower"),
    "openkey": Filter(_key(open_key), Kind.TEXT, "openkey"),
    "pad": Filter(_of_text(_padded), Kind.ANY, "pad(2)", _whole(1, 20)),
    "round": Filter(_of_number(_rounded), Kind.NUMBER, "round(1)", _whole(0, 9, unless=0.0)),
    "round_to": Filter(_of_number(_nearest_multiple), Kind.NUMBER, "round_to(5)", _STEP),
    "stars": Filter(_of_number(_stars), Kind.TEXT, "stars"),
    "title": Filter(_of_text(_in_title_case), Kind.TEXT, "title"),
    "truncate": Filter(_of_text(_beginning), Kind.ANY, "truncate(20)", _whole(1, 255)),
    "upper": Filter(_of_text(str.upper), Kind.TEXT, "upper"),
}
