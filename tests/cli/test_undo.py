"""`mcfs edits`, `mcfs undo` and `mcfs import … --undo`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.store import Store
from mcfs.store.records import Change, TrackChange
from tests.cache_access import key_of_file
from tests.cli.running import CommandRunner
from tests.imports.mixxx_database import MixxxDatabase, annex, fields_of


@pytest.fixture
def mixxx(tmp_path: Path) -> MixxxDatabase:
    """A database of Mixxx 2.3 without tracks."""
    return MixxxDatabase(tmp_path / "mixxxdb.sqlite")


def test_an_import_is_listed_and_taken_back(
    mcfs: CommandRunner, library: Library, synced: Store, mixxx: MixxxDatabase
) -> None:
    result = mcfs("edits")
    assert (result.code, result.out) == (0, "")
    assert result.err == "mcfs: no edits: mcfs has not changed any metadata here\n"
    result = mcfs("undo")
    assert (result.code, result.err.count("there is no edit to take back")) == (2, 1)

    mixxx.add(library.top / "kino.mp3", ("Some",), rating=4, datetime_added=None)
    mixxx.add(library.top / "acdc.mp3", ("Some",), datetime_added=None)
    before = {file: fields_of(library, file) for file in ("kino.mp3", "acdc.mp3")}
    assert mcfs("import", "mixxx", "--db", str(mixxx.path)).code == 0
    after = fields_of(library, "kino.mp3")
    headings, line = mcfs("edits").lines
    assert headings.split() == ["edit", "when", "by", "what", "result"]
    assert line.strip().startswith("1  just now")
    assert line.endswith("import mixxx  2 tracks")
    lines = mcfs("edits", "1").lines
    assert lines[1].endswith("import mixxx  2 tracks")
    start = lines.index("kino.mp3")
    assert sorted(lines[start + 1 : start + 3]) == [
        "  crate: (none) → Some",
        "  rating: (none) → 4",
    ]

    result = mcfs("undo", "--dry-run")
    assert result.code == 0
    assert "  rating: 4 → (none)" in result.lines
    assert result.lines[-1] == "would take back import mixxx (edit 1): 2 tracks"
    assert fields_of(library, "kino.mp3") == after

    annex(library, "metadata", "-q", "-s", "rating=5", "kino.mp3")
    result = mcfs("import", "mixxx", "--undo")
    assert result.code == 3
    assert result.err == (
        "mcfs: not taken back kino.mp3: rating was changed since, to 5; "
        "the edit had changed it from (none) to 4\n"
    )
    assert result.lines == [
        "took back import mixxx (edit 1): 2 tracks, 1 field changed since",
    ]
    assert fields_of(library, "kino.mp3") == before["kino.mp3"] | {"rating": ["5"]}
    assert fields_of(library, "acdc.mp3") == before["acdc.mp3"]
    # The mounts and queries know it, too.
    assert mcfs("search", "crate:some").lines == []

    edits = json.loads(mcfs("edits", "--json").out)
    assert [(edit["edit"], edit["command"], edit["undoes"]) for edit in edits] == [
        (2, "undo 1", 1),
        (1, "import mixxx", None),
    ]
    assert edits[1]["taken_back_by"] == 2
    assert mcfs("undo", "2").code == 0
    assert fields_of(library, "acdc.mp3")["crate"] == ["Some"]


def test_json(mcfs: CommandRunner, library: Library, synced: Store, mixxx: MixxxDatabase) -> None:
    mixxx.add(library.top / "kino.mp3", rating=4, datetime_added=None)
    mcfs("import", "mixxx", "--db", str(mixxx.path))
    key = key_of_file(synced.cache, "kino.mp3")
    shown = json.loads(mcfs("edits", "1", "--json").out)
    assert shown["detail"] == {"database": str(mixxx.path)}
    assert shown["tracks"] == [
        {
            "file": "kino.mp3",
            "annex_key": key,
            "applied": True,
            "failure": None,
            "fields": {"rating": {"old": [], "new": ["4"]}},
        }
    ]
    annex(library, "metadata", "-q", "-s", "rating=5", "kino.mp3")
    result = mcfs("undo", "--json")
    assert result.code == 3
    assert json.loads(result.out) == {
        "edit": 1,
        "command": "import mixxx",
        "dry_run": False,
        "taken_back": 0,
        "already": 0,
        "changed_since": [
            {"annex_key": key, "field": "rating", "old": [], "new": ["4"], "now": ["5"]}
        ],
        "failed": [],
        "success": False,
    }


def test_an_edit_of_a_killed_mcfs_is_known_when_it_is_listed(
    mcfs: CommandRunner, library: Library, synced: Store
) -> None:
    journal = synced.user.journal
    kino, acdc = (key_of_file(synced.cache, file) for file in ("kino.mp3", "acdc.mp3"))
    killed = journal.start("import tags", "me")
    changes = {"mood": Change((), ("dark",))}
    journal.plan(killed, 0, [TrackChange(kino, changes), TrackChange(acdc, changes)])
    annex(library, "metadata", "-q", "-s", "mood=dark", "kino.mp3")
    assert mcfs("edits").lines[1].endswith("import tags  1 track, 1 failed, interrupted")
    assert mcfs("edits", "1").lines[2:] == [
        "kino.mp3",
        "  mood: (none) → dark",
        "acdc.mp3 (not changed: mcfs ended before git-annex had changed it)",
        "  mood: (none) → dark",
    ]
    assert mcfs("import", "tags", "--undo").lines == ["took back import tags (edit 1): 1 track"]
    assert "mood" not in fields_of(library, "kino.mp3")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["undo", "7"], "there is no edit 7; to list them: mcfs edits"),
        (["edits", "7"], "there is no edit 7; to list them: mcfs edits"),
        (["import", "tags", "--undo"], "there is no mcfs import tags to take back"),
        (["import", "mixxx", "--undo", "x"], "--undo takes back a whole import"),
        (["undo", "0"], "0 is not in the range"),
    ],
)
def test_wrong_command_lines(mcfs: CommandRunner, words: list[str], sentence: str) -> None:
    result = mcfs(*words)
    assert result.code == 2
    assert sentence in result.err
