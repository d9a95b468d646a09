"""The statements that give templates their values, and groups their tracks.

Owns these statements; `tree/template_cells.py` makes cells of their rows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
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

from mcfs.fields import field_table
from mcfs.query import And, Flag, Query
from mcfs.schema.cache import Field, Track, TrackValue, Value
from mcfs.sql.bound_query import BoundQuery
from mcfs.sql.compiled import MAX_SHAPES, Columns, Compiled, compile_query
from mcfs.sql.expressions import ids_of_fields, in_query
from mcfs.sql.shape import QueryShape

# Among the names of columns: the work path of a track's first file, or its name if it has no file.
PATH = "path"


def has_nearly_all(query: Query) -> bool:
    """Whether a query has no terms but flags, and no limit: it may find nearly all tracks."""
    terms = query.where.terms if isinstance(query.where, And) else {query.where}
    return query.limit is None and all(isinstance(term, Flag) for term in terms)


def select_all_values(fields: tuple[str, ...]) -> Compiled[int, str, float | None]:
    """Every value of some stored fields: its id, text, number."""
    return Compiled(_all_values(fields), {})


def select_values(bound: BoundQuery, fields: tuple[str, ...]) -> Compiled[int, str, float | None]:
    """The values of some stored fields that the tracks of a query have: id, text, number."""
    build = _values_of_nearly_all if has_nearly_all(bound.query) else _values_of_few
    return compile_query(build, bound, fields)


def may_have_value(fields: tuple[str, ...], folded: str) -> Compiled[bool]:
    """Whether a value of these stored fields may be this text when folded and without space around it.

    It may also be a longer text that begins with this one; if the answer is no, there is none.
    """
    return Compiled(_may_have_value(fields), {"folded": folded, "after": folded + _LAST})


def select_value_ids_by_track(bound: BoundQuery, fields: tuple[str, ...]) -> Compiled[int, int]:
    """The id of each track of a query, with the id of each such value that it has.

    For queries of nearly all tracks.
    """
    return compile_query(_value_ids_by_track, bound, fields)


def select_values_by_track(
    bound: BoundQuery, fields: tuple[str, ...]
) -> Compiled[int, str, str, float | None]:
    """The id of each track of a query, with the field, text and number of each such value that it has.

    For queries of few tracks.
    """
    return compile_query(_values_by_track, bound, fields)


def select_combinations(
    fields: tuple[tuple[str, ...], ...], columns: tuple[str, ...], untitled: int | None, most: int
) -> Compiled[*tuple[Any, ...]]:
    """The combinations of values that the tracks of the library have, and which tracks have each.

    A row for each combination: for each of the `fields` the id of a value, NULL for none; what these
    columns hold; the path of the track, if it has none of the field that is the `untitled`th; and the ids
    of the tracks, with commas between. A track with several values is in as many rows.
    """
    return Compiled(_combinations(fields, columns, untitled), {"most": most})


def select_ids_outside(bound: BoundQuery) -> Compiled[int]:
    """The ids of all tracks that a query does not find."""
    return compile_query(_ids_outside, bound)


def select_columns(bound: BoundQuery, names: tuple[str, ...]) -> Compiled[int, *tuple[Any, ...]]:
    """The id of each track of a query, and what it has in these columns, as it is stored."""
    return compile_query(_columns_of, bound, names)


def has_track_without(bound: BoundQuery, fields: tuple[str, ...]) -> Compiled[bool]:
    """Whether a track of a query has no value of these stored fields."""
    return compile_query(_has_track_without, bound, fields)


def count_values(ids: str) -> Compiled[int, int]:
    """Id of a value → how many tracks have it; `ids` is a JSON array."""
    return Compiled(_VALUE_COUNTS, {"ids": ids})


@lru_cache(MAX_SHAPES)
def _all_values(fields: tuple[str, ...]) -> Select[int, str, float | None]:
    return select(Value.c.id, Value.c.text, Value.c.number).where(
        Value.c.field_id.in_(ids_of_fields(fields))
    )


@lru_cache(MAX_SHAPES)
def _values_of_few(shape: QueryShape, fields: tuple[str, ...]) -> Select[int, str, float | None]:
    values = select(Value.c.id, Value.c.text, Value.c.number)
    return _of_tracks(values, shape, fields).distinct()


@lru_cache(MAX_SHAPES)
def _values_of_nearly_all(
    shape: QueryShape, fields: tuple[str, ...]
) -> Select[int, str, float | None]:
    # Nearly every value has a track that matches: finding one is faster than walking all.
    having = (
        select(TrackValue.c.track_id)
        .join(Track, Track.c.id == TrackValue.c.track_id)
        .where(TrackValue.c.value_id == Value.c.id, in_query(shape))
    )
    return _all_values(fields).where(having.exists())


@lru_cache(MAX_SHAPES)
def _value_ids_by_track(shape: QueryShape, fields: tuple[str, ...]) -> Select[int, int]:
    tracks = select(Track.c.id).where(in_query(shape))
    return (
        select(TrackValue.c.track_id, TrackValue.c.value_id)
        .join(Value, Value.c.id == TrackValue.c.value_id)
        # The sum keeps SQLite from looking up the tracks one by one for each value.
        .where(Value.c.field_id.in_(ids_of_fields(fields)), (TrackValue.c.track_id + 0).in_(tracks))
    )


@lru_cache(MAX_SHAPES)
def _values_by_track(
    shape: QueryShape, fields: tuple[str, ...]
) -> Select[int, str, str, float | None]:
    values = select(Track.c.id, Field.c.name, Value.c.text, Value.c.number)
    return _of_tracks(values, shape, fields).join(Field, Field.c.id == Value.c.field_id)


def _of_tracks(
    values: Select[*Columns], shape: QueryShape, fields: tuple[str, ...]
) -> Select[*Columns]:
    return (
        values.select_from(Track)
        .join(TrackValue, TrackValue.c.track_id == Track.c.id)
        # The sums make SQLite start from the tracks, not from the values.
        .join(Value, Value.c.id == TrackValue.c.value_id + 0)
        .where(in_query(shape), (Value.c.field_id + 0).in_(ids_of_fields(fields)))
    )


@lru_cache(MAX_SHAPES)
def _combinations(
    fields: tuple[tuple[str, ...], ...], columns: tuple[str, ...], untitled: int | None
) -> Select[*tuple[Any, ...]]:
    # Each field by itself, from its values to their tracks: walking all values of each track takes ten
    # times as long. SQLite makes an index for the joins by itself.
    by_field = [
        select(TrackValue.c.track_id, TrackValue.c.value_id)
        .join(Value, Value.c.id + 0 == TrackValue.c.value_id)
        .where(Value.c.field_id.in_(ids_of_fields(names)), Value.c.folded != "")
        .cte(f"values_{place}")
        .prefix_with("MATERIALIZED")
        for place, names in enumerate(fields)
    ]
    combined: list[Any] = [one.c.value_id for one in by_field]
    combined += (type_coerce(_column(name), NullType()) for name in columns)
    if untitled is not None:
        path = case((by_field[untitled].c.value_id.is_(None), _column(PATH)))
        combined.append(type_coerce(path, NullType()))
    each: Select[*tuple[Any, ...]] = select(
        *(column.label(f"c{place}") for place, column in enumerate(combined)), Track.c.id
    )
    each = each.select_from(Track)
    for one in by_field:
        each = each.outerjoin(one, one.c.track_id == Track.c.id)
    *together, track_id = each.limit(bindparam("most")).subquery().c
    return select(*together, func.group_concat(track_id)).group_by(*together)


def _column(name: str) -> ColumnElement[Any]:
    if name == PATH:
        return func.coalesce(Track.c.work_path, Track.c.name)
    column: ColumnElement[Any] = Track.c[name]
    return column


@lru_cache(MAX_SHAPES)
def _ids_outside(shape: QueryShape) -> Select[int]:
    return select(Track.c.id).where(not_(in_query(shape)))


@lru_cache(MAX_SHAPES)
def _columns_of(shape: QueryShape, names: tuple[str, ...]) -> Select[int, *tuple[Any, ...]]:
    columns = (type_coerce(_column(name), NullType()) for name in names)
    return select(Track.c.id, *columns).where(in_query(shape))


# After every text that begins like another one comes that one with the last character behind it.
_LAST = "\U0010ffff"
# All space that a folded text can have, and the ranges of texts that begin with it, ends not included.
_SPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\u1680\u2028\u2029"
_BEGINS_WITH_SPACE = (
    ("\x01", "!"),
    ("\x85", "\x86"),
    ("\u1680", "\u1681"),
    ("\u2028", "\u202a"),
)


@lru_cache(MAX_SHAPES)
def _may_have_value(fields: tuple[str, ...]) -> Select[bool]:
    of_fields = select(Value.c.id).where(Value.c.field_id.in_(ids_of_fields(fields)))
    folded: BindParameter[str] = bindparam("folded")
    after: BindParameter[str] = bindparam("after")
    # Each by itself, since SQLite looks up only one range in an index.
    plain = of_fields.where(Value.c.folded >= folded, Value.c.folded < after)
    without_space = func.ltrim(Value.c.folded, _SPACE)
    spaced = (
        of_fields.where(Value.c.folded >= first, Value.c.folded < end)
        .where(without_space >= folded, without_space < after)
        .exists()
        for first, end in _BEGINS_WITH_SPACE
    )
    return select(or_(plain.exists(), *spaced))


@lru_cache(MAX_SHAPES)
def _has_track_without(shape: QueryShape, fields: tuple[str, ...]) -> Select[bool]:
    having = (
        select(TrackValue.c.track_id)
        .join(Value, Value.c.id == TrackValue.c.value_id)
        .where(Value.c.field_id.in_(ids_of_fields(fields)), Value.c.folded != "")
    )
    field = field_table().of_stored(fields[0])
    name = field.text_column or field.number_column
    if name is None:
        return select(exists(select(Track.c.id).where(in_query(shape), Track.c.id.not_in(having))))
    # A track without a value has nothing in the column that repeats it. The converse does not hold: "fast"
    # is no number, and the smallest of several values may be empty. So these few tracks are looked at.
    column = Track.c[name]
    own = having.where(TrackValue.c.track_id == Track.c.id)
    may = or_(column.is_(None), column == "")
    return select(exists(select(Track.c.id).where(in_query(shape), may, ~own.exists())))


_COUNTED = func.json_each(bindparam("ids")).table_valued("value")
_VALUE_COUNTS = (
    select(TrackValue.c.value_id, func.count())
    .where(TrackValue.c.value_id.in_(select(_COUNTED.c.value)))
    .group_by(TrackValue.c.value_id)
)
