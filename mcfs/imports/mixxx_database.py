"""Mixxx's database: where it is, whether it is one, and the values it has for each track.

Owns the names of Mixxx's tables. The table of fields (`fields/table.py`) says which columns hold a field, and
how their values are converted. The database is only read, and Mixxx may be running. Mixxx cannot write while
another program reads, so one short transaction copies what is needed to temporary tables. SQLite keeps the
copy in a temporary file, not in memory.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

from mcfs.errors import MixxxBusyError, MixxxError
from mcfs.fields import field_table
from mcfs.fields.field import MixxxColumn, MixxxLists
from mcfs.fields.kinds import BaseKind
from mcfs.text.raw_text import replace_not_utf8

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

# Where a SQLite file has the number of its changes.
_CHANGE_COUNT = slice(24, 28)

# Table → the columns that are read besides those of the fields.
_COLUMNS = MappingProxyType(
    {
        "library": ("id", "location", "mixxx_deleted", "bpm_lock"),
        "track_locations": ("id", "location", "fs_deleted"),
        "crates": ("id", "name"),
        "crate_tracks": ("crate_id", "track_id"),
        "Playlists": ("id", "name", "hidden", "date_created"),
        "PlaylistTracks": ("playlist_id", "track_id"),
        "cues": ("track_id", "hotcue"),
        "directories": ("directory",),
    }
)


class _Column(NamedTuple):
    """A column of Mixxx's table `library`, and the field that it holds."""

    name: str
    field: str
    optional: bool
    # None: the text is taken as it is, which a million values have to be.
    convert: Callable[[object], str] | None


def _columns_of_fields() -> list[_Column]:
    columns = []
    for field in field_table().rows:
        if isinstance(field.mixxx, MixxxColumn):
            is_text = type(field.kind).import_text is BaseKind.import_text
            convert = None if is_text else field.kind.import_text
            columns.append(_Column(field.mixxx.name, field.name, field.mixxx.optional, convert))
    return columns


def _fields_of_lists() -> dict[MixxxLists, str]:
    return {
        field.mixxx: field.name
        for field in field_table().rows
        if isinstance(field.mixxx, MixxxLists)
    }


def mixxx_fields() -> tuple[str, ...]:
    """The fields that Mixxx has values for."""
    return tuple(field.name for field in field_table().rows if field.mixxx is not None)


class MixxxRow(NamedTuple):
    """A row of Mixxx's table `library`."""

    mixxx_id: int
    # The path that Mixxx has for the file.
    location: str
    fields: Fields
    # Whether somebody has done something with it in Mixxx: rated, played, sorted, or set cues.
    has_history: bool
    # Whether somebody has locked the tempo, so that no analysis changes it.
    is_locked: bool
    # Whether its path leads to no track any more: only an earlier import tells which track it is.
    is_lost: bool = False


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
        raise _mixxx_error(path, error) from error
    with closing(connection):
        # File names need not be UTF-8.
        connection.text_factory = _text
        try:
            _check(connection, path)
            yield _copy(connection, path)
        except sqlite3.Error as error:
            raise _mixxx_error(path, error) from error


class MixxxSnapshot:
    """The tracks of a database when it was opened, without those that Mixxx hides."""

    def __init__(
        self, connection: sqlite3.Connection, columns: Sequence[_Column], change_count: int
    ) -> None:
        self._connection = connection
        self._columns = columns
        # How many changes were made to the file.
        self.change_count = change_count

    @property
    def identity(self) -> str | None:
        """What distinguishes this database from all others, and never changes; None where it has nothing.

        Mixxx has no number for a database. But when it makes one, it makes the playlist of Auto DJ, which it
        keeps for ever, and which has the moment. So the identity stays when the file is moved, restored, or
        upgraded.
        """
        row = self._connection.execute("SELECT identity FROM temp.mcfs_identity").fetchone()
        return None if row is None else str(row[0])

    @property
    def greatest_id(self) -> int | None:
        """The greatest id that Mixxx has ever given to a track; None where it may give one twice."""
        row = self._connection.execute("SELECT seq FROM temp.mcfs_greatest_id").fetchone()
        return None if row is None else int(row[0])

    def plays(self) -> Iterator[tuple[int, int]]:
        """(id, how often it was played) of every track."""
        return self._connection.execute(
            "SELECT id, CAST(coalesce(timesplayed, 0) AS INTEGER) FROM temp.mcfs_track"
        )

    def count_missing(self) -> int:
        """How many tracks Mixxx has, and cannot find."""
        return len(self.missing_ids())

    def missing_ids(self) -> list[int]:
        """The ids of the tracks that Mixxx cannot find."""
        rows = self._connection.execute("SELECT id FROM temp.mcfs_track WHERE mcfs_is_missing")
        return [mixxx_id for (mixxx_id,) in rows]

    def count(self) -> int:
        """How many tracks there are that Mixxx can find."""
        ((count,),) = self._connection.execute(
            "SELECT count(*) FROM temp.mcfs_track WHERE NOT mcfs_is_missing"
        )
        return int(count)

    def folders(self) -> list[str]:
        """The folders in which Mixxx looks for music."""
        rows = self._connection.execute("SELECT directory FROM temp.mcfs_folder ORDER BY 1")
        return [directory for (directory,) in rows]

    def locations(self) -> Iterator[TrackLocation]:
        """The path of every track that Mixxx can find."""
        rows = self._connection.execute(
            "SELECT id, file FROM temp.mcfs_track WHERE NOT mcfs_is_missing"
        )
        return map(TrackLocation._make, rows)

    def remember_matches(self, ids: Iterable[tuple[int, int]], *, lost: bool = False) -> None:
        """Remember (id of the track in the store, id in Mixxx) for `matched_tracks`.

        `lost`: it is not the path that leads to the track.
        """
        self._connection.execute("BEGIN")
        self._connection.executemany(
            f"INSERT INTO temp.mcfs_match VALUES (?, ?, {int(lost)})",  # noqa: S608  (0 or 1)
            ids,
        )
        self._connection.execute("COMMIT")

    def matched_tracks(self) -> Iterator[tuple[int, list[MixxxRow]]]:
        """(id in the store, rows) of every track that was matched, in the order of ids.

        A track has several rows if Mixxx has its file more than once. The newest row comes first.
        """
        current: int | None = None
        found: list[MixxxRow] = []
        selected = ", ".join(f'"{column.name}"' for column in self._columns)
        lists = _fields_of_lists()
        rows = self._connection.execute(_MATCHED_TRACKS.format(selected))
        for track_id, mixxx_id, file, crates, playlists, history, locked, lost, *values in rows:
            fields = _fields(self._columns, values)
            for kind, array in ((MixxxLists.CRATES, crates), (MixxxLists.PLAYLISTS, playlists)):
                if array != "[]" and kind in lists and (names := _names(array)):
                    fields[lists[kind]] = names
            row = MixxxRow(mixxx_id, file, fields, bool(history), bool(locked), bool(lost))
            if track_id == current:
                found.append(row)
                continue
            if current is not None:
                yield current, found
            current, found = track_id, [row]
        if current is not None:
            yield current, found


_MATCHED_TRACKS = """
    SELECT track_id, mcfs_track.id, file,
           (SELECT json_group_array(name) FROM temp.mcfs_crate WHERE mcfs_crate.mixxx_id = id),
           (SELECT json_group_array(name) FROM temp.mcfs_playlist WHERE mcfs_playlist.mixxx_id = id),
           mcfs_has_history, mcfs_is_locked, is_lost, {}
    FROM temp.mcfs_match JOIN temp.mcfs_track ON id = mcfs_match.mixxx_id
    ORDER BY track_id, id DESC
"""
# Whether somebody has done something with a track.
_HAS_HISTORY = """
    coalesce(l.rating, 0) > 0 OR coalesce(l.timesplayed, 0) > 0 OR l.color IS NOT NULL
    OR coalesce(l.bpm_lock, 0)
    OR l.id IN (SELECT track_id FROM main.crate_tracks)
    OR l.id IN (SELECT track_id FROM main.PlaylistTracks)
    OR l.id IN (SELECT track_id FROM main.cues WHERE hotcue >= 0)
"""


def _copy(connection: sqlite3.Connection, path: Path) -> MixxxSnapshot:
    existing = set(_columns(connection, "library"))
    columns = [column for column in _columns_of_fields() if column.name in existing]
    names = ", ".join(f'"{column.name}"' for column in columns)
    selected = ", ".join(f'l."{column.name}"' for column in columns)
    statements = (
        "PRAGMA temp_store = FILE",
        # These do not read Mixxx's tables, so they come before the transaction.
        f"CREATE TEMP TABLE mcfs_track"
        f" (id INTEGER PRIMARY KEY, file, mcfs_is_missing, mcfs_has_history, mcfs_is_locked, {names})",
        "CREATE TEMP TABLE mcfs_match (track_id INTEGER, mixxx_id INTEGER, is_lost INTEGER)",
        "BEGIN",
        f"""
        INSERT INTO temp.mcfs_track
        SELECT l.id, coalesce(t.location, ''), coalesce(t.fs_deleted, 0), {_HAS_HISTORY},
               coalesce(l.bpm_lock, 0), {selected}
        FROM main.library l JOIN main.track_locations t ON t.id = l.location
        WHERE NOT coalesce(l.mixxx_deleted, 0)
        """,  # noqa: S608  (only names from this module)
        "CREATE TEMP TABLE mcfs_crate AS SELECT track_id AS mixxx_id, name FROM main.crate_tracks"
        " JOIN main.crates ON crates.id = crate_id",
        # Of the hidden ones, one is what Auto DJ is to play, and the others are what was played.
        "CREATE TEMP TABLE mcfs_playlist AS SELECT track_id AS mixxx_id, name"
        " FROM main.PlaylistTracks JOIN main.Playlists ON Playlists.id = playlist_id"
        " WHERE hidden = 0",
        "CREATE TEMP TABLE mcfs_folder AS SELECT directory FROM main.directories",
        "CREATE TEMP TABLE mcfs_greatest_id AS SELECT seq FROM"
        + (
            " main.sqlite_sequence WHERE name = 'library'"
            if _columns(connection, "sqlite_sequence")
            else " (SELECT 0 AS seq) WHERE false"
        ),
        "CREATE TEMP TABLE mcfs_identity AS SELECT 'mixxx ' || id || ' ' || date_created AS identity"
        " FROM main.Playlists WHERE hidden = 1 AND name = 'Auto DJ'"
        " AND date_created IS NOT NULL ORDER BY id LIMIT 1",
    )
    for statement in statements:
        connection.execute(statement)
    with path.open("rb") as file:
        change_count = int.from_bytes(file.read(_CHANGE_COUNT.stop)[_CHANGE_COUNT], "big")
    connection.execute("COMMIT")
    for table in ("mcfs_crate", "mcfs_playlist"):
        connection.execute(f"CREATE INDEX temp.{table}_by_track ON {table} (mixxx_id)")
    return MixxxSnapshot(connection, columns, change_count)


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
    needed_columns = {**_COLUMNS}
    needed_columns["library"] += tuple(
        column.name for column in _columns_of_fields() if not column.optional
    )
    for table, needed in needed_columns.items():
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


def _fields(columns: Sequence[_Column], values: Sequence[Any]) -> Fields:
    """The values of a row, without empty ones."""
    fields: Fields = {}
    for (_, field, _, convert), value in zip(columns, values, strict=True):
        if value is None or value == "":
            continue
        if convert is not None:
            text = convert(value)
            if not text:
                continue
        else:
            text = value if value.__class__ is str else str(value)
            if text.isspace():
                continue
        fields[field] = (text if text.isascii() else replace_not_utf8(text),)
    return fields


def _names(array: str) -> Values:
    names: list[str] = json.loads(array)
    return tuple(sorted({replace_not_utf8(name) for name in names if name.strip()}))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _mixxx_error(path: Path, error: sqlite3.Error) -> MixxxError:
    match error.sqlite_errorname if hasattr(error, "sqlite_errorname") else "":
        case "SQLITE_BUSY" | "SQLITE_LOCKED" | "SQLITE_BUSY_SNAPSHOT" | "SQLITE_BUSY_RECOVERY":
            return MixxxBusyError(f"Mixxx keeps writing to {path}; try again when it is done")
        case "SQLITE_NOTADB":
            return MixxxError(f"{path} is not a Mixxx database")
        case "SQLITE_READONLY_ROLLBACK" | "SQLITE_READONLY_RECOVERY":
            return MixxxError(f"{path} was not closed properly; start Mixxx once and quit it")
        case _:
            return MixxxError(f"{path} cannot be read: {error}")
