"""Moments as microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mcfs.text.timestamps import from_microseconds, to_microseconds

_PLUS_TWO = timezone(timedelta(hours=2))

MOMENTS = [
    (datetime(1970, 1, 1, tzinfo=UTC), 0),
    (datetime(1970, 1, 1, 2, tzinfo=_PLUS_TWO), 0),
    (datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1),
    (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
    (datetime(2025, 6, 30, 22, 30, tzinfo=UTC), 1_751_322_600_000_000),
    (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 253_402_300_799_999_999),
    (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800_000_000),
]


@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_a_moment_and_its_number(moment: datetime, number: int) -> None:
    assert to_microseconds(moment) == number
    assert from_microseconds(number) == moment
    assert from_microseconds(number).tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="a time without a zone"):
        to_microseconds(datetime(2025, 6, 30))  # noqa: DTZ001


def test_beyond_the_calendar() -> None:
    with pytest.raises(OverflowError):
        from_microseconds(10**18)
