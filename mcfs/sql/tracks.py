"""The statements about the tracks of a query: which they are, how many, what a folder lists of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    func,
    null,
    select,
    type_coerce,
)

from mcfs.schema.cache import Track
from mcfs.sql.bound_query import BoundQuery
from mcfs.sql.compiled import MAX_SHAPES, Compiled, compile_query
from mcfs.sql.expressions import in_query, narrowed, track_condition
from mcfs.sql.shape import QueryShape

AnyColumns = tuple[Any, ...]

# With these a command can look up everything else about a track.
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


class EntryRow(NamedTuple):
    """What a folder lists of a track: the columns of `select_entries`, in this order.

    What it lists of a cover has the same form. A mount keeps a hundred thousand of these, so what few ask for
    is not in them: `CacheReader.annex_keys` finds the keys of tracks by their inodes.
    """

    # The stored name: an order or a template of the folder may replace it.
    name: str
    inode: int
    # Where the content is, relative to the work tree; None for absent content.
    work_path: str | None
    # The same relative to the git directory, None where there is a work path: it is the longest text of a
    # track, and only who opens the content needs both.
    content_path: str | None
    size: int | None
    # When metadata or file last changed, in microseconds since 1970.
    changed: int | None
    # Of what is no track of the library, and has an annex key: a cover, or what only a snapshot still has.
    other_key: str | None

    @property
    def is_annexed(self) -> bool:
        """Whether git-annex keeps the content, and not git itself, as it does with some covers."""
        return self.content_path != ""


_HAS_WORK_PATH = and_(Track.c.present, Track.c.work_path.is_not(None))
_COLUMNS: Mapping[str, SQLColumnExpression[Any]] = {
    "name": Track.c.name,
    "inode": Track.c.inode,
    "work_path": case((Track.c.present, Track.c.work_path)),
    "content_path": case((_HAS_WORK_PATH, None), else_=Track.c.content_path),
    "size": Track.c.size,
    "changed": type_coerce(func.coalesce(Track.c.changed_at, Track.c.added_at), BigInteger),
    "other_key": null(),
}
# By name, so that row and statement cannot differ in their order.
ENTRY_COLUMNS: list[ColumnElement[Any]] = [_COLUMNS[name].label(name) for name in EntryRow._fields]


class FoundTrack(NamedTuple):
    """The least that tells tracks apart: the columns of `select_found`, in this order."""

    id: int
    annex_key: str
    name: str
    present: bool


def select_found(bound: BoundQuery) -> Compiled[*AnyColumns]:
    """The `FoundTrack` of each track, in the order of the query; `present` is 0 or 1."""
    return compile_query(_found, bound)


def select_tracks(bound: BoundQuery) -> Compiled[*AnyColumns]:
    """The tracks that match a query, in its order; without one, by name."""
    return compile_query(_tracks, bound)


def count_tracks(bound: BoundQuery) -> Compiled[int]:
    """How many there are."""
    return compile_query(_count, bound)


def select_entries(bound: BoundQuery) -> Compiled[*AnyColumns]:
    """The `EntryRow` of each track, in the order of the query; times as they are stored."""
    return compile_query(_entries, bound)


def select_entry(bound: BoundQuery, name: str) -> Compiled[*AnyColumns]:
    """The `EntryRow` of the one track of this name, by the index of names."""
    return compile_query(_entry, bound, name=name)


@lru_cache(MAX_SHAPES)
def _tracks(shape: QueryShape) -> Select[*AnyColumns]:
    return narrowed(select(*(Track.c[name] for name in _LISTED)), shape, Track.c)


@lru_cache(MAX_SHAPES)
def _found(shape: QueryShape) -> Select[*AnyColumns]:
    columns = (Track.c[name] for name in FoundTrack._fields)
    return narrowed(select(*columns), shape, Track.c)


@lru_cache(MAX_SHAPES)
def _count(shape: QueryShape) -> Select[int]:
    if shape.limit is None:
        counted = select(func.count()).select_from(Track)
        return counted.where(track_condition(shape.where, Track.c))
    cut = narrowed(select(Track.c.id), shape, Track.c).subquery()
    return select(func.count()).select_from(cut)


@lru_cache(MAX_SHAPES)
def _entries(shape: QueryShape) -> Select[*AnyColumns]:
    return narrowed(select(*ENTRY_COLUMNS), shape, Track.c)


@lru_cache(MAX_SHAPES)
def _entry(shape: QueryShape) -> Select[*AnyColumns]:
    return select(*ENTRY_COLUMNS).where(Track.c.name == bindparam("name"), in_query(shape))
