"""What the names in a folder depend on, and so which changes can make them stale.

Owns this rule. `changed_names.py` works out which names a change touches.
"""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from mcfs.query import Cut, Query, is_relative_to_today, leaves
from mcfs.tree.nodes import (
    AlbumCoverNode,
    BrokenPinNode,
    EmptyPinNode,
    ExportNode,
    InfoFileNode,
    InfoFolderNode,
    Node,
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


class NameDependency(Enum):
    """What can change the names in a folder."""

    # A name changes with its own track and with tracks of the same name; the same in all such folders.
    TRACK = "track"
    # A name changes with what a template shows of its tracks.
    TEMPLATE = "template"
    # A name changes with the file or the folder of the work tree that has it, and with nothing else.
    WORK_TREE = "work tree"
    # A name changes when a snapshot is taken, renamed or dropped, and when its own track comes or goes.
    SNAPSHOT = "snapshot"
    # Every name changes with any track: names with numbers, folders with a limit, "the last 30 days".
    ALL = "all"


def name_dependency(node: Node, *, plain_names: bool) -> NameDependency:
    """What the names in this folder depend on."""
    match node:
        case TracksNode() | ValuesNode() if _is_cut(node.query) or is_relative_to_today(node.query):
            return NameDependency.ALL
        case TracksNode() if node.presentation.file_names is not None:
            return NameDependency.TEMPLATE
        case TracksNode() if node.query.order:
            return NameDependency.ALL
        case TracksNode() if plain_names:
            return NameDependency.TRACK
        case TracksNode() | ValuesNode():
            return NameDependency.TEMPLATE
        case WorkFolderNode():
            # Portable names are not those of the work tree, and depend on each other.
            return NameDependency.WORK_TREE if plain_names else NameDependency.ALL
        case SnapshotsNode() | SnapshotNode():
            return NameDependency.SNAPSHOT
        case ValueNode():
            return name_dependency(node.folder(), plain_names=plain_names)
        case RootNode() | PinsNode() | EmptyPinNode() | BrokenPinNode() | InfoFolderNode():
            return NameDependency.TEMPLATE
        case TrashNode() | TrashPartNode() | TrashNoteNode():
            return NameDependency.TEMPLATE
        case TrackNode() | WorkCoverNode() | AlbumCoverNode() | ExportNode() | InfoFileNode():
            # No name is in a file.
            return NameDependency.TEMPLATE
        case unreachable:
            assert_never(unreachable)


def _is_cut(query: Query) -> bool:
    return query.limit is not None or any(isinstance(leaf, Cut) for leaf in leaves(query.where))
