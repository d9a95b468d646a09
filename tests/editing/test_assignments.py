"""`crate+=Peak`: how it is read, and what is wrong with what is refused."""

from __future__ import annotations

import pytest

from mcfs.editing.assignments import is_assignment, read_assignments
from mcfs.editing.value_changes import ValueEdit
from mcfs.errors import TextError
from mcfs.fields import Vocabulary

VOCABULARY = Vocabulary(discovered=frozenset({"mood", "released"}), dates=frozenset({"released"}))


@pytest.mark.parametrize(
    ("words", "edits"),
    [
        ("crate+=Peak", [ValueEdit("crate", added=("Peak",))]),
        ("crate+=a crate-=b g-=Techno", [
            ValueEdit("crate", ("b",), ("a",)),
            ValueEdit("genre", ("Techno",)),
        ]),
        ("crate=a crate=b crate=a", [ValueEdit("crate", added=("a", "b"), replaces=True)]),
        ("crate=", [ValueEdit("crate", replaces=True)]),
        ("r=5", [ValueEdit("rating", added=("5",), replaces=True)]),
        # A field of one value has room for no other.
        ("rating+=5", [ValueEdit("rating", added=("5",), replaces=True)]),
        ("rating=0", [ValueEdit("rating", replaces=True)]),
        ("bpm=126", [ValueEdit("bpm", added=("126.00",), replaces=True)]),
        ("key=8A", [ValueEdit("key", added=("8A",), replaces=True)]),
        ("year=1998-06-30", [ValueEdit("year", added=("1998-06-30",), replaces=True)]),
        ("duration=3:30", [ValueEdit("duration", added=("210",), replaces=True)]),
        ("color=ff8000", [ValueEdit("color", added=("#FF8000",), replaces=True)]),
        ("added=2026-11-28", [ValueEdit("added", added=("2026-11-28",), replaces=True)]),
        ("tracknumber=3/12", [ValueEdit("tracknumber", added=("3/12",), replaces=True)]),
        ("Mood+=a=b", [ValueEdit("mood", added=("a=b",))]),
        ("meta.Nuovo=x", [ValueEdit("meta.nuovo", added=("x",), replaces=True)]),
    ],
)  # fmt: skip
def test_what_is_written(words: str, edits: list[ValueEdit]) -> None:
    assert list(read_assignments(words.split(), VOCABULARY)) == edits


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rating=9", '"9" is no rating; write rating=4, a number from 1 to 5'),
        ("bpm=fast", '"fast" is no bpm; write bpm=126 or bpm=126.5'),
        ("key=Q", '"Q" is no key; write key=8A or key=Am'),
        ("year=19", '"19" is no year; write year=1998 or year=1998-06-30'),
        ("duration=long", '"long" is no duration; write duration=3:30 or duration=210'),
        ("color=red", '"red" is no color; write color=#FF8000'),
        ("released=soon", '"soon" is no released; write released=2026-11-28'),
        ("tracknumber=x", '"x" is no tracknumber; write tracknumber=3'),
        ("crate+=", "there is no value; write crate=word"),
        ("crate-=", "there is no value to take away; write rating=5"),
        ("gnere=x", 'unknown field "gnere"; did you mean "genre"? For a new field write meta.gnere='),
        ("size=3", "size is not metadata, so it cannot be changed"),
        ("any=x", "any is not metadata"),
        ("location=x", "location is not metadata"),
        ("crate=a crate+=b", "crate cannot have new values and keep some of the old ones"),
        ("crate-=a crate=b", "crate cannot have new values"),
        ("rating=4 rating=5", "a track has one rating; write rating= once"),
        ("crate=a bpm:3", '"bpm:3" changes nothing; write rating=5, crate+=Peak'),
        ("meta.a/b=x", '"meta.a/b=x" changes nothing'),
        ("meta.é=x", 'git-annex has no field "é"'),
    ],
)  # fmt: skip
def test_what_is_refused(words: str, message: str) -> None:
    with pytest.raises(TextError) as raised:
        read_assignments(words.split(), VOCABULARY)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("genre=a", True),
        ("g-=a", True),
        ("genre:=a", False),
        ("bpm>=3", False),
        ("-genre=a", False),
    ],
)
def test_which_words_are_assignments(word: str, expected: bool) -> None:
    assert is_assignment(word) is expected
