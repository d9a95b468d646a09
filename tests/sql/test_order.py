"""The order of a query's tracks, and its limit."""

from __future__ import annotations

import pytest

from mcfs.query import (
    Shuffle,
    Sort,
)
from tests.query.table import TECHNO
from tests.records import (
    CAFE,
    CAGE,
    EVERYTHING,
    KINO,
    SampleCache,
)

BY_TEMPO = ["Halcyon", "Rez", "Phylyps", "Remnants", "Fast"]
BY_TEMPO_DOWN = ["Remnants", "Phylyps", "Rez", "Halcyon", "Fast"]
BY_LENGTH = ["Archangel", "Xtal", "Rez", "Halo", "Teardrop", "Halcyon", CAGE, "Remnants"]
BY_ARRIVAL = ["T.N.T.", "Halo", "Archangel", "Remnants", "Xtal"]
BY_ARTIST = ["Halo", CAFE, CAGE, "Nightcall", "Halcyon", "Remnants"]
OF_ARTISTS = "artist:john|artist:kavinsky|artist:surgeon|artist:orbital|artist:emilie|artist:jay-z"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        # by name, without a sort
        ("genre:techno", ["Fast", "Halcyon", "Phylyps", "Remnants", "Rez"]),
        # numbers; those without come last either way
        ("genre:techno sort:bpm", BY_TEMPO),
        ("sort:bpm genre:techno", BY_TEMPO),
        ("sort:b genre:techno", BY_TEMPO),
        ("Sort:BPM genre:techno", BY_TEMPO),
        ("genre:techno sort:-bpm", BY_TEMPO_DOWN),
        ("bpm:127.. sort:size", ["Thunderdome", "Phylyps", "Remnants", "T.N.T."]),
        ("bpm:127.. sort:-size", ["Remnants", "Phylyps", "Thunderdome", "T.N.T."]),
        ("duration:1..500 sort:duration", BY_LENGTH),
        ("duration:1..500 sort:-du", BY_LENGTH[::-1]),
        ("rating:3.. sort:-rating sort:title", ["Halo", "Remnants", "Halcyon"]),
        ("-track:\"\" sort:track", ["Remnants", "Teardrop", "Halcyon"]),
        ("played:1.. sort:-played", ["Remnants", "Halcyon"]),
        # several, in order
        ("genre:techno sort:year sort:bpm", ["Halcyon", "Rez", "Phylyps", "Remnants", "Fast"]),
        ("genre:techno sort:year sort:-bpm", ["Halcyon", "Phylyps", "Rez", "Remnants", "Fast"]),
        ("genre:techno sort:-year sort:bpm", ["Remnants", "Rez", "Phylyps", "Halcyon", "Fast"]),
        # text, folded
        (f"{OF_ARTISTS} sort:artist", BY_ARTIST),
        (f"{OF_ARTISTS} sort:-artist", BY_ARTIST[::-1]),
        ("genre:techno sort:title", ["Fast", "Halcyon", "Phylyps", "Remnants", "Rez"]),
        ("genre:techno sort:-title", ["Rez", "Remnants", "Phylyps", "Halcyon", "Fast"]),
        ('-composer:"" sort:composer', ["Remnants", "Halo", KINO]),
        ('-composer:"" sort:-cp', [KINO, "Halo", "Remnants"]),
        ("bpm:=126 sort:comment", ["Rez", "Nightcall", "Halcyon"]),
        ("bpm:=126 sort:-comment", ["Nightcall", "Rez", "Halcyon"]),
        # dates
        ("added:2025-07.. sort:added", BY_ARRIVAL),
        ("added:2025-07.. sort:-ad", BY_ARRIVAL[::-1]),
        ("genre:techno sort:added", ["Phylyps", "Halcyon", "Rez", "Remnants", "Fast"]),
        ("genre:techno sort:-added", ["Remnants", "Rez", "Halcyon", "Phylyps", "Fast"]),
        # what the library brings along
        ("energy:>0 sort:energy", ["Remnants", "Thunderdome", "Archangel"]),
        ("energy:>0 sort:-energy", ["Archangel", "Thunderdome", "Remnants"]),
        ("mood:dark | genre:pop sort:-mood sort:-title", ["Teardrop", "Remnants", "Archangel", "Halo"]),
        # limit: cuts after sorting
        ("genre:techno sort:-bpm limit:2", ["Remnants", "Phylyps"]),
        ("limit:2 sort:-bpm genre:techno", ["Remnants", "Phylyps"]),
        ("genre:techno sort:bpm limit:100", BY_TEMPO),
        ("genre:techno limit:1", ["Fast"]),
        # for the whole name, across OR
        ("genre:rock sort:-year | genre:pop", ["Halo", "T.N.T."]),
        ("genre:rock | genre:pop sort:year", ["T.N.T.", "Halo"]),
        ("limit:1 genre:rock sort:year | genre:pop", ["T.N.T."]),
    ],
)  # fmt: skip
def test_order(cache: SampleCache, text: str, titles: list[str]) -> None:
    assert cache.titles(text) == titles
    assert cache.count(text) == len(titles)


def test_no_rating_and_none_sort_alike(cache: SampleCache) -> None:
    up, down = cache.titles("genre:techno sort:rating"), cache.titles("genre:techno sort:-rating")
    assert up[:2] == ["Halcyon", "Remnants"]
    assert down[:2] == ["Remnants", "Halcyon"]


def test_a_seed_is_an_order(cache: SampleCache) -> None:
    friday = cache.titles("shuffle:friday")
    assert cache.titles("shuffle:friday") == friday
    assert set(friday) == EVERYTHING
    assert len({tuple(friday), tuple(cache.titles("shuffle:2")), tuple(cache.titles(""))}) == 3


@pytest.mark.parametrize("seed", ["friday", "1", '"two words"', "Ünïcode", "x" * 200, "caf\udce9"])
def test_arrivals_do_not_reshuffle(cache: SampleCache, half_cache: SampleCache, seed: str) -> None:
    before, after = half_cache.titles(f"shuffle:{seed}"), cache.titles(f"shuffle:{seed}")
    assert [title for title in after if title in before] == before


def test_filters_do_not_reshuffle(cache: SampleCache) -> None:
    everything = cache.titles("shuffle:friday")
    assert cache.titles("genre:techno shuffle:friday") == [t for t in everything if t in TECHNO]
    assert cache.titles("shuffle:friday limit:5") == everything[:5]


def test_shuffled_among_equals(cache: SampleCache) -> None:
    everything = cache.titles("shuffle:friday")
    in_order = sorted(["Halcyon", "Xtal"], key=everything.index)
    in_order += sorted(["Remnants", "Teardrop"], key=everything.index)
    assert cache.titles("year:1992 | year:1998 sort:year shuffle:friday") == in_order


def test_a_shuffle_is_a_term_of_order(cache: SampleCache) -> None:
    assert cache.query("sort:-bpm shuffle:a").order == (Sort("bpm", descending=True), Shuffle("a"))


def test_equal_queries_are_equal(cache: SampleCache) -> None:
    one = cache.query("genre:Techno bpm:120-130 genre:techno | key:8A")
    other = cache.query("k:am OR   bpm:120..130 GENRE:TECHNO")
    assert one == other
    assert hash(one) == hash(other)
