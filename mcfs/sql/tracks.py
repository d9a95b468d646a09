"""The statements about the tracks of a query: which they are, how many, what a folder lists of them."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from sqlalchemy import BigInteger, bindparam, case, func, select, type_coerce

from mcfs.query import Query
from mcfs.schema.cache import Track
from mcfs.sql.compiled import MOST_SHAPES, Compiled, compiled
from mcfs.sql.lowering import Shape
from mcfs.sql.expressions import Statement, condition, inside, select_shape

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


def select_tracks(query: Query, today: date) -> Compiled:
    """The tracks of a query, in its order; without one, by name."""
    return compiled(_tracks, query, today)


def count_tracks(query: Query, today: date) -> Compiled:
    """How many there are."""
    return compiled(_count, query, today)


def select_entries(query: Query, today: date) -> Compiled:
    """What a folder lists of each track, in its order: the columns of `ENTRY`, times as they are stored."""
    return compiled(_entries, query, today)


def select_entry(query: Query, name: str, today: date) -> Compiled:
    """The same of the one track of this name, by the index of names."""
    return compiled(_entry, query, today, name=name)


@lru_cache(MOST_SHAPES)
def _tracks(shape: Shape) -> Statement:
    return select_shape(shape, Track, [getattr(Track, name) for name in _LISTED])


@lru_cache(MOST_SHAPES)
def _count(shape: Shape) -> Statement:
    _, where, _, limit = shape
    if limit is None:
        return select(func.count()).select_from(Track).where(condition(where, Track))
    return select(func.count()).select_from(select_shape(shape, Track, [Track.id]).subquery())


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


@lru_cache(MOST_SHAPES)
def _entries(shape: Shape) -> Statement:
    return select_shape(shape, Track, _ENTRY)


@lru_cache(MOST_SHAPES)
def _entry(shape: Shape) -> Statement:
    return select(*_ENTRY).where(Track.name == bindparam("name"), inside(shape))
