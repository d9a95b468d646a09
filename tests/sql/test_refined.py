"""A query within a query, as a folder within a folder: it filters, sorts and limits what is in there."""

from __future__ import annotations

import pytest

from mcfs.query import (
    ALL,
)
from tests.query.table import IN_AM
from tests.records import (
    SAKAMOTO,
    SampleCache,
)

BY_TEMPO = ["Halcyon", "Rez", "Phylyps", "Remnants", "Fast"]
BY_TEMPO_DOWN = ["Remnants", "Phylyps", "Rez", "Halcyon", "Fast"]


@pytest.mark.parametrize(
    ("folders", "titles"),
    [
        # and
        (["genre:techno", "bpm:=126"], ["Halcyon", "Rez"]),
        (["genre:techno", "", "bpm:=126"], ["Halcyon", "Rez"]),
        (["genre:techno | genre:pop", "bpm:=126 | rating:5"], ["Halcyon", "Halo", "Remnants", "Rez"]),
        # a cut stays what it was
        (["genre:techno sort:-bpm limit:3", "bpm:=126"], ["Rez"]),
        (["genre:techno sort:-bpm limit:2", "bpm:=126"], []),
        (["limit:3 genre:techno sort:-bpm", ""], ["Remnants", "Phylyps", "Rez"]),
        # an order holds until another comes
        (["sort:-bpm", "genre:techno"], BY_TEMPO_DOWN),
        (["genre:techno sort:-bpm", "sort:bpm"], BY_TEMPO),
        (["genre:techno sort:year", "sort:-bpm"], BY_TEMPO_DOWN),
        (["genre:techno sort:-bpm limit:3", "sort:title"], ["Phylyps", "Remnants", "Rez"]),
        (["genre:techno sort:-bpm limit:3", "sort:bpm limit:2"], ["Rez", "Phylyps"]),
        (["sort:-bpm", "genre:techno limit:2"], ["Remnants", "Phylyps"]),
        # never adds
        (["genre:techno sort:-bpm limit:2", "limit:10"], ["Remnants", "Phylyps"]),
        (["genre:techno sort:-bpm limit:2", "genre:techno sort:bpm limit:10"], ["Phylyps", "Remnants"]),
        (["genre:techno sort:-bpm limit:3", "limit:2", "limit:1"], ["Remnants"]),
        (["genre:techno sort:-bpm limit:4", "sort:title limit:2", "bpm:>130"], []),
        (["genre:techno sort:-bpm limit:4", "sort:title limit:3", "bpm:>130"], ["Remnants"]),
    ],
)  # fmt: skip
def test_a_folder_inside_a_folder(
    cache: SampleCache, folders: list[str], titles: list[str]
) -> None:
    query = ALL
    for folder in folders:
        query = query.refined(cache.query(folder))
    assert cache.titles(query) == titles
    assert cache.count(query) == len(titles)


def test_refining_by_everything_is_nothing_new(cache: SampleCache) -> None:
    query = cache.query("genre:techno sort:-bpm")
    assert query.refined(ALL) == query
    assert ALL.refined(query) == query
    assert ALL.refined(ALL) == ALL


def test_refining_without_a_cut_is_one_name(cache: SampleCache) -> None:
    assert cache.query("genre:dub").refined(cache.query("bpm:140")) == cache.query(
        "bpm:140 genre:dub"
    )


@pytest.mark.parametrize("deep", [1, 4, 9, 30])
def test_cuts_inside_cuts(cache: SampleCache, deep: int) -> None:
    query = ALL
    for size in range(deep, 0, -1):
        query = query.refined(cache.query(f"sort:-bpm limit:{size}"))
    assert cache.titles(query) == ["Thunderdome"]
    assert cache.count(query) == 1


def test_the_same_key_in_two_notations(cache: SampleCache) -> None:
    assert set(cache.titles(cache.query("key:8A").refined(cache.query("key:1m")))) == IN_AM
    assert SAKAMOTO not in cache.titles("key:8A")
