"""Queries for folders, types and locations compare work paths only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcfs.fields import field_table
from mcfs.query import Contains, Equals, Missing, Not, Query, Sort
from mcfs.text.fold import fold
from tests.records import RECORDS, SampleCache

PATHS = {record.annex_key: [fold(path) for path in record.files] for record in RECORDS}
TEXTS = {
    record.annex_key: [
        fold(text)
        for name, texts in record.values.items()
        if fold(name) in field_table().searched("any")
        for text in texts
    ]
    for record in RECORDS
}
# Parts of paths, as short as a letter and as long as all of it, and what no path has.
PARTS = st.one_of(
    st.sampled_from(sorted(path for paths in PATHS.values() for path in paths)).flatmap(
        lambda path: st.tuples(
            st.integers(0, len(path) - 1), st.integers(1, len(path)), st.just(path)
        ).map(lambda drawn: drawn[2][drawn[0] : drawn[0] + drawn[1]])
    ),
    st.text(min_size=1, max_size=5).map(fold).filter(bool),
)


def _found(cache: SampleCache, query: Query) -> set[str]:
    found = cache.annex_keys(query)
    assert len(set(found)) == len(found) == cache.count(query)
    return set(found)


@given(PARTS)
def test_a_part_of_a_work_path(cache: SampleCache, part: str) -> None:
    having = {key for key, paths in PATHS.items() if any(part in path for path in paths)}
    assert _found(cache, Query(Contains("location", part))) == having
    assert _found(cache, Query(Not(Contains("location", part)))) == PATHS.keys() - having


@given(PARTS)
def test_a_part_of_any_text(cache: SampleCache, part: str) -> None:
    having = {key for key in PATHS if any(part in text for text in PATHS[key] + TEXTS[key])}
    assert _found(cache, Query(Contains("any", part))) == having


@given(PARTS)
def test_a_whole_work_path(cache: SampleCache, part: str) -> None:
    having = {key for key, paths in PATHS.items() if part in paths}
    assert _found(cache, Query(Equals("location", part))) == having


def test_every_track_has_a_work_path(cache: SampleCache) -> None:
    assert _found(cache, Query(Missing("location"))) == set()
    assert _found(cache, Query(Not(Missing("location")))) == PATHS.keys()


def test_the_order_of_work_paths(cache: SampleCache) -> None:
    for descending in (False, True):
        query = Query(order=(Sort("location", descending),))
        found = [min(PATHS[key]) for key in cache.annex_keys(query)]
        # As bytes: that is how SQLite orders text, and what is not UTF-8 comes after all that is.
        texts = [path for path in found if path.isprintable()]
        assert texts == sorted(texts, key=lambda path: path.encode(), reverse=descending)
        assert len(found) == len(RECORDS)
