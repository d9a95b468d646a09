"""Counts of fields and values: which there are, and how many tracks have them.

Owns these statements. Work paths count as values of the field "/location", though they are kept with the
files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Select, func, select

from mcfs.fields import LOCATION
from mcfs.schema.cache import Field, TrackFile, TrackValue, Value
from mcfs.store.records import FieldCount, ValueCount
from mcfs.store.track_records import is_metadata


def count_fields(connection: Connection) -> list[FieldCount]:
    """Every field, by name."""
    rows = connection.execute(
        select(
            Field.c.name,
            Field.c.shown,
            func.count(TrackValue.c.track_id.distinct()).label("tracks"),
        )
        .join(Value, Value.c.field_id == Field.c.id)
        .join(TrackValue, TrackValue.c.value_id == Value.c.id)
        .where(is_metadata())
        .group_by(Field.c.id)
        .order_by(Field.c.name)
    )
    return [FieldCount(name=row.name, shown=row.shown, tracks=row.tracks) for row in rows]


def count_values(connection: Connection, fields: Sequence[str]) -> list[ValueCount]:
    """The values of some stored fields; those that fold to the same are one, in its commonest spelling."""
    values = tracks_of_values(fields).subquery()
    spellings: dict[str, tuple[int, str]] = {}
    for folded, text, tracks in connection.execute(
        select(values.c.folded, values.c.text, func.count())
        .group_by(values.c.value_id)
        .order_by(values.c.text.desc())
    ):
        if tracks >= spellings.get(folded, (0, ""))[0]:
            spellings[folded] = (tracks, text)
    rows = connection.execute(
        select(values.c.folded, func.count(values.c.track_id.distinct())).group_by(values.c.folded)
    )
    return [
        ValueCount(folded=folded, shown=spellings[folded][1], tracks=tracks)
        for folded, tracks in rows
    ]


def count_tracks_with(connection: Connection, fields: Sequence[str]) -> int:
    """How many tracks have a value of one of some stored fields."""
    values = tracks_of_values(fields).subquery()
    return connection.execute(select(func.count(values.c.track_id.distinct()))).scalar_one()


def folded_values(connection: Connection, fields: Sequence[str]) -> Iterator[str]:
    """The distinct values of some stored fields, folded."""
    yield from connection.execute(
        select(Value.c.folded)
        .where(Field.c.name.in_(fields), Value.c.field_id == Field.c.id)
        .distinct()
    ).scalars()
    if LOCATION in fields:
        yield from connection.execute(select(TrackFile.c.folded)).scalars()


def tracks_of_values(fields: Sequence[str]) -> Select[int, int, str, str]:
    """Which track has which value: id of the track, id of the value, folded, as it is written."""
    if tuple(fields) == (LOCATION,):
        return select(
            TrackFile.c.track_id,
            TrackFile.c.id.label("value_id"),
            TrackFile.c.folded,
            TrackFile.c.work_path.label("text"),
        )
    assert LOCATION not in fields, "ids of files and of values cannot be mixed"
    return (
        select(TrackValue.c.track_id, Value.c.id.label("value_id"), Value.c.folded, Value.c.text)
        .join(Value, Value.c.id == TrackValue.c.value_id)
        .join(Field, Field.c.id == Value.c.field_id)
        .where(Field.c.name.in_(fields))
    )
