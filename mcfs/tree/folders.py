"""What each folder lists, from the cache of listings or from the store.

Owns `children(node)`, and finding one entry of a folder without listing the folder where its names allow
that. `entries.py` decides which name an entry has; `resolve.py`, what a name means that no folder lists.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import assert_never

from mcfs.config.settings import Names, Settings
from mcfs.error_log import ErrorLog
from mcfs.errors import NotFoundError
from mcfs.store import Store
from mcfs.store.pin_trash import TrashPart
from mcfs.tree.change_feed import TemplatesInUse
from mcfs.tree.covers import can_be_album_cover
from mcfs.tree.entries import list_entries
from mcfs.tree.frozen_folders import list_frozen_folder
from mcfs.tree.listings import Listing
from mcfs.tree.nodes import (
    AlbumCoverNode,
    BrokenPinNode,
    EmptyPinNode,
    ExportNode,
    InfoFile,
    InfoFileNode,
    InfoFolderNode,
    Node,
    PinsNode,
    QueryFolderNode,
    RootNode,
    SnapshotNode,
    SnapshotsNode,
    TrackNode,
    TracksNode,
    TrashNode,
    TrashNoteNode,
    TrashPartNode,
    ValueNode,
    ValuesNode,
    WorkCoverNode,
    WorkFolderNode,
)
from mcfs.tree.pins import Pins
from mcfs.tree.possible_names import can_list
from mcfs.tree.snapshots import Snapshots, live_folder
from mcfs.tree.state import CurrentState
from mcfs.tree.track_nodes import track_node
from mcfs.tree.work_folders import find_in_work_folder, list_work_folder


class Folders:
    """The folders of one tree. Safe to ask from several threads."""

    def __init__(
        self,
        store: Store,
        current: CurrentState,
        pins: Pins,
        snapshots: Snapshots,
        templates: TemplatesInUse,
        error_log: ErrorLog,
    ) -> None:
        self._store = store
        self._current = current
        self._pins = pins
        self._snapshots = snapshots
        self._templates = templates
        self._error_log = error_log

    def children(self, node: Node) -> Listing:
        """What a folder lists now."""
        match node:
            case TracksNode() | ValuesNode():
                return self.listing(node)
            case ValueNode():
                return self.listing(node.folder())
            case WorkFolderNode():
                return self._work_folder(node)
            case SnapshotNode():
                return self._snapshot_folder(node)
            case SnapshotsNode():
                return self._fixed(self._snapshots.entries())
            case RootNode():
                return self._fixed(self._current.get().root_entries)
            case PinsNode():
                return self._fixed(self._pins.entries())
            case EmptyPinNode() | BrokenPinNode():
                return self._fixed({})
            case TrashNode():
                return self._fixed({part.value: TrashPartNode(part) for part in TrashPart})
            case TrashPartNode(part):
                return self._fixed(self._pins.trashed(part))
            case InfoFolderNode():
                return self._fixed({file.value: InfoFileNode(file) for file in InfoFile})
            case (
                TrackNode()
                | WorkCoverNode()
                | AlbumCoverNode()
                | ExportNode()
                | InfoFileNode()
                | TrashNoteNode()
            ):
                raise NotFoundError("a file is not a folder")
            case unreachable:
                assert_never(unreachable)

    def pin(self, name: str) -> Node | None:
        """The folder of a pin; None if there is none."""
        return self._pins.folder(name)

    def snapshot(self, name: str) -> Node | None:
        """The top folder of a snapshot; None if there is none."""
        return self._snapshots.folder(name)

    def live_folder(self, node: SnapshotNode) -> TracksNode:
        """The tracks of a folder of a snapshot, as the library has them now."""
        return live_folder(node, self._snapshots.frozen(node.name))

    def listing(self, node: QueryFolderNode) -> Listing:
        """What a query folder lists: from the cache, or read from the store and then cached."""
        cached = self._current.get().listings.get(node.key)
        if cached is not None:
            return cached
        with self._store.cache.reading() as read:
            state = self._current.seen_by(read)
            bound = state.group_cache.bind(read, state.shown_query(node), state.day)
            self._templates.note(node)
            try:
                entries = list_entries(
                    node,
                    bound,
                    read,
                    state.group_cache,
                    state.settings.names,
                    state.empty_values_in(node),
                )
            except NotFoundError as error:
                self._error_log.add(str(error))
                raise
        listing = Listing(state.version, MappingProxyType(entries))
        state.listings.put(node.key, listing)
        return listing

    def entry(self, node: QueryFolderNode, name: str) -> Node | None:
        """The entry of this name in a query folder, None if there is none.

        The folder is listed only where nothing quicker is sure: where every track has its stored name, this
        is one indexed lookup, and most names of queries can be no entry.
        """
        state = self._current.get()
        cached = state.listings.get(node.key)
        if cached is not None:
            return cached.entries.get(name)
        if can_be_album_cover(node, name):
            return self.listing(node).entries.get(name)
        with self._store.cache.reading() as read:
            state = self._current.seen_by(read)
            if _has_stored_names(node, state.settings):
                bound = state.group_cache.bind(read, state.shown_query(node), state.day)
                return track_node(read, bound, name)
            # What this name means depends on the entries, whether they are listed or not.
            self._templates.note(node)
            if not (state.empty_values_in(node) or can_list(node, name, read, state)):
                return None
        return self.listing(node).entries.get(name)

    def work_entry(self, node: WorkFolderNode, name: str) -> Node | None:
        """The entry of this name in a folder of the work tree, None if there is none."""
        state = self._current.get()
        cached = state.listings.get(node.key)
        if cached is not None:
            return cached.entries.get(name)
        with self._store.cache.reading() as read:
            state = self._current.seen_by(read)
            if state.settings.names is Names.PLAIN:
                return find_in_work_folder(node, name, read, absent=state.shows_absent)
        return self._work_folder(node).entries.get(name)

    def _work_folder(self, node: WorkFolderNode) -> Listing:
        cached = self._current.get().listings.get(node.key)
        if cached is not None:
            return cached
        with self._store.cache.reading() as read:
            state = self._current.seen_by(read)
            entries = list_work_folder(
                node, read, absent=state.shows_absent, style=state.settings.names
            )
        listing = Listing(state.version, MappingProxyType(entries))
        state.listings.put(node.key, listing)
        return listing

    def _snapshot_folder(self, node: SnapshotNode) -> Listing:
        cached = self._current.get().listings.get(node.key)
        if cached is not None:
            return cached
        with self._store.cache.reading() as read:
            state = self._current.seen_by(read)
            entries = list_frozen_folder(node, self._snapshots.frozen(node.name), read, state)
        listing = Listing(state.version, MappingProxyType(entries))
        state.listings.put(node.key, listing)
        return listing

    def _fixed(self, entries: dict[str, Node]) -> Listing:
        return Listing(self._current.get().version, MappingProxyType(entries))


def _has_stored_names(node: QueryFolderNode, settings: Settings) -> bool:
    """Whether each entry is a track under the name that the store has for it."""
    return (
        isinstance(node, TracksNode)
        and node.presentation.file_names is None
        and not node.query.order
        and settings.names is Names.PLAIN
    )
