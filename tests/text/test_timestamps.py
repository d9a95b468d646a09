"""Moments as microseconds since 1970."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mcfs.text.timestamps import (
    FIRST_MOMENT,
    LAST_MOMENT,
    bounded_moment,
    from_microseconds,
    read_moment,
    to_microseconds,
)

_PLUS_TWO = timezone(timedelta(hours=2))

MOMENTS = [
    (datetime(1970, 1, 1, tzinfo=UTC), 0),
    (datetime(1970, 1, 1, 2, tzinfo=_PLUS_TWO), 0),
    (datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1),
    (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
    (datetime(2025, 6, 30, 22, 30, tzinfo=UTC), 1_751_322_600_000_000),
    (LAST_MOMENT, 253_402_214_399_999_999),
    (FIRST_MOMENT, -62_135_510_400_000_000),
]


@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_a_moment_and_its_number(moment: datetime, number: int) -> None:
    assert to_microseconds(moment) == number
    assert from_microseconds(number) == moment
    assert from_microseconds(number).tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="a time without a zone"):
        to_microseconds(datetime(2025, 6, 30))  # noqa: DTZ001


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York", "Etc/GMT+12"])
def test_every_moment_can_be_read_back_in_every_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for number in (-(10**30), -(10**18), 0, 10**18, 10**30):
            assert from_microseconds(number).astimezone() == from_microseconds(number)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert from_microseconds(10**18) == LAST_MOMENT
    assert from_microseconds(-(10**18)) == FIRST_MOMENT


@pytest.mark.parametrize(
    "text",
    ["9999-12-31T23:59:59-01:00", "9999-12-31T12:00:00+00:00", "0001-01-01T00:00:00+01:00"],
)
def test_a_moment_at_the_end_of_the_calendar_is_none(text: str) -> None:
    moment = datetime.fromisoformat(text)
    assert bounded_moment(moment) is None
    assert read_moment(to_microseconds(moment)) is None


def test_a_moment_from_outside() -> None:
    moment = datetime.fromisoformat("2025-06-30T22:30:00+02:00")
    assert bounded_moment(moment) == moment == read_moment(to_microseconds(moment))
