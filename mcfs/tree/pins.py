"""Pins: what mkdir, rmdir and rename mean, what `pins/` lists, and the trash that pins can be moved to.

Owns how the name of a new folder becomes a query, and how a pin is deleted. The pins themselves are rows of
`user.db`; `store/pin_trash.py` keeps those in the trash.

Deleting a pin must never look like deleting the music in it, and no unlink of a track may succeed. Programs
delete a folder in three ways, and each removes a pin in one step:

- rmdir, tried first by pcmanfm, Nautilus and `gio remove` also where the folder is not empty.
- Moving it to the trash, which is what the Delete key does in Thunar, pcmanfm, Nautilus, Dolphin and all
  others that follow the Trash specification: a note in `.Trash-UID/info/`, then one rename into
  `.Trash-UID/files/`. Without a trash they would go on to delete every track. In the trash a pin is an empty
  folder, so emptying the trash works too; restoring it is a rename back into `pins/`.
- `rm -r`, which unlinks every entry before the rmdir. To an `rm` that was told to remove this very pin, the
  pin is an empty folder (`fuse/reading_to_delete.py`).

The snapshots of a pin stay in `snapshots/`, and belong to no pin then; a pin that is restored from the trash
gets them back. Only `mcfs unpin --cascade` deletes them too.

What remains is Shift+Delete in Thunar and Dolphin: they unlink every track first, and are refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from mcfs.config.settings import Names
from mcfs.error_log import ErrorLog
from mcfs.errors import NotFoundError, QueryError, ReadOnlyError
from mcfs.fields import Vocabulary
from mcfs.query import Query, canonical_text, field_prefix, parse
from mcfs.store import Pin, Store
from mcfs.store.pin_trash import TrashedPin, TrashPart
from mcfs.text.portable import portable_name
from mcfs.text.unique_names import unique_names
from mcfs.tree.made_names import check_made_name
from mcfs.tree.nodes import (
    BrokenPinNode,
    EmptyPinNode,
    Node,
    PinsNode,
    TracksNode,
    TrashNoteNode,
    TrashPartNode,
)
from mcfs.tree.policy import Changes, policy_of
from mcfs.tree.route import name_as_pinned_query
from mcfs.tree.state import CurrentState


def trash_name() -> str:
    """The trash in the root of the mount, which is not listed. File managers use only that of their user."""
    # Asked each time: a mount that root starts for somebody else becomes that user's process.
    return f".Trash-{os.getuid()}"


class Pins:
    """The pins of one store. Safe to use from several threads."""

    def __init__(self, store: Store, current: CurrentState, error_log: ErrorLog) -> None:
        self._store = store
        self._current = current
        self._error_log = error_log
        # Query text → folder, of all pins when `pins/` was last listed: parsing thousands of queries takes
        # a second. In a library with other fields they may mean something else.
        self._folders: dict[str, Node] = {}
        self._folders_in: Vocabulary | None = None
        # The names of all pins when one was last looked for, and what each listed name stands for.
        self._own_names: tuple[tuple[str, ...], dict[str, str]] = ((), {})

    def entries(self) -> dict[str, Node]:
        """What `pins/` lists."""
        pins, vocabulary = self._store.user.pins(), self._current.get().vocabulary
        folders = {pin.name: self._folder_of(pin) for pin in pins}
        self._folders = {pin.query_text: folders[pin.name] for pin in pins}
        self._folders_in = vocabulary
        if self._current.settings.names is Names.PLAIN:
            return folders
        return {shown: folders[name] for shown, name in _shown_names(folders).items()}

    def folder(self, name: str) -> Node | None:
        """The folder of a pin, by the name that is listed or by its own."""
        pin = self._store.user.find_pin(self._own_name(name))
        return None if pin is None else self._folder_of(pin)

    def make(self, where: Node, name: str) -> Node:
        """mkdir: pin the query that the name is. A name that is no query makes an empty pin."""
        _require_pins_folder(where)
        check_made_name(name, "pin", "pins", self._error_log)
        query = self._query_of(name)
        self._store.user.add_pin(name, "" if query is None else canonical_text(query))
        return EmptyPinNode() if query is None else TracksNode(query)

    def remove(self, where: Node, name: str) -> None:
        """rmdir: forget the query. Tracks are not touched."""
        match where:
            case TrashPartNode(TrashPart.FILES | TrashPart.EXPUNGED as part):
                self._store.trash.remove(part, name)
            case _:
                _require_pins_folder(where)
                self._store.user.remove_only_pin(self._own_name(name))

    def rename(self, where: Node, name: str, new_where: Node, new_name: str) -> Node:
        """mv: another name for the same query. An empty pin becomes the query that its new name is."""
        match where, new_where:
            case PinsNode(), PinsNode():
                return self._rename(self._own_name(name), new_name)
            case PinsNode(), TrashPartNode(TrashPart.FILES):
                # Never without a copy: whatever interrupts this, the pin is in one of the two places.
                pin = self._store.user.pin(self._own_name(name))
                snapshots = self._store.user.snapshots_of_pin(pin.name)
                self._store.trash.put(new_name, TrashedPin(pin.query_text, tuple(snapshots)))
                self._store.user.remove_only_pin(pin.name)
                return EmptyPinNode()
            case TrashPartNode(TrashPart.FILES | TrashPart.EXPUNGED as part), PinsNode():
                return self._restore(part, name, new_name)
            case (
                TrashPartNode(TrashPart.FILES | TrashPart.EXPUNGED as part),
                TrashPartNode(TrashPart.FILES | TrashPart.EXPUNGED as new_part),
            ):
                self._store.trash.rename(part, name, new_part, new_name)
                return EmptyPinNode()
            case TrashPartNode(TrashPart.INFO), TrashPartNode(TrashPart.INFO):
                self._store.trash.rename(TrashPart.INFO, name, TrashPart.INFO, new_name)
                return TrashNoteNode(new_name)
            case _:
                raise _only_pins()

    def _restore(self, part: TrashPart, name: str, new_name: str) -> Node:
        check_made_name(new_name, "pin", "pins", self._error_log)
        pin = self._store.trash.pin(part, name)
        self._store.user.add_pin(new_name, pin.query_text, pin.snapshots)
        self._store.trash.remove(part, name)
        return _folder_of(pin.query_text, self._current.get().vocabulary)

    def _rename(self, name: str, new_name: str) -> Node:
        check_made_name(new_name, "pin", "pins", self._error_log)
        vocabulary = self._current.get().vocabulary
        query_text = self._store.user.pin(name).query_text
        if not query_text:
            query = self._query_of(new_name)
            query_text = "" if query is None else canonical_text(query)
        self._store.user.rename_pin(name, new_name, query_text)
        return _folder_of(query_text, vocabulary)

    def _folder_of(self, pin: Pin) -> Node:
        vocabulary = self._current.get().vocabulary
        known = self._folders if self._folders_in is vocabulary else {}
        node = known.get(pin.query_text) or _folder_of(pin.query_text, vocabulary)
        if isinstance(node, BrokenPinNode):
            # Its folder is empty, and a file manager cannot say why.
            self._error_log.add_once(f"pins/{pin.name}: {node.reason}")
        return node

    def _own_name(self, name: str) -> str:
        """The name of the pin that is listed under this one."""
        if self._current.settings.names is Names.PLAIN:
            return name
        names = tuple(self._store.user.pin_names())
        known, own_names = self._own_names
        if known != names:
            own_names = _shown_names(names)
            self._own_names = names, own_names
        return own_names.get(name, name)

    # --- the trash

    def trashed(self, part: TrashPart) -> dict[str, Node]:
        """What one folder of the trash lists."""
        names = self._store.trash.names(part)
        if part is TrashPart.INFO:
            return {name: TrashNoteNode(name) for name in names}
        return {name: EmptyPinNode() for name in names}

    def open_note(self, where: Node, name: str, flags: int) -> int:
        """A descriptor of a note in the trash, which `flags` may create."""
        if where != TrashPartNode(TrashPart.INFO):
            raise _only_pins()
        return self._store.trash.open_note(name, flags)

    def note(self, node: TrashNoteNode) -> bytes:
        """The text of a note in the trash."""
        return self._store.trash.note(node.name)

    def remove_note(self, where: Node, name: str) -> None:
        """unlink of a note; of anything else, a `ReadOnlyError`."""
        if where != TrashPartNode(TrashPart.INFO):
            raise _only_pins()
        self._store.trash.remove(TrashPart.INFO, name)

    def remove_note_about(self, name: str) -> None:
        """Remove the note about something that was moved to the trash, and is not kept there."""
        with suppress(NotFoundError):
            self._store.trash.remove(TrashPart.INFO, f"{name}.trashinfo")

    def _query_of(self, name: str) -> Query | None:
        try:
            return name_as_pinned_query(name, self._current.get().vocabulary)
        except QueryError as error:
            # The program that asked shows no more than "invalid argument".
            self._error_log.add(f"pins/{name}: {error}")
            raise


def _shown_names(names: Iterable[str]) -> dict[str, str]:
    """The portable name of each pin → its own.

    Pins that differ in case alone, or in a character that Windows does not allow, are made unique.
    """
    shown = unique_names(((name, _portable_pin_name(name)) for name in names), of_files=False)
    return {portable: name for name, portable in shown.items()}


def _portable_pin_name(name: str) -> str:
    """ "genre:techno" → "genre=techno", which can be typed, and may be made as a pin from Windows too."""
    return portable_name(name.replace(":", "=") if field_prefix(name) else name)


def _folder_of(query_text: str, vocabulary: Vocabulary) -> Node:
    try:
        return TracksNode(parse(query_text, vocabulary)) if query_text else EmptyPinNode()
    except QueryError as error:
        return BrokenPinNode(str(error))


def _require_pins_folder(where: Node) -> None:
    if policy_of(where).changes is not Changes.PINS:
        raise _only_pins()


def _only_pins() -> ReadOnlyError:
    return ReadOnlyError("only `pins/` can be changed")
