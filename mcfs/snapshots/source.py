"""What a snapshot is taken of: a query, or a folder of the mount, such as a pin or a view.

Owns how a folder is found again when the snapshot is compared or taken again, and which templates it has.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcfs.errors import McfsError, NotFoundError, QueryError
from mcfs.query import AsTaken, InSnapshot, Query, canonical_text, parse
from mcfs.schema.user import OutputMode
from mcfs.store.snapshot_records import Snapshot
from mcfs.template import Template, parse_template, split_levels
from mcfs.tree.nodes import (
    EmptyPinNode,
    Node,
    PinsNode,
    QueryFolderNode,
    SnapshotNode,
    TracksNode,
    ValuesNode,
    WorkFolderNode,
    opened_folder,
)
from mcfs.tree.resolve import tracks_in
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class Levels:
    """How the tracks of a snapshot are put into folders and named."""

    folders: tuple[Template, ...] = ()
    file_names: Template | None = None

    @property
    def text(self) -> str:
        """As it is written."""
        names = () if self.file_names is None else (self.file_names,)
        return "/".join(template.text for template in (*self.folders, *names))


@dataclass(frozen=True, slots=True)
class Source:
    """A query, or a folder of the mount with the templates that it has."""

    node: QueryFolderNode
    # The path of the folder; "" for a query.
    folder: str = ""
    # The pin or the view that the folder is, or is in.
    pin: str | None = None
    view: str | None = None

    @property
    def query_text(self) -> str:
        """Its query as canonical text."""
        return canonical_text(self.node.query)

    @property
    def levels(self) -> Levels:
        """Its templates."""
        folders = self.node.templates if isinstance(self.node, ValuesNode) else ()
        return Levels(folders, self.node.presentation.file_names)

    @property
    def output_mode(self) -> OutputMode | None:
        """How it shows its tracks, if it says so."""
        entries = self.node.presentation.entries
        return None if entries is None else OutputMode(entries.value)


def query_source(text: str, tree: Tree) -> Source:
    """A query text."""
    return Source(TracksNode(parse(text, tree.vocabulary)))


def folder_source(mount_path: str, tree: Tree) -> Source:
    """The folder at a path of the mount. One in `pins/` or in a view belongs to that pin or view."""
    route = Route.parse(mount_path)
    node = opened_folder(tree.resolve(route))
    if isinstance(node, SnapshotNode) and not node.folders:
        return Source(TracksNode(Query(InSnapshot(node.name), (AsTaken(),))))
    folder = tracks_in(node) if isinstance(node, WorkFolderNode) else node
    if not isinstance(folder, QueryFolderNode):
        raise QueryError(_no_tracks(node), mount_path, 0, "name a query or a folder of tracks")
    first, *inside = route.names
    pin = inside[0] if first == "pins" and inside else None
    view = first if first in tree.state.views.by_name else None
    return Source(folder, "/".join(route.names), pin, view)


def _no_tracks(node: Node) -> str:
    match node:
        case EmptyPinNode():
            return "this pin has no query yet"
        case PinsNode():
            return "these are all pins, and a snapshot is of one"
        case SnapshotNode():
            return "this is a part of a snapshot"
        case _:
            return "this is no folder of tracks"


def source_of(snapshot: Snapshot, tree: Tree) -> Source:
    """What a snapshot was taken of, as it is now; an `McfsError` where that is gone."""
    if not snapshot.folder:
        return query_source(snapshot.query_text, tree)
    path = snapshot.folder
    if snapshot.pin is not None:
        # It may have been renamed.
        _, _, *inside = Route.parse(path).names
        path = "/".join(("pins", snapshot.pin, *inside))
    elif path.startswith("pins/"):
        raise NotFoundError(f"the pin that it was taken of, {path.split('/')[1]}, is gone")
    try:
        return folder_source(path, tree)
    except McfsError as error:
        raise NotFoundError(f"the folder that it was taken of, {path}, is gone: {error}") from error


def parse_levels(text: str) -> Levels:
    """The templates of a path of templates, of which the last may name the files."""
    templates = [parse_template(level) for level in split_levels(text)]
    file_names = templates.pop() if templates and templates[-1].names_files else None
    for template in templates:
        if template.names_files:
            raise QueryError(
                "a folder cannot be named by a file", template.text, 0, "put it at the end"
            )
    return Levels(tuple(templates), file_names)
