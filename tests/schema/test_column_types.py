"""Times and texts inside SQLite."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, insert, select
from sqlalchemy.exc import StatementError

from mcfs.schema.column_types import RawText, UtcTime
from tests.text.test_raw_text import TEXTS
from tests.text.test_timestamps import MOMENTS

_THINGS = Table("things", MetaData(), Column("moment", UtcTime), Column("text", RawText))


def _stored_and_loaded(**values: object) -> tuple[object, object, object, object]:
    """What SQLite holds in the two columns, and what is loaded from them."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            _THINGS.create(connection)
            connection.execute(insert(_THINGS), values)
            stored = connection.exec_driver_sql("SELECT moment, text FROM things").one()
            loaded = connection.execute(select(_THINGS)).one()
    finally:
        engine.dispose()
    return stored[0], stored[1], loaded[0], loaded[1]


@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_times(moment: datetime, number: int) -> None:
    stored, _, loaded, _ = _stored_and_loaded(moment=moment, text=None)
    assert stored == number
    assert isinstance(loaded, datetime)
    assert (loaded, loaded.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(("text", "raw"), [(text, raw) for text, raw, _, _ in TEXTS])
def test_texts(text: str, raw: str | bytes) -> None:
    _, stored, _, loaded = _stored_and_loaded(moment=None, text=text)
    assert (stored, loaded) == (raw, text)


def test_nothing_stays_nothing() -> None:
    assert _stored_and_loaded(moment=None, text=None) == (None, None, None, None)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(StatementError, match="a time without a zone"):
        _stored_and_loaded(moment=datetime(2025, 6, 30), text=None)  # noqa: DTZ001
