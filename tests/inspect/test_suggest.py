"""What to write instead of a query that finds nothing."""

from __future__ import annotations

import itertools
import time

import pytest

from mcfs.inspect.suggest import suggest_term, values_before
from mcfs.query import parse
from mcfs.store import Store
from tests.records import SampleCache


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
