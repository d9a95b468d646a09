"""Gestures of mounts: git-annex, the journal and the store after each, and what goes wrong on the way."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.annex.process import environment
from mcfs.editing.chosen_edits import choose_edit, edits_since
from mcfs.editing.editor import editing
from mcfs.editing.undo import undo
from mcfs.editing.value_changes import ValueEdit
from mcfs.errors import (
    BulkEditError,
    EditFailedError,
    EditRunningError,
    LibraryError,
    McfsError,
)
from mcfs.store import Store, open_store
from mcfs.store.edit_lock import edit_lock
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from tests.cache_access import generation_of, get_track, key_of_file
from tests.editing.gestures import editing_mount, gesture, metadata_of_all, put, take
from tests.imports.mixxx_database import annex, commits, fields_of
from tests.mounts import wait_until
from tests.store.cache_contents import query

FILES = ("kino.mp3", "acdc.mp3", "sakamoto.mp3", "orbital.mp3", "beyonce.mp3", "white/a.mp3")


def keys_of(store: Store) -> list[str]:
    return [key_of_file(store.cache, file) for file in FILES]


def crates(store: Store, key: str) -> tuple[str, ...]:
    track = get_track(store.cache, key)
    assert track is not None
    return track.values.get("crate", ())


def test_after_a_gesture_git_annex_the_store_and_the_journal_have_it(
    library: Library, synced: Store
) -> None:
    kino, acdc, *_ = keys_of(synced)
    before = commits(library)
    start = generation_of(synced.cache).counter
    with editing_mount(library, synced) as editor:
        outcome = editor.apply(put(kino, "AC/DC"))
        assert {k: dict(v)["crate"].new for k, v in outcome.changed.items()} == {kino: ("AC/DC",)}
        assert crates(synced, kino) == ("AC/DC",)
        assert generation_of(synced.cache).counter == start + 1
        # In any spelling the value is there already.
        assert editor.apply(put(kino, "ac/dc")).changed == {}
        assert generation_of(synced.cache).counter == start + 1
        editor.apply(put(kino, "Peak", out_of="ac/DC"))
        # A single-valued field; and two fields of one track at once.
        editor.apply(gesture("mv", (acdc, ValueEdit("rating", added=("5",), replaces=True))))
        both = (ValueEdit("crate", ("Peak",)), ValueEdit("rating", added=("4",), replaces=True))
        moved = replace(put(kino, ""), tracks=(replace(put(kino, "").tracks[0], edits=both),))
        editor.apply(moved)
        assert commits(library) == before
    assert commits(library) == before + 1
    assert fields_of(library, "acdc.mp3")["rating"] == ["5"]
    assert fields_of(library, "kino.mp3")["rating"] == ["4"]
    assert "crate" not in fields_of(library, "kino.mp3")
    # A sync finds nothing that the store does not have.
    report = sync(library, synced)
    assert (report.kind, report.changed) == (SyncKind.DIFFERENCE, 0)
    (edit,) = synced.user.journal.edits()
    assert (edit.command, edit.made_by, edit.changed) == ("ln -s x crate/AC/DC/", "dj", 4)
    assert [made.words for made in synced.user.journal.gestures(edit.id)] == [
        "ln -s x crate/AC/DC/",
        "mv crate/ac/DC/x crate/Peak/",
        "mv",
        "ln -s x crate//",
    ]


def test_writers_at_once_against_a_model(library: Library, synced: Store) -> None:
    """Two mounts of four threads, each with crates of its own; then everything is taken back."""
    keys = keys_of(synced)
    start = metadata_of_all(library)
    before = commits(library)
    model = {key: set(fields.get("crate", ())) for key, fields in start.items()}
    mutex = threading.Lock()

    def work(number: int) -> None:
        draw = random.Random(number)
        mine = [f"{number} {letter}" for letter in "ab"]
        editor = editors[number % 2]
        for _ in range(8):
            key, crate = draw.choice(keys), draw.choice(mine)
            other = mine[crate == mine[0]]
            kind = draw.choice(("put", "move", "take"))
            with mutex:
                if kind == "take":
                    model[key].discard(crate)
                else:
                    model[key].add(crate)
                if kind == "move":
                    model[key].discard(other)
            match kind:
                case "put":
                    editor.apply(put(key, crate))
                case "move":
                    editor.apply(put(key, crate, out_of=other))
                case _:
                    editor.apply(take(key, crate))
            # The thread that made the gesture sees what came of it.
            assert (crate in crates(synced, key)) == (kind != "take")

    with (
        open_store(synced.folder) as second,
        editing_mount(library, synced) as one,
        editing_mount(library, second) as other,
    ):
        editors = (one, other)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
    after = metadata_of_all(library)
    assert {key: set(fields.get("crate", ())) for key, fields in after.items()} == model
    assert commits(library) <= before + 2
    stored = {key: get_track(synced.cache, key) for key in keys}
    sync(library, synced, full=True)
    assert {key: get_track(synced.cache, key) for key in keys} == stored
    journal = synced.user.journal
    assert all(edit.finished_at for edit in journal.edits())
    with editing(library, synced) as editor:
        for chosen in edits_since(journal, min(edit.started_at for edit in journal.edits())):
            assert undo(editor, synced.user, chosen.edit).success
    assert metadata_of_all(library) == start


def test_an_undo_takes_back_what_was_done_before_it(library: Library, synced: Store) -> None:
    """Also while the mount has not ended its burst; what comes after is another edit."""
    kino, acdc, *_ = keys_of(synced)
    with editing_mount(library, synced) as editor:
        editor.apply(put(kino, "A"))
        editor.apply(put(kino, "B", out_of="A"))
        with editing(library, synced) as writer:
            edit = choose_edit(synced.user.journal, None)
            assert (edit.finished_at, edit.changed) == (None, 2)
            assert undo(writer, synced.user, edit).success
        assert "crate" not in fields_of(library, "kino.mp3")
        editor.apply(put(acdc, "C"))
    newest, _, oldest = synced.user.journal.edits()
    assert (newest.command, oldest.was_interrupted) == ("ln -s x crate/C/", False)
    with editing(library, synced) as writer:
        assert undo(writer, synced.user, choose_edit(synced.user.journal, None)).success
    assert "crate" not in fields_of(library, "acdc.mp3")


def test_since_divides_a_burst(library: Library, synced: Store) -> None:
    kino, acdc, *_ = keys_of(synced)
    journal = synced.user.journal
    with editing_mount(library, synced) as editor:
        editor.apply(put(kino, "A"))
        editor.apply(put(acdc, "A"))
    (edit,) = journal.edits()
    moment = journal.gestures(edit.id)[1].made_at
    (chosen,) = edits_since(journal, moment)
    assert chosen.first == 1
    with editing(library, synced) as writer:
        assert undo(writer, synced.user, chosen.edit, first=chosen.first).taken_back == 1
    assert fields_of(library, "kino.mp3")["crate"] == ["A"]
    assert "crate" not in fields_of(library, "acdc.mp3")
    # The first gesture can still be taken back.
    assert choose_edit(journal, None).id == edit.id


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_git_annex_dies_between_gestures(
    library: Library, synced: Store, how: signal.Signals
) -> None:
    kino, acdc, *_ = keys_of(synced)
    before = commits(library)
    with editing_mount(library, synced) as editor:
        editor.apply(put(kino, "A"))
        _kill_children(how)
        editor.apply(put(acdc, "A"))
    assert commits(library) == before + 1
    assert fields_of(library, "kino.mp3")["crate"] == ["A"]
    assert fields_of(library, "acdc.mp3")["crate"] == ["A"]


def _kill_children(how: signal.Signals) -> None:
    for children in Path("/proc/self/task").glob("*/children"):
        # A thread, or a process, may end meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            for pid in map(int, children.read_text().split()):
                if b"git-annex" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, how)


# Answers the questions as git-annex does, and then one change: not at all, with garbage, for another key.
_LIAR = """#!/bin/sh
exec {python} -c '
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["fields"]:
        {then}
    print(json.dumps(dict(key=request["key"], success=True, fields=dict())), flush=True)
' "$@"
"""


@pytest.mark.parametrize(
    ("then", "sentence"),
    [
        ("sys.exit(1)", "git-annex metadata failed: it ended"),
        ('print("garbage", flush=True); continue', "git-annex answered b'garbage"),
        ('request["key"] = "SHA256E-s1--0.mp3"', "answered about SHA256E-s1--0.mp3 instead of"),
    ],
)
def test_a_git_annex_that_lies_changes_nothing_by_half(
    library: Library,
    synced: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
    sentence: str,
) -> None:
    kino, *_ = keys_of(synced)
    liar = tmp_path / "bin" / "git-annex"
    liar.parent.mkdir()
    liar.write_text(_LIAR.format(python=sys.executable, then=then))
    liar.chmod(0o755)
    path = environment()["PATH"]
    with editing_mount(library, synced) as editor:
        monkeypatch.setitem(environment(), "PATH", f"{liar.parent}{os.pathsep}{path}")
        with pytest.raises(EditFailedError, match=sentence):
            editor.apply(put(kino, "A"))
        monkeypatch.setitem(environment(), "PATH", path)
    (edit,) = synced.user.journal.edits()
    assert (edit.changed, edit.failed) == (0, 1)
    assert "crate" not in fields_of(library, "kino.mp3")


def test_while_somebody_else_edits(
    library: Library, synced: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kino, *_ = keys_of(synced)
    monkeypatch.setattr("mcfs.editing.gesture_editor._PATIENCE", 0.1)
    with editing_mount(library, synced) as editor:
        with edit_lock(synced.folder), pytest.raises(EditRunningError, match="another mcfs is ed"):
            editor.apply(put(kino, "A"))
        editor.apply(put(kino, "B"))
        # A mount that has nothing to write is in nobody's way, and its burst is not taken for a dead one.
        with editing(library, synced):
            assert synced.user.journal.unfinished() != []
    assert crates(synced, kino) == ("B",)


def test_a_commit_that_fails_loses_nothing(library: Library, synced: Store) -> None:
    kino, *_ = keys_of(synced)
    problems: list[str] = []
    lock = library.common_dir / "refs" / "heads" / "git-annex.lock"
    with editing_mount(library, synced, problems.append) as editor:
        editor.apply(put(kino, "A"))
        lock.touch()
    lock.unlink()
    (problem,) = problems
    assert "git-annex.lock" in problem
    assert problem.endswith("are in git-annex's journal, and its next command commits them")
    assert fields_of(library, "kino.mp3")["crate"] == ["A"]


def test_a_journal_that_cannot_be_written_stops_the_gesture(
    library: Library, synced: Store
) -> None:
    kino, *_ = keys_of(synced)
    with editing_mount(library, synced) as editor:
        synced.user.close()
        user_db = synced.folder / "user.db"
        kept = user_db.read_bytes()
        user_db.write_bytes(b"no database" * 1000)
        with pytest.raises(McfsError, match=r"user\.db"):
            editor.apply(put(kino, "A"))
        synced.user.close()
        user_db.write_bytes(kept)
        assert "crate" not in fields_of(library, "kino.mp3")
        editor.apply(put(kino, "B"))
    assert fields_of(library, "kino.mp3")["crate"] == ["B"]


def test_a_library_that_is_gone(library: Library, synced: Store, tmp_path: Path) -> None:
    kino, *_ = keys_of(synced)
    gone = replace(library, top=tmp_path / "gone")
    with (
        editing_mount(gone, synced) as editor,
        pytest.raises(LibraryError, match="gone is not there"),
    ):
        editor.apply(put(kino, "A"))
    assert synced.user.journal.edits() == []
    with pytest.raises(EditFailedError, match="this mount is ending"):
        editor.apply(put(kino, "A"))


def test_some_tracks_of_a_gesture_fail(library: Library, synced: Store) -> None:
    kino, acdc, *_ = keys_of(synced)
    annex(library, "metadata", "-q", "-s", "mood=x", "kino.mp3")
    edit = ValueEdit("crate", added=("A",))
    bad = ValueEdit("crate", added=("caf\udce9",))
    with editing_mount(library, synced) as editor:
        outcome = editor.apply(gesture("mv crate/a crate/b", (kino, edit), (acdc, bad)))
        assert (list(outcome.changed), list(outcome.failed)) == ([kino], [acdc])
        with pytest.raises(EditFailedError, match="not UTF-8"):
            editor.apply(gesture("ln -s x y", (acdc, bad)))
    assert fields_of(library, "kino.mp3")["crate"] == ["A"]


def test_values_that_are_not_utf8_are_kept(library: Library, synced: Store) -> None:
    """git-annex's JSON does not say what they are, so a field that has one stays as it is."""
    kino, *_ = keys_of(synced)
    annex(library, "metadata", "-q", "-s", "comment=caf\udce9", "kino.mp3")
    with editing_mount(library, synced) as editor:
        editor.apply(put(kino, "A"))
        with pytest.raises(EditFailedError, match="not UTF-8"):
            editor.apply(gesture("ln", (kino, ValueEdit("comment", ("x",), ("y",)))))
    track = get_track(synced.cache, kino)
    assert track is not None
    assert track.values["comment"] == ("caf\udce9",)


def test_many_removals_stop(library: Library, synced: Store) -> None:
    kino, *_ = keys_of(synced)
    removals = [take(f"MD5E-s1--{number}.mp3", "A") for number in range(101)]
    with editing_mount(library, synced) as editor, ThreadPoolExecutor(20) as pool:
        results = [pool.submit(editor.apply, removal) for removal in removals]
        errors = [result.exception() for result in results]
        assert sum(isinstance(error, BulkEditError) for error in errors) == 1
        with pytest.raises(BulkEditError, match="mount with --edit-bulk"):
            editor.apply(take(kino, "A"))
        # Other gestures go on.
        editor.apply(put(kino, "A"))
    with editing_mount(library, synced, allows_bulk=True) as editor:
        assert editor.apply(take(kino, "A")).changed
        for removal in removals[:3]:
            editor.apply(removal)


def test_a_begun_value_is_kept_until_a_track_has_it(library: Library, synced: Store) -> None:
    kino, *_ = keys_of(synced)
    with editing_mount(library, synced) as editor:
        for value in ("Peak", "Warm up", "Ende"):
            editor.begin_value("crate", value)
        editor.begin_value("crate", "Peak")
        assert editor.empty_values("crate") == ["Ende", "Peak", "Warm up"]
        assert editor.empty_values("genre") == []
        assert editor.end_value("crate", "Ende")
        assert not editor.end_value("crate", "Ende")
        editor.apply(put(kino, "peak"))
        editor.apply(take(kino, "Peak"))
        assert editor.empty_values("crate") == ["Warm up"]
    annex(library, "metadata", "-q", "-s", "crate=warm up", "kino.mp3")
    sync(library, synced)
    with editing_mount(library, synced) as editor:
        assert editor.empty_values("crate") == []
    assert query(synced.folder / "user.db", "SELECT * FROM begun_value") == []


def test_when_added_is_taken_away_the_location_log_says_it(library: Library, synced: Store) -> None:
    kino, *_ = keys_of(synced)
    with editing_mount(library, synced) as editor:
        for values in (("2001-02-03",), ("2002-02-03",), ()):
            editor.apply(gesture("mv", (kino, ValueEdit("added", added=values, replaces=True))))
            stored = get_track(synced.cache, kino)
            assert sync(library, synced).changed == 0
            sync(library, synced, full=True)
            assert get_track(synced.cache, kino) == stored


_KILLED = """
import os, sys
from pathlib import Path
from mcfs.annex.library import open_library
from mcfs.store import open_store
from tests.editing.gestures import editing_mount, put

library = open_library(Path(sys.argv[1]))
with open_store(library.store_dir) as store, editing_mount(library, store) as editor:
    for number in range(10_000):
        for key in sys.argv[2:]:
            editor.apply(put(key, f"{number}"))
            print(key, number, flush=True)
"""


def _nothing_is_unfinished(library: Library, store: Store) -> bool:
    with editing(library, store):
        return store.user.journal.unfinished() == []


def test_a_mount_that_is_killed_loses_and_doubles_nothing(library: Library, synced: Store) -> None:
    """What was answered is there; what was not is there or not, and the journal knows which."""
    draw = random.Random(1)
    keys = keys_of(synced)[:3]
    start = metadata_of_all(library)
    for _ in range(3):
        known = metadata_of_all(library)
        words = [sys.executable, "-c", _KILLED, str(library.top), *keys]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as mount:
            assert mount.stdout is not None
            answered = [mount.stdout.readline().split() for _ in range(draw.randint(1, 12))]
            mount.kill()
            answered += [line.split() for line in mount.stdout]
        # The git-annex of the killed mount may take a moment to end.
        wait_until(lambda: _nothing_is_unfinished(library, synced))
        now = metadata_of_all(library)
        for key, crate in answered:
            assert crate in now[key]["crate"]
        edit = synced.user.journal.edits()[0]
        assert edit.was_interrupted
        # The journal has exactly the changes that were made.
        for key in keys:
            added = [
                track.change.changes["crate"].new
                for some in synced.user.journal.applied_tracks(edit.id)
                for track in some
                if track.change.annex_key == key
            ]
            have = known[key].get("crate", [])
            assert sorted(now[key].get("crate", [])) == sorted(added[-1] if added else have)
        with editing(library, synced) as writer:
            assert undo(writer, synced.user, edit).success
        assert metadata_of_all(library) == start


def test_a_library_that_cannot_be_written(library: Library, synced: Store, tmp_path: Path) -> None:
    """A store elsewhere, as of a library of somebody else: git-annex says what is wrong."""
    kino, *_ = keys_of(synced)
    journal = library.common_dir / "annex" / "journal"
    shutil.rmtree(journal, ignore_errors=True)
    journal.write_text("in the way")
    with editing_mount(library, synced) as editor, pytest.raises(EditFailedError):
        editor.apply(put(kino, "A"))
    journal.unlink()
    assert "crate" not in fields_of(library, "kino.mp3")
    assert all(edit.changed == 0 for edit in synced.user.journal.edits())
