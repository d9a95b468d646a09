"""Taking back what an edit has changed; git-annex says what came of it."""

from __future__ import annotations

import random
import subprocess
from typing import Any

import pytest

from mcfs.annex.library import Library
from mcfs.annex.read_metadata import read_metadata
from mcfs.editing.chosen_edits import choose_edit, taken_back_by
from mcfs.editing.editor import editing
from mcfs.editing.undo import (
    ChangedSince,
    NotTakenBack,
    TakenBack,
    UndoEvent,
    UndoResult,
    changes_back,
    undo,
)
from mcfs.errors import NoSuchEditError
from mcfs.store import Store
from mcfs.store.records import Change, ImportedRow, TrackChange
from tests.cache_access import key_of_file
from tests.imports.mixxx_database import annex, commits, fields_of
from tests.prerequisites import git_annex_environment

FILES = ("kino.mp3", "acdc.mp3", "sakamoto.mp3", "orbital.mp3")
FIELDS = ("rating", "crate", "mood", "Größe")

Model = dict[str, dict[str, tuple[str, ...]]]


def edit(library: Library, store: Store, changes: list[TrackChange]) -> int:
    """Make these changes; returns the number of the edit."""
    with editing(library, store) as editor:
        editor.write("test", changes, on_answers=lambda *_: None, while_committing=lambda: None)
    return store.user.journal.edits()[0].id


def take_back(library: Library, store: Store, number: int | None = None, **how: Any) -> UndoResult:
    """Undo an edit, or the newest."""
    with editing(library, store) as editor:
        chosen = choose_edit(store.user.journal, number)
        return undo(editor, store.user, chosen, **how)


@pytest.mark.parametrize(
    ("old", "new", "now", "back"),
    [
        ("", "5", "5", ""),
        ("3", "5", "5", "3"),
        ("3", "", "", "3"),
        ("a", "a b", "a b", "a"),
        # Somebody has taken it back already.
        ("3", "5", "3", None),
        # Somebody has changed it since.
        ("3", "5", "4", "since"),
        ("3", "5", "", "since"),
        # Others have changed other values.
        ("", "a", "a b", "b"),
        ("a", "b", "b c", "a c"),
        ("a b", "", "c", "a b c"),
        # One of the values that were changed is not as the edit left it.
        ("a", "b", "a b", "since"),
        ("a", "b", "c", "since"),
        # Somebody has taken it back, and changed other values.
        ("a", "b", "a c", None),
    ],
)
def test_a_field_is_taken_back_if_nobody_changed_it_since(
    old: str, new: str, now: str, back: str | None
) -> None:
    def values(text: str) -> tuple[str, ...]:
        return tuple(text.split())

    # A track has one title and many moods.
    for name in ("Mood", "Title"):
        track = TrackChange("k", {name: Change(values(old), values(new))})
        changes, since = changes_back(track, {name.lower(): values(now), "other": ("x",)})
        is_exact = now in (old, new)
        if back == "since" or (name == "Title" and not is_exact):
            assert changes == {}
            assert since == [ChangedSince("k", name, values(old), values(new), values(now))]
        else:
            expected = {} if back is None else {name: Change(values(now), values(back))}
            assert (changes, since) == (expected, [])


def test_an_edit_and_its_undo(library: Library, synced: Store) -> None:
    kino, acdc = (key_of_file(synced.cache, file) for file in FILES[:2])
    before = {file: fields_of(library, file) for file in FILES}

    def row(key: str, **values: str | None) -> ImportedRow:
        seen = {name: None if text is None else (text,) for name, text in values.items()}
        return ImportedRow(key, 1, 7, seen, {n: v for n, v in seen.items() if v is not None})

    synced.user.remember_imported_rows([row(acdc, bpm="127")])
    number = edit(
        library,
        synced,
        [
            TrackChange(
                kino,
                {"rating": Change((), ("5",)), "genre": Change(("рок",), ("a", "b"))},
                (row(kino, rating=None, genre=None),),
                (row(kino, rating="5", genre="a"),),
            ),
            TrackChange(
                acdc,
                {"comment": Change((), ("x",)), "bpm": Change(("127",), ())},
                (row(acdc, bpm="127"),),
                (row(acdc, comment="x"),),
            ),
        ],
    )
    annex(library, "metadata", "-q", "-s", "comment=y", "acdc.mp3")
    seen: list[UndoEvent] = []
    result = take_back(library, synced, dry_run=True, on_event=seen.append)
    since = ChangedSince(acdc, "comment", (), ("x",), ("y",))
    assert seen == [
        TakenBack(kino, {"rating": Change(("5",), ()), "genre": Change(("a", "b"), ("рок",))}),
        since,
        TakenBack(acdc, {"bpm": Change((), ("127",))}),
    ]
    assert (result.taken_back, result.changed_since, result.success) == (2, [since], False)
    assert fields_of(library, "kino.mp3")["rating"] == ["5"]
    assert len(synced.user.journal.edits()) == 1

    committed = commits(library)
    result = take_back(library, synced)
    assert (result.taken_back, result.changed_since) == (2, [since])
    assert commits(library) == committed + 1
    assert fields_of(library, "kino.mp3") == before["kino.mp3"]
    assert fields_of(library, "acdc.mp3") == before["acdc.mp3"] | {"comment": ["y"]}
    # So is what imports have seen, except for the field that stayed.
    assert synced.user.imported_rows([kino, acdc]) == {
        kino: [row(kino, rating=None, genre=None)],
        acdc: [row(acdc, bpm="127", comment="x")],
    }

    # A second time there is nothing to do; and an undo can be taken back.
    result = take_back(library, synced, number)
    assert (result.taken_back, result.already, result.changed_since) == (0, 1, [since])
    newest, _ = synced.user.journal.edits()
    assert (newest.command, newest.undoes) == (f"undo {number}", number)
    with pytest.raises(NoSuchEditError, match="there is no edit to take back"):
        take_back(library, synced)
    assert take_back(library, synced, newest.id).taken_back == 2
    assert fields_of(library, "kino.mp3")["genre"] == ["a", "b"]
    assert "bpm" not in fields_of(library, "acdc.mp3")
    assert synced.user.imported_rows([kino, acdc]) == {
        kino: [row(kino, rating="5", genre="a")],
        acdc: [row(acdc, comment="x")],
    }
    assert taken_back_by(synced.user.journal.edits()) == {newest.id: newest.id + 1}
    assert choose_edit(synced.user.journal, None).id == number


def test_which_edit_is_meant(library: Library, synced: Store) -> None:
    journal = synced.user.journal
    with pytest.raises(NoSuchEditError, match="there is no edit 1; to list them: mcfs edits"):
        choose_edit(journal, 1)
    kino = key_of_file(synced.cache, "kino.mp3")
    first = edit(library, synced, [TrackChange(kino, {"rating": Change((), ("5",))})])
    # An edit that git-annex refused has changed nothing.
    edit(library, synced, [TrackChange("nonsense", {"rating": Change((), ("5",))})])
    assert choose_edit(journal, None).id == first
    assert choose_edit(journal, None, "test").id == first
    with pytest.raises(NoSuchEditError, match="there is no mcfs import mixxx to take back"):
        choose_edit(journal, None, "import mixxx")


@pytest.mark.parametrize("how", ["killed", "refused"])
def test_an_undo_that_was_done_in_part_is_continued(
    library: Library, synced: Store, how: str
) -> None:
    """Not the edit before it is taken back by the next undo, which names none."""
    kino, acdc = (key_of_file(synced.cache, file) for file in FILES[:2])
    edit(library, synced, [TrackChange(kino, {"mood": Change((), ("older",))})])
    changed = {"crate": Change((), ("x",))}
    number = edit(library, synced, [TrackChange(kino, changed), TrackChange(acdc, changed)])
    journal = synced.user.journal
    part = journal.start(f"undo {number}", "me", undoes=number)
    journal.plan(part, 0, [TrackChange(kino, {"crate": Change(("x",), ())})])
    annex(library, "metadata", "-q", "-r", "crate", "kino.mp3")
    if how == "refused":
        journal.plan(part, 1, [TrackChange(acdc, {"crate": Change(("x",), ())})])
        journal.settle(part, [0], {1: "no"})
        journal.finish(part)
    result = take_back(library, synced)
    assert (result.edit.id, result.taken_back, result.already) == (number, 1, 1)
    for file in FILES[:2]:
        assert "crate" not in fields_of(library, file)
    assert fields_of(library, "kino.mp3")["mood"] == ["older"]
    assert take_back(library, synced).edit.id == number - 1


def test_a_track_whose_file_is_gone(library: Library, synced: Store) -> None:
    kino = key_of_file(synced.cache, "kino.mp3")
    edit(library, synced, [TrackChange(kino, {"genre": Change(("рок",), ("x",))})])
    for words in (["git", "rm", "-q", "kino.mp3"], ["git", "commit", "-qm", "gone"]):
        subprocess.run(words, cwd=library.top, env=git_annex_environment(library.top), check=True)
    assert take_back(library, synced).taken_back == 1
    assert read_metadata(library, [kino])[kino]["genre"] == ("рок",)


def test_a_value_from_before_that_json_cannot_hold(library: Library, synced: Store) -> None:
    kino = key_of_file(synced.cache, "kino.mp3")
    edit(library, synced, [TrackChange(kino, {"crate": Change(("caf\udce9",), ("x",))})])
    result = take_back(library, synced)
    assert result.failed == [
        NotTakenBack(kino, "git-annex takes no value in JSON that is not UTF-8")
    ]
    assert not result.success


class ModelOfEdits:
    """What git-annex must have after edits, undos, and changes by others."""

    def __init__(self, start: Model) -> None:
        self.fields: Model = {key: dict(fields) for key, fields in start.items()}

    def now(self, key: str, name: str) -> tuple[str, ...]:
        return self.fields[key].get(name.casefold(), ())

    def set(self, key: str, name: str, values: tuple[str, ...]) -> None:
        self.fields[key][name.casefold()] = values

    def draw_edit(self, draw: random.Random) -> list[TrackChange]:
        """Random changes of some tracks."""
        changes = []
        for key in draw.sample(sorted(self.fields), draw.randint(1, 3)):
            fields = {}
            for name in draw.sample(FIELDS, draw.randint(1, 2)):
                new = tuple(sorted(draw.sample(("a", "B", "c d", "é"), draw.randrange(3))))
                if (old := self.now(key, name)) != new:
                    fields[name] = Change(old, new)
                    self.set(key, name, new)
            if fields:
                changes.append(TrackChange(key, fields))
        return changes

    def undo(self, changes: list[TrackChange]) -> tuple[list[TrackChange], list[tuple[str, str]]]:
        """What an undo changes of these changes, and the fields that somebody changed since."""
        taken, since = [], []
        for track in changes:
            back = {}
            for name, change in track.changes.items():
                now = self.now(track.annex_key, name)
                # All that was added is there, and nothing that was removed; or the reverse.
                changed = set(change.old) ^ set(change.new)
                states = {(value in now) == (value in change.new) for value in changed}
                if now == change.old or (states == {False} and name != "rating"):
                    continue
                if now == change.new or (states == {True} and name != "rating"):
                    kept = {value for value in now if value not in changed}
                    restored = tuple(sorted(kept | (set(change.old) & changed)))
                    back[name] = Change(now, restored)
                    self.set(track.annex_key, name, restored)
                else:
                    since.append((track.annex_key, name))
            if back:
                taken.append(TrackChange(track.annex_key, back))
        return taken, since


def test_random_edits_and_undos_against_a_model(library: Library, synced: Store) -> None:
    """Edits by mcfs, changes by others, and the undo of any edit, also of an undo."""
    draw = random.Random(2)
    keys = {file: key_of_file(synced.cache, file) for file in FILES}
    model = ModelOfEdits(read_metadata(library, keys.values()))
    made: dict[int, list[TrackChange]] = {}
    for _ in range(25):
        match draw.choice(("edit", "edit", "undo", "other")):
            case "edit":
                if changes := model.draw_edit(draw):
                    made[edit(library, synced, changes)] = changes
            case "other":
                file = draw.choice(FILES)
                annex(library, "metadata", "-q", "-s", "mood=else", file)
                model.set(keys[file], "mood", ("else",))
            case "undo" if made:
                number = draw.choice(sorted(made))
                result = take_back(library, synced, number)
                taken, since = model.undo(made[number])
                assert [(one.annex_key, one.field) for one in result.changed_since] == since
                if taken:
                    made[synced.user.journal.edits()[0].id] = taken
        assert read_metadata(library, keys.values()) == {
            key: {name: values for name, values in fields.items() if values}
            for key, fields in model.fields.items()
        }


def test_all_edits_taken_back_leave_the_library_as_it_was(library: Library, synced: Store) -> None:
    keys = [key_of_file(synced.cache, file) for file in FILES]
    start: Model = read_metadata(library, keys)
    draw = random.Random(3)
    model: Model = {key: dict(fields) for key, fields in start.items()}
    for _ in range(5):
        changes = []
        for key in keys:
            name = draw.choice(FIELDS)
            old = model[key].get(name.casefold(), ())
            new = (draw.choice("xyz"),)
            if old != new:
                changes.append(TrackChange(key, {name: Change(old, new)}))
                model[key][name.casefold()] = new
        edit(library, synced, changes)
    for _ in range(5):
        assert take_back(library, synced).success
    assert read_metadata(library, keys) == start
    with pytest.raises(NoSuchEditError):
        take_back(library, synced)
