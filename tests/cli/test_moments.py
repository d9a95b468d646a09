"""What somebody writes as a time in the past."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from mcfs.cli.moments import past_moment
from mcfs.errors import TextError


@pytest.fixture(autouse=True)
def time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four hours behind UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XXX4")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("10 minutes ago", "2026-11-28T14:20:00-04:00"),
        ("10min", "2026-11-28T14:20:00-04:00"),
        ("90 s ago", "2026-11-28T14:28:30-04:00"),
        ("an hour ago", "2026-11-28T13:30:00-04:00"),
        (" 2  Days ago ", "2026-11-26T14:30:00-04:00"),
        ("1w", "2026-11-21T14:30:00-04:00"),
        ("14:30", "2026-11-28T14:30:00-04:00"),
        ("9:05:07", "2026-11-28T09:05:07-04:00"),
        # The last time that it was so late.
        ("14:31", "2026-11-27T14:31:00-04:00"),
        ("today", "2026-11-28T00:00:00-04:00"),
        ("yesterday", "2026-11-27T00:00:00-04:00"),
        ("2026-11-28", "2026-11-28T00:00:00-04:00"),
        ("2026-11-28 12:00", "2026-11-28T12:00:00-04:00"),
        ("2026-11-28T12:00:30Z", "2026-11-28T12:00:30+00:00"),
    ],
)
def test_times(written: str, moment: str) -> None:
    now = datetime.fromisoformat("2026-11-28T14:30:00-04:00")
    assert past_moment(written, now) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", '"" is no time; write "10 minutes ago", 14:30'),
        ("soon", '"soon" is no time'),
        ("10 lightyears ago", '"10 lightyears ago" is no time'),
        ("25:00", '"25:00" is no time'),
        ("2026-13-01", '"2026-13-01" is no time'),
        ("999999 weeks ago", '"999999 weeks ago" is no time'),
        ("2026-11-29", '"2026-11-29" is still to come'),
    ],
)
def test_no_times(written: str, message: str) -> None:
    now = datetime.fromisoformat("2026-11-28T14:30:00-04:00")
    with pytest.raises(TextError) as raised:
        past_moment(written, now)
    assert str(raised.value).startswith(message)
