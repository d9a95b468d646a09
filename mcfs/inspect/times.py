"""Times and durations in words."""

from __future__ import annotations

from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# Longer ago than this is shown as a date.
_LONGEST_RELATIVE = 7 * _DAY


def ago(moment: datetime, now: datetime) -> str:
    """How long ago: "just now", "2 hours ago"; the local date when it is more than a week."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < _MINUTE:
        return "just now"
    if not 0 < seconds < _LONGEST_RELATIVE:
        return f"{moment.astimezone():%Y-%m-%d %H:%M}"
    units = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))
    size, unit = next((size, unit) for size, unit in units if seconds >= size)
    count = int(seconds // size)
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


def duration(seconds: float) -> str:
    """How long something took: "1.3 s", "2 min 5 s"."""
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s"
