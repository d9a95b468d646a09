"""Numbers as people write them in a query: plain ones, years, durations, sizes.

Owns the spelling of each and the width of what it means: "1:30" is a whole second, "10M" a whole
megabyte. A spelling that is no number is None; what to say of it is the parser's.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_PLAIN = re.compile(r"\d{1,15}(?:[.,]\d{1,9})?|[.,]\d{1,9}", re.ASCII)
_YEAR = re.compile(r"(\d{4})(?:-(?:0?[1-9]|1[0-2])(?:-\d{1,2})?)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,5}):([0-5]?\d)?", re.ASCII)
_UNITS = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", re.ASCII | re.IGNORECASE)
# Bytes alone may be many: that is how a size is written in canonical text.
_SIZE = re.compile(
    r"(\d{1,9}(?:[.,]\d{1,3})?(?=[kmgt])|\d{1,24})([kmgt]?)(?:i?b)?", re.ASCII | re.IGNORECASE
)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True, slots=True)
class Amount:
    """From `low` to `high`, which belongs to it unless `high_open`; a plain number is a point."""

    low: float
    high: float
    high_open: bool = False


def plain(written: str) -> Amount | None:
    """ "120", "126,5"."""
    if not _PLAIN.fullmatch(written):
        return None
    number = float(written.replace(",", "."))
    return Amount(number, number)


def year(written: str) -> Amount | None:
    """The first four digits: "2025-06" is 2025."""
    found = _YEAR.fullmatch(written)
    return found and Amount(float(found.group(1)), float(found.group(1)))


def duration(written: str) -> Amount | None:
    """ "90", "1:30", "1m30s", "2m", "2:", "1:02:03"; "1:3" is 63 seconds, "1:60" nothing."""
    if found := _CLOCK.fullmatch(written) or (written and _UNITS.fullmatch(written)):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        total = float(hours * 3600 + minutes * 60 + seconds)
    elif number := plain(written):
        total = number.low
    else:
        return None
    # A duration as shown is a whole second, and stored ones have fractions.
    return Amount(total, total + 1, high_open=True) if total.is_integer() else Amount(total, total)


def size(written: str) -> Amount | None:
    """ "10M", "700k", "1.5G" in 1024s: all that is shown as that. Without a letter, bytes."""
    found = _SIZE.fullmatch(written)
    if found is None:
        return None
    digits = found.group(1).replace(",", ".")
    unit = 1024 ** _POWER[found.group(2).lower()]
    low = float(math.ceil(float(digits) * unit))
    width = unit / 10 ** len(digits.partition(".")[2])
    # Sizes are whole bytes, so the last one that counts can be said.
    return Amount(low, max(low, math.ceil(low + width) - 1.0))


def size_bound(written: str) -> Amount | None:
    """The end of a range of sizes: up to 20M is up to that byte, and not to the last before 21M."""
    amount = size(written)
    return amount and Amount(amount.low, amount.low)
