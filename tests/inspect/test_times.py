"""Times and durations in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mcfs.inspect.times import ago, duration

NOW = datetime(2026, 6, 15, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (59, "just now"),
        (-59, "just now"),
        (60, "1 minute ago"),
        (300, "5 minutes ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (7200, "2 hours ago"),
        (86399, "23 hours ago"),
        (86400, "1 day ago"),
        (3 * 86400, "3 days ago"),
        (7 * 86400 - 1, "6 days ago"),
        (7 * 86400, f"{(NOW - timedelta(days=7)).astimezone():%Y-%m-%d %H:%M}"),
        (-3600, f"{(NOW + timedelta(hours=1)).astimezone():%Y-%m-%d %H:%M}"),
    ],
)
def test_ago(seconds: int, text: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"), (1.26, "1.3 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"),
        (125.2, "2 min 5 s"), (3600, "60 min 0 s"),
    ],
)  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
