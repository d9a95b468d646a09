"""Dates in queries mean whole local days, some of which have 23 or 25 hours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import TrackRecord
from tests.records import TODAY, SampleCache, cache_of


@pytest.fixture
def zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The time zone of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "text", "titles"),
    [
        # Rez came at 22:30, Phylyps at 23:30 on New Year's Eve, T.N.T. at 23:59:59, Halo at 00:00
        ("Europe/Berlin", "added:2025-06-30", {"Halcyon"}),
        ("Europe/Berlin", "added:2025-07-01", {"Rez"}),
        ("Europe/Berlin", "added:2025-07-02", {"T.N.T.", "Halo"}),
        ("Europe/Berlin", "added:2024", {"Nightcall"}),
        ("Europe/Berlin", "added:2025-01-01", {"Phylyps"}),
        ("Europe/Berlin", "added:<=2024-12-31", {"Nightcall", "Группа крови"}),
        ("Europe/Berlin", "added:>=2025-07-09", {"Remnants", "Xtal"}),
        ("America/New_York", "added:2025-06-30", {"Halcyon", "Rez"}),
        ("America/New_York", "added:2025-07-01", {"T.N.T.", "Halo"}),
        ("America/New_York", "added:2025-07-02", {"Archangel"}),
        ("America/New_York", "added:2024-12-31", {"Phylyps"}),
        ("America/New_York", "added:>-7d", {"Remnants", "Xtal"}),
        ("America/New_York", "added:>=-7d", {"Archangel", "Remnants", "Xtal"}),
        ("Pacific/Kiritimati", "added:2025-07-02", {"T.N.T.", "Halo"}),
        ("Pacific/Kiritimati", "added:2025-07-03", {"Archangel"}),
        ("Asia/Kathmandu", "added:2025-07-01", {"Rez"}),
    ],
    indirect=["zone"],
)
def test_a_date_means_a_local_day(
    zone: None, cache: SampleCache, text: str, titles: set[str]
) -> None:
    assert set(cache.titles(text)) == titles


MOMENTS = [
    # Berlin, an hour less on 30 March and one more on 26 October 2025
    "2025-03-29T22:59:59", "2025-03-29T23:00:00", "2025-03-30T21:59:59", "2025-03-30T22:00:00",
    "2025-10-25T21:59:59", "2025-10-25T22:00:00", "2025-10-26T22:59:59", "2025-10-26T23:00:00",
    # São Paulo, where 4 November 2018 had no midnight
    "2018-11-04T02:59:59", "2018-11-04T03:00:00", "2018-11-05T01:59:59", "2018-11-05T02:00:00",
    # Havana, where 3 November 2024 had the hour after midnight twice
    "2024-11-03T03:59:59", "2024-11-03T04:00:00", "2024-11-04T04:59:59", "2024-11-04T05:00:00",
]  # fmt: skip


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleCache]:
    """A track for each moment, of that name."""
    records = [
        TrackRecord(
            annex_key=moment,
            name=moment,
            files=(moment,),
            content_path=moment,
            present=True,
            added_at=datetime.fromisoformat(moment).replace(tzinfo=UTC),
        )
        for moment in MOMENTS
    ]
    folder: Path = tmp_path_factory.mktemp("moments")
    with cache_of(folder, records) as cache:
        yield cache


def _names(moments: SampleCache, text: str, today: date = TODAY) -> list[str]:
    return sorted(moments.annex_keys(text, today))


@pytest.mark.parametrize(
    ("zone", "text", "names"),
    [
        ("Europe/Berlin", "added:2025-03-30", MOMENTS[1:3]),
        ("Europe/Berlin", "added:2025-10-26", MOMENTS[5:7]),
        ("Europe/Berlin", "added:2025-03-29..2025-03-30", MOMENTS[:3]),
        ("Europe/Berlin", "added:2025-03-30..2025-03-31", MOMENTS[1:4]),
        ("America/Sao_Paulo", "added:2018-11-04", MOMENTS[9:11]),
        ("America/Sao_Paulo", "added:2018-11-03", MOMENTS[8:9]),
        ("America/Havana", "added:2024-11-03", MOMENTS[13:15]),
        ("America/Havana", "added:2024-11-02", MOMENTS[12:13]),
    ],
    indirect=["zone"],
)
def test_days_on_which_clocks_change(
    zone: None, moments: SampleCache, text: str, names: list[str]
) -> None:
    assert _names(moments, text) == names


@pytest.mark.parametrize(
    ("today", "text", "names"),
    [
        # the last week as people count it, over the change of the clocks
        (date(2025, 4, 5), "added:>-7d added:2025", MOMENTS[1:8]),
        (date(2025, 4, 6), "added:>-7d added:<2025-05", MOMENTS[3:4]),
        (date(2025, 4, 6), "added:>=-7d added:<2025-05", MOMENTS[1:4]),
        (date(2025, 4, 6), "added:>-1w added:<2025-05", MOMENTS[3:4]),
        # a month before the 30th is the 30th; before the 31st, the last day of that month
        (date(2025, 4, 30), "added:>=-1m added:<2025-05", MOMENTS[1:4]),
        (date(2025, 4, 30), "added:>-1m added:<2025-05", MOMENTS[3:4]),
        (date(2025, 11, 26), "added:>=-1m", MOMENTS[5:8]),
        (date(2026, 10, 26), "added:>=-1y", MOMENTS[5:8]),
        (date(2026, 10, 26), "added:>-1y", MOMENTS[7:8]),
        (date(2025, 10, 26), "added:-1y..-0d added:>=2025-10", MOMENTS[4:7]),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Berlin"], indirect=True)
def test_relative_dates(
    zone: None, moments: SampleCache, today: date, text: str, names: list[str]
) -> None:
    assert _names(moments, text, today) == names


@pytest.mark.parametrize(
    ("today", "text", "day"),
    [
        (date(2025, 3, 31), "added:>=-1m", "2025-02-28"),
        (date(2024, 3, 31), "added:>=-1m", "2024-02-29"),
        (date(2024, 2, 29), "added:>=-1y", "2023-02-28"),
        (date(2025, 1, 15), "added:>=-1m", "2024-12-15"),
        (date(2025, 1, 31), "added:>=-14m", "2023-11-30"),
        (date(2025, 7, 9), "added:>=-4w", "2025-06-11"),
        (date(2025, 7, 9), "added:>=-0d", "2025-07-09"),
        (date(2025, 3, 1), "added:>=-1d", "2025-02-28"),
    ],
)
def test_relative_dates_in_months_of_different_lengths(
    cache: SampleCache, today: date, text: str, day: str
) -> None:
    """A relative date finds the same tracks as the day that it means."""
    relative = select_tracks(bind_without_values(cache.query(text), today))
    absolute = select_tracks(bind_without_values(cache.query(f"added:>={day}"), today))
    assert relative.parameters == absolute.parameters
