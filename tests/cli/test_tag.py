"""`mcfs tag`, and undo and list of what was done by gestures."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from mcfs.annex.library import Library
from mcfs.store import Store
from tests.cache_access import key_of_file
from tests.cli.running import CommandRunner
from tests.editing.gestures import editing_mount, metadata_of_all, put, take
from tests.imports.mixxx_database import commits, fields_of


def test_tag_shows_changes_asks_and_is_taken_back(
    mcfs: CommandRunner, library: Library, synced: Store
) -> None:
    start = metadata_of_all(library)
    words = ["rating:>=4", "crate+=Peak", "rating=5"]
    shown = [
        "best of/orbital again.mp3",
        "  crate: (none) → Peak",
        "  rating: 4 → 5",
    ]
    result = mcfs("tag", *words, "--dry-run")
    assert (result.code, result.err) == (0, "")
    place = result.lines.index(shown[0])
    assert result.lines[place : place + 3] == shown
    assert result.lines[-1] == "would change 3 tracks"
    # Without a terminal nobody can be asked.
    result = mcfs("tag", *words)
    assert (result.code, result.lines[place : place + 3]) == (2, shown)
    assert result.err == "mcfs: nothing was changed; to change it without a question: --yes\n"
    assert metadata_of_all(library) == start

    before = commits(library)
    result = mcfs("tag", "--yes", *words)
    assert (result.code, result.lines) == (0, ["changed 3 tracks"])
    assert commits(library) == before + 1
    assert fields_of(library, "orbital.mp3")["rating"] == ["5"]
    assert len(mcfs("search", "crate:=peak", "--format", "paths").lines) == 3
    result = mcfs("tag", "--yes", "crate:=peak", "crate+=PEAK")
    assert (result.code, result.lines) == (0, ["changed 0 tracks, 3 already so"])
    assert mcfs("snapshot", "take", "Set", "crate:=peak").code == 0
    result = mcfs("tag", "--dry-run", "snapshot:Set", "genre+=Sung")
    assert (result.code, result.lines[-1]) == (0, "would change 3 tracks")
    shown_edit = json.loads(mcfs("edits", "--json").out)
    assert [(edit["command"], edit["detail"]) for edit in shown_edit] == [
        ("tag crate+=Peak rating=5", {"query": "rating:>=4"})
    ]
    assert mcfs("tag", "--undo").lines == ["took back tag crate+=Peak rating=5 (edit 1): 3 tracks"]
    assert metadata_of_all(library) == start


def test_tag_in_a_terminal_and_as_json(
    mcfs: CommandRunner, library: Library, synced: Store
) -> None:
    words = ("tag", "title:halcyon", "meta.mood=dark")
    screen = mcfs.in_terminal(*words, columns=100, types="y\n")
    assert "best of/orbital again.mp3\n  mood: (none) → dark\nChange 1 track? [y/N]:" in screen
    assert screen.endswith("changed 1 track\n")
    assert fields_of(library, "orbital.mp3")["mood"] == ["dark"]
    result = mcfs("tag", "title:halcyon", "mood=", "--json", "--yes")
    key = key_of_file(synced.cache, "orbital.mp3")
    assert json.loads(result.out) == {
        "dry_run": False,
        "matched": 1,
        "changed": 1,
        "failed": [],
        "changes": [
            {
                "file": "best of/orbital again.mp3",
                "annex_key": key,
                "fields": {"mood": {"old": ["dark"], "new": []}},
            }
        ],
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rating=5"], "say which tracks, and what to change: mcfs tag genre:techno crate+=Peak"),
        (["genre:techno"], "say what to change: mcfs tag"),
        ([], "say which tracks"),
        (["genre:techno", "rating=9"], '"9" is no rating'),
        (["gnere:techno", "rating=5"], 'unknown field "gnere"'),
        (["genre:techno", "rating=5", "bpm:3"], '"bpm:3" changes nothing'),
        (["--undo", "x"], "--undo takes back the last mcfs tag"),
        (["--undo"], "there is no mcfs tag to take back"),
    ],
)
def test_wrong_command_lines(mcfs: CommandRunner, words: list[str], sentence: str) -> None:
    result = mcfs("tag", *words)
    assert result.code == 2
    assert sentence in result.err


def test_gestures_are_listed_and_taken_back(
    mcfs: CommandRunner, library: Library, synced: Store
) -> None:
    start = metadata_of_all(library)
    moment = datetime.now(UTC).isoformat()
    kino, acdc = (key_of_file(synced.cache, file) for file in ("kino.mp3", "acdc.mp3"))
    with editing_mount(library, synced) as editor:
        editor.apply(put(kino, "A"))
        editor.apply(put(kino, "B", out_of="A"))
        editor.apply(put(acdc, "A"))
    with editing_mount(library, synced) as editor:
        editor.apply(take(kino, "B"))
    lines = mcfs("edits").lines
    assert lines[1].endswith("  dj  rm crate/B/x                  1 change")
    assert lines[2].endswith("ln -s x crate/A/, and 2 more  3 changes")
    lines = mcfs("edits", "1").lines
    assert [line.partition("  ")[2] for line in lines if line[2:3] == ":"] == [
        "ln -s x crate/A/",
        "mv crate/A/x crate/B/",
        "ln -s x crate/A/",
    ]
    shown = json.loads(mcfs("edits", "1", "--json").out)
    assert shown["gestures"] == 3
    assert [track["gesture"] for track in shown["tracks"]][1] == "mv crate/A/x crate/B/"

    result = mcfs("undo", "--since", moment, "--dry-run")
    assert result.lines[-2:] == [
        "would take back rm crate/B/x (edit 2): 1 track",
        "would take back ln -s x crate/A/ (edit 1): 2 tracks",
    ]
    result = mcfs("undo", "--since", moment, "--json")
    assert [one["edit"] for one in json.loads(result.out)] == [2, 1]
    assert metadata_of_all(library) == start
    result = mcfs("undo", "--since", moment)
    assert (result.code, result.err.count("there is nothing to take back since")) == (2, 1)
    result = mcfs("undo", "--since", "soon")
    assert (result.code, result.err.count('"soon" is no time')) == (2, 1)
    assert mcfs("undo", "1", "--since", "14:30").code == 2
