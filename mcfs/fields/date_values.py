"""How metadata writes dates: "1994", "2025-06", "2025-06-01", "2025-06-01 22:30:00", "2025-06-01T22:30Z".

Owns the reading of such a value, and how it is shown. A value is whole days or one moment. Days are the same
in every time zone; a moment without a zone is UTC, as Mixxx writes them. How people write dates in a query is
in `dates.py`. Reads no clock.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from mcfs.fields.dates import days_of
from mcfs.text.timestamps import bounded_moment, from_microseconds, to_microseconds

_DATE = re.compile(
    r"\s*(?P<days>[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)"
    r"(?P<time>[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?\s*"
)
# The text of a date begins like this; most values are spared the regular expression.
_BEGINNINGS = frozenset("0123456789 \t\n")
_DAY_LENGTH = len("2025-06-01")


class DateValue(NamedTuple):
    """A moment, in microseconds since 1970; or the days from one midnight to another, as if in UTC."""

    begins: int
    # None for a moment.
    ends: int | None


def read_date(text: str) -> DateValue | None:
    """What a value says; None where it is no date, or none of the calendar."""
    if text[:1] not in _BEGINNINGS:
        return None
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    days, clock = found["days"], found["time"]
    try:
        if clock is None:
            first, after = days_of(days, date.min)
            return DateValue(midnight(first), midnight(after))
        if len(days) < _DAY_LENGTH:
            return None
        moment = datetime.fromisoformat(days + clock)
    except ValueError:
        return None
    bounded = bounded_moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return None if bounded is None else DateValue(to_microseconds(bounded), None)


def midnight(day: date) -> int:
    """A day as values of days are compared: in no time zone."""
    return to_microseconds(datetime.combine(day, time(), UTC))


def shown_date(text: str) -> str | None:
    """The days of a value as it has them, or the local day of its moment; None where it is no date."""
    value = read_date(text)
    if value is None:
        return None
    if value.ends is not None:
        return text.strip()
    return from_microseconds(value.begins).astimezone().date().isoformat()
