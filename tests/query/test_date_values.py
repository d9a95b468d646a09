"""Fields that only a library has, and whose values are dates: found from the values, asked like `added:`.

The expected tracks come from a second reading of the dates, in plain Python.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcfs.errors import QueryError
from mcfs.fields import ConfiguredKind, Vocabulary
from mcfs.fields.date_values import read_date, shown_date
from mcfs.query import DateBetween, Sort, canonical_text, parse
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import CacheRepository, TrackRecord
from mcfs.store.engine import open_engine
from tests.cache_access import select_rows, vocabulary_of
from tests.simple_track import simple_track

TODAY = date(2025, 7, 9)


@contextmanager
def _zone(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CacheRepository]:
    """A cache that every test fills again."""
    opened = CacheRepository(open_engine(tmp_path_factory.mktemp("dates") / "cache.db"))
    opened.prepare()
    opened.count()
    yield opened
    opened.close()


def _tracks(field: str, values: Sequence[str | tuple[str, ...]]) -> list[TrackRecord]:
    """A track for each value, called by its number."""
    return [simple_track(f"{n:02}", **{field: value}) for n, value in enumerate(values)]


def _found(
    cache: CacheRepository, text: str, today: date = TODAY, vocabulary: Vocabulary | None = None
) -> list[int]:
    query = parse(text, vocabulary or vocabulary_of(cache))
    rows = select_rows(cache, select_tracks(bind_without_values(query, today)))
    return [int(row.name.removesuffix(".mp3")) for row in rows]


# --- the values


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1994", "1994"),
        (" 1994-05 ", "1994-05"),
        ("1994-05-06", "1994-05-06"),
        ("9999-12-31", "9999-12-31"),
        ("2025-06-30 22:30:00", "2025-07-01"),
        ("2025-06-30T22:30Z", "2025-07-01"),
        ("2025-06-30T22:30:00.123456789+00:00", "2025-07-01"),
        ("2025-06-30T22:30:00+0200", "2025-06-30"),
    ],
)
def test_what_is_a_date_and_how_it_is_shown(text: str, shown: str) -> None:
    with _zone("Europe/Berlin"):
        assert shown_date(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "94", "19945", "1994-5", "1994-00", "1994-13", "1994-02-30", "0000", "1994-05 22:30",
        "1994-05-06 22", "1994-05-06 25:00", "soon", "1994-05-06 at noon", "٣٣٣٣", "12:30", "1994/05/06",
        "9999-12-31T23:59:59-01:00", "0001-01-01 00:00:00", "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    assert read_date(text) is None
    assert shown_date(text) is None


# --- the kind


@pytest.mark.parametrize(
    ("values", "dates"),
    [
        (["2025-06-01"], True),
        (["2025-06", "1994"], True),
        (["2025-06-01 22:30:00", "2025-06-02T10:00:00Z"], True),
        # Years alone are numbers like any others.
        (["1994", "1995"], False),
        (["1994", "5"], False),
        (["7", "10", "low"], False),
        # At most one value in ten is no date; empty ones say nothing.
        (["", " ", "2025-06-01"], True),
        ([f"2025-06-{n:02}" for n in range(1, 10)] + ["soon"], True),
        ([f"2025-06-{n:02}" for n in range(1, 9)] + ["soon"], False),
        # However many tracks have the value.
        (["soon"] * 50 + [f"2025-06-{n:02}" for n in range(1, 10)], True),
    ],
)
def test_the_kind_is_found_from_the_distinct_values(
    cache: CacheRepository, values: list[str], dates: bool
) -> None:
    cache.replace_all(_tracks("Released", values))
    assert vocabulary_of(cache).dates == ({"released"} if dates else set())


def test_built_in_fields_keep_their_kinds(cache: CacheRepository) -> None:
    cache.replace_all([*_tracks("year", ["1998-01-01"]), simple_track("50", comment="2025-06-01")])
    assert isinstance(
        parse("year:1998", vocabulary_of(cache)).where, type(parse("year:1998").where)
    )
    assert _found(cache, "comment:06-01") == [50]


def test_the_kind_follows_the_values(cache: CacheRepository) -> None:
    """A small change finds the same as a full sync."""
    cache.replace_all(_tracks("released", ["2025-06-01", "1994"]))
    assert _found(cache, "released:>2024") == [0]
    with cache.writing() as write:
        write.insert([simple_track("70", released="soon")])
    assert vocabulary_of(cache).dates == set()
    assert _found(cache, "released:soon") == [70]
    with cache.writing() as write:
        write.remove([simple_track("70").annex_key])
    assert vocabulary_of(cache).dates == {"released"}
    with cache.writing() as write:
        write.remove([simple_track("00").annex_key])
    assert vocabulary_of(cache).dates == set()
    assert _found(cache, "released:<1995") == [1]


def test_a_configured_kind() -> None:
    found = Vocabulary(frozenset({"a", "b", "c"}), frozenset({"a", "c"}))
    said = {"a": ConfiguredKind.TEXT, "b": ConfiguredKind.DATE, "unknown": ConfiguredKind.DATE}
    assert found.configured(said).dates == {"b", "c"}
    assert found.configured({}) is found


# --- the queries

VALUES: list[str | tuple[str, ...]] = [
    "1994", "1994-05", "1995-01-01", "2024", "2024-06-30", "2025-06-01 22:30:00",
    "2025-07-09", "2025-07-08T23:30:00Z", ("1990", "2025-07-01"), "", "soon",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("released:<1995", {0, 1, 8}),
        ("released:<=1995", {0, 1, 2, 8}),
        ("released:2024", {3, 4}),
        # Of 2024 it is not known which month it was.
        ("released:2024-06", {4}),
        ("released:<2024-07", {0, 1, 2, 4, 8}),
        ("released:>=2024", {3, 4, 5, 6, 7, 8}),
        ("released:>2024", {5, 6, 7, 8}),
        ("released:>-30d", {6, 7, 8}),
        ("released:-0d..", {6, 7}),
        ("released:2025-06-02", {5}),
        ("released:2025-06-01", set()),
        ("released:1994..2024", {0, 1, 2, 3, 4}),
        ("released=2025-07-09", {6, 7}),
        ('released:""', {9}),
        ("-released:>1990", {9, 10}),
        ("meta.released:soon", {10}),
        ("released:>=2025 released:<1991", {8}),
    ],
)
def test_a_query_for_dates(cache: CacheRepository, text: str, numbers: set[int]) -> None:
    cache.replace_all(_tracks("released", VALUES))
    with _zone("Europe/Berlin"):
        assert set(_found(cache, text)) == numbers


def test_days_are_the_same_in_every_zone(cache: CacheRepository) -> None:
    """Also in a zone that is not the one of the sync."""
    with _zone("Pacific/Kiritimati"):
        cache.replace_all(_tracks("released", ["2025-06-01", "2025-06-01 11:30:00"]))
    with _zone("America/New_York"):
        assert _found(cache, "released:2025-06-01") == [0, 1]
    with _zone("Pacific/Kiritimati"):
        assert _found(cache, "released:2025-06-01") == [0]
        assert _found(cache, "released:2025-06-02") == [1]


def test_sorted_by_date(cache: CacheRepository) -> None:
    cache.replace_all(_tracks("released", ["2024", "1995-03-01", "", "soon", *VALUES[4:8]]))
    vocabulary = vocabulary_of(cache).configured({"released": ConfiguredKind.DATE})
    assert _found(cache, "sort:released", vocabulary=vocabulary)[:6] == [1, 0, 4, 5, 7, 6]
    assert _found(cache, "sort:-released", vocabulary=vocabulary)[:6] == [6, 7, 5, 4, 0, 1]


def test_the_canonical_text() -> None:
    vocabulary = Vocabulary(frozenset({"released"}), frozenset({"released"}))
    query = parse("released:>=2024-6 sort:-Released", vocabulary)
    assert query.where == DateBetween("released", low="2024-06")
    assert query.order == (Sort("released", descending=True, as_dates=True),)
    assert parse(canonical_text(query), vocabulary) == query


def test_what_is_no_date_is_an_error_that_names_the_other_way() -> None:
    vocabulary = Vocabulary(frozenset({"released"}), frozenset({"released"}))
    with pytest.raises(QueryError, match='"soon" is no date') as error:
        parse("released:soon", vocabulary)
    assert "meta.released:" in str(error.value.suggestion)


def test_numbers_are_asked_as_before(cache: CacheRepository) -> None:
    cache.replace_all(_tracks("energy", ["7", "10", "1994", "low"]))
    assert _found(cache, "energy:>7") == [1, 2]
    assert _found(cache, "energy:1") == [1, 2]
    assert _found(cache, "sort:energy") == [0, 1, 2, 3]


# --- against a second reading

_days = st.dates(date(2023, 12, 1), date(2025, 2, 1))
_values = st.one_of(
    _days.map(lambda day: f"{day:%Y}"),
    _days.map(lambda day: f"{day:%Y-%m}"),
    _days.map(lambda day: f"{day:%Y-%m-%d}"),
    st.datetimes(datetime(2023, 12, 1), datetime(2025, 2, 1)).map(lambda m: f"{m:%Y-%m-%d %H:%M:%S}"),  # noqa: DTZ001
    st.sampled_from(["", "soon"]),
)  # fmt: skip
_spans = st.one_of(
    _days.map(lambda day: f"{day:%Y}"),
    _days.map(lambda day: f"{day:%Y-%m}"),
    _days.map(lambda day: f"{day:%Y-%m-%d}"),
)
_forms = st.sampled_from(["{0}", "={0}", "<{0}", "<={0}", ">{0}", ">={0}", "{0}..", "..{0}"])
BERLIN_HOURS = {True: 2, False: 1}


def _first_and_after(span: str) -> tuple[date, date]:
    numbers = [int(number) for number in span.split("-")]
    match numbers:
        case [year]:
            return date(year, 1, 1), date(year + 1, 1, 1)
        case [year, month]:
            return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
        case [year, month, day]:
            return date(year, month, day), date(year, month, day) + timedelta(days=1)
    raise AssertionError(span)


def _days_of_value(text: str) -> tuple[date, date] | None:
    """The days of a value; of a moment, the one day that it is in Berlin."""
    if text in {"", "soon"}:
        return None
    if " " not in text:
        return _first_and_after(text)
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    is_summer = (
        datetime(2024, 3, 31, 1, tzinfo=UTC) <= moment < datetime(2024, 10, 27, 1, tzinfo=UTC)
    )
    day = (moment + timedelta(hours=BERLIN_HOURS[is_summer])).date()
    return day, day + timedelta(days=1)


def _matches(text: str, form: str, span: str) -> bool:
    value = _days_of_value(text)
    if value is None:
        return False
    (first, after), (begins, ends) = _first_and_after(span), value
    match form:
        case "<{0}":
            return ends <= first
        case "<={0}" | "..{0}":
            return ends <= after
        case ">{0}":
            return begins >= after
        case ">={0}" | "{0}..":
            return begins >= first
        case _:
            return first <= begins and ends <= after


_asked = st.lists(st.tuples(_forms, _spans), min_size=6, max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(_values, min_size=5, max_size=25), asked=_asked)
def test_any_values_and_any_range(
    cache: CacheRepository, values: list[str], asked: list[tuple[str, str]]
) -> None:
    cache.replace_all(_tracks("released", values))
    vocabulary = vocabulary_of(cache).configured({"released": ConfiguredKind.DATE})
    if "released" not in vocabulary.discovered:
        return
    with _zone("Europe/Berlin"):
        for form, span in asked:
            text = f"released:{form.format(span)}"
            expected = [n for n, value in enumerate(values) if _matches(value, form, span)]
            assert _found(cache, text, vocabulary=vocabulary) == expected, text
            rest = [n for n in range(len(values)) if n not in expected]
            assert _found(cache, f"-{text}", vocabulary=vocabulary) == rest, text
