"""What a value is: missing, true, a number, a text; how two of them compare, and how one is shown.

Owns the rules that every operation and filter shares. An operation that does not fit its operands is
missing, never an error. Numbers are floats within ±10¹⁵, where each whole number is exact.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from mcfs.text.escape import UNKNOWN, escape_value
from mcfs.text.fold import fold

Cell = (
    str | float | int | bool | None
)  # one value of a field as an expression sees it; None is missing
Evaluate = Callable[[Sequence[Cell]], Cell]

MAX_NUMBER = 1e15
# More decimals than any field has, and fewer than show that 0.1 + 0.2 is not quite 0.3.
_DECIMALS = 9
_FEW_DIGITS = len("0.") + _DECIMALS
# A number is written in fewer characters than that, and so is a key.
_SHORT = 40
# A name has 255 bytes: of one value, more cannot show.
_MOST_SHOWN = 256
# The same that a sync reads out of metadata.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)")


class Kind(Enum):
    """What can be told of an expression's values before there are any."""

    NUMBER = "a number"
    TEXT = "text"
    TRUTH = "yes or no"
    NOTHING = "nothing"
    ANY = "anything"


def cell_number(cell: Cell) -> float | None:
    """A number, or a text that writes one; None for all else, infinity and 10¹⁶ among it."""
    if type(cell) is float:  # nearly always, and the quickest to tell
        return cell if -MAX_NUMBER <= cell <= MAX_NUMBER else None
    if isinstance(cell, str):
        text = short(cell)
        if not _NUMBER.fullmatch(text):
            return None
        cell = float(text.replace(",", "."))
    elif cell is None or isinstance(cell, bool):
        return None
    return float(cell) if -MAX_NUMBER <= cell <= MAX_NUMBER else None


def short(text: str) -> str:
    """A text without the space around it; nothing of a long one, which is neither number nor key."""
    return text.strip() if len(text) <= _SHORT else ""


def is_missing(cell: Cell) -> bool:
    """None, a text with nothing in it, a number out of bounds."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or not -MAX_NUMBER <= cell <= MAX_NUMBER


def is_true(cell: Cell) -> bool:
    """As in Python, where what is missing is false."""
    return bool(cell) and not is_missing(cell)


def settled(number: float) -> float:
    """A number with no more decimals than are shown, and no minus before a zero."""
    return round(number, _DECIMALS) + 0.0


def written(number: float) -> str:
    """The shortest spelling: "128" and "127.9", never "1e-05"."""
    if number.is_integer():
        return str(int(number))
    text = repr(number)
    if len(text) <= _FEW_DIGITS and "e" not in text:
        return text
    digits = f"{settled(number):.{_DECIMALS}f}" if "e" in text else repr(settled(number))
    return digits.rstrip("0").removesuffix(".")


def text_of(cell: Cell) -> str | None:
    """A value as it is shown; None where it is missing."""
    if is_missing(cell) or cell is None:
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return written(float(cell))


def shown(cell: Cell) -> str:
    """What an expression puts into a name: no slash, no control character.

    Nothing at all only where the template itself says so: no field's value is an empty text.
    """
    if cell == "":
        return ""
    text = text_of(cell)
    return UNKNOWN if text is None else escape_value(text[:_MOST_SHOWN])


def calculated(sign: str, left: Cell, right: Cell) -> Cell:
    """Arithmetic on two numbers; missing where one is none, and so is what lies out of bounds."""
    a, b = cell_number(left), cell_number(right)
    if a is None or b is None:
        return None
    try:
        number = _ARITHMETIC[sign](a, b)
    except ZeroDivisionError:
        return None
    return number if -MAX_NUMBER <= number <= MAX_NUMBER else None


def compared(sign: str, left: Cell, right: Cell) -> bool | None:
    """Texts by their fold, numbers by size; whatever else has no order, and is merely not equal."""
    if sign == "==":
        return _equal(left, right)
    if sign == "!=":
        return not _equal(left, right)
    if is_missing(left) or is_missing(right):
        return None
    if isinstance(left, str) and isinstance(right, str):
        return _ORDER[sign](fold(left), fold(right))
    a, b = cell_number(left), cell_number(right)
    return None if a is None or b is None else _ORDER[sign](settled(a), settled(b))


def _equal(left: Cell, right: Cell) -> bool:
    if is_missing(left) or is_missing(right):
        return is_missing(left) and is_missing(right)
    if isinstance(left, str) and isinstance(right, str):
        return fold(left) == fold(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    a, b = cell_number(left), cell_number(right)
    return a is not None and b is not None and settled(a) == settled(b)


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
