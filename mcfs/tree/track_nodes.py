"""Reads the tracks of a query as nodes.

Owns the step from row to node. It runs for each track of a folder, of which there may be a hundred thousand.
"""

from __future__ import annotations

from mcfs.sql import BoundQuery, select_entries, select_entry
from mcfs.store.cache_reader import CacheReader
from mcfs.tree.nodes import TrackNode


def track_nodes(read: CacheReader, bound: BoundQuery) -> list[TrackNode]:
    """The tracks of a query, in its order."""
    return list(map(TrackNode._make, read.tuples(select_entries(bound))))


def track_node(read: CacheReader, bound: BoundQuery, name: str) -> TrackNode | None:
    """The track of a query that has this name, by the index of names."""
    rows = read.rows(select_entry(bound, name))
    return TrackNode._make(rows[0]) if rows else None
