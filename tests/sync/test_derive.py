"""What a sync derives from the metadata of a track."""

from __future__ import annotations

import time
from datetime import UTC

import pytest

from mcfs.sync.derive import added_at, decade, is_live


@pytest.mark.parametrize(
    ("title", "live"),
    [
        ("Live at Tresor", True),
        ("Strings of Life (live)", True),
        ("Rez [Live 1994]", True),
        ("A live set", True),
        ("Alive", False),
        ("Live Forever", False),
        ("Deliver", False),
        ("Long Live the King", False),
    ],
)
def test_live(title: str, live: bool) -> None:
    assert is_live({"title": [title]}) is live


@pytest.mark.parametrize(
    ("years", "expected"),
    [(["1998"], "1990s"), (["2001-05-03", "1999"], "1990s"), (["soon"], None), ([], None)],
)
def test_decade(years: list[str], expected: str | None) -> None:
    assert decade({"year": years}) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2025-06-30 12:00:00"], "2025-06-30T12:00:00+00:00"),
        (["2025-06-30T12:00:00+02:00"], "2025-06-30T10:00:00+00:00"),
        (["2025-07-01T00:00:00Z", "2025-06-30 12:00"], "2025-06-30T12:00:00+00:00"),
        (["soon"], None),
        (["0001-01-01"], None),
        (["0001-01-01T00:00:00Z", "2025-06-30 12:00"], "2025-06-30T12:00:00+00:00"),
        (["9999-12-31T23:59:59-01:00"], None),
        (["9" * 5000], None),
        ([], None),
    ],
)
def test_added(values: list[str], expected: str | None) -> None:
    moment = added_at({"added": values})
    assert (moment and moment.astimezone(UTC).isoformat()) == expected


def test_the_date_added_is_a_local_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        moment = added_at({"added": ["2025-06-30"]})
    finally:
        monkeypatch.undo()
        time.tzset()
    assert moment is not None
    assert moment.astimezone(UTC).isoformat() == "2025-06-30T04:00:00+00:00"
