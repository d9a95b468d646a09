"""Shapes as SQL: which tracks match a query, and in what order.

Owns the hints that make SQLite start from the smallest set, and splits conditions that are longer or
deeper than its parser allows.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, TypeVarTuple, assert_never, cast

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    LargeBinary,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.sql.expression import column

from mcfs.fields import LOCATION, field_named
from mcfs.schema.cache import Field, Track, TrackFile, TrackValue, Value
from mcfs.schema.column_types import RawText
from mcfs.sql.shape import (
    AllOf,
    AllTests,
    AnyOf,
    AnyTest,
    AsListed,
    BeginsWith,
    ByField,
    ByShuffle,
    ColumnTest,
    Compare,
    Comparison,
    Condition,
    ContainsPlaced,
    ContainsScan,
    ContainsTrigrams,
    EqualsText,
    FitsPattern,
    FlagIs,
    FolderInside,
    HasDate,
    HasNumber,
    HasText,
    InCut,
    IsSet,
    KeyIn,
    NotEmpty,
    NotThat,
    NumberTest,
    Parameter,
    QueryShape,
    Subquery,
    TextTest,
    TrackIn,
    ValueIn,
)

Ids = Select[int] | CompoundSelect[int]
Columns = TypeVarTuple("Columns")
Operand = SQLColumnExpression[Any]
# Of the table, or of an alias of it.
TrackColumns = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]

_FTS = table("value_fts", column("rowid"))
_FILE_FTS = table("track_file_fts", column("rowid"))
# SQLite's parser has a stack of 100 entries, and its expressions may be 1,000 deep; a chain of terms is
# as deep as it is long.
_MAX_DEPTH = 6
_MAX_TERMS = 200
_OPERATORS: dict[Comparison, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def in_query(shape: QueryShape) -> ColumnElement[bool]:
    """Whether a track matches a query; its order does not matter."""
    return track_condition(shape.where if shape.limit is None else InCut(shape), Track.c)


def narrowed(
    statement: Select[*Columns], shape: QueryShape, track: TrackColumns
) -> Select[*Columns]:
    """A statement restricted to the tracks that match a query, in its order; without one, by name.

    `track` has the columns of the table, or of an alias of it in a subquery.
    """
    statement = statement.where(track_condition(shape.where, track))
    for key in shape.order:
        if isinstance(key, AsListed):
            listed = _listed(key.ids)
            statement = statement.where(listed.c.value == track.id).order_by(listed.c.key)
        else:
            statement = statement.order_by(*_order(key, track))
    statement = statement.order_by(track.name)
    return statement if shape.limit is None else statement.limit(bindparam(shape.limit))


def track_condition(
    condition: Condition,
    track: TrackColumns,
    depth: int = 0,
    *,
    use_index: bool = True,
    one_by_one: bool = False,
) -> ColumnElement[bool]:
    """One condition as SQL. What is too deep or too long for SQLite's parser becomes a subquery.

    Without `use_index`, SQLite does not start from this condition. With `one_by_one`, it looks at the values
    of each track instead of finding all tracks first: few tracks are in question.
    """
    match condition:
        case AllOf(conditions) if len(conditions) > _MAX_TERMS:
            parts = tuple(Subquery(AllOf(some)) for some in _split(conditions))
            return track_condition(AllOf(parts), track, depth)
        case AnyOf(conditions) if len(conditions) > _MAX_TERMS:
            parts = tuple(Subquery(AnyOf(some)) for some in _split(conditions))
            return track_condition(AnyOf(parts), track, depth)
        case AllOf() | AnyOf() | NotThat() if depth > _MAX_DEPTH:
            return track_condition(Subquery(condition), track)
        case AllOf(conditions):
            # SQLite is to start from the first of them only.
            few = any(isinstance(one, KeyIn) for one in conditions[:1])
            each = (
                track_condition(
                    one, track, depth + 1, use_index=place == 0, one_by_one=one_by_one or few
                )
                for place, one in enumerate(conditions)
            )
            return and_(true(), *each)
        case AnyOf(conditions):
            some = (
                track_condition(one, track, depth + 1, one_by_one=one_by_one) for one in conditions
            )
            return or_(false(), *some)
        case NotThat(inner):
            return not_(track_condition(inner, track, depth + 1, one_by_one=one_by_one))
        case HasText() | HasDate() | HasNumber() if one_by_one:
            return _has_value(condition, track)
        case HasText() | HasDate() | HasNumber():
            return _track_id(track, use_index=use_index).in_(_tracks_having(condition))
        case ValueIn(ids):
            tracks = select(TrackValue.c.track_id).where(TrackValue.c.value_id.in_(_json(ids)))
            return _track_id(track, use_index=use_index).in_(tracks)
        case TrackIn(ids):
            return track.id.in_(_json(ids))
        case KeyIn(annex_keys):
            return track.annex_key.in_(_json(annex_keys))
        case ColumnTest(name, test):
            return _number_test(test, track[name])
        case FlagIs(name, yes):
            flag: ColumnElement[bool] = track[name]
            return flag.is_(yes)
        case InCut(query):
            other = Track.alias().c
            cut = narrowed(select(other.id), query, other).cte()
            return track.id.in_(select(cut.c.id))
        case Subquery(inner):
            other = Track.alias().c
            part = select(other.id).where(track_condition(inner, other)).cte()
            return track.id.in_(select(part.c.id))
        case unreachable:
            assert_never(unreachable)


def _split(conditions: tuple[Condition, ...]) -> Iterator[tuple[Condition, ...]]:
    for first in range(0, len(conditions), _MAX_TERMS):
        yield conditions[first : first + _MAX_TERMS]


def _track_id(track: TrackColumns, *, use_index: bool) -> SQLColumnExpression[int]:
    """SQLite uses no index for a sum."""
    return track.id if use_index else track.id + 0


def _json(parameter: Parameter) -> Select[Any]:
    """The items of a JSON array: one parameter, however many items."""
    return select(func.json_each(bindparam(parameter)).table_valued("value").c.value)


def _tracks_having(condition: HasText | HasDate | HasNumber) -> Ids:
    """All tracks with such a value."""
    match condition:
        case HasText(fields, test):
            return _tracks_with_text(fields, test)
        case HasDate():
            return _tracks_with_value(_values_with_date(condition))
        case HasNumber(fields, number_test):
            return _tracks_with_value(_values_with_number(fields, number_test))
        case unreachable:
            assert_never(unreachable)


def _tracks_with_text(fields: tuple[str, ...], test: TextTest) -> Ids:
    by_value = _tracks_with_value(_values_with_text(fields, test))
    if LOCATION not in fields:
        return by_value
    # Work paths are stored with the files, not as values.
    by_file = _tracks_with_work_path(test)
    return by_file if fields == (LOCATION,) else union_all(by_value, by_file)


def _has_value(
    condition: HasText | HasDate | HasNumber, track: TrackColumns
) -> ColumnElement[bool]:
    """The same, by a look at the values of one track."""
    in_files: tuple[ColumnElement[bool], ...] = ()
    match condition:
        case HasDate():
            values: Ids = _values_with_date(condition)
        case HasNumber(fields, test):
            values = _values_with_number(fields, test)
        case HasText(fields, text_test):
            if LOCATION in fields:
                files = _tracks_with_work_path(text_test)
                in_files = (exists(files.where(TrackFile.c.track_id == track.id)),)
                if fields == (LOCATION,):
                    return in_files[0]
            values = _values_with_text(fields, text_test)
        case unreachable:
            assert_never(unreachable)
    each = values.selects if isinstance(values, CompoundSelect) else (values,)
    own = select(TrackValue.c.track_id).where(TrackValue.c.track_id == track.id)
    passes = [
        exists(
            cast("Select[int]", one)
            .where(Value.c.id == TrackValue.c.value_id)
            .correlate(TrackValue)
        )
        for one in each
    ]
    return or_(exists(own.where(or_(*passes))), *in_files)


def _values_with_number(fields: tuple[str, ...], test: NumberTest) -> Select[int]:
    return select(Value.c.id).where(
        Value.c.field_id.in_(ids_of_fields(fields)), _number_test(test, Value.c.number)
    )


def _values_with_date(condition: HasDate) -> Select[int]:
    """Days have to lie between the two days as a whole: of "2024" it is not known whether it was in June."""
    days: list[ColumnElement[bool]] = [Value.c.ends.is_not(None)]
    moments: list[ColumnElement[bool]] = [Value.c.begins.is_not(None), Value.c.ends.is_(None)]
    if condition.first is not None:
        days.append(Value.c.begins >= bindparam(condition.first))
    if condition.end is not None:
        days.append(Value.c.ends <= bindparam(condition.end))
    if condition.begins is not None:
        moments.append(Value.c.begins >= bindparam(condition.begins))
    if condition.ends is not None:
        moments.append(Value.c.begins < bindparam(condition.ends))
    in_fields = Value.c.field_id.in_(ids_of_fields(condition.fields))
    values = select(Value.c.id).where(in_fields, Value.c.begins.is_not(None))
    return values.where(or_(and_(*days), and_(*moments)))


def _tracks_with_value(values: Ids) -> Select[int]:
    # IN and not a correlated EXISTS: SQLite then starts from the few values that match, and intersects
    # sets of track ids, where EXISTS would walk every track of the library. Both are two-valued.
    return select(TrackValue.c.track_id).where(TrackValue.c.value_id.in_(values))


def _tracks_with_work_path(test: TextTest) -> Select[int]:
    """The tracks that have a file whose whole work path passes the test."""
    tracks = select(TrackFile.c.track_id)
    match test:
        case ContainsTrigrams() | ContainsScan():
            return _files_containing(test)
        case ContainsPlaced(candidate):
            return _files_containing(candidate).where(_is_placed(test, TrackFile.c.folded))
        case NotEmpty():
            return tracks
        case EqualsText() | FitsPattern():
            return tracks.where(_passes(test, TrackFile.c.folded, TrackFile.c.work_path))
        case BeginsWith() | FolderInside():
            raise AssertionError("no index has the order of work paths: lowering asks otherwise")
        case unreachable:
            assert_never(unreachable)


def _files_containing(test: ContainsTrigrams | ContainsScan) -> Select[int]:
    tracks = select(TrackFile.c.track_id)
    match test:
        case ContainsTrigrams(phrase):
            return tracks.join(_FILE_FTS, _FILE_FTS.c.rowid == TrackFile.c.id).where(
                literal_column("track_file_fts").op("MATCH")(bindparam(phrase))
            )
        case ContainsScan(text):
            return tracks.where(func.instr(TrackFile.c.folded, bindparam(text)) > 0)
        case unreachable:
            assert_never(unreachable)


def _values_with_text(fields: tuple[str, ...], test: TextTest) -> Ids:
    match test:
        case ContainsTrigrams() | ContainsScan():
            return _values_containing(fields, test)
        case ContainsPlaced(candidate):
            return _values_containing(fields, candidate).where(_is_placed(test, Value.c.folded))
        case BeginsWith():
            return _values_beginning(fields, test)
        case FolderInside(candidate, folder):
            is_inside = func.mcfs_is_in_folder(Value.c.text, bindparam(folder)) == 1
            return _values_beginning(fields, candidate, is_inside)
        case EqualsText() | FitsPattern() | NotEmpty():
            return _values_of(fields).where(_passes(test, Value.c.folded, Value.c.text))
        case unreachable:
            assert_never(unreachable)


def _values_of(fields: tuple[str, ...]) -> Select[int]:
    return select(Value.c.id).where(Value.c.field_id.in_(ids_of_fields(fields)))


def _values_containing(
    fields: tuple[str, ...], test: ContainsTrigrams | ContainsScan
) -> Select[int]:
    match test:
        case ContainsTrigrams(phrase):
            # The sum keeps SQLite from walking all values of the field, and looking each up among those
            # that the trigram index found.
            values = select(Value.c.id).join(_FTS, _FTS.c.rowid == Value.c.id)
            return values.where(
                literal_column("value_fts").op("MATCH")(bindparam(phrase)),
                (Value.c.field_id + 0).in_(ids_of_fields(fields)),
            )
        case ContainsScan(text):
            return _values_of(fields).where(func.instr(Value.c.folded, bindparam(text)) > 0)
        case unreachable:
            assert_never(unreachable)


def _values_beginning(
    fields: tuple[str, ...], test: BeginsWith, *conditions: ColumnElement[bool]
) -> CompoundSelect[int]:
    """Two ranges of the index of texts. Not joined by OR, for which SQLite would read the whole field."""
    values = _values_of(fields).where(*conditions)
    return union_all(
        values.where(
            Value.c.folded >= bindparam(test.first, type_=RawText()),
            Value.c.folded < bindparam(test.after, type_=RawText()),
        ),
        values.where(
            Value.c.folded >= bindparam(test.first_bytes, type_=LargeBinary()),
            Value.c.folded < bindparam(test.after_bytes, type_=LargeBinary()),
        ),
    )


def _passes(
    test: EqualsText | FitsPattern | NotEmpty, folded: Operand, text: Operand
) -> ColumnElement[bool]:
    """Whether one text passes a test that needs no other table."""
    match test:
        case EqualsText(whole):
            return folded == bindparam(whole)
        case FitsPattern(pattern, exact):
            return func.mcfs_has_match(bindparam(pattern), text if exact else folded) == 1
        case NotEmpty():
            return folded != ""
        case unreachable:
            assert_never(unreachable)


def _is_placed(test: ContainsPlaced, folded: Operand) -> ColumnElement[bool]:
    flags = (literal(int(flag)) for flag in (test.at_start, test.at_end, test.words))
    return func.mcfs_contains_at(folded, bindparam(test.text), *flags) == 1


def ids_of_fields(names: tuple[str, ...]) -> Select[int]:
    """The ids of the stored fields with these names."""
    # Not IN: SQLAlchemy would expand its parameters at every execution.
    return select(Field.c.id).where(or_(*(Field.c.name == name for name in names)))


def _number_test(test: NumberTest, operand: Operand) -> ColumnElement[bool]:
    match test:
        case AllTests(tests):
            return and_(true(), *(_number_test(inner, operand) for inner in tests))
        case AnyTest(tests):
            return or_(false(), *(_number_test(inner, operand) for inner in tests))
        case IsSet():
            return operand.is_not(None)
        case Compare(comparison, parameter):
            return _OPERATORS[comparison](operand, bindparam(parameter))
        case unreachable:
            assert_never(unreachable)


# --- order


def _listed(ids: Parameter) -> CTE:
    """The places and the items of a JSON array. Materialized, so that SQLite makes an index of the items."""
    items = func.json_each(bindparam(ids)).table_valued("key", "value")
    return select(items.c.key, items.c.value).cte().prefix_with("MATERIALIZED")


def _order(key: ByField | ByShuffle, track: TrackColumns) -> list[ColumnElement[Any]]:
    match key:
        case ByShuffle(seed):
            return [func.mcfs_shuffle(bindparam(seed), track.annex_key)]
        case ByField(name, descending, as_dates):
            return [
                (by.desc() if descending else by.asc()).nulls_last()
                for by in _sort_columns(name, track, as_dates=as_dates)
            ]
        case unreachable:
            assert_never(unreachable)


def _sort_columns(name: str, track: TrackColumns, *, as_dates: bool) -> list[Any]:
    """What to sort by: the smallest value of each track, which is the one that its columns repeat."""
    field = field_named(field_named(name).compares or name)
    if field.derived_column is not None:
        return [track[field.derived_column]]
    if field.number_column is not None:
        number = track[field.number_column]
        keys = [func.nullif(number, 0) if field.zero_is_none else number]
        if field.text_column is not None:
            keys.append(func.lower(track[field.text_column]))
        return keys
    # Only its own values: `artist:` searches album artists too, but a folder shows the artist.
    text = _smallest(Value.c.folded, field.stored_names, track)
    if as_dates:
        return [_smallest(Value.c.begins, field.stored_names, track), text]
    if field.kind.sorts_by_number:
        return [_smallest(Value.c.number, field.stored_names, track), text]
    return [text]


def _smallest(what: Any, names: tuple[str, ...], track: TrackColumns) -> ColumnElement[Any]:
    if names == (LOCATION,):
        paths = select(func.min(TrackFile.c.folded)).where(TrackFile.c.track_id == track.id)
        return paths.scalar_subquery()
    fields = ids_of_fields(names)
    return (
        select(func.min(what))
        .join(TrackValue, TrackValue.c.value_id == Value.c.id)
        .where(TrackValue.c.track_id == track.id, Value.c.field_id.in_(fields))
        .scalar_subquery()
    )
