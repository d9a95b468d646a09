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
        select(Field.name, Field.shown, func.count(TrackValue.track_id.distinct()).label("tracks"))
        .join(Value, Value.field_id == Field.id)
        .join(TrackValue, TrackValue.value_id == Value.id)
        .where(is_metadata())
        .group_by(Field.id)
        .order_by(Field.name)
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
        select(Value.folded).where(Field.name.in_(fields), Value.field_id == Field.id).distinct()
    ).scalars()
    if LOCATION in fields:
        yield from connection.execute(select(TrackFile.folded)).scalars()


def tracks_of_values(fields: Sequence[str]) -> Select[int, int, str, str]:
    """Which track has which value: id of the track, id of the value, folded, as it is written."""
    if tuple(fields) == (LOCATION,):
        return select(
            TrackFile.track_id,
            TrackFile.id.label("value_id"),
            TrackFile.folded,
            TrackFile.work_path.label("text"),
        )
    assert LOCATION not in fields, "ids of files and of values cannot be mixed"
    return (
        select(TrackValue.track_id, Value.id.label("value_id"), Value.folded, Value.text)
        .join(Value, Value.id == TrackValue.value_id)
        .join(Field, Field.id == Value.field_id)
        .where(Field.name.in_(fields))
    )
