"""The statements from which templates get their values, and groups their tracks.

Owns what is asked of the fields that a template names; what it makes of the answers is `grouping.py`'s.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from mcfs.query import And, Flag, Query
from mcfs.schema.cache import Field, Track, TrackValue, Value
from mcfs.sql.compiled import MOST_SHAPES, Compiled, compiled
from mcfs.sql.lowering import Shape
from mcfs.sql.expressions import Statement, ids_of_fields, inside

# In the names of columns: what says where a track lies.
PLACE = "place"


def is_wide(query: Query) -> bool:
    """Whether a folder holds all tracks, but for those that are here or not, live or not."""
    terms = query.where.terms if isinstance(query.where, And) else {query.where}
    return query.limit is None and all(isinstance(term, Flag) for term in terms)


def select_values(fields: tuple[str, ...]) -> Compiled:
    """Every value of some stored fields: id, text, number."""
    return Compiled(_dictionary(fields), {})


def select_values_of(query: Query, fields: tuple[str, ...], today: date) -> Compiled:
    """Those of these values that the tracks of a query have: id, text, number."""
    build = _values_of_nearly_all if is_wide(query) else _values_of_few
    return compiled(build, query, today, fields)


def select_pairs(query: Query, fields: tuple[str, ...], today: date) -> Compiled:
    """Which track of a query has which of these values: two ids. For queries that are wide."""
    return compiled(_pairs, query, today, fields)


def select_texts(query: Query, fields: tuple[str, ...], today: date) -> Compiled:
    """The same with the values themselves: id of the track, field, text, number. For those that are not."""
    return compiled(_texts, query, today, fields)


def select_combinations(
    fields: tuple[tuple[str, ...], ...], columns: tuple[str, ...], untitled: int | None, most: int
) -> Compiled:
    """What tracks have together, over all of the library, and which have it.

    A row for each combination: of each of the `fields` the id of a value, NULL for none; what stands in
    these columns; where the track lies, if it has none of the field that is the `untitled`th; and the ids
    of the tracks, with commas between. A track with several values is in as many rows.
    """
    return Compiled(_combinations(fields, columns, untitled), {"most": most})


def select_lacking(query: Query, today: date) -> Compiled:
    """The ids of all tracks that are not in a folder."""
    return compiled(_lacking, query, today)


def select_columns(query: Query, names: tuple[str, ...], today: date) -> Compiled:
    """The ids of the tracks of a query, and what each has in these columns, as it is stored."""
    return compiled(_columns_of, query, today, names)


def ask_without(query: Query, fields: tuple[str, ...], today: date) -> Compiled:
    """Whether a track of the query has no value of these stored fields."""
    return compiled(_without, query, today, fields)


def count_values(ids: str) -> Compiled:
    """How many tracks have each of these values; `ids` is a JSON array."""
    return Compiled(_VALUE_COUNTS, {"ids": ids})


@lru_cache(MOST_SHAPES)
def _dictionary(fields: tuple[str, ...]) -> Statement:
    return select(Value.id, Value.text, Value.number).where(
        Value.field_id.in_(ids_of_fields(fields))
    )


@lru_cache(MOST_SHAPES)
def _values_of_few(shape: Shape, fields: tuple[str, ...]) -> Statement:
    return _from_tracks(shape, fields, [Value.id, Value.text, Value.number]).distinct()


@lru_cache(MOST_SHAPES)
def _values_of_nearly_all(shape: Shape, fields: tuple[str, ...]) -> Statement:
    # Nearly every value has a track that is here: to look for one is quicker than to walk them all.
    having = (
        select(TrackValue.track_id)
        .join(Track, Track.id == TrackValue.track_id)
        .where(TrackValue.value_id == Value.id, inside(shape))
    )
    return _dictionary(fields).where(having.exists())


@lru_cache(MOST_SHAPES)
def _pairs(shape: Shape, fields: tuple[str, ...]) -> Statement:
    tracks = select(Track.id).where(inside(shape))
    return (
        select(TrackValue.track_id, TrackValue.value_id)
        .join(Value, Value.id == TrackValue.value_id)
        # A sum is no column with an index: one by one they would be looked up for each value.
        .where(Value.field_id.in_(ids_of_fields(fields)), (TrackValue.track_id + 0).in_(tracks))
    )


@lru_cache(MOST_SHAPES)
def _texts(shape: Shape, fields: tuple[str, ...]) -> Statement:
    columns = [Track.id, Field.name, Value.text, Value.number]
    return _from_tracks(shape, fields, columns).join(Field, Field.id == Value.field_id)


def _from_tracks(shape: Shape, fields: tuple[str, ...], columns: list[Any]) -> Statement:
    return (
        select(*columns)
        .select_from(Track)
        .join(TrackValue, TrackValue.track_id == Track.id)
        # From the tracks, and not from the values: a sum is no column with an index.
        .join(Value, Value.id == TrackValue.value_id + 0)
        .where(inside(shape), (Value.field_id + 0).in_(ids_of_fields(fields)))
    )


@lru_cache(MOST_SHAPES)
def _combinations(
    fields: tuple[tuple[str, ...], ...], columns: tuple[str, ...], untitled: int | None
) -> Statement:
    # Each field apart, from its values to their tracks: a walk over all that each track has is ten times
    # as long. SQLite makes an index for the joins by itself.
    held = [
        select(TrackValue.track_id, TrackValue.value_id)
        .join(Value, Value.id + 0 == TrackValue.value_id)
        .where(Value.field_id.in_(ids_of_fields(names)), Value.folded != "")
        .cte(f"held_{place}")
        .prefix_with("MATERIALIZED")
        for place, names in enumerate(fields)
    ]
    combined: list[Any] = [one.c.value_id for one in held]
    combined += (type_coerce(_column(name), NullType()) for name in columns)
    if untitled is not None:
        place = case((held[untitled].c.value_id.is_(None), _column(PLACE)))
        combined.append(type_coerce(place, NullType()))
    each: Statement = select(*(what.label(f"c{at}") for at, what in enumerate(combined)), Track.id)
    each = each.select_from(Track)
    for one in held:
        each = each.outerjoin(one, one.c.track_id == Track.id)
    *together, track_id = each.limit(bindparam("most")).subquery().c
    return select(*together, func.group_concat(track_id)).group_by(*together)


def _column(name: str) -> ColumnElement[Any]:
    """A track that has no file in the work tree lies nowhere but at its name."""
    if name == PLACE:
        return func.coalesce(Track.work_path, Track.name)
    column: ColumnElement[Any] = getattr(Track, name)
    return column


@lru_cache(MOST_SHAPES)
def _lacking(shape: Shape) -> Statement:
    return select(Track.id).where(not_(inside(shape)))


@lru_cache(MOST_SHAPES)
def _columns_of(shape: Shape, names: tuple[str, ...]) -> Statement:
    return select(Track.id, *(type_coerce(_column(name), NullType()) for name in names)).where(
        inside(shape)
    )


# A track without a value has nothing in the column that repeats it. Not the other way round: "fast" is no
# number, and the smallest of several may be empty.
_REPEATED = {
    name: getattr(Track, "key_text" if name == "key" else name)
    for name in ("artist", "title", "album", "genre", "bpm", "rating", "key", "year", "tracknumber")
}


@lru_cache(MOST_SHAPES)
def _without(shape: Shape, fields: tuple[str, ...]) -> Statement:
    having = (
        select(TrackValue.track_id)
        .join(Value, Value.id == TrackValue.value_id)
        .where(Value.field_id.in_(ids_of_fields(fields)), Value.folded != "")
    )
    column = _REPEATED.get(fields[0])
    if column is None:
        return select(exists(select(Track.id).where(inside(shape), Track.id.not_in(having))))
    # Of the few tracks that may be meant, each is looked at, until one is.
    own = having.where(TrackValue.track_id == Track.id)
    may = or_(column.is_(None), column == "")
    return select(exists(select(Track.id).where(inside(shape), may, ~own.exists())))


_COUNTED = func.json_each(bindparam("ids")).table_valued("value")
_VALUE_COUNTS: Statement = (
    select(TrackValue.value_id, func.count())
    .where(TrackValue.value_id.in_(select(_COUNTED.c.value)))
    .group_by(TrackValue.value_id)
)
