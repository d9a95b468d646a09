#!/usr/bin/env python3
"""How long `mcfs import mixxx` takes: with many changed tracks, and with none.

    python contrib/bench/imports.py LIBRARY [--changed 1000] [--rounds 5]

LIBRARY was made by `annex_library.py`, and is changed. The script makes a Mixxx database with the same tracks
and values, except that Mixxx has only one genre for each, and imports it once: "first" compares all tracks
and writes few. Then each round runs, in turn:

    git-annex   `git annex metadata --batch --json` with new values of three fields of the changed tracks
    changed     `mcfs import mixxx` after Mixxx has new values of the same fields of the same tracks
    unchanged   `mcfs import mixxx` again
    few         `mcfs import mixxx` from a database with new values again, and with no other tracks

"changed" takes longer than "git-annex" if comparing all tracks takes longer than writing some of them. "few"
does not have to compare the others.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from mcfs.annex.library import Library, open_library
from mcfs.annex.process import environment
from mcfs.store import Store, open_store
from mcfs.store.batches import chunks
from mcfs.sync.run import sync

_TEXTS = ("artist", "title", "album", "genre", "year", "tracknumber", "comment", "key")
# Fields that Mixxx keeps as numbers → the text that an import writes.
_AS_IMPORTED = {
    "rating": re.compile(r"[1-5]"),
    "bpm": re.compile(r"\d{2,3}\.\d\d"),
    "color": re.compile(r"#[0-9A-F]{6}"),
}
_TABLES = """
CREATE TABLE settings (name TEXT UNIQUE NOT NULL, value TEXT);
INSERT INTO settings VALUES ('mixxx.schema.version', '39');
CREATE TABLE track_locations (id INTEGER PRIMARY KEY, location TEXT UNIQUE, fs_deleted INTEGER);
CREATE TABLE library (
    id INTEGER PRIMARY KEY, location INTEGER, mixxx_deleted INTEGER, artist TEXT, album_artist TEXT,
    title TEXT, album TEXT, genre TEXT, composer TEXT, grouping TEXT, year TEXT, tracknumber TEXT,
    comment TEXT, key TEXT, rating INTEGER, bpm FLOAT, bpm_lock INTEGER, color INTEGER, timesplayed INTEGER,
    datetime_added TEXT, duration FLOAT
);
CREATE TABLE crates (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE crate_tracks (crate_id INTEGER NOT NULL, track_id INTEGER NOT NULL);
CREATE INDEX crate_tracks_by_track ON crate_tracks (track_id);
CREATE TABLE directories (directory TEXT UNIQUE);
CREATE TABLE Playlists (id INTEGER PRIMARY KEY, name TEXT, hidden INTEGER, date_created DATETIME);
INSERT INTO Playlists VALUES (1, 'Auto DJ', 1, '2026-11-20 07:03:44');
CREATE TABLE PlaylistTracks (id INTEGER PRIMARY KEY, playlist_id INTEGER, track_id INTEGER);
CREATE TABLE cues (id INTEGER PRIMARY KEY, track_id INTEGER, hotcue INTEGER);
"""


def make_database(library: Library, store: Store, path: Path) -> dict[str, int]:
    """Make a Mixxx database with all values that an import would write unchanged; key → id in Mixxx."""
    numbers: dict[str, int] = {}
    crates: dict[str, int] = {}
    with closing(sqlite3.connect(path)) as mixxx, mixxx, store.cache.reading() as read:
        mixxx.executescript(_TABLES)
        files = {file.annex_key: file.work_path for file in read.work_files()}
        for keys in chunks(sorted(files)):
            for key, record in read.records(keys).items():
                number = numbers[key] = len(numbers) + 1
                values = record.values
                texts = {name: values[name][:1] for name in _TEXTS if name in values}
                for name, pattern in _AS_IMPORTED.items():
                    text = next(filter(pattern.fullmatch, values.get(name, ())), None)
                    if text is not None:
                        texts[name] = (text,)
                mixxx.execute(
                    "INSERT INTO track_locations VALUES (?, ?, 0)",
                    [number, f"{library.top}/{files[key]}"],
                )
                row = {"id": number, "location": number, "mixxx_deleted": 0}
                row |= {name: text for name, (text,) in texts.items()}  # type: ignore[misc]  # each has one text
                if color := texts.get("color"):
                    row["color"] = int(color[0].removeprefix("#"), 16)
                mixxx.execute(
                    f"INSERT INTO library ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608
                    list(row.values()),
                )
                for name in values.get("crate", ()):
                    crate = crates.setdefault(name, len(crates) + 1)
                    mixxx.execute("INSERT OR IGNORE INTO crates VALUES (?, ?)", [crate, name])
                    mixxx.execute("INSERT INTO crate_tracks VALUES (?, ?)", [crate, number])
    return numbers


def change(path: Path, numbers: Iterable[int], seed: int) -> None:
    """Give tracks new ratings, tempos and comments, as a DJ would."""
    pick = random.Random(seed)
    with closing(sqlite3.connect(path)) as mixxx, mixxx:
        mixxx.executemany(
            "UPDATE library SET rating = 1 + (coalesce(rating, 0) + ?) % 5, bpm = ?, comment = ?"
            " WHERE id = ?",
            [
                (pick.randrange(4), 100 + seed + n % 97 / 100, f"changed {seed} {n}", n)
                for n in numbers
            ],
        )


def copy_of_some(path: Path, numbers: Iterable[int], copy: Path) -> None:
    """Copy the database, with only these tracks."""
    # Not VACUUM INTO, which counts changes from the start: an import would take it for an older copy.
    shutil.copyfile(path, copy)
    with closing(sqlite3.connect(copy)) as mixxx, mixxx:
        mixxx.execute(
            "CREATE TEMP TABLE some AS SELECT value AS id FROM json_each(?)",
            [json.dumps(list(numbers))],
        )
        mixxx.execute("DELETE FROM library WHERE id NOT IN (SELECT id FROM some)")
        mixxx.execute("DELETE FROM crate_tracks WHERE track_id NOT IN (SELECT id FROM some)")


def git_annex(library: Library, keys: Iterable[str], seed: int) -> float:
    """Seconds that git-annex alone takes to write as much."""
    fields = {"rating": [str(1 + seed % 5)], "bpm": [f"{200 + seed}.00"]}
    lines = [
        json.dumps({"key": key, "fields": {**fields, "comment": [f"{seed} {key}"]}}) for key in keys
    ]
    start = time.perf_counter()
    subprocess.run(
        ["git-annex", "metadata", "--batch", "--json"],
        cwd=library.top,
        env=environment(),
        input="\n".join(lines).encode() + b"\n",
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - start


def command(library: Library, database: Path) -> tuple[float, dict[str, int]]:
    """Seconds that the command takes, and its result."""
    start = time.perf_counter()
    words = ["import", "mixxx", "--yes", "--json", "--db", str(database)]
    words += ["--library", str(library.top)]
    done = subprocess.run(
        [sys.executable, "-m", "mcfs", *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        check=True,
    )
    return time.perf_counter() - start, json.loads(done.stdout)


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description="How long `mcfs import mixxx` takes.")
    arguments.add_argument("library", type=Path)
    arguments.add_argument("--changed", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    library = open_library(chosen.library)
    taken: dict[str, list[float]] = {
        "git-annex": [],
        "first": [],
        "changed": [],
        "unchanged": [],
        "few": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        database, small = Path(folder) / "mixxxdb.sqlite", Path(folder) / "few.sqlite"
        with open_store(library.store_dir) as store:
            sync(library, store)
            numbers = make_database(library, store, database)
        some = random.Random(1).sample(sorted(numbers), min(chosen.changed, len(numbers)))
        taken["first"].append(command(library, database)[0])
        for number in range(1, chosen.rounds + 1):
            taken["git-annex"].append(git_annex(library, some, number))
            with open_store(library.store_dir) as store:
                sync(library, store)
            change(database, (numbers[key] for key in some), number)
            seconds, result = command(library, database)
            assert result["imported"] == len(some), result
            taken["changed"].append(seconds)
            seconds, result = command(library, database)
            assert result["unchanged"] == len(numbers), result
            taken["unchanged"].append(seconds)
            known = [numbers[key] for key in some]
            change(database, known, number + chosen.rounds)
            copy_of_some(database, known, small)
            seconds, result = command(library, small)
            assert result["imported"] == result["total_requested"] == len(some), result
            taken["few"].append(seconds)
    unit = statistics.median(taken["git-annex"])
    print(f"{len(numbers)} tracks, {len(some)} of them changed")
    for name, each in taken.items():
        median = statistics.median(each)
        print(f"{name:12} {median:8.3f} s {median / unit:8.2f} × git-annex")


if __name__ == "__main__":
    main()
