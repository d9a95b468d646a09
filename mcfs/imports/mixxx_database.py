"""Mixxx's database: where it is, whether it is one, and what it says of each track.

Owns the columns of Mixxx and what becomes of their values. Read-only, also while Mixxx runs: what is
wanted is copied within one short transaction, so that Mixxx, which allows no reader beside its writer,
does not wait for us. The copy is SQLite's own temporary file, never memory.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

from mcfs.errors import MixxxBusyError, MixxxError
from mcfs.imports.number_text import bpm_text, seconds_text

Values = tuple[str, ...]
Fields = dict[str, Values]

_FILE = "mixxxdb.sqlite"
_PLACES = (
    ".mixxx",
    ".var/app/org.mixxx.Mixxx/.mixxx",  # Flatpak
    "Library/Containers/org.mixxx.mixxx/Data/Library/Application Support/Mixxx",  # macOS
    "Library/Application Support/Mixxx",  # macOS, as it was before 2.3
)
# Of Mixxx 2.3. Later ones added columns, and took none away that is read here.
_OLDEST_SCHEMA = 32
# How long Mixxx may write at a stretch.
_PATIENCE = 30.0

# Field of git-annex → column of Mixxx's table `library`, whose text is taken as it is.
_TEXTS = MappingProxyType(
    {
        "artist": "artist",
        "albumartist": "album_artist",
        "title": "title",
        "album": "album",
        "genre": "genre",
        "composer": "composer",
        "grouping": "grouping",
        "year": "year",
        "tracknumber": "tracknumber",
        "comment": "comment",
        "key": "key",
    }
)
_OTHERS = ("rating", "bpm", "color", "timesplayed", "datetime_added", "duration")
# Fields of which a track has one; the one of which it can have several is `crate`.
FIELDS = (*_TEXTS, "rating", "bpm", "color", "played", "added", "duration", "crate")

_COLUMNS = MappingProxyType(
    {
        "library": ("id", "location", "mixxx_deleted", *_TEXTS.values(), *_OTHERS),
        "track_locations": ("id", "location", "fs_deleted"),
        "crates": ("id", "name"),
        "crate_tracks": ("crate_id", "track_id"),
        "directories": ("directory",),
    }
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")


class Located(NamedTuple):
    """A track of Mixxx by its number there, and where Mixxx says that it is."""

    number: int
    location: str


def find_database(home: Path) -> Path:
    """The database in one of Mixxx's places; of several, the one that was written last."""
    found = [home / place / _FILE for place in _PLACES]
    there = [path for path in found if path.is_file()]
    if not there:
        raise MixxxError(
            f"there is no Mixxx database in {', '.join(str(path.parent) for path in found)}; "
            f"name it with --db {_FILE}"
        )
    return max(there, key=lambda path: path.stat().st_mtime)


@contextmanager
def open_mixxx(path: Path, patience: float = _PATIENCE) -> Iterator[Mixxx]:
    """What a Mixxx database says now; a `MixxxError` that says what is wrong with it."""
    if not path.is_file():
        raise MixxxError(f"{path} is not there" if not path.exists() else f"{path} is not a file")
    # Never `immutable`: what Mixxx has written to its journal and not yet to the file counts.
    place = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
    try:
        # No implicit transactions: Mixxx waits for whoever reads.
        connection = sqlite3.connect(place, uri=True, timeout=patience, isolation_level=None)
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    with closing(connection):
        # Names of files need not be UTF-8.
        connection.text_factory = _text
        try:
            _check(connection, path)
            _copy(connection)
            yield Mixxx(connection)
        except sqlite3.Error as error:
            raise _explained(path, error) from error


class Mixxx:
    """The tracks of a database as they were when it was opened, hidden and missing ones left out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self) -> int:
        """How many tracks there are."""
        ((count,),) = self._connection.execute("SELECT count(*) FROM temp.mcfs_track")
        return int(count)

    def folders(self) -> list[str]:
        """What Mixxx calls the folders that it looks for music in."""
        rows = self._connection.execute("SELECT directory FROM temp.mcfs_folder ORDER BY 1")
        return [directory for (directory,) in rows]

    def locations(self) -> Iterator[Located]:
        """Where all its tracks are."""
        rows = self._connection.execute("SELECT id, file FROM temp.mcfs_track")
        return map(Located._make, rows)

    def match(self, places: Iterable[tuple[int, int]]) -> None:
        """Remember the places in the store that some tracks, by their numbers, are at."""
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO temp.mcfs_match VALUES (?, ?)", places)
        self._connection.execute("COMMIT")

    def described(self) -> Iterator[tuple[int, Fields]]:
        """Every place that was matched, in their order, and the values of its fields.

        Where Mixxx has a file more than once, it is one track: of each field the newest row that has a
        value counts, and it is in the crates of all of them.
        """
        current: int | None = None
        fields: Fields = {}
        for place, crates, *columns in self._connection.execute(_DESCRIBED):
            read = _fields(columns)
            if crates != "[]" and (names := _crates(crates)):
                read["crate"] = names
            if place == current:
                both = {*fields.get("crate", ()), *read.get("crate", ())}
                fields = read | fields
                if both:
                    fields["crate"] = tuple(sorted(both))
                continue
            if current is not None:
                yield current, fields
            current, fields = place, read
        if current is not None:
            yield current, fields


_SELECTED = ", ".join(f'"{column}"' for column in (*_TEXTS.values(), *_OTHERS))
_DESCRIBED = f"""
    SELECT place, (SELECT json_group_array(name) FROM temp.mcfs_crate WHERE track_id = id),
           {_SELECTED}
    FROM temp.mcfs_match JOIN temp.mcfs_track ON id = number ORDER BY place, number DESC
"""  # noqa: S608  (names of ours alone)


def _copy(connection: sqlite3.Connection) -> None:
    selected = ", ".join(f'l."{column}"' for column in (*_TEXTS.values(), *_OTHERS))
    statements = (
        "PRAGMA temp_store = FILE",
        # Its tables are made before: who makes them has nothing to wait for.
        f"CREATE TEMP TABLE mcfs_track (id INTEGER PRIMARY KEY, file, {_SELECTED})",
        "CREATE TEMP TABLE mcfs_match (place INTEGER, number INTEGER)",
        "BEGIN",
        f"""
        INSERT INTO temp.mcfs_track
        SELECT l.id, coalesce(t.location, ''), {selected}
        FROM main.library l JOIN main.track_locations t ON t.id = l.location
        WHERE NOT coalesce(l.mixxx_deleted, 0) AND NOT coalesce(t.fs_deleted, 0)
        """,  # noqa: S608  (names of ours alone)
        "CREATE TEMP TABLE mcfs_crate AS SELECT track_id, name FROM main.crate_tracks"
        " JOIN main.crates ON crates.id = crate_id",
        "CREATE TEMP TABLE mcfs_folder AS SELECT directory FROM main.directories",
        "COMMIT",
        "CREATE INDEX temp.mcfs_crate_by_track ON mcfs_crate (track_id)",
    )
    for statement in statements:
        connection.execute(statement)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if not _columns(connection, "library") or not _columns(connection, "track_locations"):
        raise MixxxError(f"{path} is no Mixxx database")
    schema = _schema(connection)
    if schema is None:
        raise MixxxError(f"{path} is no Mixxx database")
    if schema < _OLDEST_SCHEMA:
        raise MixxxError(
            f"{path} is of a Mixxx older than 2.3 (schema {schema}): "
            "start a newer Mixxx once, which brings it up to date"
        )
    for table, needed in _COLUMNS.items():
        lacking = set(needed).difference(_columns(connection, table))
        if lacking:
            raise MixxxError(
                f"{path} is of a Mixxx that this mcfs does not know (schema {schema}): "
                f"its table {table} has no {', '.join(sorted(lacking))}"
            )


def _schema(connection: sqlite3.Connection) -> int | None:
    if not _columns(connection, "settings"):
        return None
    row = connection.execute(
        "SELECT CAST(value AS INTEGER) FROM main.settings WHERE name = 'mixxx.schema.version'"
    ).fetchone()
    return None if row is None else int(row[0])


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]


def _fields(columns: Sequence[Any]) -> Fields:
    """The values of a row; what is empty is left out."""
    fields: Fields = {}
    for name, value in zip(_TEXTS, columns, strict=False):
        if value is None or value == "":
            continue
        text = value if value.__class__ is str else str(value)
        if not text.isspace():
            fields[name] = (text if text.isascii() else _unbroken(text),)
    rating, bpm, color, played, added, duration = columns[len(_TEXTS) :]
    if isinstance(rating, int) and 1 <= rating <= 5:
        fields["rating"] = (str(rating),)
    if isinstance(bpm, float | int) and bpm > 0:
        fields["bpm"] = (bpm_text(bpm),)
    if isinstance(color, int):
        # Some versions kept an alpha channel above it.
        fields["color"] = (f"#{color & 0xFFFFFF:06X}",)
    if isinstance(played, int) and played > 0:
        fields["played"] = (str(played),)
    if isinstance(added, str) and (found := _DATE.match(added)):
        fields["added"] = (found.group(),)
    if isinstance(duration, float | int) and duration > 0:
        fields["duration"] = (seconds_text(duration),)
    return fields


def _crates(array: str) -> Values:
    names: list[str] = json.loads(array)
    return tuple(sorted({_unbroken(name) for name in names if name.strip()}))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _unbroken(text: str) -> str:
    """JSON has no way to say bytes that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _explained(path: Path, error: sqlite3.Error) -> MixxxError:
    match error.sqlite_errorname if hasattr(error, "sqlite_errorname") else "":
        case "SQLITE_BUSY" | "SQLITE_LOCKED" | "SQLITE_BUSY_SNAPSHOT" | "SQLITE_BUSY_RECOVERY":
            return MixxxBusyError(
                f"Mixxx is writing to {path} at length; try again when it is done"
            )
        case "SQLITE_NOTADB":
            return MixxxError(f"{path} is no Mixxx database")
        case "SQLITE_READONLY_ROLLBACK" | "SQLITE_READONLY_RECOVERY":
            return MixxxError(
                f"{path} was not closed in order; start Mixxx once and leave it again"
            )
        case _:
            return MixxxError(f"{path} cannot be read: {error}")
