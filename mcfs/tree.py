"""What the mount shows, with no FUSE in it.

    resolve(route) → Node        which folder or track a path names
    child(node, name) → Node     one step of it
    children(node) → Listing     what a folder lists, as of one generation

Owns the resolution of names and the listings, shared by canonical query: two spellings of one folder
are one listing. Knows the store only through its repositories, and the kernel not at all.

    /                    Root
    ├── all              Tracks(ALL)
    ├── pins             Pins
    │   ├── Peak time    Tracks(query of the pin)
    │   └── New folder   EmptyPin: becomes a query by its first rename to one
    └── genre:techno     Tracks(query); not listed, yet there when named
        └── bpm:>120     Tracks(both), in every folder of tracks
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, assert_never

from sqlalchemy import Row

from mcfs.columns import today
from mcfs.errors import NotFoundError, QueryError, ReadOnlyError
from mcfs.query import ALL, Query, Vocabulary, format, hiding_absent, parse
from mcfs.route import Route, query_of
from mcfs.sql import select_track, select_tracks
from mcfs.store import Generation, Store

# Listings hold what they list; one of a few thousand tracks is a few hundred kilobytes.
MAX_LISTED = 500_000


@dataclass(frozen=True, slots=True)
class RootNode:
    """The mount itself: lists its views, answers queries."""


@dataclass(frozen=True, slots=True)
class PinsNode:
    """`pins/`: the only place where anything can be made."""


@dataclass(frozen=True, slots=True)
class EmptyPinNode:
    """A pin that is no query yet: an empty folder, and not, as an empty query would be, all tracks."""


@dataclass(frozen=True, slots=True)
class TracksNode:
    """The folder of a query."""

    query: Query


@dataclass(frozen=True, slots=True)
class TrackNode:
    """A track in a folder."""

    annex_key: str
    inode: int
    # Where reading leads: relative to the library's work tree, or to its common git directory.
    work_path: str | None
    content_path: str
    size: int | None
    changed_at: datetime | None


FolderNode = RootNode | PinsNode | EmptyPinNode | TracksNode
Node = FolderNode | TrackNode


@dataclass(frozen=True, slots=True)
class Listing:
    """What one folder holds as of one generation. Never changes; a newer one replaces it."""

    generation: Generation
    # "In the last 7 days" is another answer tomorrow.
    day: date
    entries: Mapping[str, Node] = field(repr=False)


class Tree:
    """The folders of one store. Safe to ask from several threads at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listings: OrderedDict[Query, Listing] = OrderedDict()
        self._vocabulary: tuple[Generation, Vocabulary] | None = None
        self._listed = 0
        self._lock = threading.Lock()

    def resolve(self, route: Route) -> Node:
        """The node a whole path names."""
        node: Node = RootNode()
        for name in route.names:
            node = self.child(node, name)
        return node

    def child(self, node: Node, name: str) -> Node:
        """The node of one name in a folder: what it lists comes first, then what the name says."""
        if name.startswith(".") and not isinstance(node, PinsNode):
            raise NotFoundError(f"{name}: only `.mcfs` may begin with a dot")
        match node:
            case RootNode():
                listed = self.children(node).entries.get(name)
                return listed or self._refined(ALL, name)
            case PinsNode() | EmptyPinNode():
                found = self.children(node).entries.get(name)
                if found is None:
                    raise NotFoundError(f"no pin of the name {name}")
                return found
            case TracksNode(query):
                return self._track(query, name) or self._refined(query, name)
            case TrackNode():
                raise NotFoundError(f"{name}: a track holds nothing")
            case unreachable:
                assert_never(unreachable)

    def children(self, node: Node) -> Listing:
        """What a folder lists now."""
        match node:
            case RootNode():
                return self._listing({"all": TracksNode(ALL), "pins": PinsNode()})
            case PinsNode():
                pins = self._store.user.pins()
                return self._listing({pin.name: self._pinned(pin.query_text) for pin in pins})
            case EmptyPinNode():
                return self._listing({})
            case TracksNode(query):
                return self._tracks(query)
            case TrackNode():
                raise NotFoundError("a track is not a folder")
            case unreachable:
                assert_never(unreachable)

    def generation(self) -> Generation:
        """Names the state of the store that a listing made now would show."""
        return self._store.cache.generation()

    def vocabulary(self) -> Vocabulary:
        """The fields that the library has now, for reading queries."""
        generation = self.generation()
        known = self._vocabulary
        if known is None or known[0] != generation:
            known = self._vocabulary = (generation, self._store.cache.vocabulary())
        return known[1]

    def make_pin(self, folder: Node, name: str) -> FolderNode:
        """What mkdir means: a pin of the query that the name is, or an empty one."""
        _only_pins(folder)
        _no_dot(name)
        query = query_of(name, self.vocabulary())
        self._store.user.add_pin(name, "" if query is None else format(query))
        return EmptyPinNode() if query is None else TracksNode(query)

    def remove_pin(self, folder: Node, name: str) -> None:
        """What rmdir means: the query is forgotten, the tracks are not touched."""
        _only_pins(folder)
        self._store.user.remove_pin(name)

    def rename_pin(self, folder: Node, name: str, new_folder: Node, new_name: str) -> FolderNode:
        """What mv means: another name for the same query; an empty pin becomes the query it is named."""
        _only_pins(folder)
        _only_pins(new_folder)
        _no_dot(new_name)
        becomes = self._store.user.pin(name).query_text
        if not becomes:
            query = query_of(new_name, self.vocabulary())
            becomes = "" if query is None else format(query)
        self._store.user.rename_pin(name, new_name, becomes)
        return self._pinned(becomes)

    def _refined(self, query: Query, name: str) -> TracksNode:
        try:
            by = query_of(name, self.vocabulary())
        except QueryError as error:
            raise NotFoundError(str(error)) from error
        if by is None:
            raise NotFoundError(f"{name}: nothing of that name, and not a query")
        return TracksNode(query.refined(by))

    def _track(self, query: Query, name: str) -> Node | None:
        """One indexed lookup, never a listing, unless a current listing is at hand anyway."""
        held = self._held(query)
        if held is not None:
            return held.entries.get(name)
        rows = self._store.cache.select(select_track(hiding_absent(query), name, today()))
        return _track_node(rows[0]) if rows else None

    def _tracks(self, query: Query) -> Listing:
        held = self._held(query)
        if held is not None:
            return held
        # The generation first: should a sync commit in between, the listing only counts as old.
        generation, day = self.generation(), today()
        rows = self._store.cache.select(select_tracks(hiding_absent(query), day))
        entries = MappingProxyType({row.name: _track_node(row) for row in rows})
        return self._keep(query, Listing(generation, day, entries))

    def _held(self, query: Query) -> Listing | None:
        """The listing at hand, if it still says what is true."""
        generation, day = self.generation(), today()
        with self._lock:
            held = self._listings.get(query)
            if held is None or held.generation != generation or held.day != day:
                return None
            self._listings.move_to_end(query)
            return held

    def _keep(self, query: Query, listing: Listing) -> Listing:
        """Remember a listing, forgetting the ones not asked for longest: bounded by their entries."""
        with self._lock:
            replaced = self._listings.pop(query, None)
            self._listed += len(listing.entries) - (len(replaced.entries) if replaced else 0)
            self._listings[query] = listing
            while self._listed > MAX_LISTED and len(self._listings) > 1:
                _, forgotten = self._listings.popitem(last=False)
                self._listed -= len(forgotten.entries)
        return listing

    def _pinned(self, query_text: str) -> FolderNode:
        try:
            return (
                TracksNode(parse(query_text, self.vocabulary())) if query_text else EmptyPinNode()
            )
        except QueryError:
            # A field that no track has just now, or words of a newer mcfs: the pin stays, and is empty.
            return EmptyPinNode()

    def _listing(self, entries: dict[str, Node]) -> Listing:
        return Listing(self.generation(), today(), MappingProxyType(entries))


def _track_node(row: Row[Any]) -> TrackNode:
    return TrackNode(
        annex_key=row.annex_key,
        inode=row.inode,
        work_path=row.work_path if row.present else None,
        content_path=row.content_path,
        size=row.size,
        changed_at=row.changed_at or row.added_at,
    )


def _only_pins(node: Node) -> None:
    if not isinstance(node, PinsNode):
        raise ReadOnlyError("only `pins/` can be changed")


def _no_dot(name: str) -> None:
    """What file managers hide for themselves (`.Trash-1000`) is no pin."""
    if name.startswith("."):
        raise ReadOnlyError(f"{name}: a pin may not begin with a dot")
