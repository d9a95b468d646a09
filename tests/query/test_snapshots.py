"""`snapshot:NAME`: the tracks of a snapshot, in its order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcfs.errors import QueryError
from mcfs.query import AsTaken, Contains, InSnapshot, Query, all_of, canonical_text, parse
from mcfs.sql import BoundQuery, LookedUp, Members, bind, count_tracks, select_entry, select_tracks
from mcfs.store.known_snapshots import KnownSnapshots
from tests.records import RECORDS, TODAY, SampleCache

KEYS = {r.values["title"][0]: r.annex_key for r in RECORDS if "title" in r.values}
SNAPSHOTS = {
    "Friday": ["Rez", "Halo", "Xtal", "Archangel", "Remnants"],
    "Late set": ["Xtal", "Rez"],
    "10\N{FULLWIDTH QUOTATION MARK} dubs": ["Phylyps"],
    "-odd (one)|two$": ["Halo"],
    "Empty": [],
}
KNOWN = KnownSnapshots(
    "1", frozenset(SNAPSHOTS), lambda name: [KEYS.get(t, t) for t in ["gone", *SNAPSHOTS[name]]]
)


@pytest.fixture(scope="module")
def friday(cache: SampleCache) -> SampleCache:
    """The sample tracks, and some snapshots."""
    return replace(cache, vocabulary=replace(cache.vocabulary, snapshots=KNOWN.names))


def bound(cache: SampleCache, query: Query | str) -> BoundQuery:
    """The query with the tracks of its snapshots."""
    with cache.store.cache.reading() as read:

        def members_of(term: LookedUp) -> Members:
            assert isinstance(term, InSnapshot)
            return KNOWN.members(read, term)

        return bind(cache.query(query) if isinstance(query, str) else query, TODAY, members_of)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("snapshot:Friday", SNAPSHOTS["Friday"]),
        ("snapshot:FRIDAY", SNAPSHOTS["Friday"]),
        ("snapshot=Friday", SNAPSHOTS["Friday"]),
        ("snapshot:=Friday", SNAPSHOTS["Friday"]),
        ('snapshot:="Friday"', SNAPSHOTS["Friday"]),
        ('snapshot:"late set"', ["Xtal", "Rez"]),
        ('snapshot:"-odd (one)|two$"', ["Halo"]),
        ("snapshot:Empty", []),
        # What is asked for besides filters, and keeps the order.
        ("snapshot:Friday bpm:=126", ["Rez"]),
        ("genre:techno snapshot:Friday", ["Rez", "Remnants"]),
        ("snapshot:Friday -genre:techno", ["Halo", "Xtal", "Archangel"]),
        ("snapshot:Friday limit:2", ["Rez", "Halo"]),
        ("snapshot:Friday (genre:techno | title:halo)", ["Rez", "Halo", "Remnants"]),
        # Another order, and other places in a query.
        ("snapshot:Friday sort:title", ["Archangel", "Halo", "Remnants", "Rez", "Xtal"]),
        ("snapshot:Friday sort:-title limit:2", ["Xtal", "Rez"]),
        ('snapshot:"Late set" snapshot:Friday', ["Rez", "Xtal"]),
        ('-snapshot:"Late set" genre:techno', ["Fast", "Halcyon", "Phylyps", "Remnants"]),
        ("snapshot:Empty | snapshot:Friday", ["Archangel", "Halo", "Remnants", "Rez", "Xtal"]),
        ("snapshot:Friday -snapshot:Friday", []),
    ],
)
def test_what_it_finds(friday: SampleCache, text: str, titles: list[str]) -> None:
    query = friday.query(text)
    by_name = not query.order
    found = friday.titles(bound(friday, query))
    assert (sorted(found) if by_name else found) == titles
    assert friday.store.cache.count(bound(friday, query)) == len(titles)
    assert friday.query(canonical_text(query)) == query


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("snapshot:friday", "snapshot:Friday"),
        ('snapshot:"late SET" sort:bpm', 'snapshot:"Late set" sort:bpm'),
        ("snapshot:“10＂ dubs”", 'snapshot:"10＂ dubs"'),
        ("-snapshot:Friday", "-snapshot:Friday"),
    ],
)
def test_canonical_text(friday: SampleCache, text: str, canonical: str) -> None:
    assert canonical_text(friday.query(text)) == canonical
    assert friday.query(canonical) == friday.query(text)


def test_folders_inside_keep_the_order(friday: SampleCache) -> None:
    whole = friday.query("snapshot:Friday limit:4")
    assert friday.titles(bound(friday, whole.refined(friday.query("genre:techno")))) == ["Rez"]
    inside = whole.refined(friday.query("-genre:techno"))
    assert friday.titles(bound(friday, inside)) == ["Halo", "Xtal", "Archangel"]
    by_title = whole.refined(friday.query("sort:-title limit:2"))
    assert friday.titles(bound(friday, by_title)) == ["Xtal", "Rez"]
    other = friday.query("sort:title").refined(friday.query("snapshot:Friday"))
    assert friday.titles(bound(friday, other)) == SNAPSHOTS["Friday"]


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("snapshot:Fridy", 'no snapshot of the name "Fridy"; did you mean "Friday"?', 9),
        ('genre:dub snapshot:"Fri"', 'no snapshot of the name "Fri"; did you mean "Friday"?', 20),
        ("snapshot:late", 'no snapshot of the name "late"; did you mean "Late set"?', 9),
        ("snapshot:2024", 'no snapshot of the name "2024"; `mcfs snapshot list` lists', 9),
        ("snapshot:", "snapshot: needs a value; write for example snapshot:Friday", 9),
        ('snapshot:""', "the name of a snapshot is missing; write for example", 9),
        ("snapshot:=", "the name of a snapshot is missing; write for example", 9),
        ('snapshot:^"Fri"', 'named by its whole name; write snapshot:"Fri"', 9),
        ('snapshot:"Fri"$', 'named by its whole name; write snapshot:"Fri"', 9),
        ("~snapshot:Friday", "`~` means something before bpm and key only", 0),
        ("sort:snapshot", "snapshot: is no field to sort by", 5),
    ],
)
def test_mistakes(friday: SampleCache, text: str, message: str, position: int) -> None:
    with pytest.raises(QueryError) as caught:
        friday.query(text)
    assert message in str(caught.value)
    assert caught.value.position == position


def test_without_snapshots_none_is_found() -> None:
    with pytest.raises(QueryError, match="no snapshot of the name"):
        parse("snapshot:Friday")


def test_a_query_says_no_order_twice() -> None:
    query = Query(all_of(InSnapshot("a"), Contains("genre", "b")), (AsTaken(),))
    assert canonical_text(query) == "genre:b snapshot:a"


@pytest.mark.parametrize("text", ["snapshot:Friday", "genre:techno snapshot:Friday limit:3"])
def test_sqlite_walks_no_table(friday: SampleCache, text: str) -> None:
    query = bound(friday, text)
    with friday.store.cache.reading() as read:
        for compiled in (select_tracks(query), count_tracks(query), select_entry(query, "x")):
            steps = [step for _, step in read.plan(compiled)]
            assert not [s for s in steps if s.startswith("SCAN track")], steps
