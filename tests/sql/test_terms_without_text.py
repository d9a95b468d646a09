"""Terms that no query text can express: annex keys, cuts, and values of templates."""

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
    Sort,
    ValueIs,
    all_of,
)
from mcfs.sql import BoundQuery, LookedUp, Members, bind, select_tracks
from mcfs.sql.groups import select_all_values
from mcfs.template import parse_template
from tests.cache_access import select_rows
from tests.records import (
    CAGE,
    EVERYTHING,
    NOT_UTF8,
    ODD,
    RECORDS,
    TODAY,
    UNTITLED,
    SampleCache,
)

KEYS = {record.values.get("title", (UNTITLED,))[0]: record.annex_key for record in RECORDS}


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
    return bind(query, TODAY, dict[LookedUp, Members](members.items()).__getitem__)


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
