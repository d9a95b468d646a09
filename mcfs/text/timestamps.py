"""A moment as a whole number: microseconds since 1970.

Owns the conversion between such numbers and `datetime`, and which moments there are. Whole numbers sort and
subtract like the times they stand for, and lose no precision. Reads no clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A day away from both ends of the calendar, so that every moment has a local time, whatever the zone.
FIRST_MOMENT = datetime(1, 1, 2, tzinfo=UTC)
LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC) - _MICROSECOND


def to_microseconds(moment: datetime) -> int:
    """The number of a moment, which must have a time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment!r}")
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The moment of a number, in UTC; the first or the last moment for a number beyond them."""
    return _EPOCH + timedelta(microseconds=min(max(number, _FIRST), _LAST))


def read_moment(number: int) -> datetime | None:
    """The moment of a number that comes from outside, in UTC; None where there is no such moment."""
    return from_microseconds(number) if _FIRST <= number <= _LAST else None


def bounded_moment(moment: datetime) -> datetime | None:
    """A moment that comes from outside, in UTC; None where it is too near to the ends of the calendar."""
    # Not by conversion to UTC: that may leave the calendar.
    return read_moment(to_microseconds(moment))


_FIRST = to_microseconds(FIRST_MOMENT)
_LAST = to_microseconds(LAST_MOMENT)
