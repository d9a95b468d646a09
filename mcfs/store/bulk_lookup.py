"""Lookups for as many tracks as a library has: an import compares all of them.

Owns reading a hundred thousand rows with neither a row object nor a call for each. A track is named by its
id here, which means something within one read transaction only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from mcfs.schema.cache import Field, Track, TrackFile, TrackValue, Value
from mcfs.store.batches import chunks, column_in
from mcfs.text.raw_text import as_text

# Ids closer together than this, on average, are read as one range, the rows between them too.
_MAX_GAP = 8
# Hardly any value contains it.
_SEPARATOR = "\x1f"


def track_ids_of_files(connection: Connection, work_paths: Iterable[str]) -> dict[str, int]:
    """Work path → id of the track that it is a file of; unknown paths are left out."""
    statement = select(_raw(TrackFile.c.work_path), TrackFile.c.track_id)
    return {
        path if path.__class__ is str else as_text(path): track_id
        for some in chunks(work_paths)
        for path, track_id in _raw_rows(
            connection, statement.where(column_in(TrackFile.c.work_path, some))
        )
    }


def track_ids_of_keys(connection: Connection, annex_keys: Iterable[str]) -> dict[str, int]:
    """Annex key → id of the track; unknown keys are left out."""
    statement = select(Track.c.annex_key, Track.c.id)
    return {
        key: track_id
        for some in chunks(annex_keys)
        for key, track_id in connection.execute(statement.where(column_in(Track.c.annex_key, some)))
    }


def keys_of_ids(connection: Connection, track_ids: Sequence[int]) -> dict[int, str]:
    """Id of a track → annex key."""
    rows = _raw_rows(
        connection,
        select(Track.c.id, _raw(Track.c.annex_key)).where(column_in(Track.c.id, track_ids)),
    )
    return {track_id: key if key.__class__ is str else as_text(key) for track_id, key in rows}


class TrackFacts(NamedTuple):
    """What an import has to know of a track besides its values."""

    annex_key: str
    # Its content, if that is here.
    content_path: str | None
    added_at: datetime | None


def facts_of_ids(connection: Connection, track_ids: Sequence[int]) -> dict[int, TrackFacts]:
    """Id of a track → its facts."""
    statement = select(
        Track.c.id, Track.c.annex_key, Track.c.content_path, Track.c.present, Track.c.added_at
    )
    return {
        track_id: TrackFacts(key, content_path if present else None, added_at)
        for track_id, key, content_path, present, added_at in connection.execute(
            statement.where(column_in(Track.c.id, track_ids))
        )
    }


def values_of_ids(
    connection: Connection, track_ids: Sequence[int], fields: Collection[str]
) -> dict[int, dict[str, tuple[str, ...]]]:
    """Id of a track → folded name of a field → its values, sorted; quickest for ids in ascending order."""
    rows = connection.execute(select(Field.c.id, Field.c.name).where(Field.c.name.in_(fields)))
    names = {str(field_id): name for field_id, name in rows}
    found: dict[int, dict[str, tuple[str, ...]]] = {track_id: {} for track_id in track_ids}
    if not names or not found:
        return found
    piece = Value.c.field_id.op("||")(_SEPARATOR).op("||")(_raw(Value.c.text))
    statement = (
        select(
            TrackValue.c.track_id,
            func.count(),
            # As bytes: not all of it need be UTF-8.
            cast(func.group_concat(piece, _SEPARATOR), LargeBinary),
        )
        .join(Value, Value.c.id == TrackValue.c.value_id)
        # A sum, so that SQLite does not begin with all values of these fields.
        .where(
            _id_in(TrackValue.c.track_id, track_ids), (Value.c.field_id + 0).in_(map(int, names))
        )
        .group_by(TrackValue.c.track_id)
    )
    # A million values: joining them in SQLite takes half as long as a row for each.
    for track_id, count, joined in _raw_rows(connection, statement):
        if track_id not in found:
            continue
        pieces = joined.decode("utf-8", "surrogateescape").split(_SEPARATOR)
        if len(pieces) != 2 * count:
            pieces = _pieces(connection, track_id, names)
        found[track_id] = _by_field(pieces, names)
    return found


def _pieces(connection: Connection, track_id: int, names: Collection[str]) -> list[str]:
    """Ids of fields and values in turn, of a track that has a value with the separator in it."""
    rows = connection.execute(
        select(Value.c.field_id, Value.c.text)
        .join(TrackValue, TrackValue.c.value_id == Value.c.id)
        .where(TrackValue.c.track_id == track_id, Value.c.field_id.in_(map(int, names)))
    )
    return [piece for field_id, text in rows for piece in (str(field_id), text)]


def _by_field(pieces: Sequence[str], names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Name of a field → its values, sorted, of ids of fields and values in turn."""
    values: dict[str, tuple[str, ...]] = {}
    several = set()
    rest = iter(pieces)
    for field_id in rest:
        name = names[field_id]
        if name in values:
            values[name] += (next(rest),)
            several.add(name)
        else:
            values[name] = (next(rest),)
    for name in several:
        values[name] = tuple(sorted(values[name]))
    return values


def _id_in(column: Column[int], ids: Sequence[int]) -> ColumnElement[bool]:
    if not ids:
        return column.in_(())
    first, last = min(ids), max(ids)
    if last - first < _MAX_GAP * len(ids):
        return column.between(first, last)
    return column_in(column, ids)


def _raw(column: Column[str]) -> ColumnElement[Any]:
    """A text as SQLite keeps it: bytes, where it is not UTF-8."""
    return type_coerce(column, NullType())


def _raw_rows(connection: Connection, statement: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows as sqlite3 has them."""
    cursor = connection.execute(statement).cursor
    assert cursor is not None
    return list(cursor.fetchall())
