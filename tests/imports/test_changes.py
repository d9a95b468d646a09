"""What an import changes of a track: the rule for Mixxx, and the two rules for tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcfs.imports.changes import (
    Changes,
    Fields,
    changes_to_fill,
    changes_to_follow,
    changes_to_overwrite,
    imported_after,
)
from mcfs.store.records import Change


def changed(current: Fields, changes: Changes) -> dict[str, tuple[str, ...]]:
    """The values that git-annex has after these changes."""
    after = {**current, **{name: change.new for name, change in changes.items()}}
    return {name: values for name, values in after.items() if values}


def values(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@pytest.mark.parametrize(
    ("source", "current", "imported", "after"),
    [
        # No value, or the one of the last import.
        ("5", "", "", "5"),
        ("5", "5", "", "5"),
        ("5", "3", "3", "5"),
        ("", "3", "3", ""),
        ("", "", "3", ""),
        # A value that no import wrote stays where Mixxx has none …
        ("", "3", "", "3"),
        ("", "3", "4", "3"),
        ("", "2 3", "3", "2"),
        # … and is replaced by Mixxx's value, because a track has one rating.
        ("5", "3", "", "5"),
        ("5", "3", "5", "5"),
        # But two values that include Mixxx's are kept: the user set both.
        ("5", "3 5", "", "3 5"),
        ("5", "3 5", "5", "3 5"),
        ("5", "3 4", "4", "3 5"),
    ],
)
def test_a_field_of_one_value(source: str, current: str, imported: str, after: str) -> None:
    _follows("rating", source, current, imported, after)


@pytest.mark.parametrize(
    ("source", "current", "imported", "after"),
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
def test_crates(source: str, current: str, imported: str, after: str) -> None:
    _follows("crate", source, current, imported, after)


def _follows(name: str, source: str, current: str, imported: str, after: str) -> None:
    def fields(text: str) -> dict[str, tuple[str, ...]]:
        return {name: values(text)} if text else {}

    changes = changes_to_follow(fields(source), fields(current), fields(imported))
    assert changed(fields(current), changes) == fields(after)
    assert all(change.old != change.new for change in changes.values())
    if source == current:
        assert changes == {}


def test_fields_that_no_import_wrote_are_not_changed() -> None:
    changes = changes_to_follow({"rating": ("5",)}, {"mood": ("dark",), "rating": ("4",)}, {})
    assert changes == {"rating": Change(("4",), ("5",))}


_VALUES = st.sets(st.sampled_from("abcd")).map(lambda some: tuple(sorted(some)))
_ONE = st.sampled_from([(), ("a",), ("b",), ("c",)])


@st.composite
def _fields(draw: st.DrawFn, *, source: bool) -> dict[str, tuple[str, ...]]:
    drawn = {"crate": draw(_VALUES), "rating": draw(_ONE if source else _VALUES)}
    return {name: some for name, some in drawn.items() if some}


@given(_fields(source=True), _fields(source=False), _fields(source=False))
def test_a_second_import_has_nothing_to_do(
    source: Fields, current: Fields, imported: Fields
) -> None:
    after = changed(current, changes_to_follow(source, current, imported))
    ours = imported_after(source, current, imported)
    assert changes_to_follow(source, after, ours) == {}
    # All values of the source are there, and every other value was there before.
    for name, wanted in source.items():
        assert set(wanted) <= set(after[name])
    for name, some in after.items():
        assert set(some) <= {*source.get(name, ()), *current.get(name, ())}


@given(_fields(source=True), _fields(source=False), _fields(source=True))
def test_removed_values_leave_the_values_from_before(
    source: Fields, current: Fields, later: Fields
) -> None:
    """Importing some crates, and then others, gives the same as importing only the others."""
    crates, before = {"crate": source.get("crate", ())}, {"crate": current.get("crate", ())}
    after = changed(before, changes_to_follow(crates, before, {}))
    ours = imported_after(crates, before, {})
    then = {"crate": later["crate"]} if "crate" in later else {}
    last = changed(after, changes_to_follow(then, after, ours))
    assert set(last.get("crate", ())) == {*before["crate"], *then.get("crate", ())}


@given(_fields(source=True), _fields(source=False), _fields(source=False))
def test_an_import_that_was_killed_can_be_run_again(
    source: Fields, current: Fields, imported: Fields
) -> None:
    """Values were recorded and not written, or written and the record not corrected."""
    planned = imported_after(source, current, imported)
    recorded = {
        name: tuple({*imported.get(name, ()), *planned.get(name, ())})
        for name in {*imported, *planned}
    }
    after = changed(current, changes_to_follow(source, current, imported))
    assert changed(current, changes_to_follow(source, current, recorded)) == after
    assert changes_to_follow(source, after, recorded) == {}


def test_tags_fill_empty_fields() -> None:
    source = {"artist": ("Tag",), "title": ("T",), "genre": ("a", "b")}
    current = {"artist": ("Hand",), "mood": ("dark",)}
    assert changes_to_fill(source, current) == {
        "title": Change((), ("T",)),
        "genre": Change((), ("a", "b")),
    }


def test_tags_overwrite_on_request() -> None:
    source = {"artist": ("Tag",), "title": ("T",), "genre": ("a",)}
    current = {"artist": ("Hand",), "title": ("T",), "mood": ("dark",)}
    assert changes_to_overwrite(source, current) == {
        "artist": Change(("Hand",), ("Tag",)),
        "genre": Change((), ("a",)),
    }
