"""Mixxx databases to import from: tables that a real Mixxx 2.3.3 made, with the rows of a test.

Later schemas are what a later Mixxx makes of such a file when it first opens it; an older one lacks what
2.3 added.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from mcfs.annex.library import Library
from tests.prerequisites import git_annex_environment

# `/home/dj/Music` was a library, `/home/dj/mnt` a mount of it; ratings, colours, a crate by mouse.
REAL = Path(__file__).parent / "data" / "mixxx-2.3.3-rated.sqlite"

# Version of Mixxx → its schema.
SCHEMAS = {"2.3": 32, "2.4": 38, "2.5": 39, "2.6": 40}
_UPGRADES = {
    33: [
        "ALTER TABLE library ADD COLUMN coverart_color INTEGER",
        "ALTER TABLE library ADD COLUMN coverart_digest BLOB",
    ],
    34: ["CREATE INDEX idx_crate_tracks_track_id ON crate_tracks (track_id)"],
    35: ["ALTER TABLE library ADD COLUMN last_played_at DATETIME DEFAULT NULL"],
    37: ["ALTER TABLE library ADD COLUMN source_synchronized_ms INTEGER DEFAULT NULL"],
    40: ["ALTER TABLE library ADD COLUMN tuning_frequency_hz FLOAT DEFAULT 0.0"],
    41: [
        "ALTER TABLE track_locations ADD COLUMN track_id INTEGER REFERENCES library(id)",
        "ALTER TABLE track_locations ADD COLUMN offset_samples REAL DEFAULT 0.0",
    ],
}


class MixxxDatabase:
    """A database file, and methods that change it as Mixxx does."""

    def __init__(self, path: Path, schema: int = SCHEMAS["2.3"]) -> None:
        self.path = path
        shutil.copyfile(REAL, path)
        with self.changing() as connection:
            for table in ("library", "track_locations", "crates", "crate_tracks", "cues"):
                connection.execute(f"DELETE FROM {table}")
            for version in range(33, schema + 1):
                for statement in _UPGRADES.get(version, []):
                    connection.execute(statement)
            if schema < 31:
                connection.execute("ALTER TABLE library DROP COLUMN color")
            connection.execute(
                "UPDATE settings SET value = ? WHERE name = 'mixxx.schema.version'", [schema]
            )

    @classmethod
    def at(cls, path: Path) -> MixxxDatabase:
        """A database that is there already."""
        database = cls.__new__(cls)
        database.path = path
        return database

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction of Mixxx."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            yield connection

    def add(
        self, location: Path | str, crates: tuple[str, ...] = (), missing: int = 0, **columns: Any
    ) -> int:
        """Add a track; its id in Mixxx."""
        place = os.fspath(location)
        named = {"mixxx_deleted": 0, "rating": 0, "bpm": 0.0, **columns}
        with self.changing() as connection:
            placed = connection.execute(
                "INSERT INTO track_locations (location, filename, directory, filesize, fs_deleted)"
                " VALUES (CAST(? AS TEXT), '', '', 1, ?)",
                [os.fsencode(place), missing],
            )
            names = ", ".join(f'"{name}"' for name in ("location", *named))
            marks = ", ".join("?" * (len(named) + 1))
            added = connection.execute(
                f"INSERT INTO library ({names}) VALUES ({marks})",
                [placed.lastrowid, *named.values()],
            )
            number = int(added.lastrowid or 0)
        self.put(number, *crates)
        return number

    def change(self, number: int, **columns: Any) -> None:
        """Change values of a track."""
        sets = ", ".join(f'"{name}" = ?' for name in columns)
        with self.changing() as connection:
            connection.execute(
                f"UPDATE library SET {sets} WHERE id = ?", [*columns.values(), number]
            )

    def put(self, number: int, *crates: str) -> None:
        """Put a track into these crates, and remove it from all others."""
        with self.changing() as connection:
            connection.execute("DELETE FROM crate_tracks WHERE track_id = ?", [number])
            for crate in crates:
                connection.execute("INSERT OR IGNORE INTO crates (name) VALUES (?)", [crate])
                connection.execute(
                    "INSERT INTO crate_tracks SELECT id, ? FROM crates WHERE name = ?",
                    [number, crate],
                )

    def enlist(self, number: int, *playlists: str, hidden: int = 0) -> None:
        """Append a track to playlists; Auto DJ's is hidden with 1, what was played with 2."""
        with self.changing() as connection:
            for playlist in playlists:
                wanted = [playlist, hidden]
                connection.execute(
                    "INSERT INTO Playlists (name, hidden) SELECT ?1, ?2 WHERE NOT EXISTS"
                    " (SELECT * FROM Playlists WHERE name = ?1 AND hidden = ?2)",
                    wanted,
                )
                connection.execute(
                    "INSERT INTO PlaylistTracks (playlist_id, track_id, position)"
                    " SELECT id, ?, 1 FROM Playlists WHERE name = ? AND hidden = ?",
                    [number, *wanted],
                )

    def unlist(self, number: int) -> None:
        """Remove a track from all playlists."""
        with self.changing() as connection:
            connection.execute("DELETE FROM PlaylistTracks WHERE track_id = ?", [number])


def annex(library: Library, *words: str, stdin: str = "") -> str:
    """Run git-annex; its output."""
    done = subprocess.run(
        ["git", "annex", *words],
        cwd=library.top,
        env=git_annex_environment(library.top),
        input=stdin.encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout.decode()


def fields_of(library: Library, file: str) -> dict[str, list[str]]:
    """The metadata that git-annex has for a file."""
    fields = json.loads(annex(library, "metadata", "--json", file))["fields"]
    return {name: sorted(values) for name, values in fields.items() if "lastchanged" not in name}


def commits(library: Library) -> int:
    """How many commits the git-annex branch has."""
    counted = subprocess.run(
        ["git", "rev-list", "--count", "git-annex"],
        cwd=library.top,
        stdout=subprocess.PIPE,
        check=True,
    )
    return int(counted.stdout)
