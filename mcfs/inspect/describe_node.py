"""What a name of a path leads to, in words."""

from __future__ import annotations

from mcfs.fields import Vocabulary
from mcfs.inspect.walk import Step
from mcfs.query import canonical_text
from mcfs.tree.nodes import (
    AlbumCoverNode,
    BrokenPinNode,
    EmptyPinNode,
    ExportNode,
    Format,
    InfoFileNode,
    InfoFolderNode,
    PinsNode,
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
from mcfs.tree.route import can_become_valid, name_as_query, name_as_template
from mcfs.tree.tree import Tree

_FORMATS = {
    Format.M3U8: "a playlist",
    Format.JSON: "a JSON file",
    Format.CSV: "a CSV table",
}


def describe_node(step: Step, tree: Tree) -> str:
    """One step of a path in words."""
    match step.node:
        case RootNode():
            return "the mount"
        case TrackNode() as track:
            where = track.work_path or f"{track.content_path}, which is not here"
            key = tree.annex_keys([track]).get(track.inode)
            return f"a track: {where} ({key})" if key else f"a track: {where}"
        case WorkFolderNode(""):
            return "the work tree, with its own folders and names"
        case WorkFolderNode():
            return "a folder of the work tree"
        case WorkCoverNode() | AlbumCoverNode() as cover:
            return f"a cover: {cover.work_path or cover.content_path}"
        case PinsNode():
            return "the pins: saved queries"
        case EmptyPinNode() | BrokenPinNode() as pin:
            return _describe_empty_pin(pin)
        case SnapshotsNode() | SnapshotNode() as frozen:
            return _describe_frozen(frozen)
        case TracksNode(query) if isinstance(step.parent, PinsNode):
            return f"a pin of {canonical_text(query) or 'all tracks'}"
        case TrashNode() | TrashPartNode():
            return "the trash, for pins"
        case InfoFolderNode():
            return "information about the mount"
        case InfoFileNode() | TrashNoteNode():
            return "a file"
        case ExportNode(_, form, stem):
            return f"{_FORMATS[form]} of everything in {stem}"
        case ValueNode(ValuesNode(_, templates)):
            return f"a value of {templates[0].text}"
        case TracksNode() | ValuesNode():
            return _describe_folder(step, tree.vocabulary)


def _describe_empty_pin(pin: EmptyPinNode | BrokenPinNode) -> str:
    if isinstance(pin, EmptyPinNode):
        return "a pin without a query: an empty folder"
    return f"a pin whose query cannot be read, so it is empty: {pin.reason}"


def _describe_frozen(node: SnapshotsNode | SnapshotNode) -> str:
    if isinstance(node, SnapshotsNode):
        return "the snapshots: frozen set lists"
    what = "a folder of the snapshot" if node.folders else "the snapshot"
    return f"{what} {node.name}, as it was taken"


def _describe_folder(step: Step, vocabulary: Vocabulary) -> str:
    in_root = isinstance(step.parent, RootNode)
    if in_root and not can_become_valid(step.name):
        return "a view"
    if template := name_as_template(step.name, vocabulary):
        purpose = "file names" if template.names_files else "folders"
        return f"a template for {purpose}: {template.text}"
    if (query := name_as_query(step.name, vocabulary)) is not None:
        within = "" if in_root else " inside the one before"
        return f"a query{within}: {canonical_text(query)}"
    return "a folder"
