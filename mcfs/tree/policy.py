"""What the file system may do with each kind of node: the one table of rights, caching and entry types.

Owns the policy of every node. `fuse/` asks for it and never for a node's class, so a new kind of node
needs one new case here, and mypy reports the kinds that have none. Knows no errno and no kernel:
`fuse/` decides how many seconds "one second" is, and which error a forbidden change becomes.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from mcfs.tree.editable import edited_field, value_field
from mcfs.tree.nodes import (
    DEFAULT_PRESENTATION,
    AlbumCoverNode,
    BrokenPinNode,
    EmptyPinNode,
    ExportNode,
    InfoFileNode,
    InfoFolderNode,
    Node,
    PinsNode,
    Presentation,
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


class EntryKind(Enum):
    """What a directory entry of the node is."""

    FOLDER = "folder"
    # A symbolic link or a regular file, as the folder's presentation or the mount's `--entries` says; a cover
    # too.
    TRACK = "track"
    # A regular file whose text mcfs writes when it is asked for.
    TEXT_FILE = "text file"


class Caching(Enum):
    """How long a name or its attributes may be cached."""

    # It never changes while the mount lasts.
    FIXED = "fixed"
    # For any time, because changes of the store are announced to those who have it.
    UNTIL_ANNOUNCED = "until announced"
    # It may change at any time without a change of the store, and nothing announces that.
    ONE_SECOND = "one second"


class DotNames(Enum):
    """Which names with a leading dot a folder can hold. File managers probe for many of them."""

    NONE = "none"
    # `.mcfs` in the root.
    FIXED = "fixed"
    # What another program gave a name: it may appear at any time.
    ANY = "any"


class Changes(Enum):
    """What mkdir, rmdir, rename, symlink and unlink mean inside a folder."""

    READ_ONLY = "read-only"
    # They make, remove and rename pins.
    PINS = "pins"
    # They take and rename snapshots, and never remove one.
    SNAPSHOTS = "snapshots"
    # Pins come here to be restored or forgotten, and notes about them are written.
    TRASH = "trash"
    # Where a field is edited: they, symlink and unlink change the values of tracks …
    EDITED_TRACKS = "edited tracks"
    # … and make, remove and rename values.
    EDITED_VALUES = "edited values"


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for one kind of node."""

    kind: EntryKind
    # Of a track: as a regular file. A link has always all bits.
    permissions: int
    # The node's own name in the folder above; that folder's `names_inside` may make it shorter.
    name: Caching
    # Its size, times and permission bits.
    attributes: Caching
    # Of a folder: the names in it, and that other names are absent.
    names_inside: Caching = Caching.FIXED
    dot_names: DotNames = DotNames.NONE
    changes: Changes = Changes.READ_ONLY
    # Of a text file: its length may differ from the size that was reported a moment before.
    direct_io: bool = False


def policy_of(node: Node) -> Policy:
    """The policy of a node. The same for all of its class, and cheap enough to ask at every request."""
    policy = _DECIDED.get(node.__class__)
    if policy is None:
        policy = _DECIDED[node.__class__] = _decide(node)
    return policy


def changes_in(node: Node, editable: Container[str]) -> Changes:
    """What can be changed in a folder of a mount that edits these fields."""
    if isinstance(node, ValueNode) and value_field(node, editable) is not None:
        return Changes.EDITED_TRACKS
    if isinstance(node, ValuesNode) and edited_field(node, editable) is not None:
        return Changes.EDITED_VALUES
    return policy_of(node).changes


# By class: going through the `match` for each of a hundred thousand tracks takes noticeably longer.
_DECIDED: dict[type[Node], Policy] = {}


def _decide(node: Node) -> Policy:
    match node:
        case TrackNode() | WorkCoverNode():
            return TRACK_POLICY
        case AlbumCoverNode():
            return _ALBUM_COVER
        case TracksNode() | ValuesNode() | ValueNode() | SnapshotNode():
            return _QUERY_FOLDER
        case WorkFolderNode():
            return _WORK_FOLDER
        case RootNode():
            return _ROOT
        case PinsNode():
            return _PINS
        case SnapshotsNode():
            return _SNAPSHOTS
        case EmptyPinNode() | BrokenPinNode():
            return _EMPTY_PIN
        case TrashNode():
            return _TRASH
        case TrashPartNode():
            return _TRASH_PART
        case TrashNoteNode():
            return _TRASH_NOTE
        case InfoFolderNode():
            return _INFO_FOLDER
        case InfoFileNode():
            return _INFO_FILE
        case ExportNode():
            return _EXPORT
        case unreachable:
            assert_never(unreachable)


def presentation_of(node: Node) -> Presentation:
    """How the tracks in a folder are shown, where it says so itself."""
    match node:
        case TracksNode() | ValuesNode() | SnapshotNode():
            return node.presentation
        case ValueNode():
            return node.parent.presentation
        case RootNode() | PinsNode() | EmptyPinNode() | BrokenPinNode() | SnapshotsNode():
            return DEFAULT_PRESENTATION
        case WorkFolderNode() | InfoFolderNode():
            return DEFAULT_PRESENTATION
        case TrashNode() | TrashPartNode() | TrashNoteNode():
            return DEFAULT_PRESENTATION
        case TrackNode() | WorkCoverNode() | AlbumCoverNode() | InfoFileNode() | ExportNode():
            return DEFAULT_PRESENTATION
        case unreachable:
            assert_never(unreachable)


# Most folders cannot be changed, and are shown as writable all the same: `cp -r`, `rsync -a` and `tar` give a
# copy these permissions, and nothing could be added to a copy or removed from it. Every attempt to change
# the folder itself ends in EROFS.
_FOLDER = 0o755
TRACK_POLICY = Policy(
    EntryKind.TRACK,
    permissions=0o444,
    name=Caching.UNTIL_ANNOUNCED,
    attributes=Caching.UNTIL_ANNOUNCED,
)
# Which image it is depends on all tracks of the folder.
_ALBUM_COVER = replace(TRACK_POLICY, name=Caching.ONE_SECOND)
_QUERY_FOLDER = Policy(
    EntryKind.FOLDER,
    permissions=_FOLDER,
    name=Caching.UNTIL_ANNOUNCED,
    attributes=Caching.UNTIL_ANNOUNCED,
    names_inside=Caching.UNTIL_ANNOUNCED,
)
# Its names are those of files, which may begin with a dot.
_WORK_FOLDER = replace(_QUERY_FOLDER, dot_names=DotNames.ANY)
_ROOT = Policy(
    EntryKind.FOLDER,
    permissions=_FOLDER,
    name=Caching.FIXED,
    attributes=Caching.UNTIL_ANNOUNCED,
    names_inside=Caching.UNTIL_ANNOUNCED,
    dot_names=DotNames.FIXED,
)
# Another mount or the command line may add and remove pins at any time.
_PINS = Policy(
    EntryKind.FOLDER,
    permissions=_FOLDER,
    name=Caching.FIXED,
    attributes=Caching.ONE_SECOND,
    names_inside=Caching.ONE_SECOND,
    dot_names=DotNames.ANY,
    changes=Changes.PINS,
)
# What another mount or the command line does to them is noticed, and announced.
_SNAPSHOTS = replace(_QUERY_FOLDER, name=Caching.FIXED, changes=Changes.SNAPSHOTS)
# Its first rename to a query fills it, or a field that tracks have again, and the kernel keeps what it has
# cached of the names in it.
_EMPTY_PIN = Policy(
    EntryKind.FOLDER,
    permissions=_FOLDER,
    name=Caching.ONE_SECOND,
    attributes=Caching.ONE_SECOND,
    names_inside=Caching.ONE_SECOND,
)
# File managers use a trash only if it belongs to their user alone.
_TRASH = Policy(
    EntryKind.FOLDER,
    permissions=0o700,
    name=Caching.FIXED,
    attributes=Caching.ONE_SECOND,
    names_inside=Caching.ONE_SECOND,
    dot_names=DotNames.FIXED,
)
_TRASH_PART = Policy(
    EntryKind.FOLDER,
    permissions=0o700,
    name=Caching.FIXED,
    attributes=Caching.ONE_SECOND,
    names_inside=Caching.ONE_SECOND,
    dot_names=DotNames.ANY,
    changes=Changes.TRASH,
)
_TRASH_NOTE = Policy(
    EntryKind.TEXT_FILE,
    permissions=0o600,
    name=Caching.ONE_SECOND,
    attributes=Caching.ONE_SECOND,
    changes=Changes.TRASH,
    direct_io=True,
)
_INFO_FOLDER = Policy(
    EntryKind.FOLDER,
    permissions=_FOLDER,
    name=Caching.FIXED,
    attributes=Caching.ONE_SECOND,
    names_inside=Caching.ONE_SECOND,
)
# Written anew each time: progress and errors change between a stat and a read.
_INFO_FILE = Policy(
    EntryKind.TEXT_FILE,
    permissions=0o444,
    name=Caching.ONE_SECOND,
    attributes=Caching.ONE_SECOND,
    direct_io=True,
)
_EXPORT = Policy(
    EntryKind.TEXT_FILE,
    permissions=0o444,
    name=Caching.ONE_SECOND,
    attributes=Caching.ONE_SECOND,
)
