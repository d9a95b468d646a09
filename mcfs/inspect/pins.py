"""Pins from the command line: the same as mkdir, rmdir and ls in `pins/`.

Owns which names a pin can have, where no kernel has looked at them before, and what there is to tell of a
pin. They are kept by the store, and mounts notice by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcfs.errors import NotFoundError, QueryError
from mcfs.query import ALL, Query, canonical_text, parse
from mcfs.sql import count_tracks
from mcfs.store import Store
from mcfs.text.escape import MAX_BYTES, cut_to_bytes
from mcfs.tree.nodes import TracksNode
from mcfs.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class PinTold:
    """A pin, and how many tracks its folder shows; or why it is an empty folder."""

    name: str
    query_text: str
    tracks: int | None
    problem: str | None = None


def add_pin(name: str | None, query_text: str, store: Store, tree: Tree) -> PinTold:
    """Pin a query; it is called what it says unless it has a name."""
    query = parse(query_text, tree.vocabulary)
    if query == ALL:
        raise QueryError("a pin needs a query", query_text, 0, "all tracks are in all/ already")
    called = _fit(query_text if name is None else name)
    canonical = canonical_text(query)
    store.user.add_pin(called, canonical)
    return PinTold(called, canonical, _count(query, store, tree))


def remove_pin(name: str, store: Store) -> None:
    """Forget a pin; the tracks are not touched."""
    try:
        store.user.remove_pin(name)
    except NotFoundError as error:
        raise NotFoundError(f"{error}; mcfs pins shows which there are") from error


def all_pins(store: Store, tree: Tree) -> list[PinTold]:
    """Every pin, by name."""
    return [_told(pin.name, pin.query_text, store, tree) for pin in store.user.pins()]


def _told(name: str, query_text: str, store: Store, tree: Tree) -> PinTold:
    if not query_text:
        return PinTold(name, "", None, "no query yet: rename its folder to one")
    try:
        query = parse(query_text, tree.vocabulary)
    except QueryError as error:
        return PinTold(name, query_text, None, str(error))
    return PinTold(name, query_text, _count(query, store, tree))


def _count(query: Query, store: Store, tree: Tree) -> int:
    with store.cache.reading() as read:
        asked = tree.bind(read, tree.shown_query(TracksNode(query)))
        counted = read.select(count_tracks(asked, tree.day))
    count: int = counted[0][0]
    return count


def _fit(name: str) -> str:
    if not name:
        raise QueryError("a pin needs a name", name, 0)
    if name.startswith("."):
        raise QueryError("a pin's name may not begin with a dot", name, 0)
    if "/" in name:
        instead = r"write ∕ or \ for it"
        raise QueryError("a pin's name cannot have a slash", name, name.index("/"), instead)
    kept = cut_to_bytes(name, MAX_BYTES)
    if kept != name:
        message = f"a pin's name may be {MAX_BYTES} bytes long"
        raise QueryError(message, name, len(kept), "give it a short one with --name")
    return name
