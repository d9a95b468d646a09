"""Times and texts inside SQLite."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, insert, select
from sqlalchemy.exc import StatementError

from mcfs.schema.columns import RawText, UtcTime, stored_text, stored_time, today, utc_now

_PLUS_TWO = timezone(timedelta(hours=2))
_THINGS = Table("things", MetaData(), Column("moment", UtcTime), Column("text", RawText))

MOMENTS = [
    (datetime(1970, 1, 1, tzinfo=UTC), 0),
    (datetime(1970, 1, 1, 2, tzinfo=_PLUS_TWO), 0),
    (datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1),
    (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
    (datetime(2025, 6, 30, 22, 30, tzinfo=UTC), 1_751_322_600_000_000),
    (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 253_402_300_799_999_999),
    (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800_000_000),
]
TEXTS: list[tuple[str, str | bytes]] = [
    ("", ""),
    ("techno", "techno"),
    ("Beyoncé", "Beyoncé"),
    ("戦場 🎹", "戦場 🎹"),
    ("nul\0inside", "nul\0inside"),
    ("caf\udce9", b"caf\xe9"),
    ("é\udcff", b"\xc3\xa9\xff"),
]


def _kept(**values: object) -> tuple[object, object, object, object]:
    """What SQLite holds in the two columns, and what comes back."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            _THINGS.create(connection)
            connection.execute(insert(_THINGS), values)
            held = connection.exec_driver_sql("SELECT moment, text FROM things").one()
            back = connection.execute(select(_THINGS)).one()
    finally:
        engine.dispose()
    return held[0], held[1], back[0], back[1]


@pytest.mark.parametrize(("moment", "stored"), MOMENTS)
def test_times(moment: datetime, stored: int) -> None:
    assert stored_time(moment) == stored
    held, _, back, _ = _kept(moment=moment, text=None)
    assert held == stored
    assert isinstance(back, datetime)
    assert (back, back.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(("text", "stored"), TEXTS)
def test_texts(text: str, stored: str | bytes) -> None:
    assert stored_text(text) == stored
    _, held, _, back = _kept(moment=None, text=text)
    assert (held, back) == (stored, text)


def test_nothing_stays_nothing() -> None:
    assert _kept(moment=None, text=None) == (None, None, None, None)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2025, 6, 30)  # noqa: DTZ001
    with pytest.raises(ValueError, match="a time without a zone"):
        stored_time(naive)
    with pytest.raises(StatementError, match="a time without a zone"):
        _kept(moment=naive, text=None)


def test_now_has_its_zone() -> None:
    assert utc_now().tzinfo is UTC


def test_the_day_is_that_of_the_place() -> None:
    """Of two places 26 hours apart one is always a day ahead."""
    days = []
    with pytest.MonkeyPatch.context() as patch:
        for zone in ("AHEAD-14", "BEHIND+12"):
            patch.setenv("TZ", zone)
            time.tzset()
            days.append(today())
    time.tzset()
    assert days[0] > days[1]
