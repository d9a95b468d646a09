"""A moment as a whole number: microseconds since 1970.

Owns the conversion between such numbers and `datetime`. Whole numbers sort and subtract like the times
they stand for, and lose no precision. Reads no clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """The number of a moment, which must have a time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment!r}")
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The moment of a number, in UTC; an `OverflowError` beyond the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=number)
