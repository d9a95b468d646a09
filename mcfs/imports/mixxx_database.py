"""Mixxx's database: where it is, whether it is one, and the values it has for each track.

Owns which of Mixxx's columns are read and how their values are converted. The database is only read, and
Mixxx may be running: what is needed is copied to temporary tables in one short transaction, because Mixxx
cannot write while somebody reads. SQLite keeps the copy in a temporary file, not in memory.
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
_FOLDERS = (
    ".mixxx",
    ".var/app/org.mixxx.Mixxx/.mixxx",  # Flatpak
    "Library/Containers/org.mixxx.mixxx/Data/Library/Application Support/Mixxx",  # macOS
    "Library/Application Support/Mixxx",  # macOS, as it was before 2.3
)
# Schema of Mixxx 2.3. Later schemas removed no column that is read here.
_OLDEST_SCHEMA = 32
# How long to wait while Mixxx writes.
_BUSY_SECONDS = 30.0

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


class TrackLocation(NamedTuple):
    """The id of a track in Mixxx, and the path that Mixxx has for it."""

    mixxx_id: int
    location: str


def find_database(home: Path) -> Path:
    """The database in one of Mixxx's usual folders; of several, the one that was written last."""
    candidates = [home / folder / _FILE for folder in _FOLDERS]
    found = [path for path in candidates if path.is_file()]
    if not found:
        raise MixxxError(
            f"there is no Mixxx database in {', '.join(str(path.parent) for path in candidates)}; "
            f"name it with --db {_FILE}"
        )
    return max(found, key=lambda path: path.stat().st_mtime)


@contextmanager
def open_mixxx(path: Path, busy_seconds: float = _BUSY_SECONDS) -> Iterator[MixxxSnapshot]:
    """The tracks of a Mixxx database; a `MixxxError` says what is wrong with the file."""
    if not path.is_file():
        raise MixxxError(f"{path} is not there" if not path.exists() else f"{path} is not a file")
    # Not `immutable`: then SQLite would ignore what is in Mixxx's journal and not yet in the file.
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
    try:
        # No implicit transactions: as long as one is open, Mixxx cannot write.
        connection = sqlite3.connect(uri, uri=True, timeout=busy_seconds, isolation_level=None)
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    with closing(connection):
        # File names need not be UTF-8.
        connection.text_factory = _text
        try:
            _check(connection, path)
            _copy(connection)
            yield MixxxSnapshot(connection)
        except sqlite3.Error as error:
            raise _explained(path, error) from error


class MixxxSnapshot:
    """The tracks of a database when it was opened, without those that Mixxx hides or misses."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self) -> int:
        """How many tracks there are."""
        ((count,),) = self._connection.execute("SELECT count(*) FROM temp.mcfs_track")
        return int(count)

    def folders(self) -> list[str]:
        """The folders in which Mixxx looks for music."""
        rows = self._connection.execute("SELECT directory FROM temp.mcfs_folder ORDER BY 1")
        return [directory for (directory,) in rows]

    def locations(self) -> Iterator[TrackLocation]:
        """The path of every track."""
        rows = self._connection.execute("SELECT id, file FROM temp.mcfs_track")
        return map(TrackLocation._make, rows)

    def remember_matches(self, ids: Iterable[tuple[int, int]]) -> None:
        """Remember (id of the track in the store, id in Mixxx) for `matched_tracks`."""
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO temp.mcfs_match VALUES (?, ?)", ids)
        self._connection.execute("COMMIT")

    def matched_tracks(self) -> Iterator[tuple[int, Fields]]:
        """(id in the store, values) of every track that was matched, in the order of ids.

        Mixxx may have a file more than once. That is one track: each field has the value of the newest row
        that has one, and the track is in the crates of all rows.
        """
        current: int | None = None
        fields: Fields = {}
        for track_id, crates, *columns in self._connection.execute(_MATCHED_TRACKS):
            read = _fields(columns)
            if crates != "[]" and (names := _crates(crates)):
                read["crate"] = names
            if track_id == current:
                both = {*fields.get("crate", ()), *read.get("crate", ())}
                fields = read | fields
                if both:
                    fields["crate"] = tuple(sorted(both))
                continue
            if current is not None:
                yield current, fields
            current, fields = track_id, read
        if current is not None:
            yield current, fields


_SELECTED = ", ".join(f'"{column}"' for column in (*_TEXTS.values(), *_OTHERS))
_MATCHED_TRACKS = f"""
    SELECT track_id,
           (SELECT json_group_array(name) FROM temp.mcfs_crate WHERE mcfs_crate.mixxx_id = id),
           {_SELECTED}
    FROM temp.mcfs_match JOIN temp.mcfs_track ON id = mcfs_match.mixxx_id
    ORDER BY track_id, id DESC
"""  # noqa: S608  (only names from this module)


def _copy(connection: sqlite3.Connection) -> None:
    selected = ", ".join(f'l."{column}"' for column in (*_TEXTS.values(), *_OTHERS))
    statements = (
        "PRAGMA temp_store = FILE",
        # These do not read Mixxx's tables, so they come before the transaction.
        f"CREATE TEMP TABLE mcfs_track (id INTEGER PRIMARY KEY, file, {_SELECTED})",
        "CREATE TEMP TABLE mcfs_match (track_id INTEGER, mixxx_id INTEGER)",
        "BEGIN",
        f"""
        INSERT INTO temp.mcfs_track
        SELECT l.id, coalesce(t.location, ''), {selected}
        FROM main.library l JOIN main.track_locations t ON t.id = l.location
        WHERE NOT coalesce(l.mixxx_deleted, 0) AND NOT coalesce(t.fs_deleted, 0)
        """,  # noqa: S608  (only names from this module)
        "CREATE TEMP TABLE mcfs_crate AS SELECT track_id AS mixxx_id, name FROM main.crate_tracks"
        " JOIN main.crates ON crates.id = crate_id",
        "CREATE TEMP TABLE mcfs_folder AS SELECT directory FROM main.directories",
        "COMMIT",
        "CREATE INDEX temp.mcfs_crate_by_track ON mcfs_crate (mixxx_id)",
    )
    for statement in statements:
        connection.execute(statement)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if not _columns(connection, "library") or not _columns(connection, "track_locations"):
        raise MixxxError(f"{path} is not a Mixxx database")
    schema = _schema(connection)
    if schema is None:
        raise MixxxError(f"{path} is not a Mixxx database")
    if schema < _OLDEST_SCHEMA:
        raise MixxxError(
            f"{path} was made by a Mixxx older than 2.3 (schema {schema}): "
            "start a newer Mixxx once, which upgrades it"
        )
    for table, needed in _COLUMNS.items():
        missing = set(needed).difference(_columns(connection, table))
        if missing:
            raise MixxxError(
                f"{path} was made by a Mixxx that this mcfs does not know (schema {schema}): "
                f"its table {table} has no {', '.join(sorted(missing))}"
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
    """The values of a row, without empty ones."""
    fields: Fields = {}
    for name, value in zip(_TEXTS, columns, strict=False):
        if value is None or value == "":
            continue
        text = value if value.__class__ is str else str(value)
        if not text.isspace():
            fields[name] = (text if text.isascii() else _valid_utf8(text),)
    rating, bpm, color, played, added, duration = columns[len(_TEXTS) :]
    if isinstance(rating, int) and 1 <= rating <= 5:
        fields["rating"] = (str(rating),)
    if isinstance(bpm, float | int) and bpm > 0:
        fields["bpm"] = (bpm_text(bpm),)
    if isinstance(color, int):
        # Some versions of Mixxx put an alpha channel above the 24 bits.
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
    return tuple(sorted({_valid_utf8(name) for name in names if name.strip()}))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _valid_utf8(text: str) -> str:
    """Replace bytes that are not UTF-8, which JSON cannot hold."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _explained(path: Path, error: sqlite3.Error) -> MixxxError:
    match error.sqlite_errorname if hasattr(error, "sqlite_errorname") else "":
        case "SQLITE_BUSY" | "SQLITE_LOCKED" | "SQLITE_BUSY_SNAPSHOT" | "SQLITE_BUSY_RECOVERY":
            return MixxxBusyError(f"Mixxx keeps writing to {path}; try again when it is done")
        case "SQLITE_NOTADB":
            return MixxxError(f"{path} is not a Mixxx database")
        case "SQLITE_READONLY_ROLLBACK" | "SQLITE_READONLY_RECOVERY":
            return MixxxError(f"{path} was not closed properly; start Mixxx once and quit it")
        case _:
            return MixxxError(f"{path} cannot be read: {error}")
