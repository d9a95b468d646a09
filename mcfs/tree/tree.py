"""What the mount shows, with no FUSE in it: one door to everything in this room.

    resolve(route) → Node        which folder, track or file a path names
    child(node, name) → Node     one step of it
    children(node) → Listing     what a folder lists

    /                        RootNode
    ├── library              WorkFolderNode: the work tree, with its own names
    │   └── Surgeon          WorkFolderNode
    ├── all                  TracksNode(ALL)
    ├── genre                ValuesNode(ALL, {{ genre }})
    │   └── Techno           ValueNode; its folder is TracksNode({{ genre }} is techno)
    ├── pins                 PinsNode
    │   ├── Peak time        TracksNode(query of the pin)
    │   ├── old              BrokenPinNode: its query cannot be read
    │   └── New folder       EmptyPinNode: its first rename to a query makes it that query's folder
    ├── snapshots            SnapshotsNode
    │   └── Friday           SnapshotNode; a query or template inside asks what the library says now
    ├── .Trash-1000          TrashNode; not listed, as all below
    │   ├── files            TrashPartNode: of pins, each an EmptyPinNode
    │   └── info             TrashPartNode: of TrashNoteNodes
    ├── .mcfs                InfoFolderNode
    │   └── status           InfoFileNode
    └── genre:techno         TracksNode(query)
        ├── bpm:>120         TracksNode(both)
        ├── {{ artist }}     ValuesNode(query, {{ artist }})
        └── bpm:>120.m3u8    ExportNode

Puts the parts together, and owns nothing else:

    nodes.py            what a path can name; `policy.py` says what the file system may do with each kind
    route.py            what a name means without a library; `resolve.py` finds the node it names in one
    folders.py          what each folder lists; `listings.py` and `bounded_cache.py` keep the listings
    entries.py          which name an entry has, of the nodes that `track_nodes.py` reads;
                        `possible_names.py` says which names no entry can have
    work_folders.py     what the folders of the work tree list
    group_cache.py      the values that a template gives, with `rendered_template.py`, `template_cells.py`
                        and `template_fields.py`
    views.py            what the root lists
    folder_file.py      a folder as a playlist or a table; `file_text.py` keeps the text
    export_plan.py      a folder, with all below it, as the plan of an export
    pins.py             what mkdir, rmdir and rename mean, and the trash; `made_names.py` has its rule
    snapshots.py        what `snapshots/` lists, and the same gestures there; `snapshot_index.py` has the
                        snapshots that were seen, `frozen_folders.py` what a folder of one lists
    state.py            the current state, and when a newer one replaces it; `version.py` identifies it
    change_feed.py      what changed since then; `changed_names.py` says which names that touches;
                        `listing_changes.py` says what came and went in folders that are watched;
                        `name_dependency.py` says what the names in a folder depend on
    editable.py         which folders edit; `value_edits.py` says what a change in one of them means, and
                        `empty_values.py` which values they list that no track has;
                        `link_targets.py` finds the track that a link leads to
    limits.py           how much memory the caches may take
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date

from mcfs.config.settings import DEFAULTS, Settings
from mcfs.error_log import ErrorLog
from mcfs.fields import Vocabulary
from mcfs.query import Query
from mcfs.sql import BoundQuery
from mcfs.store import Generation, Store
from mcfs.store.cache_reader import CacheReader
from mcfs.tree.change_feed import NameChangeFeed, TemplatesInUse
from mcfs.tree.empty_values import BegunValues
from mcfs.tree.file_text import FileText
from mcfs.tree.folder_file import FolderFiles
from mcfs.tree.folders import Folders
from mcfs.tree.limits import DEFAULT_LIMITS, Limits
from mcfs.tree.listings import Listing
from mcfs.tree.nodes import (
    ExportNode,
    Node,
    PinsNode,
    QueryFolderNode,
    SnapshotNode,
    SnapshotsNode,
    TrackNode,
    TrashNoteNode,
    ValuesNode,
    WorkFolderNode,
    opened_folder,
)
from mcfs.tree.pins import Pins
from mcfs.tree.resolve import Resolver
from mcfs.tree.route import Route
from mcfs.tree.snapshot_index import SnapshotIndex
from mcfs.tree.snapshots import Snapshots
from mcfs.tree.state import CurrentState, TreeState
from mcfs.tree.value_edits import ValueEdits
from mcfs.tree.version import TreeVersion


class Tree:
    """The folders of one store. Safe to ask from several threads.

    Answers are true of the version that the tree last saw; `refresh` looks for a newer one.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings = DEFAULTS,
        error_log: ErrorLog | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.time,
        begun_values: BegunValues = lambda _: (),
    ) -> None:
        self.error_log = error_log or ErrorLog()
        self._store = store
        self._snapshot_index = SnapshotIndex(store.user.snapshots)
        self._current = CurrentState(
            store.cache, self._snapshot_index, settings, limits, clock, begun_values
        )
        self._templates = TemplatesInUse(limits.templates)
        self._pins = Pins(store, self._current, self.error_log)
        self._snapshots = Snapshots(
            store.user.snapshots, self._snapshot_index, self._current, self.error_log
        )
        self._folders = Folders(
            store, self._current, self._pins, self._snapshots, self._templates, self.error_log
        )
        self._files = FolderFiles(store, self._current, self._snapshots)
        # What changes in folders of values mean.
        self.value_edits = ValueEdits(store, self._current)
        self._resolver = Resolver(self._current, self._folders, self.error_log)
        self.refresh()

    # --- names

    def resolve(self, route: Route) -> Node:
        """The node that a whole path names."""
        return self._resolver.resolve(route)

    def child(self, node: Node, name: str, depth: int = 0) -> Node:
        """The node of one name in a folder that is `depth` folders below the root."""
        return self._resolver.child(node, name, depth)

    def children(self, node: Node) -> Listing:
        """What a folder lists now."""
        return self._folders.children(node)

    def cached_listing(self, node: Node) -> Listing | None:
        """The listing of a folder if it is cached and still true. Never reads the store for it."""
        folder = node if isinstance(node, QueryFolderNode) else opened_folder(node)
        if not isinstance(folder, QueryFolderNode | WorkFolderNode | SnapshotNode):
            return None
        return self._current.get().listings.get(folder.key)

    def file_content(self, node: ExportNode) -> FileText:
        """What is in a folder's file now."""
        return self._files.content(node)

    def annex_keys(self, tracks: Iterable[TrackNode]) -> dict[int, str]:
        """The inode of each track that the library still has → its annex key."""
        with self._store.cache.reading() as read:
            return read.annex_keys(track.inode for track in tracks)

    # --- queries

    def shown_query(self, node: QueryFolderNode) -> Query:
        """The query that a folder answers: absent tracks are hidden unless the query asks for them."""
        return self._current.get().shown_query(node)

    def bind(self, read: CacheReader, query: Query) -> BoundQuery:
        """The query with the members of its values, as this reader sees them: it can be executed."""
        state = self._current.seen_by(read)
        return state.group_cache.bind(read, query, state.day)

    # --- pins

    def make_pin(self, where: Node, name: str) -> Node:
        """mkdir in a folder."""
        if isinstance(where, SnapshotsNode):
            # Programs that copy a pin make a folder of its name first.
            raise self._snapshots.refuse_arrival(name, name if self._pins.folder(name) else None)
        return self._pins.make(where, name)

    def remove_pin(self, where: Node, name: str) -> None:
        """rmdir in a folder."""
        if isinstance(where, SnapshotsNode):
            raise self._snapshots.refuse_removal(name)
        self._pins.remove(where, name)

    def rename_pin(self, where: Node, name: str, new_where: Node, new_name: str) -> Node:
        """mv of a folder."""
        if isinstance(where, SnapshotsNode):
            return self._snapshots.rename(name, new_where, new_name)
        if isinstance(new_where, SnapshotsNode):
            pin = name if isinstance(where, PinsNode) else None
            raise self._snapshots.refuse_arrival(new_name, pin)
        return self._pins.rename(where, name, new_where, new_name)

    def open_trash_note(self, where: Node, name: str, flags: int) -> int:
        """A descriptor of a note in the trash, which `flags` may create."""
        return self._pins.open_note(where, name, flags)

    def trash_note(self, node: TrashNoteNode) -> bytes:
        """The text of a note in the trash."""
        return self._pins.note(node)

    def remove_note_about(self, name: str) -> None:
        """Remove the note of a desktop about something that is not in the trash."""
        self._pins.remove_note_about(name)

    def remove_trash_note(self, where: Node, name: str) -> None:
        """unlink in a folder."""
        self._pins.remove_note(where, name)

    # --- values that no track has

    def keep_value(self, field: str, node: ValuesNode, value: str) -> None:
        """List a value of a field in this folder from now on, even if no track has it."""
        self._current.keep_value(field, node, value)

    def drop_value(self, field: str, value: str) -> None:
        """List it no longer, unless a track has it."""
        self._current.drop_value(field, value)

    # --- the current state

    def refresh(self) -> Generation:
        """Read which generation the store is in now, and answer from that one on."""
        return self._current.refresh().generation

    def open_change_feed(self) -> NameChangeFeed:
        """A feed of what changes from now on. The caller closes it."""
        return NameChangeFeed(
            self._store.cache,
            self._current,
            self._folders.children,
            self._templates,
        )

    def configure(self, settings: Settings) -> None:
        """From now on, show everything by other settings."""
        self._current.configure(settings)

    @property
    def state(self) -> TreeState:
        """The current state, with everything that is cached for it."""
        return self._current.get()

    @property
    def settings(self) -> Settings:
        """The settings by which everything is shown."""
        return self._current.settings

    @property
    def version(self) -> TreeVersion:
        """Answers are never older than this, and may be newer: another thread may have seen more."""
        return self._current.get().version

    @property
    def day(self) -> date:
        """The local day that answers are true of."""
        return self._current.get().day

    @property
    def vocabulary(self) -> Vocabulary:
        """The fields that the library has, for reading queries."""
        return self._current.get().vocabulary

    @property
    def broken_views(self) -> tuple[str, ...]:
        """A sentence for each view that cannot be read."""
        state = self._current.get()
        return (*map(str, state.settings.problems), *state.views.broken)
