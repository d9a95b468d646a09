"""What each query of the table finds, also in a library without tracks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.query import AnnexKeys, all_of
from tests.query.table import ROWS
from tests.records import SampleCache


@pytest.mark.parametrize(("text", "titles"), ROWS)
def test_finds(cache: SampleCache, text: str, titles: set[str]) -> None:
    found = cache.titles(text)
    assert set(found) == titles
    assert len(found) == len(titles), "a track is there twice"
    assert cache.count(text) == len(titles)


@pytest.mark.parametrize(("text", "titles"), ROWS)
def test_finds_the_same_when_asked_about_few_tracks(
    cache: SampleCache, text: str, titles: set[str]
) -> None:
    """Then the values of each track are looked at, one by one."""
    query = cache.query(text)
    among = AnnexKeys(tuple(cache.annex_keys("")))
    assert set(cache.titles(replace(query, where=all_of(query.where, among)))) == titles


@pytest.mark.parametrize("text", [text for text, _ in ROWS])
def test_an_empty_library_finds_nothing(empty_cache: SampleCache, text: str) -> None:
    assert empty_cache.titles(text) == []
    assert empty_cache.count(text) == 0
