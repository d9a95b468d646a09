"""Turns track records into rows; every distinct field and value gets an id once.

Owns these ids, and the rows that wait to be inserted. `bulk_load.py` and `cache_writer.py` know what has to
happen before and after. SQLAlchemy compiles one statement per table and does nothing per row: that would
take longer than SQLite's own work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, Integer, Table, bindparam, insert, update
from sqlalchemy.dialects import sqlite

from mcfs.fields import DIRECTORY, TYPE, field_table
from mcfs.fields.date_values import read_date
from mcfs.fields.kinds import Date, Discovered
from mcfs.schema.cache import Field, Track, TrackFile, TrackValue, Value
from mcfs.store.records import TrackRecord
from mcfs.text.fold import fold
from mcfs.text.raw_text import stored_text
from mcfs.text.timestamps import to_microseconds

_Row = tuple[Any, ...]

# The columns of `track` that repeat a value of a field stand in a row, between these two.
_TRACK_COLUMNS = [column.name for column in Track.c]
_REPEATED = _TRACK_COLUMNS[_TRACK_COLUMNS.index("added_at") + 1 : _TRACK_COLUMNS.index("decade")]
_MAX_INTEGER = 2**63 - 1
# Pairs per statement: SQLite inserts these narrow rows three times as fast as one by one.
_PAIRS_AT_ONCE = 500


class _Values(dict[str, int]):
    """The values of one field: text → id. Looking up a new text gives it an id and a row."""

    def __init__(self, field_id: int, name: str, ids: Iterator[int], rows: list[_Row]) -> None:
        self.field_id = field_id
        self.name = name
        field = field_table().of_stored(name)
        self.number_of = field.kind.number_of
        # The date of a derived field is a column of the track.
        self._may_be_date = isinstance(field.kind, (Date, Discovered)) and not field.is_derived
        # Another spelling of a field is not repeated: its value could differ.
        is_repeated = field.name == name
        self.text_index = _repeated_index(field.text_column) if is_repeated else None
        self.number_index = _repeated_index(field.number_column) if is_repeated else None
        self._is_whole = self.number_index is not None and _is_whole(_REPEATED[self.number_index])
        # Text → its number, for a field that has a number column in `track`.
        self.numbers: dict[str, float | None] = {}
        self._ids = ids
        self._rows = rows

    def __missing__(self, text: str) -> int:
        value_id = next(self._ids)
        number = self.number_of(text)
        # Nothing but space counts as no value, in queries and in templates.
        folded = stored_text(fold(text)) if text.strip() else ""
        begins = ends = None
        if self._may_be_date and (found := read_date(text)):
            begins, ends = found
        self._rows.append(
            (value_id, self.field_id, stored_text(text), folded, number, begins, ends)
        )
        self.add_known(text, value_id, number)
        return value_id

    def add_known(self, text: str, value_id: int, number: float | None) -> None:
        """Add a value that has a row already."""
        self[text] = value_id
        if self.number_index is not None:
            self.numbers[text] = _whole(number) if self._is_whole else number


class _Fields(dict[str, tuple[_Values, int | None, int | None]]):
    """Every spelling of every field → its values, and the positions of their text and number in `track`.

    Looking up a new field gives it an id and a row; a new spelling becomes the one that is shown.
    """

    def __init__(self, next_field: int, next_value: int) -> None:
        self.by_name: dict[str, _Values] = {}
        self.respelled: dict[int, str | bytes] = {}
        self.rows: list[_Row] = []
        self.value_rows: list[_Row] = []
        self._ids = count(next_field)
        self._value_ids = count(next_value)

    def __missing__(self, shown: str) -> tuple[_Values, int | None, int | None]:
        name = fold(shown)
        values = self.by_name.get(name)
        if values is not None:
            self.respelled[values.field_id] = stored_text(shown)
            return self._spell(shown, values)
        field_id = next(self._ids)
        self.rows.append((field_id, stored_text(name), stored_text(shown), 0))
        return self.add_known(field_id, name, shown)

    def add_known(
        self, field_id: int, name: str, shown: str
    ) -> tuple[_Values, int | None, int | None]:
        """Add a field that has a row already."""
        values = _Values(field_id, name, self._value_ids, self.value_rows)
        self.by_name[name] = values
        return self._spell(shown, values)

    def _spell(self, shown: str, values: _Values) -> tuple[_Values, int | None, int | None]:
        self[shown] = spelled = (values, values.text_index, values.number_index)
        return spelled


class RowEncoder:
    """Gives ids to fields and values, and collects rows until `flush` inserts them."""

    def __init__(self, next_field: int = 1, next_value: int = 1, next_file: int = 1) -> None:
        self._fields = _Fields(next_field, next_value)
        self._file_ids = count(next_file)
        self._tracks: list[_Row] = []
        self._files: list[_Row] = []
        # Track id, value id, track id, value id …: a tuple for each of a million pairs is slower.
        self._pairs: list[int] = []

    def add_known_field(self, field_id: int, name: str, shown: str) -> None:
        """Add a field that the database has."""
        self._fields.add_known(field_id, name, shown)

    def add_known_value(self, name: str, text: str, value_id: int) -> None:
        """Add a value that the database has, of a field that was added."""
        values = self._fields.by_name[name]
        values.add_known(text, value_id, values.number_of(text))

    def add(
        self, track_id: int, inode: int, record: TrackRecord, name: str, base_name_folded: str
    ) -> None:
        """Encode one track and all that belongs to it; `name` is its name for now."""
        # A million values pass through here: every call that is saved counts.
        fields = self._fields
        found: list[int] = []
        repeated: list[Any] = [None] * len(_REPEATED)
        for shown, texts in record.values.items():
            values, text_index, number_index = fields[shown]
            if len(texts) == 1:
                text = texts[0]
                found.append(values[text])
                if text_index is not None and not text.isspace():
                    repeated[text_index] = text if text.isascii() else stored_text(text)
                if number_index is not None:
                    repeated[number_index] = values.numbers[text]
            elif texts:
                found += {values[text] for text in texts}
                if text_index is not None:
                    smallest = min(filter(str.strip, texts), default=None)
                    repeated[text_index] = None if smallest is None else stored_text(smallest)
                if number_index is not None:
                    numbers = [n for n in map(values.numbers.get, texts) if n is not None]
                    # Programs write zero for "none": prefer any other number.
                    repeated[number_index] = min(
                        filter(None, numbers), default=min(numbers, default=None)
                    )
        has_metadata = 1 if found else 0
        for work_path in record.files:
            for field, text in path_fields(work_path):
                found.append(fields[field][0][text])
        if len(fields) > len(fields.by_name) or len(record.files) > 1:
            found = list(set(found))  # one field in two spellings, two files in one folder
        # In order, so that the b-tree of pairs only grows at its end.
        found.sort()
        pairs = [track_id] * (2 * len(found))
        pairs[1::2] = found
        self._pairs += pairs
        for work_path in record.files:
            blob = record.blobs.get(work_path, "")
            reachable = work_path not in record.hidden
            self._files.append(
                (
                    next(self._file_ids),
                    stored_text(work_path),
                    stored_text(fold(work_path)),
                    track_id,
                    blob,
                    1 if reachable else 0,
                    1 if record.present else 0,
                )
            )
        checked_out = record.files
        if record.hidden:
            checked_out = tuple(path for path in checked_out if path not in record.hidden)
        # Flags as integers: sqlite3 would search for an adapter for a bool.
        self._tracks.append(
            (
                track_id,
                stored_text(record.annex_key),
                stored_text(name),
                stored_text(record.name),
                stored_text(base_name_folded),
                inode,
                stored_text(checked_out[0]) if checked_out else None,
                stored_text(record.content_path),
                1 if record.present else 0,
                record.size if record.size is None or record.size <= _MAX_INTEGER else None,
                None if record.changed_at is None else to_microseconds(record.changed_at),
                None if record.added_at is None else to_microseconds(record.added_at),
                *repeated,
                record.decade,
                1 if record.is_live else 0,
                has_metadata,
                None if record.left_out is None else stored_text(record.left_out),
            )
        )

    def flush(self, connection: Connection) -> bool:
        """Insert the rows that wait; returns whether there are new values among them."""
        has_new_values = self._flush_values(connection)
        for table, rows in ((Track, self._tracks), (TrackFile, self._files)):
            if rows:
                connection.exec_driver_sql(_insert_into(table), rows)
                rows.clear()
        self._flush_pairs(connection)
        return has_new_values

    def flush_over(self, connection: Connection, old: Collection[tuple[int, int]]) -> bool:
        """Put the rows that wait in the place of those that the tracks have, with their files as they are.

        `old` are their pairs in `track_value`. Returns whether there are new values.
        """
        has_new_values = self._flush_values(connection)
        connection.exec_driver_sql(_UPDATE_TRACK, [(*row[1:], row[0]) for row in self._tracks])
        new = set(zip(self._pairs[::2], self._pairs[1::2], strict=True))
        if gone := sorted(set(old) - new):
            connection.exec_driver_sql(_DELETE_PAIR, gone)
        if come := sorted(new.difference(old)):
            connection.exec_driver_sql(_insert_into(TrackValue), come)
        for rows in (self._tracks, self._files, self._pairs):
            rows.clear()
        return has_new_values

    def _flush_values(self, connection: Connection) -> bool:
        """Insert the new fields and values; returns whether there are new values."""
        fields = self._fields
        has_new_values = bool(fields.value_rows)
        for table, rows in ((Field, fields.rows), (Value, fields.value_rows)):
            if rows:
                connection.exec_driver_sql(_insert_into(table), rows)
                rows.clear()
        if respelled := [(shown, field_id) for field_id, shown in fields.respelled.items()]:
            connection.exec_driver_sql(_RESPELL, respelled)
            fields.respelled.clear()
        return has_new_values

    def _flush_pairs(self, connection: Connection) -> None:
        pairs = self._pairs
        size = 2 * _PAIRS_AT_ONCE
        whole = len(pairs) - len(pairs) % size
        if many := [tuple(pairs[at : at + size]) for at in range(0, whole, size)]:
            connection.exec_driver_sql(_insert_into(TrackValue, _PAIRS_AT_ONCE), many)
        if rest := [tuple(pairs[at : at + 2]) for at in range(whole, len(pairs), 2)]:
            connection.exec_driver_sql(_insert_into(TrackValue), rest)
        pairs.clear()


def path_fields(work_path: str) -> list[tuple[str, str]]:
    """The folder and the type of a file, as values of fields that no annex field can have the name of."""
    directory, _, name = work_path.rpartition("/")
    found = []
    if directory:
        found.append((DIRECTORY, directory))
    if "." in name:
        found.append((TYPE, name.rpartition(".")[2].lower()))
    return found


def _repeated_index(column: str | None) -> int | None:
    return None if column is None else _REPEATED.index(column)


def _is_whole(column: str) -> bool:
    return isinstance(Track.c[column].type, Integer)


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and abs(number) <= _MAX_INTEGER else None


@cache
def _insert_into(table: Table[Any], rows: int = 1) -> str:
    one = str(insert(table).compile(dialect=sqlite.dialect()))
    _, _, marks = one.partition("VALUES ")
    return one + f", {marks}" * (rows - 1)


_UPDATE_TRACK = (
    f"UPDATE track SET {', '.join(f'{name} = ?' for name in _TRACK_COLUMNS[1:])} WHERE id = ?"  # noqa: S608
)
_DELETE_PAIR = "DELETE FROM track_value WHERE track_id = ? AND value_id = ?"
_RESPELL = str(
    update(Field)
    .values(shown=bindparam("shown"))
    .where(Field.c.id == bindparam("field_id"))
    .compile(dialect=sqlite.dialect())
)
