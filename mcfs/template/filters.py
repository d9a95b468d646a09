"""The filters of templates: what each makes of a value, and which argument it takes.

Owns the table of filters. All but `default` make a missing value of one that is missing, or that they cannot
read. No filter makes a text much longer: `pad` adds a few zeros, and some letters have longer capitals.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from mcfs.fields.kinds import Year
from mcfs.template.values import Cell, Kind, cell_number, cell_text, is_missing, short_text
from mcfs.text.fold import fold
from mcfs.text.musical_keys import key_number, lancelot, open_key

Apply = Callable[..., Cell]


@dataclass(frozen=True, slots=True)
class Argument:
    """The argument of a filter; `default` is used where it may be left out."""

    description: str
    accepts: Callable[[Cell], bool]
    default: Cell = None


@dataclass(frozen=True, slots=True)
class Filter:
    """`apply` is called with a value, and with the argument if the filter takes one."""

    apply: Apply
    result: Kind
    example: str
    argument: Argument | None = None


def _on_number(change: Callable[..., Cell]) -> Apply:
    def apply(cell: Cell, *argument: Cell) -> Cell:
        number = cell_number(cell)
        return None if number is None else change(number, *argument)

    return apply


def _on_text(change: Callable[..., Cell]) -> Apply:
    def apply(cell: Cell, *argument: Cell) -> Cell:
        text = cell_text(cell)
        return None if text is None else change(text, *argument)

    return apply


def _round_half_up(number: float, decimals: float) -> float:
    """Half away from zero, as on paper, and by the decimal digits: 2.675 is 2.68."""
    unit = Decimal(1).scaleb(-int(decimals))
    return float(Decimal(repr(number)).quantize(unit, ROUND_HALF_UP))


def _nearest_multiple(number: float, step: float) -> float:
    return math.copysign(math.floor(abs(number) / step + 0.5) * step, number)


def _default(cell: Cell, fallback: Cell) -> Cell:
    return fallback if is_missing(cell) else cell


# A word ends at space or punctuation, but not at an apostrophe.
_WORD = re.compile(r"[^\s\-‐–—/∕\\&+.,;:(\[{<\"“„«]+")
_FIRST = re.compile(r"[^\W_]")


def _title_case(text: str) -> str:
    """ "don't stop" → "Don't Stop", which Python has as "Don'T Stop"."""
    return _WORD.sub(
        lambda word: _FIRST.sub(lambda first: first.group().title(), word.group().lower(), 1), text
    )


_JOINER = "\N{ZERO WIDTH JOINER}"


def _truncate(text: str, most: float) -> str:
    """Does not cut between a letter and its accent, or within an emoji, unless it is longer alone."""
    longest = int(most)
    if len(text) <= longest:
        return text
    end = longest
    while end > 0 and (_continues_character(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return text[: end or longest].rstrip()


def _continues_character(char: str) -> bool:
    """Whether a character belongs to the one before it: an accent, a skin tone."""
    is_mark = unicodedata.category(char).startswith("M")
    return is_mark or char == _JOINER or "\U0001f3fb" <= char <= "\U0001f3ff"


def _first_letter(text: str) -> str:
    first = fold(text.lstrip()[:1])[:1]
    if not first.isalpha():
        return "#"
    capital = first.title()
    return capital if len(capital) == 1 else first


def _key(spell: Callable[[int], str]) -> Apply:
    def apply(cell: Cell) -> Cell:
        number = key_number(short_text(cell)) if isinstance(cell, str) else None
        return None if number is None else spell(number)

    return apply


def _stars(number: float) -> str | None:
    return "★" * int(number) if 1 <= number <= 5 else None


def _pad(text: str, width: float) -> str:
    """Pads digits only: "3/14" and "A1" stay as they are."""
    bare = text.strip()
    return bare.zfill(int(width)) if bare.isascii() and bare.isdigit() else text


def _whole_number(low: int, high: int, unless: float | None = None) -> Argument:
    return Argument(
        f"a whole number from {low} to {high}",
        lambda cell: isinstance(cell, float) and cell.is_integer() and low <= cell <= high,
        unless,
    )


_STEP = Argument("a number above 0", lambda cell: isinstance(cell, float) and cell > 0)
_FALLBACK = Argument("a text with something in it, or a number", lambda cell: not is_missing(cell))

FILTERS: Mapping[str, Filter] = {
    "camelot": Filter(_key(lancelot), Kind.TEXT, "camelot"),
    "decade": Filter(_on_text(Year().decade_of), Kind.TEXT, "decade"),
    "default": Filter(_default, Kind.ANY, 'default("none")', _FALLBACK),
    "first_letter": Filter(_on_text(_first_letter), Kind.TEXT, "first_letter"),
    "int": Filter(_on_number(math.trunc), Kind.NUMBER, "int"),
    "lower": Filter(_on_text(str.lower), Kind.TEXT, "lower"),
    "openkey": Filter(_key(open_key), Kind.TEXT, "openkey"),
    "pad": Filter(_on_text(_pad), Kind.ANY, "pad(2)", _whole_number(1, 20)),
    "round": Filter(
        _on_number(_round_half_up), Kind.NUMBER, "round(1)", _whole_number(0, 9, unless=0.0)
    ),
    "round_to": Filter(_on_number(_nearest_multiple), Kind.NUMBER, "round_to(5)", _STEP),
    "stars": Filter(_on_number(_stars), Kind.TEXT, "stars"),
    "title": Filter(_on_text(_title_case), Kind.TEXT, "title"),
    "truncate": Filter(_on_text(_truncate), Kind.ANY, "truncate(20)", _whole_number(1, 255)),
    "upper": Filter(_on_text(str.upper), Kind.TEXT, "upper"),
}
