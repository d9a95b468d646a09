"""The journal: what edits leave in it, and what becomes of edits whose mcfs was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.editing.editor import editing
from mcfs.editing.killed_edits import NOT_CHANGED, was_applied
from mcfs.errors import EditRunningError
from mcfs.store import Store
from mcfs.store.edit_lock import edit_lock
from mcfs.store.records import Change, ImportedRow, TrackChange
from tests.cache_access import key_of_file
from tests.imports.mixxx_database import annex, commits, fields_of
from tests.store.cache_contents import query


def _rating(key: str, *values: str) -> TrackChange:
    rows = (_row(key), _row(key, *values))
    return TrackChange(key, {"rating": Change((), values)}, rows[:1], rows[1:])


def _row(key: str, *values: str) -> ImportedRow:
    fields = {"rating": values} if values else {}
    return ImportedRow(key, 1, 7, fields, fields)


def test_an_edit_is_in_the_journal(library: Library, synced: Store) -> None:
    kino, acdc = (key_of_file(synced.cache, file) for file in ("kino.mp3", "acdc.mp3"))
    answers: list[tuple[str, str | None]] = []
    before = commits(library)
    with editing(library, synced) as editor:
        editor.write(
            "import mixxx",
            [_rating(kino, "5"), _rating("nonsense", "1"), _rating(acdc, "4")],
            on_answers=lambda tracks, failures: answers.extend(
                zip([track.annex_key for track in tracks], failures, strict=True)
            ),
            while_committing=lambda: None,
            detail={"database": "/x"},
        )
        editor.write("import tags", [], on_answers=lambda *_: None, while_committing=lambda: None)
    assert commits(library) == before + 1
    assert fields_of(library, "kino.mp3")["rating"] == ["5"]
    assert [(key, failure is None) for key, failure in answers] == [
        (kino, True),
        ("nonsense", False),
        (acdc, True),
    ]
    # The second edit changed nothing, so there is nothing to say about it.
    (edit,) = synced.user.journal.edits()
    assert (edit.command, edit.changed, edit.failed) == ("import mixxx", 2, 1)
    assert edit.detail == {"database": "/x"}
    assert edit.finished_at is not None
    assert edit.started_at <= edit.finished_at
    (some,) = synced.user.journal.applied_tracks(edit.id)
    assert [(track.position, track.change.annex_key, track.change.changes) for track in some] == [
        (0, kino, {"rating": Change((), ("5",))}),
        (2, acdc, {"rating": Change((), ("4",))}),
    ]
    assert synced.user.imported_rows([kino, acdc, "nonsense"]) == {
        kino: [_row(kino, "5")],
        acdc: [_row(acdc, "4")],
    }


def test_values_that_json_cannot_hold_are_refused(library: Library, synced: Store) -> None:
    """git-annex would take them, and write something else."""
    kino = key_of_file(synced.cache, "kino.mp3")
    answers: list[str | None] = []
    with editing(library, synced) as editor:
        editor.write(
            "import mixxx",
            [TrackChange(kino, {"crate": Change((), ("caf\udce9",))})],
            on_answers=lambda _, failures: answers.extend(failures),
            while_committing=lambda: None,
        )
    assert answers == ["git-annex takes no value in JSON that is not UTF-8"]
    assert "crate" not in fields_of(library, "kino.mp3")


def test_git_annex_is_asked_about_changes_of_a_killed_mcfs(library: Library, synced: Store) -> None:
    kino, acdc, last = (
        key_of_file(synced.cache, file) for file in ("kino.mp3", "acdc.mp3", "sakamoto.mp3")
    )
    journal = synced.user.journal
    edit = journal.start("import mixxx", "me")
    before, after = _row(acdc, "2"), _row(acdc)
    synced.user.remember_imported_rows([before])
    emptied = TrackChange(acdc, {"rating": Change(("2",), ())}, (before,), (after,))
    journal.plan(edit, 0, [_rating(kino, "5"), emptied, _rating(last, "3")])
    annex(library, "metadata", "-q", "-s", "rating=5", "kino.mp3")
    with editing(library, synced) as editor:
        assert editor.journal.unfinished() == []
    (known,) = journal.edits()
    assert (known.changed, known.failed) == (2, 1)
    assert query(
        synced.folder / "user.db", "SELECT position, applied, failure FROM edited_track"
    ) == [(0, 1, None), (1, 1, None), (2, 0, NOT_CHANGED)]
    # The record of what imports have seen follows.
    assert synced.user.imported_rows([kino, acdc, last]) == {
        kino: [_row(kino, "5")],
        acdc: [after],
    }


@pytest.mark.parametrize(
    ("current", "applied"),
    [
        ({"rating": ("5",), "crate": ("a", "b")}, True),
        ({"rating": ("3",), "crate": ("a",)}, False),
        ({"rating": ("3",)}, False),
        # Somebody changed one field since.
        ({"rating": ("5",)}, True),
        ({"Rating": ("1",), "crate": ("a", "b")}, True),
        ({"rating": ("1",), "crate": ("a",)}, False),
        # Somebody changed all of them since.
        ({"rating": ("1",), "crate": ("c",)}, True),
    ],
)
def test_a_track_is_changed_or_not(current: dict[str, tuple[str, ...]], applied: bool) -> None:
    changes = {"rating": Change(("3",), ("5",)), "crate": Change(("a",), ("a", "b"))}
    assert was_applied(TrackChange("k", changes), current) is applied


def test_nobody_edits_while_git_annex_still_writes_for_a_killed_mcfs(
    synced: Store, tmp_path: Path
) -> None:
    """A process that inherited the lock stands for that git-annex."""
    script = (
        "import os, subprocess, sys\nfrom pathlib import Path\n"
        "from mcfs.store.edit_lock import edit_lock\n"
        "with edit_lock(Path(sys.argv[1])) as lock:\n"
        "    words = ['sh', '-c', 'sleep 0.5; touch $0', sys.argv[2]]\n"
        "    subprocess.Popen(words, pass_fds=[lock.descriptor])\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    written = tmp_path / "written"
    killed = subprocess.run([sys.executable, "-c", script, str(synced.folder), str(written)])
    assert killed.returncode == -9
    with edit_lock(synced.folder):
        assert written.exists()
        with pytest.raises(EditRunningError, match="another mcfs is editing this library"):
            edit_lock(synced.folder).__enter__()
