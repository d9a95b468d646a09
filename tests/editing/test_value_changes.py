"""What happens to the values of a track."""

from __future__ import annotations

import pytest

from mcfs.editing.value_changes import ValueEdit, value_changes

HAS = {"crate": ("Café", "Peak"), "album_artist": ("Various",), "rating": ("3",)}


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        (ValueEdit("crate", added=("New",)), {"crate": ("Café", "New", "Peak")}),
        # In any spelling it is there already, or is taken away.
        (ValueEdit("crate", added=("peak", "cafe")), {}),
        (ValueEdit("crate", ("PEAK",)), {"crate": ("Café",)}),
        (ValueEdit("crate", ("peak",), ("peak",)), {"crate": ("Café", "peak")}),
        (ValueEdit("crate", ("gone",)), {}),
        (ValueEdit("crate", ("Peak",), ("Late",)), {"crate": ("Café", "Late")}),
        (ValueEdit("crate", added=("x", "y"), replaces=True), {"crate": ("x", "y")}),
        (ValueEdit("crate", replaces=True), {"crate": ()}),
        (ValueEdit("rating", added=("5",), replaces=True), {"rating": ("5",)}),
        (ValueEdit("rating", added=("3",), replaces=True), {}),
        (ValueEdit("mood", added=("Dark",)), {"mood": ("Dark",)}),
        # Of the two annex fields of one field, that which the track has.
        (ValueEdit("albumartist", added=("X",)), {"album_artist": ("Various", "X")}),
        (ValueEdit("albumartist", ("various",), ("X",)), {"album_artist": ("X",)}),
        (ValueEdit("meta.Rating", added=("9",)), {"rating": ("3", "9")}),
    ],
)
def test_one_edit(edit: ValueEdit, after: dict[str, tuple[str, ...]]) -> None:
    changes = value_changes([edit], HAS)
    assert {name: change.new for name, change in changes.items()} == after
    assert all(change.old == HAS.get(name, ()) for name, change in changes.items())


def test_edits_follow_each_other() -> None:
    edits = [ValueEdit("crate", added=("a",)), ValueEdit("crate", ("A",), ("b",))]
    assert value_changes(edits, {})["crate"].new == ("b",)
    assert value_changes([edits[0], ValueEdit("crate", ("a",))], {}) == {}
