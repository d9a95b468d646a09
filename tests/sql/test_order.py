"""In which order, how many, and what a folder inside a folder means."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from mcfs.query import (
    ALL,
    AnnexKeys,
    Cut,
    Not,
    Or,
    Query,
    Shuffle,
    Sort,
    ValueIs,
    all_of,
    hiding_absent,
)
from mcfs.sql import BoundQuery, Members, bind, select_tracks
from mcfs.sql.groups import select_all_values
from mcfs.template import parse_template
from tests.cache_access import select_rows
from tests.query.table import IN_AM, TECHNO
from tests.records import (
    CAFE,
    CAGE,
    EVERYTHING,
    KINO,
    NOT_UTF8,
    ODD,
    RECORDS,
    SAKAMOTO,
    TODAY,
    UNTITLED,
    SampleCache,
)

KEYS = {record.values.get("title", (UNTITLED,))[0]: record.annex_key for record in RECORDS}

BY_TEMPO = ["Halcyon", "Rez", "Phylyps", "Remnants", "Fast"]
BY_TEMPO_DOWN = ["Remnants", "Phylyps", "Rez", "Halcyon", "Fast"]
BY_LENGTH = ["Archangel", "Xtal", "Rez", "Halo", "Teardrop", "Halcyon", CAGE, "Remnants"]
BY_ARRIVAL = ["T.N.T.", "Halo", "Archangel", "Remnants", "Xtal"]
BY_ARTIST = ["Halo", CAFE, CAGE, "Nightcall", "Halcyon", "Remnants"]
OF_ARTISTS = "artist:john|artist:kavinsky|artist:surgeon|artist:orbital|artist:emilie|artist:jay-z"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        # by name, when nothing is said
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


# Terms that no text says.


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        (Query(AnnexKeys(())), set()),
        (Query(AnnexKeys((KEYS["Rez"], KEYS["Halo"], "SHA256E-s1--gone"))), {"Rez", "Halo"}),
        (Query(AnnexKeys((KEYS["Rez"], KEYS[NOT_UTF8]))), {"Rez", NOT_UTF8}),
        (Query(AnnexKeys((KEYS["Rez"], KEYS["Rez"]))), {"Rez"}),
        (Query(Not(AnnexKeys((KEYS["Rez"], KEYS["Halo"])))), EVERYTHING - {"Rez", "Halo"}),
        (Query(Not(AnnexKeys(()))), EVERYTHING),
        (Query(all_of(AnnexKeys(tuple(KEYS.values())), AnnexKeys((KEYS["Rez"],)))), {"Rez"}),
        (Query(AnnexKeys(("'; DROP TABLE track;--", "%", "\0"))), set()),
        (Query(Cut(ALL)), EVERYTHING),
        (Query(Cut(Query(AnnexKeys((KEYS["Rez"],)), limit=5))), {"Rez"}),
        (Query(order=(Sort("bpm", descending=True),), limit=1), {"Thunderdome"}),
        (Query(Cut(Query(order=(Sort("bpm", descending=True),), limit=1))), {"Thunderdome"}),
        (
            Query(Not(Cut(Query(order=(Sort("bpm", descending=True),), limit=1)))),
            EVERYTHING - {"Thunderdome"},
        ),
        (
            Query(Or(frozenset({
                Cut(Query(order=(Sort("bpm", descending=True),), limit=1)),
                Cut(Query(order=(Sort("year"),), limit=1)),
            }))),
            {"Thunderdome", CAGE},
        ),
    ],
)  # fmt: skip
def test_terms_without_a_text(cache: SampleCache, query: Query, titles: set[str]) -> None:
    assert set(cache.titles(query)) == titles
    assert cache.count(query) == len(titles)


def test_a_snapshot_of_a_large_library(cache: SampleCache) -> None:
    """More keys than SQLite has variables."""
    gone = tuple(f"SHA256E-s1--{number}" for number in range(100_000))
    assert cache.titles(Query(AnnexKeys((*gone, KEYS["Rez"])))) == ["Rez"]


def _ids(cache: SampleCache, *titles: str) -> list[int]:
    """The ids of tracks in the store."""
    bound = cache.bound(Query(AnnexKeys(tuple(KEYS[title] for title in titles))))
    return [row.id for row in select_rows(cache.store.cache, select_tracks(bound))]


GENRE = parse_template("{{ genre }}")


def _bound(query: Query, members: Mapping[ValueIs, Members]) -> BoundQuery:
    return bind(query, TODAY, members.__getitem__)


def test_a_value_by_tracks(cache: SampleCache) -> None:
    ids = json.dumps(_ids(cache, "Rez", "Halo"))
    value = ValueIs(GENRE, "x")
    members = {value: Members("tracks", ids)}
    both = Query(all_of(value, cache.query("artist:beyonce").where))
    assert set(cache.titles(_bound(Query(value), members))) == {"Rez", "Halo"}
    assert set(cache.titles(_bound(Query(Not(value)), members))) == EVERYTHING - {"Rez", "Halo"}
    assert cache.titles(_bound(both, members)) == ["Halo"]


def test_a_value_inside_a_cut(cache: SampleCache) -> None:
    value = ValueIs(GENRE, "x")
    members = {value: Members("tracks", json.dumps(_ids(cache, "Rez", "Halo")))}
    cut = Query(value, (Sort("bpm", descending=True),), limit=1)
    assert cache.titles(_bound(cut.refined(ALL), members)) == ["Rez"]


def test_a_value_by_stored_values(cache: SampleCache) -> None:
    with cache.store.cache.reading() as read:
        rows = read.select(select_all_values(("genre",)))
    ids = json.dumps([row[0] for row in rows if row[1] in ("Pop", "Rock")])
    value, unknown = ValueIs(GENRE, "x"), ValueIs(GENRE, "unknown")
    members = {value: Members("values", ids), unknown: Members("values", "[]", ("genre",))}
    without = {UNTITLED, CAGE} | ODD
    assert set(cache.titles(_bound(Query(value), members))) == {"Halo", "T.N.T."}
    assert set(cache.titles(_bound(Query(unknown), members))) == without
    assert set(cache.titles(_bound(Query(Not(unknown)), members))) == EVERYTHING - without


def test_a_value_of_as_many_tracks_as_there_are(cache: SampleCache) -> None:
    ids = json.dumps(list(range(1, 200_000)))
    value = ValueIs(GENRE, "x")
    assert set(cache.titles(_bound(Query(value), {value: Members("tracks", ids)}))) == EVERYTHING


def test_a_value_is_its_template_and_text() -> None:
    """However the template is spelled."""
    one = ValueIs(parse_template("{{ bpm | round_to(5) }}"), "130")
    other = ValueIs(parse_template("{{bpm|round_to(5.0)}}"), "130")
    assert one == other
    assert hash(one) == hash(other)


def test_a_shuffle_is_a_term_of_order(cache: SampleCache) -> None:
    assert cache.query("sort:-bpm shuffle:a").order == (Sort("bpm", descending=True), Shuffle("a"))


def test_equal_questions_are_equal(cache: SampleCache) -> None:
    one = cache.query("genre:Techno bpm:120-130 genre:techno | key:8A")
    other = cache.query("k:am OR   bpm:120..130 GENRE:TECHNO")
    assert one == other
    assert hash(one) == hash(other)


def test_the_key_of_a_folder_is_not_its_spelling(cache: SampleCache) -> None:
    assert set(cache.titles(cache.query("key:8A").refined(cache.query("key:1m")))) == IN_AM
    assert SAKAMOTO not in cache.titles("key:8A")
