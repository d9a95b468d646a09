"""A query that can be compiled: with the local day, and with the members of every value in it.

Owns the step between a query, which is the same in every library, and its SQL. A `ValueIs` names a value
of a template, an `InSnapshot` a snapshot; which tracks those are depends on the library and is looked up
before the query is compiled (`tree/group_cache.py`). Dates like "the last 7 days" depend on the day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from mcfs.query import InSnapshot, Query, ValueIs, leaves

# The terms that only the library can say the tracks of.
LookedUp = ValueIs | InSnapshot


@dataclass(frozen=True, slots=True)
class Members:
    """Which tracks have a value of a template, or are in a snapshot, in one generation of the store.

    `ids` is a JSON array of ids: of stored values, whose tracks are meant, or of the tracks themselves. Those
    of a snapshot are in its order.
    Tracks that have none of the stored fields in `without` are members too.
    """

    of: Literal["values", "tracks"]
    ids: str
    without: tuple[str, ...] = ()


NO_MEMBERS = Members("tracks", "[]")


class BoundQuery(NamedTuple):
    """Made by `bind` and `bind_without_values` alone: no value in it is without its members."""

    query: Query
    today: date
    members: Mapping[LookedUp, Members]


def bind(query: Query, today: date, members_of: Callable[[LookedUp], Members]) -> BoundQuery:
    """A query with the members of every value and snapshot in it, those inside cuts included."""
    values = {leaf for leaf in leaves(query.where) if isinstance(leaf, LookedUp)}
    return BoundQuery(query, today, {value: members_of(value) for value in values})


def bind_without_values(query: Query, today: date) -> BoundQuery:
    """A query that cannot have values or snapshots in it."""
    return BoundQuery(query, today, _NO_VALUES)


class _NoValues(dict[LookedUp, Members]):
    """No members, for any value: searching each query for values would cost more than binding it."""

    def __missing__(self, value: LookedUp) -> Members:
        raise ValueError(f"a query that was bound without values has one: {value}")


_NO_VALUES = _NoValues()
