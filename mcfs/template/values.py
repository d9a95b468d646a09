"""Values in templates: when one is missing or true, its number and text, comparing and calculating.

Owns the rules that all operators and filters share. An operation that does not fit its operands gives a
missing value, never an error. Numbers are floats within ±10¹⁵, where each whole number is exact.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from mcfs.text.escape import UNKNOWN, escape_value
from mcfs.text.fold import fold
from mcfs.text.numbers import read_number, trim_zeros

# One value of a field as a template sees it; None is missing.
Cell = str | float | int | bool | None
Evaluate = Callable[[Sequence[Cell]], Cell]

MAX_NUMBER = 1e15
# More decimals than any field has, and too few to show the error of 0.1 + 0.2.
_DECIMALS = 9
_FEW_DIGITS = len("0.") + _DECIMALS
# No number and no musical key is longer.
_SHORT = 40
# A file name has 255 bytes at most: more of one value cannot be seen.
_MAX_SHOWN = 256


class Kind(Enum):
    """The type of an expression, as far as it is known without a track."""

    NUMBER = "a number"
    TEXT = "text"
    TRUTH = "yes or no"
    NOTHING = "nothing"
    ANY = "anything"


def cell_number(cell: Cell) -> float | None:
    """The number that a cell or its text is; None for everything else, and for numbers out of bounds."""
    if type(cell) is float:  # nearly always, and the fastest check
        return cell if -MAX_NUMBER <= cell <= MAX_NUMBER else None
    number = read_number(short_text(cell)) if isinstance(cell, str) else cell
    if number is None or isinstance(number, bool):
        return None
    return float(number) if -MAX_NUMBER <= number <= MAX_NUMBER else None


def short_text(text: str) -> str:
    """The text without space around it; empty for a long one, which is no number and no musical key."""
    return text.strip() if len(text) <= _SHORT else ""


def is_missing(cell: Cell) -> bool:
    """Whether it is None, an empty text, or a number out of bounds."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or not -MAX_NUMBER <= cell <= MAX_NUMBER


def is_true(cell: Cell) -> bool:
    """As in Python; a missing value is false."""
    return bool(cell) and not is_missing(cell)


def without_noise(number: float) -> float:
    """The number as far as it is shown: 0.1 + 0.2 is 0.3, and there is no negative zero."""
    return round(number, _DECIMALS) + 0.0


def spell_number(number: float) -> str:
    """The shortest spelling: "128" and "127.9", never "1e-05"."""
    if number.is_integer():
        return str(int(number))
    text = repr(number)
    if len(text) <= _FEW_DIGITS and "e" not in text:
        return text
    digits = (
        f"{without_noise(number):.{_DECIMALS}f}" if "e" in text else repr(without_noise(number))
    )
    return trim_zeros(digits)


def cell_text(cell: Cell) -> str | None:
    """A cell as text; None where it is missing."""
    if is_missing(cell) or cell is None:
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return spell_number(float(cell))


def escaped_text(cell: Cell) -> str:
    """A cell as part of a name: without slashes and control characters.

    Only a text that the template itself contains can be empty: no field has an empty value.
    """
    if cell == "":
        return ""
    text = cell_text(cell)
    return UNKNOWN if text is None else escape_value(text[:_MAX_SHOWN])


def calculate(sign: str, left: Cell, right: Cell) -> Cell:
    """Arithmetic on two numbers. Missing if a cell is no number, or the result is out of bounds."""
    a, b = cell_number(left), cell_number(right)
    if a is None or b is None:
        return None
    try:
        number = _ARITHMETIC[sign](a, b)
    except ZeroDivisionError:
        return None
    return number if -MAX_NUMBER <= number <= MAX_NUMBER else None


def compare(sign: str, left: Cell, right: Cell) -> bool | None:
    """Compare texts folded, and numbers by size. All else has no order, and is unequal."""
    if sign == "==":
        return _equal(left, right)
    if sign == "!=":
        return not _equal(left, right)
    if is_missing(left) or is_missing(right):
        return None
    if isinstance(left, str) and isinstance(right, str):
        return _ORDER[sign](fold(left), fold(right))
    a, b = cell_number(left), cell_number(right)
    return None if a is None or b is None else _ORDER[sign](without_noise(a), without_noise(b))


def _equal(left: Cell, right: Cell) -> bool:
    if is_missing(left) or is_missing(right):
        return is_missing(left) and is_missing(right)
    if isinstance(left, str) and isinstance(right, str):
        return fold(left) == fold(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    a, b = cell_number(left), cell_number(right)
    return a is not None and b is not None and without_noise(a) == without_noise(b)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
