"""What a path can resolve to: a closed union, and the one state that every folder is.

A folder is a query and the templates still to be opened; views, pins, values and exports are merely
names for such a pair. Owns the nodes and how a folder is refined; what they hold is `tree.py`'s to find
out, and how they look to the kernel is `fs.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from mcfs.config.settings import Entries
from mcfs.query import Query, ValueIs, canonical_text
from mcfs.sql import EntryRow
from mcfs.template import Template


@dataclass(frozen=True, slots=True)
class Presentation:
    """How the tracks of a folder are shown: what their files are called, and what kind of entry they are.

    None leaves it to the mount. It passes on to every folder inside.
    """

    file_names: Template | None = None
    entries: Entries | None = None


PLAIN = Presentation()


@dataclass(frozen=True, slots=True)
class RootNode:
    """The mount itself: lists its views, answers queries."""


@dataclass(frozen=True, slots=True)
class PinsNode:
    """`pins/`: the only place where anything can be made."""


@dataclass(frozen=True, slots=True)
class EmptyPinNode:
    """A pin that is no query yet: an empty folder, and not, as an empty query would be, all tracks."""


@dataclass(frozen=True)
class TracksNode:
    """The folder of a query: lists its tracks."""

    query: Query
    presentation: Presentation = PLAIN

    @cached_property
    def key(self) -> str:
        """The same for every spelling of this folder."""
        return _key(self.query, (), self.presentation)


@dataclass(frozen=True)
class ValuesNode:
    """A folder with templates to be opened: lists the values of the first."""

    query: Query
    templates: tuple[Template, ...]
    presentation: Presentation = PLAIN

    @cached_property
    def key(self) -> str:
        """The same for every spelling of this folder."""
        return _key(self.query, self.templates, self.presentation)


QueryFolderNode = TracksNode | ValuesNode


@dataclass(frozen=True, slots=True)
class ValueNode:
    """A value in a folder of values, by its folded text; what is inside is `opened` when it is asked."""

    parent: ValuesNode
    text: str

    def folder(self) -> QueryFolderNode:
        """The folder that this value is."""
        first, *rest = self.parent.templates
        having = Query(ValueIs(first, self.text))
        return query_folder(
            self.parent.query.refined(having), tuple(rest), self.parent.presentation
        )


class TrackNode(EntryRow):
    """A track in a folder: the row it was listed from, as thousands of them are made at once."""

    __slots__ = ()


class Format(Enum):
    """What a folder can be written as, by the end of the name."""

    M3U8 = ".m3u8"
    JSON = ".json"
    CSV = ".csv"


@dataclass(frozen=True, slots=True)
class ExportNode:
    """A folder, and all below it, as one file."""

    folder: QueryFolderNode
    format: Format
    # What the folder is called where this file lies, and how deep below the root that is.
    stem: str
    depth: int


class InfoFile(Enum):
    """What the mount tells of itself, by the names in `.mcfs/`."""

    STATUS = "status"
    ERRORS = "errors"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class InfoFolderNode:
    """`.mcfs/`: what the mount tells of itself."""


@dataclass(frozen=True, slots=True)
class InfoFileNode:
    """One of its files."""

    file: InfoFile


FolderNode = (
    RootNode | PinsNode | EmptyPinNode | TracksNode | ValuesNode | ValueNode | InfoFolderNode
)
FileNode = ExportNode | InfoFileNode
Node = FolderNode | FileNode | TrackNode


def opened_folder(node: Node) -> Node:
    """The folder that a value opens; any other node as it is."""
    return node.folder() if isinstance(node, ValueNode) else node


def query_folder(
    query: Query, templates: tuple[Template, ...], presentation: Presentation
) -> QueryFolderNode:
    """The folder of this state."""
    return (
        ValuesNode(query, templates, presentation) if templates else TracksNode(query, presentation)
    )


def _key(query: Query, templates: tuple[Template, ...], presentation: Presentation) -> str:
    names = presentation.file_names.text if presentation.file_names else ""
    entries = presentation.entries.value if presentation.entries else ""
    return "\0".join(
        [canonical_text(query), entries, names, *(template.text for template in templates)]
    )
