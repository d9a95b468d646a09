"""Which tracks a shape names, and in what order, as SQL.

Owns how SQLite is led to start from what is few, and how far it can be led: its parser holds so much
and no more.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import column

from mcfs.query import LOCATION, Kind, kind_of, sources
from mcfs.schema.cache import DERIVED_COLUMNS, Field, Track, TrackFile, TrackValue, Value
from mcfs.sql.lowering import Shape

Statement = Select[*tuple[Any, ...]]
Track_ = type[Track]

_FTS = table("value_fts", column("rowid"))
_FILE_FTS = table("track_file_fts", column("rowid"))
# SQLite's parser holds 100 things at once, and its expressions are 1,000 deep at most: a chain of
# terms counts as deep as it is long.
_DEEP = 6
_MANY = 200
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def inside(shape: Shape) -> ColumnElement[bool]:
    """Whether a track is in a folder, its order left aside."""
    _, where, _, limit = shape
    return condition(where if limit is None else ("cut", shape), Track)


def select_shape(shape: Shape, track: Track_, columns: list[Any]) -> Statement:
    """Columns of the tracks of a whole query, in its order; without one, by name."""
    _, where, order, limit = shape
    statement: Statement = select(*columns).where(condition(where, track))
    for key in order:
        statement = statement.order_by(*_order(key, track))
    statement = statement.order_by(track.name)
    return statement if limit is None else statement.limit(bindparam(limit))


def condition(
    shape: Shape, track: Track_, depth: int = 0, *, hidden: bool = False
) -> ColumnElement[bool]:
    """One term. SQLite reads so much depth and no more: what is deeper, or longer, stands aside."""
    match shape:
        case ("and" | "or", *terms) if len(terms) > _MANY:
            parts = [(shape[0], *terms[i : i + _MANY]) for i in range(0, len(terms), _MANY)]
            return condition((shape[0], *(("aside", part) for part in parts)), track, depth)
        case ("and" | "or" | "not", *_) if depth > _DEEP:
            return condition(("aside", shape), track)
        case ("and", *terms):
            return and_(
                true(),
                *(
                    condition(term, track, depth + 1, hidden=place > 0)
                    for place, term in enumerate(terms)
                ),
            )
        case ("or", *terms):
            return or_(false(), *(condition(term, track, depth + 1) for term in terms))
        case ("not", term):
            return not_(condition(term, track, depth + 1))
        case ("has", names, test):
            # A sum is no column with an index: only the first of several sets is what to start from.
            return (track.id + 0 if hidden else track.id).in_(_tracks_with(names, test))
        case ("column", name, test):
            tested: ColumnElement[bool] = _test(test, getattr(track, name))
            return tested
        case ("flag", name, yes):
            flag: ColumnElement[bool] = getattr(track, name)
            return flag.is_(yes)
        case ("keys", parameter):
            keys = func.json_each(bindparam(parameter)).table_valued("value")
            return track.annex_key.in_(select(keys.c.value))
        case ("tracks", parameter):
            ids = func.json_each(bindparam(parameter)).table_valued("value")
            return track.id.in_(select(ids.c.value))
        case ("values", parameter):
            ids = func.json_each(bindparam(parameter)).table_valued("value")
            having = select(TrackValue.track_id).where(TrackValue.value_id.in_(select(ids.c.value)))
            return (track.id + 0 if hidden else track.id).in_(having)
        case ("cut", query):
            other = aliased(Track)
            return track.id.in_(select(select_shape(query, other, [other.id]).cte().c.id))
        case ("aside", term):
            other = aliased(Track)
            return track.id.in_(select(select(other.id).where(condition(term, other)).cte().c.id))
        case _:
            raise AssertionError(shape)


def _tracks_with(names: tuple[str, ...], test: Shape) -> Statement | CompoundSelect[int]:
    # IN and not a correlated EXISTS: SQLite then starts from the few values that match, and intersects
    # sets of track ids, where EXISTS would walk every track of the library. Both are two-valued.
    by_value = select(TrackValue.track_id).where(TrackValue.value_id.in_(_values(names, test)))
    if LOCATION not in names:
        return by_value
    # Work paths are kept with the files.
    by_file = _tracks_at(test)
    return by_file if names == (LOCATION,) else union_all(by_value, by_file)


def _tracks_at(test: Shape) -> Statement:
    """The tracks that have a file whose whole work path passes the test."""
    tracks = select(TrackFile.track_id)
    match test:
        case ("trigram", parameter):
            return tracks.join(_FILE_FTS, _FILE_FTS.c.rowid == TrackFile.id).where(
                literal_column("track_file_fts").op("MATCH")(bindparam(parameter))
            )
        case ("scan", parameter):
            return tracks.where(func.instr(TrackFile.folded, bindparam(parameter)) > 0)
        case ("equals", parameter):
            return tracks.where(TrackFile.folded == bindparam(parameter))
        case ("any",):
            return tracks
        case _:
            raise AssertionError(test)  # a path is no number


def _values(names: tuple[str, ...], test: Shape) -> Statement:
    fields = ids_of_fields(names)
    match test:
        case ("trigram", parameter):
            # The sum hides the field from SQLite's planner, which would walk all of its values otherwise
            # and look each up in what the trigrams found.
            return (
                select(Value.id)
                .join(_FTS, _FTS.c.rowid == Value.id)
                .where(
                    literal_column("value_fts").op("MATCH")(bindparam(parameter)),
                    (Value.field_id + 0).in_(fields),
                )
            )
        case ("scan", parameter):
            matches: ColumnElement[bool] = func.instr(Value.folded, bindparam(parameter)) > 0
        case ("equals", parameter):
            matches = Value.folded == bindparam(parameter)
        case ("any",):
            matches = Value.folded != ""
        case _:
            matches = _test(test, Value.number)
    return select(Value.id).where(Value.field_id.in_(fields), matches)


def ids_of_fields(names: tuple[str, ...]) -> Statement:
    """The stored fields of these names."""
    # Not IN: SQLAlchemy would spell that out anew at every execution.
    return select(Field.id).where(or_(*(Field.name == name for name in names)))


def _test(test: Shape, operand: Any) -> Any:
    match test:
        case ("and", *tests):
            return and_(true(), *(_test(inner, operand) for inner in tests))
        case ("or", *tests):
            return or_(false(), *(_test(inner, operand) for inner in tests))
        case ("any",) | ("number",):
            return operand.is_not(None)
        case (comparison, parameter):
            return _COMPARE[comparison](operand, bindparam(parameter))
        case _:
            raise AssertionError(test)


# --- order


def _order(key: Shape, track: Track_) -> list[ColumnElement[Any]]:
    match key:
        case ("shuffle", parameter):
            return [func.mcfs_shuffle(bindparam(parameter), track.annex_key)]
        case ("sort", name, descending):
            ordered: list[ColumnElement[Any]] = []
            for by in _sort_keys(name, track):
                ordered.append((by.desc() if descending else by.asc()).nulls_last())
            return ordered
        case _:
            raise AssertionError(key)


def _sort_keys(name: str, track: Track_) -> list[Any]:
    """One value of each track, the smallest, which is what its columns show."""
    match kind_of(name), name:
        case _, "bpm":
            return [func.nullif(track.bpm, 0)]
        case _, "rating":
            return [func.nullif(track.rating, 0)]
        case _, "year" | "decade":
            return [track.year]
        case _, "tracknumber":
            return [track.tracknumber]
        case _, "key":
            return [track.key_number, func.lower(track.key_text)]
        case _, "added" | "changed" | "size":
            return [getattr(track, DERIVED_COLUMNS[name])]
        case _, "present":
            return [track.present]
        case _, "live":
            return [track.is_live]
        case _, "artist":
            # Asked for, it is the album artist too; sorted by, it is what is shown.
            return [_smallest(Value.folded, ("artist",), track)]
        case (Kind.TEXT, _):
            return [_smallest(Value.folded, sources(name), track)]
        case _:
            of = sources(name)
            return [_smallest(Value.number, of, track), _smallest(Value.folded, of, track)]


def _smallest(what: Any, names: tuple[str, ...], track: Track_) -> ColumnElement[Any]:
    if names == (LOCATION,):
        paths = select(func.min(TrackFile.folded)).where(TrackFile.track_id == track.id)
        return paths.scalar_subquery()
    fields = ids_of_fields(names)
    return (
        select(func.min(what))
        .join(TrackValue, TrackValue.value_id == Value.id)
        .where(TrackValue.track_id == track.id, Value.field_id.in_(fields))
        .scalar_subquery()
    )
