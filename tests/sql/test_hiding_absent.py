"""Absent tracks are hidden before any limit, unless the query itself mentions presence."""

from __future__ import annotations

import pytest

from mcfs.query import (
    ALL,
    Cut,
    Not,
    Query,
    all_of,
    hiding_absent,
)
from tests.query.table import TECHNO
from tests.records import (
    EVERYTHING,
    SampleCache,
)


@pytest.mark.parametrize(
    ("folders", "titles"),
    [
        ([""], EVERYTHING - {"Phylyps", "Fast"}),
        (["genre:techno"], {"Remnants", "Halcyon", "Rez"}),
        # before the cut, this one's and those of the folders around it
        (["genre:techno sort:-bpm limit:2"], {"Remnants", "Rez"}),
        (["genre:techno sort:-bpm limit:2", ""], {"Remnants", "Rez"}),
        (["genre:techno sort:-bpm limit:2", "bpm:=126"], {"Rez"}),
        (["genre:techno sort:-bpm limit:3", "sort:bpm limit:1"], {"Halcyon"}),
        # who speaks of presence decides
        (["present:no"], {"Phylyps", "Fast"}),
        (['present:yes genre:="dub techno"'], set()),
        (["-present:yes"], {"Phylyps", "Fast"}),
        (["genre:pop | present:no"], {"Halo", "Phylyps", "Fast"}),
        (["genre:techno (present:no | present:yes)"], TECHNO),
        (["present:no", "genre:dub"], {"Phylyps"}),
        (["genre:techno", "present:no"], {"Phylyps", "Fast"}),
        (["present:no sort:title limit:1", "genre:techno"], {"Fast"}),
        (["genre:techno sort:-bpm limit:2", "present:no"], {"Phylyps"}),
        # … and the annex's own field of that name decides nothing
        (['meta.present:"" genre:="dub techno"'], set()),
    ],
)
def test_hiding_absent(cache: SampleCache, folders: list[str], titles: set[str]) -> None:
    query = ALL
    for folder in folders:
        query = query.refined(cache.query(folder))
    assert set(cache.titles(hiding_absent(query))) == titles
    assert cache.count(hiding_absent(query)) == len(titles)


def test_hidden_inside_a_negated_cut(cache: SampleCache) -> None:
    """What is not among the first two of those that are here."""
    query = Query(
        all_of(
            cache.query("genre:techno").where,
            Not(Cut(cache.query("genre:techno sort:-bpm limit:2"))),
        )
    )
    assert cache.titles(hiding_absent(query)) == ["Halcyon"]


def test_hiding_twice_is_hiding(cache: SampleCache) -> None:
    query = cache.query("genre:techno sort:-bpm limit:2").refined(cache.query("bpm:=126"))
    assert hiding_absent(hiding_absent(query)) == hiding_absent(query)
