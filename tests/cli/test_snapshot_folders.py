"""What the commands that take paths say about `snapshots/`."""

from __future__ import annotations

import json

from mcfs.errors import ExitCode
from mcfs.store import Store
from mcfs.store.snapshot_records import FrozenTrack
from tests.cli.running import CommandRunner
from tests.taken_snapshots import frozen, take

GONE = FrozenTrack("SHA256E-s7--gone.mp3", "Gone.mp3", fields={"genre": ("Techno",)})


def test_ls_which_and_explain(mcfs: CommandRunner, synced: Store) -> None:
    (halcyon,) = json.loads(mcfs("search", "halcyon", "--json").out)
    with synced.cache.reading() as read:
        record = read.records([halcyon["annex_key"]])[halcyon["annex_key"]]
    take(synced, "Friday", [GONE, frozen(record)], query_text="genre:techno")

    assert mcfs("ls", "snapshots").lines == ["Friday/"]
    assert mcfs("ls", "snapshots/Friday").lines == ["002 Orbital - Halcyon.mp3"]
    assert mcfs("ls", "snapshots/Friday/genre:ambient").lines == ["001 Orbital - Halcyon.mp3"]
    listed = json.loads(mcfs("ls", "--json", "--absent", "show", "snapshots/Friday").out)
    assert [each["name"] for each in listed] == ["001 Gone.mp3", "002 Orbital - Halcyon.mp3"]
    assert (listed[0]["annex_key"], listed[0]["present"]) == (GONE.annex_key, False)
    assert listed[1]["file"] == halcyon["file"]

    # Also by a path that a mount hides.
    shown = mcfs(
        "which",
        "--json",
        "snapshots/Friday/002 Orbital - Halcyon.mp3",
        "snapshots/Friday/001 Gone.mp3",
    )
    found, gone = json.loads(shown.out)
    assert found["annex_key"] == halcyon["annex_key"]
    assert (gone["annex_key"], gone["files"], gone["content"]) == (GONE.annex_key, [], None)

    explained = mcfs("explain", "snapshots/Friday").lines
    assert explained[1:3] == [
        "  snapshots: the snapshots: frozen set lists",
        "    Friday: the snapshot Friday, as it was taken",
    ]
    assert explained[3].startswith("note: 2 tracks were frozen 2025-06-12 ")
    assert explained[3].endswith(": genre:techno")
    assert "snapshot:Friday" in mcfs("explain", "snapshots/Friday/key:8A").out
    result = mcfs("explain", "snapshots/Friday/gnere:techno")
    assert result.code == ExitCode.USAGE
    assert 'did you mean "genre"?' in result.err
    assert mcfs("ls", "snapshots/Sunday").err.startswith("mcfs: no snapshot of the name Sunday")
