"""A moment in the past, as somebody writes it: "10 minutes ago", "14:30", "yesterday", an ISO time.

Pure: the caller says what time it is. Times without a zone are local.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from mcfs.errors import TextError

_UNITS = {
    "s": 1, "sec": 1, "second": 1,
    "m": 60, "min": 60, "minute": 60,
    "h": 3600, "hour": 3600,
    "d": 86400, "day": 86400,
    "w": 7 * 86400, "week": 7 * 86400,
}  # fmt: skip
_AGO = re.compile(r"(an?|\d{1,6})\s*([a-z]+?)s?(?:\s+ago)?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_HINT = 'write "10 minutes ago", 14:30, yesterday or 2026-11-28 14:30'


def past_moment(written: str, now: datetime) -> datetime:
    """The moment that is meant, given the local time with its zone; a `TextError` if it is none."""
    text = " ".join(written.split())
    try:
        moment = _ago(text, now) or _clock(text, now) or _day(text, now) or _iso(text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise TextError(f'"{text}" is no time', written, 0, _HINT)
    if moment > now:
        raise TextError(f'"{text}" is still to come', written, 0, _HINT)
    return moment


def _ago(text: str, now: datetime) -> datetime | None:
    found = _AGO.fullmatch(text)
    seconds = found and _UNITS.get(found.group(2).lower())
    if not found or not seconds:
        return None
    count = 1 if found.group(1).lower() in ("a", "an") else int(found.group(1))
    return now - timedelta(seconds=count * seconds)


def _clock(text: str, now: datetime) -> datetime | None:
    """The last time that a clock showed this."""
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    today = datetime.combine(now.date(), time(hour, minute, second)).astimezone()
    if today <= now:
        return today
    return datetime.combine(now.date() - timedelta(days=1), today.time()).astimezone()


def _day(text: str, now: datetime) -> datetime | None:
    days_ago = {"today": 0, "yesterday": 1}.get(text.lower())
    if days_ago is None:
        return None
    return datetime.combine(now.date() - timedelta(days=days_ago), time()).astimezone()


def _iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()
