"""What a query means: one SQLAlchemy `select()` over the schema, executed elsewhere.

Owns the only meaning a query has; there is no second matcher in Python. Every leaf asks whether the
track is among those that have such a value, which is true or false and never unknown, so that NOT
keeps what has no value and several values of a field are no trouble.

Building and compiling a statement costs ten times what parsing does, and folders differ in their
words, not in their shape: "genre:A bpm:>N" is one statement, built once, whatever A and N are. So a
query is first *lowered* to its shape (a tuple that names parameters) and the parameters' values, and
only the shape becomes SQL.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, assert_never

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    table,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import column
from sqlalchemy.types import NullType

from mcfs.columns import stored_text
from mcfs.musickey import mixes_with
from mcfs.query import (
    LOCATION,
    And,
    Between,
    Contains,
    Cut,
    DateBetween,
    Equals,
    Flag,
    InKey,
    Keys,
    Kind,
    Members,
    Missing,
    Not,
    Or,
    Query,
    Shuffle,
    Sort,
    Tempo,
    Term,
    ValueIs,
    format_term,
    kind_of,
    sources,
)
from mcfs.query.dates import days_of
from mcfs.query.tempo import Span, tempo_spans
from mcfs.schema import DERIVED_COLUMNS, Field, Track, TrackFile, TrackValue, Value

Statement = Select[*tuple[Any, ...]]
Shape = tuple[Any, ...]
Track_ = type[Track]

# What a command has to know of a track to find the rest of it.
_LISTED = (
    "id",
    "annex_key",
    "name",
    "inode",
    "work_path",
    "content_path",
    "present",
    "size",
    "changed_at",
    "added_at",
)
_FTS = table("value_fts", column("rowid"))
_FILE_FTS = table("track_file_fts", column("rowid"))
_SHORTEST_TRIGRAM = 3
# SQLite's parser holds 100 things at once, and its expressions are 1,000 deep at most: a chain of
# terms counts as deep as it is long.
_DEEP = 6
_MANY = 200
_ANY_VALUE: Shape = ("any",)
# Zero means "none" here: no tempo, no rating.
_ZERO_IS_NONE = frozenset({"bpm", "rating"})
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# In the names of columns: what says where a track lies.
PLACE = "place"
_COLUMNS = {name: DERIVED_COLUMNS[name] for name in ("added", "changed", "size")}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement that many queries share, and what makes it this query."""

    statement: Statement
    parameters: dict[str, Any]


def select_tracks(query: Query, today: date) -> Compiled:
    """The tracks of a query, in its order; without one, by name."""
    return _compiled(_tracks, query, today)


def count_tracks(query: Query, today: date) -> Compiled:
    """How many there are."""
    return _compiled(_count, query, today)


def select_entries(query: Query, today: date) -> Compiled:
    """What a folder lists of each track, in its order: the columns of `ENTRY`, times as they are stored."""
    return _compiled(_entries, query, today)


def select_entry(query: Query, name: str, today: date) -> Compiled:
    """The same of the one track of this name, by the index of names."""
    return _compiled(_entry, query, today, name=name)


def select_values(fields: tuple[str, ...]) -> Compiled:
    """Every value of some stored fields: id, text, number."""
    return Compiled(_dictionary(fields), {})


def select_values_of(query: Query, fields: tuple[str, ...], today: date) -> Compiled:
    """Those of these values that the tracks of a query have: id, text, number."""
    return _compiled(_values_of, query, today, fields)


def select_pairs(query: Query, fields: tuple[str, ...], today: date) -> Compiled:
    """Which track of a query has which of these values: two ids. For queries that are wide."""
    return _compiled(_pairs, query, today, fields)


def select_texts(query: Query, fields: tuple[str, ...], today: date) -> Compiled:
    """The same with the values themselves: id of the track, field, text, number. For those that are not."""
    return _compiled(_texts, query, today, fields)


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
    return _compiled(_lacking, query, today)


def is_wide(query: Query) -> bool:
    """Whether a folder holds all tracks, but for those that are here or not, live or not."""
    terms = query.where.terms if isinstance(query.where, And) else {query.where}
    return query.limit is None and all(isinstance(term, Flag) for term in terms)


def select_columns(query: Query, names: tuple[str, ...], today: date) -> Compiled:
    """The ids of the tracks of a query, and what each has in these columns, as it is stored."""
    return _compiled(_columns_of, query, today, names)


def ask_without(query: Query, fields: tuple[str, ...], today: date) -> Compiled:
    """Whether a track of the query has no value of these stored fields."""
    return _compiled(_without, query, today, fields)


def count_values(ids: str) -> Compiled:
    """How many tracks have each of these values; `ids` is a JSON array."""
    return Compiled(_VALUE_COUNTS, {"ids": ids})


def _compiled(
    build: Callable[..., Statement], query: Query, today: date, *about: Any, **parameters: Any
) -> Compiled:
    lowered = _lower(query, today)
    return Compiled(build(lowered.shape, *about), lowered.parameters | parameters)


# --- lowering: the query apart from its words


@dataclass(slots=True)
class _Lowering:
    today: date
    parameters: dict[str, Any] = field(default_factory=dict)
    shape: Shape = ()

    def named(self, value: Any) -> str:
        """The name of a new parameter."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return name

    def query(self, query: Query) -> Shape:
        """A whole query: filter, order, limit."""
        limit = None if query.limit is None else self.named(query.limit)
        return ("query", self.term(query.where), tuple(map(self.order, query.order)), limit)

    def order(self, order: Sort | Shuffle) -> Shape:
        """One key of the order."""
        match order:
            case Sort(name, descending):
                return ("sort", name, descending)
            case Shuffle(seed):
                return ("shuffle", self.named(stored_text(seed)))
            case unreachable:
                assert_never(unreachable)

    def term(self, term: Term) -> Shape:
        """One term."""
        match term:
            case And(terms):
                return ("and", *map(self.term, sorted(terms, key=_promise)))
            case Or(terms):
                return ("or", *map(self.term, sorted(terms, key=format_term)))
            case Not(inner):
                return ("not", self.term(inner))
            case Contains(name, text):
                return _has(name, self.contains(text))
            case Equals(name, text):
                return _has(name, ("equals", self.named(text)))
            case Missing(name):
                return self.missing(name)
            case Between():
                return self.between(term)
            case Tempo(bpm, exact, near):
                spans = tempo_spans(bpm, exact=exact, near=near)
                return _has("bpm", ("or", *map(self.span, spans)))
            case InKey(number, mixes):
                numbers = mixes_with(number) if mixes else (number,)
                return _has("key", ("or", *(("=", self.named(float(n))) for n in numbers)))
            case DateBetween():
                return self.days(term)
            case Flag(name, yes):
                return ("flag", "present" if name == "present" else "is_live", yes)
            case Keys(annex_keys):
                return self.keys(annex_keys)
            case ValueIs(_, _, members):
                assert members is not None, "a value is asked for before its members are known"
                return self.members(members)
            case Cut(query):
                return ("cut", self.query(query))
            case unreachable:
                assert_never(unreachable)

    def keys(self, annex_keys: tuple[str, ...]) -> Shape:
        """One parameter for any number of keys; JSON has no word for those that are not UTF-8."""
        usual: list[str] = []
        unusual: list[Shape] = []
        for key in annex_keys:
            if isinstance(stored_text(key), str):
                usual.append(key)
            else:
                unusual.append(("=", self.named(key)))
        listed = ("keys", self.named(json.dumps(usual)))
        return ("or", listed, ("column", "annex_key", ("or", *unusual))) if unusual else listed

    def members(self, members: Members) -> Shape:
        """One parameter, however many there are."""
        listed: Shape = (members.of, self.named(members.ids))
        if not members.without:
            return listed
        return ("or", listed, ("not", ("has", members.without, _ANY_VALUE)))

    def contains(self, text: str) -> Shape:
        """By the trigram index, where the text has what that is made of."""
        kept = stored_text(text)
        if len(text) < _SHORTEST_TRIGRAM or isinstance(kept, bytes):
            return ("scan", self.named(kept))
        return ("trigram", self.named('"' + text.replace('"', '""') + '"'))

    def missing(self, name: str) -> Shape:
        """No value; for what is a number, none that is one."""
        if name in _COLUMNS:
            return ("not", ("column", _COLUMNS[name], _ANY_VALUE))
        if name in _ZERO_IS_NONE:
            return ("not", _has(name, (">", self.named(0.0))))
        is_number = kind_of(name) in (Kind.NUMBER, Kind.YEAR, Kind.DURATION)
        return ("not", _has(name, ("number",) if is_number else _ANY_VALUE))

    def between(self, term: Between) -> Shape:
        """A range of numbers."""
        low = ">" if term.low_open else ">="
        high = "<" if term.high_open else "<="
        bounds = [
            (comparison, self.named(bound))
            for comparison, bound in ((low, term.low), (high, term.high))
            if bound is not None
        ]
        if term.field in _COLUMNS:
            return ("column", _COLUMNS[term.field], ("and", _ANY_VALUE, *bounds))
        shape = _has(term.field, ("and", ("number",), *bounds))
        if counts_unrated(term):
            return ("or", shape, self.missing("rating"))
        return shape

    def span(self, span: Span) -> Shape:
        """One of the tempos that a tempo means."""
        high = "<" if span.high_open else "<="
        return ("and", (">=", self.named(span.low)), (high, self.named(span.high)))

    def days(self, term: DateBetween) -> Shape:
        """Whole local days, as the moments at which they begin and end."""
        bounds: list[Shape] = [_ANY_VALUE]
        if term.low is not None:
            first, after = days_of(term.low, self.today)
            bounds.append((">=", self.named(midnight(after if term.low_open else first))))
        if term.high is not None:
            first, after = days_of(term.high, self.today)
            bounds.append(("<", self.named(midnight(first if term.high_open else after))))
        return ("column", _COLUMNS[term.field], ("and", *bounds))


def _lower(query: Query, today: date) -> _Lowering:
    lowered = _Lowering(today)
    lowered.shape = lowered.query(query)
    return lowered


def _promise(term: Term) -> tuple[int, str]:
    """What is likely to leave few tracks comes first, and is what SQLite then starts from.

    The text makes it one order, whatever order a set has: equal queries have equal statements.
    """
    return next((rank for rank, kinds in enumerate(_PROMISING) if isinstance(term, kinds)), 9), (
        format_term(term)
    )


_PROMISING = ((Keys, Cut), (Equals, Contains, InKey, ValueIs), (Tempo,), (Between, Missing, Or))


def _has(name: str, test: Shape) -> Shape:
    return ("has", sources(name), test)


def counts_unrated(term: Between) -> bool:
    """A rating of zero is none, so that a range of ratings with zero in it takes in the tracks without."""
    if term.field != "rating":
        return False
    above = term.low is None or term.low < 0 or (term.low == 0 and not term.low_open)
    below = term.high is None or term.high > 0 or (term.high == 0 and not term.high_open)
    return above and below


def midnight(day: date) -> datetime:
    """When a local day begins; at the ends of the calendar, no zone can be reckoned with."""
    if day.year <= 1:
        return datetime.min.replace(tzinfo=UTC)
    if day.year >= date.max.year:
        return datetime.max.replace(tzinfo=UTC)
    # Where clocks go forward at midnight the day has none, and where they go back it may have two.
    after = int(datetime.combine(day, time(12)).timestamp())
    before = after - 36 * 3600
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle).date() < day:  # noqa: DTZ006  (local days are meant)
            before = middle
        else:
            after = middle
    return datetime.fromtimestamp(after, UTC)


# --- building: the SQL of a shape


@lru_cache(maxsize=1024)
def _tracks(shape: Shape) -> Statement:
    return _query(shape, Track, [getattr(Track, name) for name in _LISTED])


@lru_cache(maxsize=1024)
def _count(shape: Shape) -> Statement:
    _, where, _, limit = shape
    if limit is None:
        return select(func.count()).select_from(Track).where(_condition(where, Track))
    return select(func.count()).select_from(_query(shape, Track, [Track.id]).subquery())


# What `tree.TrackNode` is made of.
_ENTRY = [
    Track.name,
    Track.inode,
    Track.annex_key,
    case((Track.present, Track.work_path)),
    Track.content_path,
    Track.size,
    type_coerce(func.coalesce(Track.changed_at, Track.added_at), BigInteger),
    Track.id,
]


@lru_cache(maxsize=1024)
def _entries(shape: Shape) -> Statement:
    return _query(shape, Track, _ENTRY)


@lru_cache(maxsize=1024)
def _entry(shape: Shape) -> Statement:
    return select(*_ENTRY).where(Track.name == bindparam("name"), _inside(shape))


def _inside(shape: Shape) -> ColumnElement[bool]:
    """Whether a track is in a folder, its order left aside."""
    _, where, _, limit = shape
    return _condition(where if limit is None else ("cut", shape), Track)


@lru_cache(maxsize=256)
def _dictionary(fields: tuple[str, ...]) -> Statement:
    return select(Value.id, Value.text, Value.number).where(Value.field_id.in_(_fields(fields)))


@lru_cache(maxsize=1024)
def _values_of(shape: Shape, fields: tuple[str, ...]) -> Statement:
    columns = [Value.id, Value.text, Value.number]
    if not _is_wide(shape):
        return _from_tracks(shape, fields, columns).distinct()
    # Nearly every value has a track that is here: to look for one is quicker than to walk them all.
    having = (
        select(TrackValue.track_id)
        .join(Track, Track.id == TrackValue.track_id)
        .where(TrackValue.value_id == Value.id, _inside(shape))
    )
    return select(*columns).where(Value.field_id.in_(_fields(fields)), having.exists())


@lru_cache(maxsize=1024)
def _pairs(shape: Shape, fields: tuple[str, ...]) -> Statement:
    tracks = select(Track.id).where(_inside(shape))
    return (
        select(TrackValue.track_id, TrackValue.value_id)
        .join(Value, Value.id == TrackValue.value_id)
        # A sum is no column with an index: one by one they would be looked up for each value.
        .where(Value.field_id.in_(_fields(fields)), (TrackValue.track_id + 0).in_(tracks))
    )


@lru_cache(maxsize=1024)
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
        .where(_inside(shape), (Value.field_id + 0).in_(_fields(fields)))
    )


def _is_wide(shape: Shape) -> bool:
    """As `is_wide`."""
    _, where, _, limit = shape
    terms = where[1:] if where[0] == "and" else (where,)
    return limit is None and all(term[0] == "flag" for term in terms)


@lru_cache(maxsize=256)
def _combinations(
    fields: tuple[tuple[str, ...], ...], columns: tuple[str, ...], untitled: int | None
) -> Statement:
    # Each field apart, from its values to their tracks: a walk over all that each track has is ten times
    # as long. SQLite makes an index for the joins by itself.
    held = [
        select(TrackValue.track_id, TrackValue.value_id)
        .join(Value, Value.id + 0 == TrackValue.value_id)
        .where(Value.field_id.in_(_fields(names)), Value.folded != "")
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


@lru_cache(maxsize=256)
def _lacking(shape: Shape) -> Statement:
    return select(Track.id).where(not_(_inside(shape)))


@lru_cache(maxsize=1024)
def _columns_of(shape: Shape, names: tuple[str, ...]) -> Statement:
    return select(Track.id, *(type_coerce(_column(name), NullType()) for name in names)).where(
        _inside(shape)
    )


# A track without a value has nothing in the column that repeats it. Not the other way round: "fast" is no
# number, and the smallest of several may be empty.
_REPEATED = {
    name: getattr(Track, "key_text" if name == "key" else name)
    for name in ("artist", "title", "album", "genre", "bpm", "rating", "key", "year", "tracknumber")
}


@lru_cache(maxsize=1024)
def _without(shape: Shape, fields: tuple[str, ...]) -> Statement:
    having = (
        select(TrackValue.track_id)
        .join(Value, Value.id == TrackValue.value_id)
        .where(Value.field_id.in_(_fields(fields)), Value.folded != "")
    )
    column = _REPEATED.get(fields[0])
    if column is None:
        return select(exists(select(Track.id).where(_inside(shape), Track.id.not_in(having))))
    # Of the few tracks that may be meant, each is looked at, until one is.
    own = having.where(TrackValue.track_id == Track.id)
    may = or_(column.is_(None), column == "")
    return select(exists(select(Track.id).where(_inside(shape), may, ~own.exists())))


_COUNTED = func.json_each(bindparam("ids")).table_valued("value")
_VALUE_COUNTS: Statement = (
    select(TrackValue.value_id, func.count())
    .where(TrackValue.value_id.in_(select(_COUNTED.c.value)))
    .group_by(TrackValue.value_id)
)


def _query(shape: Shape, track: Track_, columns: list[Any]) -> Statement:
    _, where, order, limit = shape
    statement: Statement = select(*columns).where(_condition(where, track))
    for key in order:
        statement = statement.order_by(*_order(key, track))
    statement = statement.order_by(track.name)
    return statement if limit is None else statement.limit(bindparam(limit))


def _condition(
    shape: Shape, track: Track_, depth: int = 0, *, hidden: bool = False
) -> ColumnElement[bool]:
    """One term. SQLite reads so much depth and no more: what is deeper, or longer, stands aside."""
    match shape:
        case ("and" | "or", *terms) if len(terms) > _MANY:
            parts = [(shape[0], *terms[i : i + _MANY]) for i in range(0, len(terms), _MANY)]
            return _condition((shape[0], *(("aside", part) for part in parts)), track, depth)
        case ("and" | "or" | "not", *_) if depth > _DEEP:
            return _condition(("aside", shape), track)
        case ("and", *terms):
            return and_(
                true(),
                *(
                    _condition(term, track, depth + 1, hidden=place > 0)
                    for place, term in enumerate(terms)
                ),
            )
        case ("or", *terms):
            return or_(false(), *(_condition(term, track, depth + 1) for term in terms))
        case ("not", term):
            return not_(_condition(term, track, depth + 1))
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
            return track.id.in_(select(_query(query, other, [other.id]).cte().c.id))
        case ("aside", term):
            other = aliased(Track)
            return track.id.in_(select(select(other.id).where(_condition(term, other)).cte().c.id))
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
    fields = _fields(names)
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


def _fields(names: tuple[str, ...]) -> Statement:
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
            return [getattr(track, _COLUMNS[name])]
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
    fields = _fields(names)
    return (
        select(func.min(what))
        .join(TrackValue, TrackValue.value_id == Value.id)
        .where(TrackValue.track_id == track.id, Value.field_id.in_(fields))
        .scalar_subquery()
    )
