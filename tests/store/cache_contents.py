"""Simple records for a cache, and the contents of a cache in a form in which two can be compared."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcfs.store import TrackRecord

# Values that came as metadata; each file brings some of its own: its folder and its type.
METADATA = "field_id NOT IN (SELECT id FROM field WHERE name LIKE '/%')"
PLACES = 2


def track(number: int, **values: str | tuple[str, ...]) -> TrackRecord:
    """A simple record with this number and these values."""
    return TrackRecord(
        annex_key=f"MD5E-s{number}--{number:06}.mp3",
        name=f"{number}.mp3",
        files=(f"music/{number}.mp3",),
        content_path=f"annex/objects/{number}.mp3",
        present=True,
        size=number,
        values={name: (some,) if isinstance(some, str) else some for name, some in values.items()},
    )


def named(record: TrackRecord, name: str) -> TrackRecord:
    """The same track under another name."""
    return replace(record, name=name)


def query(path: Path, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a database, read with sqlite3 alone."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, tuple(parameters)).fetchall()


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in a cache except its ids."""
    with closing(sqlite3.connect(path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(track)")]
    columns.remove("id")
    return {
        "track": query(path, f"SELECT {', '.join(columns)} FROM track ORDER BY annex_key"),
        "file": query(
            path,
            "SELECT track_file.work_path, folded, annex_key FROM track_file"
            " JOIN track ON track.id = track_id"
            " ORDER BY track_file.work_path",
        ),
        "field": query(path, "SELECT name, shown FROM field ORDER BY name"),
        "value": query(
            path,
            "SELECT name, text, folded, number FROM value JOIN field ON field.id = field_id"
            " ORDER BY name, text",
        ),
        "has": query(
            path,
            "SELECT annex_key, field.name, text FROM track_value JOIN track ON track.id = track_id"
            " JOIN value ON value.id = value_id JOIN field ON field.id = field_id ORDER BY 1, 2, 3",
        ),
    }


def values_with(path: Path, text: str) -> list[tuple[Any, ...]]:
    """The values in which the trigram index finds a text."""
    phrase = '"' + text.replace('"', '""') + '"'
    return query(
        path,
        "SELECT field.name, text FROM value_fts JOIN value ON value.id = value_fts.rowid"
        " JOIN field ON field.id = field_id WHERE value_fts MATCH ? ORDER BY 1, 2",
        [phrase],
    )


def work_paths_with(path: Path, text: str) -> list[str]:
    """The work paths in which their trigram index finds a text."""
    phrase = '"' + text.replace('"', '""') + '"'
    rows = query(
        path,
        "SELECT work_path FROM track_file_fts JOIN track_file ON id = track_file_fts.rowid"
        " WHERE track_file_fts MATCH ? ORDER BY 1",
        [phrase],
    )
    return [work_path for (work_path,) in rows]


def check_trigrams(path: Path) -> None:
    """Have SQLite compare its trigram indexes with the texts themselves."""
    for table in ("value_fts", "track_file_fts"):
        query(path, f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 1)")
