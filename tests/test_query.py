"""The language: what a text parses to, its canonical form, and what is said of a text that means nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.errors import QueryError
from mcfs.query import (
    ALL,
    Between,
    Contains,
    Equals,
    Query,
    Term,
    format,
    parse,
    starts_like_query,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("genre:techno", [Contains("genre", "techno")]),
        ("GENRE:Techno", [Contains("genre", "techno")]),
        ('title:"a b"', [Contains("title", "a b")]),
        ('title:"a b', [Contains("title", "a b")]),
        ("artist:AC\\DC", [Contains("artist", "ac/dc")]),
        ("artist:AC∕DC", [Contains("artist", "ac/dc")]),
        ("title:12:30", [Contains("title", "12:30")]),
        ("title:(live)", [Contains("title", "(live)")]),
        ("genre:=Techno", [Equals("genre", "techno")]),
        ("genre=Techno", [Equals("genre", "techno")]),
        ("bpm:120", [Between("bpm", 120, 120)]),
        ("bpm:126,5", [Between("bpm", 126.5, 126.5)]),
        ("bpm:120-130", [Between("bpm", 120, 130)]),
        ("bpm=120-130", [Between("bpm", 120, 130)]),
        ("bpm:120..130", [Between("bpm", 120, 130)]),
        ("bpm:120..", [Between("bpm", 120, None)]),
        ("bpm:..120", [Between("bpm", None, 120)]),
        ("rating:>=4", [Between("rating", 4, None)]),
        ("rating:>4", [Between("rating", 4, None, low_open=True)]),
        ("year:<=1999", [Between("year", None, 1999)]),
        ("year:<1999", [Between("year", None, 1999, high_open=True)]),
        ("genre:dub  genre:dub", [Contains("genre", "dub")]),
        ("genre:dub bpm:140", [Contains("genre", "dub"), Between("bpm", 140, 140)]),
    ],
)
def test_parse(text: str, terms: list[Term]) -> None:
    assert parse(text) == Query(frozenset(terms))


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("gnere:techno", 0, 'unknown field "gnere"; did you mean "genre"?'),
        ("bpm:12x", 4, '"12x" is no number; write for example bpm:120, bpm:120-130 or bpm:>=120'),
        ("genre:dub bpm:130-120", 14, "this range is the wrong way round; write bpm:120-130"),
        ("genre:", 6, "nothing is asked of genre; write for example genre:word"),
        ("rating:", 7, "nothing is asked of rating; write for example rating:120, "),
        ("genre:dub loud", 10, '"loud" names no field; write for example title:loud'),
        ("genre:" + "x" * 5000, 0, "a query may have 4096 bytes; write a shorter one"),
        ("genre:a " * 101, 0, "a query may have 100 terms; write fewer"),
    ],
)
def test_an_error_says_where_and_what_to_write(text: str, position: int, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.position == position
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "is_query"),
    [
        ("genre:techno", True),
        ("genre=techno", True),
        ("genre:", True),
        ("Genre:techno", True),
        ("gnere:techno", False),
        ("genre", False),
        ("HEAD", False),
        (".hidden", False),
        ("*.mp3", False),
        ("12:30", False),
    ],
)
def test_only_what_begins_with_a_known_field_is_a_query(name: str, is_query: bool) -> None:
    assert starts_like_query(name) is is_query


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("genre:techno bpm:120-130", "bpm:120..130   GENRE:Techno"),
        ("rating:4..", "rating:>=4"),
    ],
)
def test_two_spellings_are_one_query(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert format(parse(one)) == format(parse(other))


TEXTS = st.text(st.characters(exclude_characters='"', codec="utf-8"), min_size=1).filter(str.strip)
NUMBERS = st.integers(0, 10**9).map(float) | st.integers(0, 10**6).map(lambda n: n / 64)


@st.composite
def queries(draw: st.DrawFn) -> str:
    def term() -> str:
        match draw(st.integers(0, 3)):
            case 0:
                return f'genre:"{draw(TEXTS)}"'
            case 1:
                return f'artist:="{draw(TEXTS)}"'
            case 2:
                return f"bpm:{draw(st.sampled_from(['', '<', '>', '<=', '>=']))}{draw(NUMBERS):.6f}"
            case _:
                low, high = sorted([draw(NUMBERS), draw(NUMBERS)])
                return f"year:{low:.6f}..{high:.6f}"

    return " ".join(term() for _ in range(draw(st.integers(0, 5))))


@given(queries())
def test_the_canonical_text_means_the_same(text: str) -> None:
    query = parse(text)
    assert parse(format(query)) == query


@given(st.text())
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert parse(format(query)) == query


def test_refining_is_both() -> None:
    assert parse("genre:dub").refined(parse("bpm:140")) == parse("genre:dub bpm:140")
    assert ALL.refined(ALL) == ALL
