"""How people write numbers in a query: plain numbers, years, decades, durations, sizes.

Owns the spelling of each, and which numbers it stands for: "1:30" is a whole second, "10M" a whole
megabyte. Text that is no such number is None; the parser makes the error message.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_PLAIN = re.compile(r"\d{1,15}(?:[.,]\d{0,9})?|[.,]\d{1,9}", re.ASCII)
_DECADE = re.compile(r"(\d{3})0s", re.ASCII)
_YEAR = re.compile(r"(\d{4})(?:-(?:0?[1-9]|1[0-2])(?:-\d{1,2})?)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,5}):(?:([0-5]?\d)s?)?", re.ASCII | re.IGNORECASE)
_UNITS = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", re.ASCII | re.IGNORECASE)
# Without the last "s"; "1h30" is none, because it could be minutes as well.
_MINUTES = re.compile(r"(?:(\d{1,4})h)?(\d{1,5})m([0-5]?\d)", re.ASCII | re.IGNORECASE)
# A plain number of bytes may be long: canonical text writes sizes so.
_SIZE = re.compile(
    r"(\d{1,9}(?:[.,]\d{1,3})?(?=[kmgt])|\d{1,24})([kmgt]?)(?:i?b)?", re.ASCII | re.IGNORECASE
)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from `low` to `high`. `high` itself belongs to them unless `high_open`."""

    low: float
    high: float
    high_open: bool = False


def plain(written: str) -> Interval | None:
    """ "120", "126,5", "126."."""
    if not _PLAIN.fullmatch(written):
        return None
    number = float(written.replace(",", "."))
    return Interval(number, number)


def year(written: str) -> Interval | None:
    """The first four digits: "2025-06" is 2025."""
    found = _YEAR.fullmatch(written)
    return found and Interval(float(found.group(1)), float(found.group(1)))


def decade(written: str) -> Interval | None:
    """ "1990s" is 1990 to 1999."""
    found = _DECADE.fullmatch(written)
    if found is None:
        return None
    first = float(found.group(1)) * 10
    return Interval(first, first + 9)


def duration(written: str) -> Interval | None:
    """ "90", "1:30", "1m30s", "2m", "2m10", "2:", "1:02:03"; "1:3" is 63 seconds, "1:60" is none."""
    if found := (
        _CLOCK.fullmatch(written)
        or (written and _UNITS.fullmatch(written))
        or _MINUTES.fullmatch(written)
    ):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        total = float(hours * 3600 + minutes * 60 + seconds)
    elif number := plain(written):
        total = number.low
    else:
        return None
    # People see whole seconds, but stored durations have fractions.
    return (
        Interval(total, total + 1, high_open=True) if total.is_integer() else Interval(total, total)
    )


def size(written: str) -> Interval | None:
    """ "10M", "700k", "1.5G" in powers of 1024, or bytes. Means every size that is displayed so."""
    found = _SIZE.fullmatch(written)
    if found is None:
        return None
    digits = found.group(1).replace(",", ".")
    unit = 1024 ** _POWER[found.group(2).lower()]
    low = float(math.ceil(float(digits) * unit))
    width = unit / 10 ** len(digits.partition(".")[2])
    # A size is a whole number of bytes, so the largest one that belongs to it has a name.
    return Interval(low, max(low, math.ceil(low + width) - 1.0))


def size_bound(written: str) -> Interval | None:
    """The end of a range of sizes: "up to 20M" ends at that byte, and not just before 21M."""
    amount = size(written)
    return amount and Interval(amount.low, amount.low)
