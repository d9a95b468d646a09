"""Pins: what mkdir, rmdir and rename mean, and what the `pins/` folder lists.

Owns how the name of a new folder becomes a query. The pins themselves are rows of `user.db`.
"""

from __future__ import annotations

from mcfs.error_log import ErrorLog
from mcfs.errors import QueryError, ReadOnlyError
from mcfs.fields import Vocabulary
from mcfs.query import Query, canonical_text, parse
from mcfs.store import Store
from mcfs.tree.nodes import EmptyPinNode, Node, TracksNode
from mcfs.tree.policy import Changes, policy_of
from mcfs.tree.route import name_as_pinned_query
from mcfs.tree.state import CurrentState


class Pins:
    """The pins of one store. Safe to use from several threads."""

    def __init__(self, store: Store, current: CurrentState, error_log: ErrorLog) -> None:
        self._store = store
        self._current = current
        self._error_log = error_log

    def entries(self) -> dict[str, Node]:
        """What `pins/` lists."""
        vocabulary = self._current.get().vocabulary
        return {pin.name: _folder_of(pin.query_text, vocabulary) for pin in self._store.user.pins()}

    def make(self, where: Node, name: str) -> Node:
        """mkdir: pin the query that the name is. A name that is no query makes an empty pin."""
        _require_pins_folder(where)
        _refuse_leading_dot(name)
        query = self._query_of(name)
        self._store.user.add_pin(name, "" if query is None else canonical_text(query))
        return EmptyPinNode() if query is None else TracksNode(query)

    def remove(self, where: Node, name: str) -> None:
        """rmdir: forget the query. Tracks are not touched."""
        _require_pins_folder(where)
        self._store.user.remove_pin(name)

    def rename(self, where: Node, name: str, new_where: Node, new_name: str) -> Node:
        """mv: another name for the same query. An empty pin becomes the query that its new name is."""
        _require_pins_folder(where)
        _require_pins_folder(new_where)
        _refuse_leading_dot(new_name)
        vocabulary = self._current.get().vocabulary
        query_text = self._store.user.pin(name).query_text
        if not query_text:
            query = self._query_of(new_name)
            query_text = "" if query is None else canonical_text(query)
        self._store.user.rename_pin(name, new_name, query_text)
        return _folder_of(query_text, vocabulary)

    def _query_of(self, name: str) -> Query | None:
        try:
            return name_as_pinned_query(name, self._current.get().vocabulary)
        except QueryError as error:
            # The program that asked shows no more than "invalid argument".
            self._error_log.add(f"pins/{name}: {error}")
            raise


def _folder_of(query_text: str, vocabulary: Vocabulary) -> Node:
    try:
        return TracksNode(parse(query_text, vocabulary)) if query_text else EmptyPinNode()
    except QueryError:
        # No track has this field at present, or a newer mcfs wrote it. Keep the pin, and list nothing.
        return EmptyPinNode()


def _require_pins_folder(where: Node) -> None:
    if policy_of(where).changes is not Changes.PINS:
        raise ReadOnlyError("only `pins/` can be changed")


def _refuse_leading_dot(name: str) -> None:
    """Refuse what file managers make for themselves, such as `.Trash-1000`."""
    if name.startswith("."):
        raise ReadOnlyError(f"{name}: a pin may not begin with a dot")
