"""Numbers in metadata: how one is read, and how one is written.

Metadata promises nothing, so text that is no number is None and never an error. How people write numbers
in a query is another matter: see fields/amounts.py.
"""

from __future__ import annotations

import math
import re

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)")
# What the text of a number can begin with. Spares nearly all titles and names the regular expression.
BEGINNINGS = frozenset("0123456789+-., \t\n")


def read_number(text: str) -> float | None:
    """The number that a text is, with a point or a comma; infinity is none."""
    if text[:1] not in BEGINNINGS:
        return None
    bare = text.strip()
    return as_float(bare) if NUMBER.fullmatch(bare) else None


def as_float(digits: str) -> float | None:
    """The value of a matched number; None where it is too large for a float."""
    number = float(digits.replace(",", "."))
    return number if math.isfinite(number) else None


def number_text(number: float, decimals: int) -> str:
    """A number with at most this many decimals: 126.90 is "126.9", 4.00 is "4"."""
    return trim_zeros(f"{number:.{decimals}f}")


def trim_zeros(digits: str) -> str:
    """Without zeros at the end of the decimals, and without a point that nothing follows."""
    return digits.rstrip("0").removesuffix(".") if "." in digits else digits
