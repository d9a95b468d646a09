#!/usr/bin/env python3
"""What a real Mixxx leaves in its database when files are scanned, renamed, moved, removed and come back.

    python -m contrib.programs.mixxx_loop tests/imports/data/mixxx-2.3.3-loop.json

records the rows after each step, for tests that have no Mixxx. The trial in `test_mixxx.py` compares them
with what a Mixxx leaves today.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen

from contrib.programs.mixxx import Mixxx, mixxx_for
from contrib.programs.running import Screen, screen_running

_SOUNDS = Path(__file__).parents[2] / "tests" / "imports" / "data"
# Path → title.
FILES = {
    "one/a.flac": "Alpha",
    "one/b.flac": "Bravo",
    "one/c.flac": "Charlie",
    "one/d.flac": "Delta",
    "two/e.flac": "Echo",
}
_LIBRARY = (
    "id, location, artist, title, album, genre, comment, year, rating, color, bpm, key, timesplayed, "
    "datetime_added, duration, header_parsed, mixxx_deleted"
)
_TABLES = {
    "library": f"SELECT {_LIBRARY} FROM library ORDER BY id",
    "track_locations": "SELECT id, location, filename, directory, filesize, fs_deleted,"
    " needs_verification FROM track_locations ORDER BY id",
    "crates": "SELECT id, name FROM crates ORDER BY id",
    "crate_tracks": "SELECT crate_id, track_id FROM crate_tracks ORDER BY 1, 2",
}
Step = dict[str, Any]


def make_music(folder: Path) -> None:
    """Five files with tags: two genres each, which Mixxx joins."""
    for place in ("one", "two"):
        (folder / place).mkdir(parents=True)
    for number, (path, title) in enumerate(FILES.items(), 1):
        shutil.copyfile(_SOUNDS / "sound.flac", folder / path)
        tags = mutagen.File(folder / path)
        tags.delete()
        tags.update(
            {"title": title, "artist": f"Artist {number}", "genre": ["Deep House", "House"]}
        )
        # So that no two have the same size.
        tags["comment"] = "x" * number
        tags.save()


def run_loop(screen: Screen, folder: Path) -> list[Step]:
    """The rows after each step, with the music's folder written as MUSIC."""
    music = folder / "music"
    make_music(music)
    mixxx = mixxx_for(music, folder / "mixxx", screen)
    steps: list[Step] = []

    def note(what: str) -> None:
        rows = {table: mixxx.select(statement) for table, statement in _TABLES.items()}
        text = json.dumps(rows).replace(str(music), "MUSIC")
        steps.append({"after": what, **json.loads(text)})

    with mixxx.running(_has(mixxx, "SELECT count(*) = 5 FROM library")):
        pass
    note("a scan")
    with mixxx.running(_has(mixxx, "SELECT count(*) = 5 FROM library")):
        # The list is sorted by artist.
        mixxx.edit_title(3, "Delta Edited")
        for row in (0, 1, 2):
            mixxx.rate_4(row)
        mixxx.put_all_into_new_crate("Festival")
    note("Alpha, Bravo, Charlie rated 4; all put into a crate; the title of Delta edited")
    (music / "one/a.flac").rename(music / "one/a2.flac")
    (music / "one/b.flac").rename(music / "two/b.flac")
    (music / "one/c.flac").rename(folder / "c.flac")
    (music / "one/d.flac").rename(music / "one/d2.flac")
    with mixxx.running(_has(mixxx, "SELECT sum(fs_deleted) >= 3 FROM track_locations")):
        pass
    note("a renamed to a2, b moved to two/, c removed, d renamed to d2; a scan")
    (music / "one/a2.flac").rename(music / "one/a.flac")
    (music / "two/b.flac").rename(music / "one/b.flac")
    (folder / "c.flac").rename(music / "one/c.flac")
    statement = (
        "SELECT count(*) = 1 FROM track_locations WHERE location LIKE '%/c.flac' AND NOT fs_deleted"
    )
    with mixxx.running(_has(mixxx, statement)):
        pass
    note("a2 renamed back to a, b moved back, c there again; a scan")
    return steps


def _has(mixxx: Mixxx, statement: str) -> Callable[[], bool]:
    def has() -> bool:
        ((answer,),) = mixxx.select(statement)
        return bool(answer)

    return has


def main() -> None:
    """The command line."""
    goal = Path(sys.argv[1])
    with (
        tempfile.TemporaryDirectory(prefix="mcfs-mixxx-") as folder,
        screen_running(Path(folder) / "screen") as screen,
    ):
        steps = run_loop(screen, Path(folder))
    note = "Written by contrib/programs/mixxx_loop.py, which says what it does; by Mixxx 2.3.3 of Debian 12."
    lines = json.dumps({"how": note, "columns": _LIBRARY.split(", "), "steps": steps}, indent=1)
    goal.write_text(lines + "\n")


if __name__ == "__main__":
    main()
