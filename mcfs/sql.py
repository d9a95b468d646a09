"""What a query means: one SQLAlchemy `select()` over the schema, executed elsewhere.

Owns the only meaning a query has; there is no second matcher in Python. Every leaf asks `track_value`
whether the track *has* such a value, which is true or false and never unknown, so that terms combine
for fields with several values or none.
"""

from __future__ import annotations

from typing import Any, assert_never

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, select, table
from sqlalchemy.sql.expression import column

from mcfs.query import Between, Contains, Equals, Present, Query, Term
from mcfs.schema import Field, Track, TrackValue, Value

# What a folder has to know of a track to list it.
LISTED = (
    Track.annex_key,
    Track.name,
    Track.inode,
    Track.work_path,
    Track.content_path,
    Track.present,
    Track.size,
    Track.changed_at,
    Track.added_at,
)

Tracks = Select[*tuple[Any, ...]]

_FTS = table("value_fts", column("rowid"))
_SHORTEST_TRIGRAM = 3


def select_tracks(query: Query) -> Tracks:
    """The tracks of a query, by name."""
    return select(*LISTED).where(*map(_condition, query.terms)).order_by(Track.name)


def select_track(query: Query, name: str) -> Tracks:
    """The one track of a query that has this name, by the index of names."""
    return select(*LISTED).where(Track.name == name, *map(_condition, query.terms))


def _condition(term: Term) -> ColumnElement[bool]:
    match term:
        case Contains(field, text):
            return _has(field, _contains(text))
        case Equals(field, text):
            return _has(field, Value.folded == text)
        case Between(field, low, high, low_open, high_open):
            bounds: list[ColumnElement[bool]] = [Value.number.is_not(None)]
            if low is not None:
                bounds.append(Value.number > low if low_open else Value.number >= low)
            if high is not None:
                bounds.append(Value.number < high if high_open else Value.number <= high)
            return _has(field, and_(*bounds))
        case Present(yes):
            return Track.present.is_(yes)
        case unreachable:
            assert_never(unreachable)


def _has(field: str, matches: ColumnElement[bool]) -> ColumnElement[bool]:
    # IN and not a correlated EXISTS: SQLite then starts from the few values that match, and ANDs sets
    # of track ids, where EXISTS would walk every track of the library.
    field_id = select(Field.id).where(Field.name == field).scalar_subquery()
    values = select(Value.id).where(Value.field_id == field_id, matches)
    return Track.id.in_(select(TrackValue.track_id).where(TrackValue.value_id.in_(values)))


def _contains(text: str) -> ColumnElement[bool]:
    if len(text) < _SHORTEST_TRIGRAM or "\0" in text:
        return func.instr(Value.folded, text) > 0
    phrase = '"' + text.replace('"', '""') + '"'
    found = select(_FTS.c.rowid).where(literal_column("value_fts").op("MATCH")(phrase))
    return Value.id.in_(found)
