"""What to write instead of a query that finds nothing."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mcfs.inspect.suggest import suggest_term, values_before
from mcfs.query import parse
from mcfs.store import Store
from tests.records import RECORDS, SampleCache, cache_of


@pytest.fixture
def store(cache: SampleCache) -> Store:
    """The store with the sample tracks."""
    return cache.store


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("genre:tehno", "genre:techno"),
        ("genre:=tehno", "genre:=techno"),
        ("genre:TEHNO", "genre:techno"),
        ("genre:=ambeint", "genre:=ambient"),
        ("title:remants", "title:remnants"),
        ("remants", "any:remnants"),
        ('artist:"basic chanel"', 'artist:"basic channel"'),
        ('artist:="basic chanel"', 'artist:="basic channel"'),
        ("mood:drak", "mood:dark"),
        ("genre:^tehno", "genre:^techno"),
        ("genre:tehno$", "genre:techno$"),
        ("title:+remants", "title:+remnants"),
        ('in:"basic chanel"', 'in:"basic channel"'),
        ('in:"surgeon/force + from"', 'in:"surgeon/force + form"'),
        # a part of what is there
        ("genre:=techn", "genre:=techno"),
        ("genre:=tech", "genre:tech"),
        ("title:+remn", "title:remn"),
        ("genre:^ech", "genre:ech"),
        ("in:surg", "directory:surg"),
        # fields that are searched together
        ('albumartist:"masive attack"', 'albumartist:"massive attack"'),
        ("composer:dvorrak", "composer:dvorak"),
        # only the term that finds nothing is corrected
        ("genre:techno artist:surgon", "artist:surgeon"),
        ("genre:tehno | genre:xyz", "genre:techno"),
        ("bpm:999 genre:tehno", "genre:techno"),
        ("sort:bpm limit:5 genre:tehno", "genre:techno"),
        ("(genre:techno | (bpm:5 genre:ambeint)) year:1999", "genre:ambient"),
        # no suggestion
        ("genre:zzzzzz", None),
        ("genre:techno artist:orbital bpm:999", None),
        ("bpm:999", None),
        ("-genre:tehno", None),
        ("", None),
    ],
)
def test_instead(store: Store, text: str, instead: str | None) -> None:
    with store.cache.reading() as read:
        assert suggest_term(parse(text, read.vocabulary()), read) == instead


def test_a_suggestion_is_not_waited_for(store: Store) -> None:
    with store.cache.reading() as read:
        assert suggest_term(parse("genre:tehno"), read, patience=-1) is None


def test_looking_ends_at_the_deadline() -> None:
    assert len(list(values_before(time.monotonic() + 0.01, itertools.repeat("techno")))) > 0


def test_a_sign_may_have_been_meant_as_text(tmp_path: Path) -> None:
    record = replace(RECORDS[0], values={"artist": ("$uicideboy$",), "title": ("^_^",)})
    with cache_of(tmp_path, [record]) as cache, cache.store.cache.reading() as read:
        assert suggest_term(cache.query("artist:$uicideboy$"), read) == 'artist:"$uicideboy$"'
        assert suggest_term(cache.query("title:^_^"), read) == 'title:"^_^"'
