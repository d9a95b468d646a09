"""Pins from the command line: the same as mkdir, rmdir and ls in `pins/`.

Running mounts notice a change by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcfs.errors import McfsError, NotFoundError, QueryError
from mcfs.query import ALL, Query, canonical_text, parse
from mcfs.store import Store
from mcfs.store.cache_reader import CacheReader
from mcfs.tree.made_names import check_name
from mcfs.tree.nodes import TracksNode
from mcfs.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class PinSummary:
    """A pin, and how many tracks its folder shows; or why that folder is empty."""

    name: str
    query_text: str
    tracks: int | None
    error: McfsError | None = None


def add_pin(name: str | None, query_text: str, store: Store, tree: Tree) -> PinSummary:
    """Pin a query; without a name, the query text is the name."""
    query = parse(query_text, tree.vocabulary)
    if query == ALL:
        raise QueryError("a pin needs a query", query_text, 0, "all tracks are in all/ already")
    shorter = "choose a shorter one with --name"
    pin_name = check_name(query_text if name is None else name, "pin", shorter)
    canonical = canonical_text(query)
    store.user.add_pin(pin_name, canonical)
    with store.cache.reading() as read:
        return PinSummary(pin_name, canonical, _count(query, read, tree))


def remove_pin(name: str, store: Store, *, cascade: bool) -> None:
    """Delete a pin; with `cascade`, its snapshots as well. Its tracks stay as they are."""
    try:
        store.user.remove_pin(name, cascade=cascade)
    except NotFoundError as error:
        raise NotFoundError(f"{error}; to list the pins: mcfs pins") from error


def list_pins(store: Store, tree: Tree) -> list[PinSummary]:
    """All pins, in the order of their names."""
    with store.cache.reading() as read:
        return [_summary(pin.name, pin.query_text, read, tree) for pin in store.user.pins()]


def _summary(name: str, query_text: str, read: CacheReader, tree: Tree) -> PinSummary:
    if not query_text:
        return PinSummary(name, "", None, McfsError("no query yet: rename its folder to one"))
    try:
        query = parse(query_text, tree.vocabulary)
    except QueryError as error:
        return PinSummary(name, query_text, None, error)
    return PinSummary(name, query_text, _count(query, read, tree))


def _count(query: Query, read: CacheReader, tree: Tree) -> int:
    return read.count(tree.bind(read, tree.shown_query(TracksNode(query))))
