"""What an import changes of a track: the two rules for tags."""

from __future__ import annotations

from mcfs.imports.changes import changes_to_fill, changes_to_overwrite
from mcfs.store.records import Change


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
