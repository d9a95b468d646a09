"""Which days a written date means: "2025", "2025-06", "-7d".

Owns the spelling of dates and spans, their conversion to whole local days, and the moment at which such a day
begins. Reads no clock: the caller passes today's date.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

_ABSOLUTE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
# As people write days elsewhere: 30.10.2025, 30/10/2025, 10/30/2025, 2025/10/30.
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d)", re.ASCII)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([./])(\d{1,2})\2(\d{1,2})(?!\d)", re.ASCII)
_RELATIVE = re.compile(r"-(\d{1,5})([dwmy])", re.ASCII | re.IGNORECASE)


def canonical_date(written: str) -> str | None:
    """The canonical spelling ("2025-06", "-7d"); None where it is no date, or no day of the calendar."""
    if found := _RELATIVE.fullmatch(written):
        return f"-{int(found.group(1))}{found.group(2).lower()}"
    found = _ABSOLUTE.fullmatch(written)
    if found is None:
        return None
    parts = [int(part) for part in found.groups() if part is not None]
    try:
        date(*[*parts, 1, 1][:3])
    except ValueError:
        return None
    return "-".join(f"{part:0{width}}" for part, width in zip(parts, (4, 2, 2), strict=False))


def with_canonical_days(written: str) -> str:
    """The text with every day in it spelled as here; unchanged where it is unclear which day is meant."""
    return _DAY_FIRST.sub(_day_first, _YEAR_FIRST.sub(_year_first, written))


def _year_first(found: re.Match[str]) -> str:
    year, _, month, day = found.groups()
    return canonical_date(f"{year}-{month}-{day}") or found.group()


def _day_first(found: re.Match[str]) -> str:
    day, sign, month, year = found.groups()
    # Only with points is the day always first.
    if sign != "." and int(day) <= 12 and int(month) <= 12 and day != month:
        return found.group()
    as_day_first = canonical_date(f"{year}-{month}-{day}")
    if as_day_first is None and sign != ".":
        as_day_first = canonical_date(f"{year}-{day}-{month}")
    return as_day_first or found.group()


def days_of(span: str, today: date) -> tuple[date, date]:
    """The first day of a span and the first day after it."""
    if found := _RELATIVE.fullmatch(span):
        day = _back(today, int(found.group(1)), found.group(2))
        return day, _after(day)
    year, *rest = (int(part) for part in span.split("-"))
    if not rest:
        return date(year, 1, 1), date(year + 1, 1, 1) if year < date.max.year else date.max
    if len(rest) == 1:
        last = date(year, rest[0], monthrange(year, rest[0])[1])
        return date(year, rest[0], 1), _after(last)
    day = date(year, rest[0], rest[1])
    return day, _after(day)


def start_of_day(day: date) -> datetime:
    """The moment at which a local day begins. At the ends of the calendar, time zones are ignored."""
    if day.year <= 1:
        return datetime.min.replace(tzinfo=UTC)
    if day.year >= date.max.year:
        return datetime.max.replace(tzinfo=UTC)
    # Where clocks change at midnight, a day has no midnight or two: search for its first second.
    after = int(datetime.combine(day, time(12)).timestamp())
    before = after - 36 * 3600
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle).date() < day:  # noqa: DTZ006  (local days are meant)
            before = middle
        else:
            after = middle
    return datetime.fromtimestamp(after, UTC)


def _after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


def _back(today: date, count: int, unit: str) -> date:
    """So many days, weeks, months or years ago. The 31st becomes the last day of a shorter month."""
    try:
        match unit:
            case "d":
                return today - timedelta(days=count)
            case "w":
                return today - timedelta(weeks=count)
            case _:
                months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
                year, month = months // 12, months % 12 + 1
                return date(year, month, min(today.day, monthrange(year, month)[1]))
    except (OverflowError, ValueError):
        return date.min
