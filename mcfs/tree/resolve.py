"""Names → nodes: which folder, track or file a path names.

Owns the order in which a name is tried: an entry that the folder lists, a name with a leading dot, a folder
as a file, a template, a query.
"""

from __future__ import annotations

from typing import assert_never

from mcfs.error_log import ErrorLog
from mcfs.errors import NotFoundError, QueryError, TemplateError
from mcfs.query import ALL, InFolder, Query
from mcfs.text.folders import folded_folder
from mcfs.tree.folders import Folders
from mcfs.tree.nodes import (
    AlbumCoverNode,
    BrokenPinNode,
    EmptyPinNode,
    ExportNode,
    Format,
    InfoFile,
    InfoFileNode,
    InfoFolderNode,
    Node,
    PinsNode,
    Presentation,
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
    opened_folder,
    query_folder,
)
from mcfs.tree.pins import trash_name
from mcfs.tree.route import (
    MAX_DEPTH,
    Route,
    explain_misspelled_field,
    name_as_query,
    name_as_template,
)
from mcfs.tree.state import CurrentState


class Resolver:
    """Resolves the names of one tree. Safe to ask from several threads."""

    def __init__(self, current: CurrentState, folders: Folders, error_log: ErrorLog) -> None:
        self._current = current
        self._folders = folders
        self._error_log = error_log

    def resolve(self, route: Route) -> Node:
        """The node that a whole path names."""
        node: Node = RootNode()
        for depth, name in enumerate(route.names):
            node = self.child(node, name, depth)
        return node

    def child(self, node: Node, name: str, depth: int) -> Node:
        """The node of one name in a folder that is `depth` folders below the root."""
        # Only names of queries could go on for ever.
        if depth >= MAX_DEPTH and not isinstance(node, WorkFolderNode):
            raise NotFoundError(f"a path may be {MAX_DEPTH} folders deep")
        match node:
            case TracksNode() | ValuesNode():
                return self._in_query_folder(node, name, depth)
            case ValueNode():
                return self._in_query_folder(node.folder(), name, depth)
            case RootNode():
                return self._in_root(node, name, depth)
            case WorkFolderNode():
                return self._in_work_folder(node, name, depth)
            case InfoFolderNode():
                return _in_info_folder(name)
            case PinsNode():
                return self._in_pins(node, name, depth)
            case SnapshotsNode():
                return self._in_snapshots(node, name, depth)
            case SnapshotNode():
                return self._in_snapshot(node, name, depth)
            case BrokenPinNode(reason):
                raise NotFoundError(f"{name}: this pin is empty: {reason}")
            case EmptyPinNode() | TrashNode() | TrashPartNode():
                found = self._folders.children(node).entries.get(name)
                if found is None:
                    raise NotFoundError(f"{name}: nothing of that name")
                return found
            case (
                TrackNode()
                | WorkCoverNode()
                | AlbumCoverNode()
                | ExportNode()
                | InfoFileNode()
                | TrashNoteNode()
            ):
                raise NotFoundError(f"{name}: a file holds nothing")
            case unreachable:
                assert_never(unreachable)

    def _in_query_folder(self, node: QueryFolderNode, name: str, depth: int) -> Node:
        if name.startswith("."):
            raise NotFoundError(f"{name}: nothing here begins with a dot")
        return self._folders.entry(node, name) or self._unlisted(node, name, depth, node)

    def _in_root(self, root: RootNode, name: str, depth: int) -> Node:
        if name == ".mcfs":
            return InfoFolderNode()
        if name.startswith("."):
            if name == trash_name():
                return TrashNode()
            raise NotFoundError(f"{name}: only `.mcfs` begins with a dot")
        state = self._current.get()
        if (listed := state.root_entries.get(name)) is not None:
            return listed
        if (hidden_view := state.views.by_name.get(name)) is not None:
            return hidden_view.node
        return self._unlisted(TracksNode(ALL), name, depth, root)

    def _in_pins(self, node: PinsNode, name: str, depth: int) -> Node:
        if (pin := self._folders.pin(name)) is not None:
            return pin
        if (file := self._folder_file(node, name, depth)) is not None:
            return file
        raise NotFoundError(f"no pin of the name {name}")

    def _in_snapshots(self, node: SnapshotsNode, name: str, depth: int) -> Node:
        if (snapshot := self._folders.snapshot(name)) is not None:
            return snapshot
        if (file := self._folder_file(node, name, depth)) is not None:
            return file
        raise NotFoundError(f"no snapshot of the name {name}")

    def _in_snapshot(self, node: SnapshotNode, name: str, depth: int) -> Node:
        if name.startswith("."):
            raise NotFoundError(f"{name}: nothing here begins with a dot")
        found = self._folders.children(node).entries.get(name)
        return found or self._unlisted(self._folders.live_folder(node), name, depth, node)

    def _in_work_folder(self, node: WorkFolderNode, name: str, depth: int) -> Node:
        found = self._folders.work_entry(node, name)
        return found or self._unlisted(tracks_in(node), name, depth, node)

    def _unlisted(self, base: QueryFolderNode, name: str, depth: int, inside: Node) -> Node:
        """What a name means that no folder lists: a folder as a file, a template, a query."""
        self._error_log.goes_on(name)
        if (file := self._folder_file(inside, name, depth)) is not None:
            return file
        vocabulary = self._current.get().vocabulary
        try:
            template = name_as_template(name, vocabulary)
            query = None if template else name_as_query(name, vocabulary)
        except (QueryError, TemplateError) as error:
            self._error_log.add_name(name, str(error))
            raise NotFoundError(str(error)) from error
        templates = base.templates if isinstance(base, ValuesNode) else ()
        if template is not None:
            if template.names_files:
                presentation = Presentation(template, base.presentation.entries)
                return query_folder(base.query, templates, presentation)
            return query_folder(base.query, (*templates, template), base.presentation)
        if query is not None:
            return query_folder(base.query.refined(query), templates, base.presentation)
        if explanation := explain_misspelled_field(name, vocabulary):
            self._error_log.add_name(name, explanation)
            raise NotFoundError(explanation)
        raise NotFoundError(f"{name}: nothing of that name, and not a query")

    def _folder_file(self, inside: Node, name: str, depth: int) -> ExportNode | None:
        """The folder as a file that a name means by its end; None where the end is none of a format."""
        format_ = next((each for each in Format if name.endswith(each.value)), None)
        if format_ is None:
            return None
        stem = name.removesuffix(format_.value)
        found = opened_folder(self.child(inside, stem, depth)) if stem else None
        if isinstance(found, WorkFolderNode):
            found = tracks_in(found)
        if not isinstance(found, QueryFolderNode | SnapshotNode):
            raise NotFoundError(
                f"{stem}: no folder of tracks that could be written as {format_.value}"
            )
        return ExportNode(found, format_, stem, depth)


def tracks_in(node: WorkFolderNode) -> TracksNode:
    """The tracks with a file in a folder of the work tree, or below it.

    As in every query, case and accents do not count: a folder whose name differs only in these belongs to it.
    """
    folder = folded_folder(node.work_path)
    return TracksNode(ALL if folder is None else Query(InFolder(folder)))


def _in_info_folder(name: str) -> InfoFileNode:
    try:
        return InfoFileNode(InfoFile(name))
    except ValueError as error:
        raise NotFoundError(
            f"{name}: in .mcfs are {', '.join(file.value for file in InfoFile)}"
        ) from error
