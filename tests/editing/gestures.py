"""Gestures for tests, and what git-annex has after them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from mcfs.annex.library import Library
from mcfs.editing.gesture_editor import GestureEditor, gesture_editor
from mcfs.editing.gestures import Gesture, TrackEdit
from mcfs.editing.value_changes import ValueEdit
from mcfs.store import Store
from mcfs.sync.edited_tracks import update_edited_tracks
from tests.imports.mixxx_database import annex

# File → folded field → values.
Metadata = dict[str, dict[str, list[str]]]


@contextmanager
def editing_mount(
    library: Library,
    store: Store,
    on_problem: Callable[[str], None] | None = None,
    *,
    allows_bulk: bool = False,
) -> Iterator[GestureEditor]:
    """The editor that a mount has. Without `on_problem` there must be none."""
    problems: list[str] = []
    with gesture_editor(
        library,
        store,
        partial(update_edited_tracks, library, store),
        on_problem=on_problem or problems.append,
        allows_bulk=allows_bulk,
    ) as editor:
        yield editor
    assert problems == []


def gesture(
    words: str, *edits: tuple[str, ValueEdit], user: str = "dj", is_unlink: bool = False
) -> Gesture:
    """A gesture that changes some tracks, by their keys."""
    tracks = tuple(TrackEdit(key, (edit,)) for key, edit in edits)
    return Gesture(words, words.rsplit(maxsplit=1)[-1], user, tracks, is_unlink)


def put(key: str, crate: str, *, out_of: str | None = None) -> Gesture:
    """`mv crate/OUT_OF/x crate/CRATE/`, or a link into that folder."""
    removed = () if out_of is None else (out_of,)
    words = f"mv crate/{out_of}/x crate/{crate}/" if out_of else f"ln -s x crate/{crate}/"
    return gesture(words, (key, ValueEdit("crate", removed, (crate,))))


def take(key: str, crate: str) -> Gesture:
    """`rm crate/CRATE/x`."""
    return gesture(f"rm crate/{crate}/x", (key, ValueEdit("crate", (crate,))), is_unlink=True)


def metadata_of_all(library: Library) -> Metadata:
    """What git-annex says about every file."""
    found = {}
    for line in annex(library, "metadata", "--json").splitlines():
        row = json.loads(line)
        found[row["key"]] = {
            name.casefold(): sorted(values)
            for name, values in row["fields"].items()
            if "lastchanged" not in name
        }
    return found
