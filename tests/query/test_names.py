"""Which folder names can be queries, and the aliases of fields."""

from __future__ import annotations

import pytest

from mcfs.errors import QueryError
from mcfs.fields import Vocabulary
from mcfs.query import ALL, parse, starts_like_query
from tests.records import SampleCache


@pytest.mark.parametrize(
    ("name", "is_query"),
    [
        ("genre:techno", True),
        ("Genre:techno", True),
        ("genre=techno", True),
        ("g:techno", True),
        ("mood:dark", True),
        ("НАСТРОЕНИЕ:грусть", True),
        ("meta.size:huge", True),
        ("any:dark any:psy", True),
        ('"dark psy"', True),
        ("-genre:techno", True),
        ("~bpm:120", True),
        ("(genre:techno | genre:house)", True),
        ("sort:-bpm", True),
        ("limit:50", True),
        ("shuffle:friday", True),
        # what file managers, shells and programs look for
        ("gnere:techno", False),
        ("genre", False),
        ("dark psy", False),
        ("HEAD", False),
        (".hidden", False),
        (".Trash-1000", False),
        ("*.mp3", False),
        ("12:30", False),
        ("http://example.org", False),
        ("file://x", False),
        ("libsoup-3.0.so.0", False),
        ("Jay-Z", False),
        ("=techno", False),
        (":techno", False),
        ("", False),
    ],
)
def test_names_that_begin_like_a_query(cache: SampleCache, name: str, is_query: bool) -> None:
    assert starts_like_query(name, cache.vocabulary) is is_query


@pytest.mark.parametrize("name", ["mood:dark", "meta.mood:dark"])
def test_an_unknown_field_begins_no_query(name: str) -> None:
    assert not starts_like_query(name)
    assert starts_like_query(name, Vocabulary(frozenset({"mood"})))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a", "artist"), ("albumartist", "albumartist"), ("album_artist", "albumartist"),
        ("aa", "albumartist"), ("t", "title"), ("al", "album"), ("g", "genre"), ("cp", "composer"),
        ("gr", "grouping"), ("cm", "comment"), ("crate", "crate"), ("lo", "location"),
        ("file", "location"), ("dir", "directory"), ("ext", "type"), ("any", "any"),
    ],
)  # fmt: skip
def test_aliases_of_text(written: str, name: str) -> None:
    assert parse(f"{written}:x") == parse(f"{name}:x") == parse(f"{written.upper()}:x")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("b", "bpm"), ("r", "rating"), ("y", "year"), ("track", "tracknumber"), ("tr", "tracknumber"),
        ("timesplayed", "played"), ("du", "duration"), ("ad", "added"), ("dateadded", "added"),
        ("date_added", "added"), ("datetime_added", "added"), ("lastchanged", "changed"),
    ],
)  # fmt: skip
def test_aliases_of_numbers_and_dates(written: str, name: str) -> None:
    assert parse(f"{written}:>2000") == parse(f"{name}:>2000") == parse(f"{written.title()}:>2000")


def test_a_field_whose_own_name_begins_with_meta() -> None:
    vocabulary = Vocabulary(frozenset({"meta.x"}))
    with pytest.raises(QueryError, match=r'did you mean "meta\.meta\.x"\?'):
        parse("meta.x:a", vocabulary)
    assert parse("meta.meta.x:a", vocabulary) != ALL
