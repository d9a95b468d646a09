"""What is to be changed of a track: the rule of imports from Mixxx, and the two of tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.imports.changes import (
    Change,
    Changes,
    Fields,
    filled,
    followed,
    remembered,
    replaced,
)


def changed(held: Fields, changes: Changes) -> dict[str, tuple[str, ...]]:
    """What git-annex has afterwards."""
    after = {**held, **{name: change.new for name, change in changes.items()}}
    return {name: values for name, values in after.items() if values}


def values(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@pytest.mark.parametrize(
    ("said", "held", "imported", "after"),
    [
        # Of one value.
        ("5", "", "", "5"),
        ("5", "5", "", "5"),
        ("5", "3", "3", "5"),
        ("", "3", "3", ""),
        ("", "", "3", ""),
        # Somebody else's value stays where Mixxx has none …
        ("", "3", "", "3"),
        ("", "3", "4", "3"),
        ("", "2 3", "3", "2"),
        # … and gives way to Mixxx's, for a track has one rating;
        ("5", "3", "", "5"),
        ("5", "3", "5", "5"),
        # but who gave it two of a field wanted two.
        ("5", "3 5", "", "3 5"),
        ("5", "3 5", "5", "3 5"),
        ("5", "3 4", "4", "3 5"),
    ],
)
def test_a_field_of_one_value(said: str, held: str, imported: str, after: str) -> None:
    _follows("rating", said, held, imported, after)


@pytest.mark.parametrize(
    ("said", "held", "imported", "after"),
    [
        ("a b", "", "", "a b"),
        ("a b", "a b", "", "a b"),
        ("a", "a b", "a b", "a"),
        ("a c", "a b", "a b", "a c"),
        ("", "a b", "a b", ""),
        ("a", "a b", "a", "a b"),
        ("a", "b", "", "a b"),
        ("", "b", "a", "b"),
        ("", "a b", "", "a b"),
        ("a", "", "a", "a"),
    ],
)
def test_crates(said: str, held: str, imported: str, after: str) -> None:
    _follows("crate", said, held, imported, after)


def _follows(name: str, said: str, held: str, imported: str, after: str) -> None:
    def fields(text: str) -> dict[str, tuple[str, ...]]:
        return {name: values(text)} if text else {}

    changes = followed(fields(said), fields(held), fields(imported))
    assert changed(fields(held), changes) == fields(after)
    assert all(change.old != change.new for change in changes.values())
    if said == held:
        assert changes == {}


def test_fields_that_nobody_imported_are_not_touched() -> None:
    changes = followed({"rating": ("5",)}, {"mood": ("dark",), "rating": ("4",)}, {})
    assert changes == {"rating": Change(("4",), ("5",))}


_VALUES = st.sets(st.sampled_from("abcd")).map(lambda some: tuple(sorted(some)))
_ONE = st.sampled_from([(), ("a",), ("b",), ("c",)])


@st.composite
def _fields(draw: st.DrawFn, *, source: bool) -> dict[str, tuple[str, ...]]:
    drawn = {"crate": draw(_VALUES), "rating": draw(_ONE if source else _VALUES)}
    return {name: some for name, some in drawn.items() if some}


@given(_fields(source=True), _fields(source=False), _fields(source=False))
def test_a_second_import_has_nothing_to_do(said: Fields, held: Fields, imported: Fields) -> None:
    after = changed(held, followed(said, held, imported))
    ours = remembered(said, held, imported)
    assert followed(said, after, ours) == {}
    # What was written is there, and the rest is what was there and nobody here wrote.
    for name, wanted in said.items():
        assert set(wanted) <= set(after[name])
    for name, some in after.items():
        assert set(some) <= {*said.get(name, ()), *held.get(name, ())}


@given(_fields(source=True), _fields(source=False), _fields(source=True))
def test_what_is_taken_back_leaves_what_was_before(
    said: Fields, held: Fields, later: Fields
) -> None:
    """Crates: an import of some, then one of others, is as if the first had never been."""
    crates, before = {"crate": said.get("crate", ())}, {"crate": held.get("crate", ())}
    after = changed(before, followed(crates, before, {}))
    ours = remembered(crates, before, {})
    then = {"crate": later["crate"]} if "crate" in later else {}
    last = changed(after, followed(then, after, ours))
    assert set(last.get("crate", ())) == {*before["crate"], *then.get("crate", ())}


@given(_fields(source=True), _fields(source=False), _fields(source=False))
def test_an_import_that_was_killed_can_be_run_again(
    said: Fields, held: Fields, imported: Fields
) -> None:
    """It was remembered and not written, or written and not remembered to the end."""
    planned = remembered(said, held, imported)
    noted = {
        name: tuple({*imported.get(name, ()), *planned.get(name, ())})
        for name in {*imported, *planned}
    }
    after = changed(held, followed(said, held, imported))
    assert changed(held, followed(said, held, noted)) == after
    assert followed(said, after, noted) == {}


def test_tags_fill_what_is_empty() -> None:
    said = {"artist": ("Tag",), "title": ("T",), "genre": ("a", "b")}
    held = {"artist": ("Hand",), "mood": ("dark",)}
    assert filled(said, held) == {
        "title": Change((), ("T",)),
        "genre": Change((), ("a", "b")),
    }


def test_tags_replace_where_they_are_to() -> None:
    said = {"artist": ("Tag",), "title": ("T",), "genre": ("a",)}
    held = {"artist": ("Hand",), "title": ("T",), "mood": ("dark",)}
    assert replaced(said, held) == {
        "artist": Change(("Hand",), ("Tag",)),
        "genre": Change((), ("a",)),
    }
