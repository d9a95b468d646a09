"""Everything that a path can resolve to: a closed union of node kinds.

A query folder is a query, and the templates that still group its tracks. Views, pins, values and exports
are other names for such a folder. Owns the nodes and how a value opens a folder. `folders.py` finds out
what a folder lists, and `policy.py` says what the file system may do with a node.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import assert_never

from mcfs.config.settings import Entries
from mcfs.query import Query, ValueIs, canonical_text
from mcfs.sql import EntryRow
from mcfs.store.pin_trash import TrashPart
from mcfs.store.snapshot_records import OutputMode
from mcfs.template import Template


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a folder shows its tracks: by which names, and as links or as files.

    None leaves it to the mount. Every folder inside inherits it.
    """

    file_names: Template | None = None
    entries: Entries | None = None


DEFAULT_PRESENTATION = Presentation()


# Names in the root.
LIBRARY = "library"
SNAPSHOTS = "snapshots"


@dataclass(frozen=True, slots=True)
class RootNode:
    """The mount's root: lists the work tree and the views, and answers queries."""


@dataclass(frozen=True, slots=True)
class PinsNode:
    """`pins/`: the only folder in which something can be made."""


@dataclass(frozen=True, slots=True)
class EmptyPinNode:
    """A pin without a query: an empty folder. (A folder of the empty query holds all tracks.)"""


@dataclass(frozen=True, slots=True)
class BrokenPinNode:
    """A pin whose query cannot be read: an empty folder, until it can be read again.

    No track has one of its fields at present, or a newer mcfs wrote it.
    """

    # A sentence.
    reason: str


@dataclass(frozen=True, slots=True)
class SnapshotsNode:
    """`snapshots/`: the frozen results."""


@dataclass(frozen=True, slots=True)
class SnapshotNode:
    """A folder of a snapshot: what was frozen, in its order, whatever the library says now."""

    name: str
    # The names of the folders that lead to it, which the snapshot's template made; empty for its top folder.
    folders: tuple[str, ...]
    # None leaves it to the mount.
    output_mode: OutputMode | None

    @property
    def key(self) -> SnapshotNode:
        """Under which its listing is kept. It has no other spelling."""
        return self

    @property
    def presentation(self) -> Presentation:
        """Links or files; a folder with a playlist alone shows no track."""
        match self.output_mode:
            case OutputMode.LINKS:
                return Presentation(entries=Entries.LINKS)
            case OutputMode.FILES:
                return Presentation(entries=Entries.FILES)
            case OutputMode.PLAYLIST | None:
                return DEFAULT_PRESENTATION
            case unreachable:
                assert_never(unreachable)


@dataclass(frozen=True, slots=True)
class WorkFolderNode:
    """`library/`, or a folder in it: a folder of the work tree, with the names that it has there."""

    # Of the folder; "" for `library/` itself.
    work_path: str

    @property
    def key(self) -> WorkFolderNode:
        """Under which its listing is kept. It has no other spelling."""
        return self


@dataclass(frozen=True)
class TracksNode:
    """Lists the tracks of a query."""

    query: Query
    presentation: Presentation = DEFAULT_PRESENTATION

    @cached_property
    def key(self) -> str:
        """Equal for all spellings of this folder."""
        return _key(self.query, (), self.presentation)


@dataclass(frozen=True)
class ValuesNode:
    """Lists the values that the first template gives for the tracks of a query."""

    query: Query
    templates: tuple[Template, ...]
    presentation: Presentation = DEFAULT_PRESENTATION

    @cached_property
    def key(self) -> str:
        """Equal for all spellings of this folder."""
        return _key(self.query, self.templates, self.presentation)


QueryFolderNode = TracksNode | ValuesNode


@dataclass(frozen=True, slots=True)
class ValueNode:
    """A value in a folder of values, by its folded text."""

    parent: ValuesNode
    text: str

    def folder(self) -> QueryFolderNode:
        """What is inside: the tracks with this value, or the values of the next template."""
        first, *rest = self.parent.templates
        query = self.parent.query.refined(Query(ValueIs(first, self.text)))
        return query_folder(query, tuple(rest), self.parent.presentation)


class TrackNode(EntryRow):
    """A track. It is the row that was read, since a folder may hold a hundred thousand of them."""

    __slots__ = ()


class WorkCoverNode(EntryRow):
    """A cover in `library/`, by the name that it has in the work tree."""

    __slots__ = ()


class AlbumCoverNode(EntryRow):
    """The cover in a folder whose tracks are one album."""

    __slots__ = ()


class Format(Enum):
    """The formats of folder files, by the end of their names."""

    M3U8 = ".m3u8"
    JSON = ".json"
    CSV = ".csv"


@dataclass(frozen=True, slots=True)
class ExportNode:
    """A folder file: all tracks in a folder and below it, as a playlist or a table."""

    folder: QueryFolderNode | SnapshotNode
    format: Format
    # The folder's name beside this file, and how many folders below the root both are.
    stem: str
    depth: int


@dataclass(frozen=True, slots=True)
class TrashNode:
    """`.Trash-UID/`: where file managers look for the trash of a mounted file system."""


@dataclass(frozen=True, slots=True)
class TrashPartNode:
    """A folder in the trash: of pins, or of the notes about them."""

    part: TrashPart


@dataclass(frozen=True, slots=True)
class TrashNoteNode:
    """A note about a trashed pin: where it came from, and when. Desktops write them."""

    name: str


class InfoFile(Enum):
    """The files in `.mcfs/`, by name."""

    STATUS = "status"
    ERRORS = "errors"
    KERNEL = "kernel"
    EDIT = "edit"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class InfoFolderNode:
    """`.mcfs/`: the mount's status, errors and help."""


@dataclass(frozen=True, slots=True)
class InfoFileNode:
    """A file in `.mcfs/`."""

    file: InfoFile


Node = (
    RootNode
    | PinsNode
    | EmptyPinNode
    | BrokenPinNode
    | SnapshotsNode
    | SnapshotNode
    | WorkFolderNode
    | TracksNode
    | ValuesNode
    | ValueNode
    | TrackNode
    | WorkCoverNode
    | AlbumCoverNode
    | ExportNode
    | TrashNode
    | TrashPartNode
    | TrashNoteNode
    | InfoFolderNode
    | InfoFileNode
)


def opened_folder(node: Node) -> Node:
    """The folder that a value opens; any other node as it is."""
    return node.folder() if isinstance(node, ValueNode) else node


def query_folder(
    query: Query, templates: tuple[Template, ...], presentation: Presentation
) -> QueryFolderNode:
    """The kind of folder that this is: values as long as a template is left, else tracks."""
    return (
        ValuesNode(query, templates, presentation) if templates else TracksNode(query, presentation)
    )


def _key(query: Query, templates: tuple[Template, ...], presentation: Presentation) -> str:
    names = presentation.file_names.text if presentation.file_names else ""
    entries = presentation.entries.value if presentation.entries else ""
    return "\0".join(
        [canonical_text(query), entries, names, *(template.text for template in templates)]
    )
