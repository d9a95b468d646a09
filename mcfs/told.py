"""Which names the kernel was told, so that a change is told of these and of no others.

Owns the index from what a name depends on to where it was told. The kernel believes for a day what it
hears; whatever a handler answers is noted here first. For the trio thread alone; pure.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from mcfs.difference import Difference
from mcfs.names import claim
from mcfs.nodes import Node, TracksNode, ValuesNode
from mcfs.query import Cut, DateBetween, Query, leaves

_Key = TypeVar("_Key", int, str)

# So many names that were not there are remembered.
MOST_ABSENT = 100_000
# Not worth to be gone through.
_FEW = 10_000


class Manner(Enum):
    """What the names in a folder depend on."""

    # Each on its own track, and on its namesakes: the same in all such folders.
    TRACK = "track"
    # On what a template shows of a track.
    TEMPLATE = "template"
    # On all the others too: numbers, the first so many, the last so many days.
    ALL = "all"


class Kind(Enum):
    """What the kernel was told of a name."""

    FILE = "file"
    # Somebody may stand in it: it is not to be taken away as long as it is what it was.
    FOLDER = "folder"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder that the kernel knows, by inode."""

    parent: int
    name: bytes
    kind: Kind


def manner_of(node: Node, *, plain_names: bool) -> Manner:
    """How the names in a folder come about."""
    if not isinstance(node, TracksNode | ValuesNode):
        return Manner.TEMPLATE
    if _is_cut(node.query) or _is_dated(node.query):
        return Manner.ALL
    if isinstance(node, ValuesNode) or node.look.names is not None:
        return Manner.TEMPLATE
    if node.query.order:
        return Manner.ALL
    return Manner.TRACK if plain_names else Manner.TEMPLATE


def _is_cut(query: Query) -> bool:
    return query.limit is not None or any(isinstance(leaf, Cut) for leaf in leaves(query.where))


def _is_dated(query: Query) -> bool:
    """Whether midnight changes it."""
    return any(
        isinstance(leaf, DateBetween)
        and any(end and end.startswith("-") for end in (leaf.low, leaf.high))
        for leaf in leaves(query.where)
    )


@dataclass(slots=True)
class _Track:
    """A track by its own name, and the folder where that was told, or all of them."""

    name: bytes
    folders: int | set[int]


class ToldNames:
    """All names that the kernel may still believe."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}
        self._by_claim: dict[str, set[Entry]] = {}
        self._of_folder: dict[int, set[Entry]] = {}
        self._absent = 0
        self._claims_after_pruning = 0

    def track(self, parent: int, name: bytes, inode: int, manner: Manner) -> None:
        """A track, by a name of that manner."""
        if manner is not Manner.TRACK:
            self._note(Entry(parent, name, Kind.FILE), manner)
            return
        told = self._tracks.get(inode)
        if told is None:
            self._tracks[inode] = _Track(name, parent)
        elif isinstance(told.folders, set):
            told.folders.add(parent)
        elif told.folders != parent:
            told.folders = {told.folders, parent}

    def folder(self, parent: int, name: bytes, manner: Manner) -> None:
        """The folder of a value, or of a query where a value may come to be called the same."""
        self._note(Entry(parent, name, Kind.FOLDER), manner)

    def absent(self, parent: int, name: bytes, manner: Manner) -> bool:
        """Nothing of that name; False where there is no room to remember it."""
        if self._absent >= MOST_ABSENT:
            return False
        self._absent += self._note(Entry(parent, name, Kind.ABSENT), manner)
        return True

    def forget_track(self, inode: int) -> None:
        """The kernel knows this track no more, by no name."""
        self._tracks.pop(inode, None)

    def forget_folder(self, inode: int) -> None:
        """The kernel knows nothing in this folder any more."""
        for entry in self._of_folder.pop(inode, ()):
            self._absent -= entry.kind is Kind.ABSENT

    def to_expire(self, difference: Difference) -> Iterator[Entry]:
        """What the kernel may believe and may be wrong now; but for folders, it counts as told no more."""
        if difference.everything:
            yield from self._everything()
            return
        for inode in difference.inodes:
            yield from self._of_track(inode)
        for claimed in difference.claims:
            yield from self._let_go(self._by_claim, claimed)
        yield from self.depending_on_all()

    def depending_on_all(self) -> Iterator[Entry]:
        """What any change may have moved, and midnight."""
        for parent in tuple(self._of_folder):
            yield from self._let_go(self._of_folder, parent)

    def _everything(self) -> Iterator[Entry]:
        for claimed in tuple(self._by_claim):
            yield from self._let_go(self._by_claim, claimed)
        yield from self.depending_on_all()
        for inode in tuple(self._tracks):
            yield from self._of_track(inode)

    def prune(self, known: Container[int]) -> None:
        """Forget what was told in folders that the kernel does not know any more.

        Only when there may be much of it: all that was told has to be gone through.
        """
        if len(self._by_claim) < 2 * self._claims_after_pruning + _FEW:
            return
        for claimed, entries in tuple(self._by_claim.items()):
            gone = {entry for entry in entries if entry.parent not in known}
            self._absent -= _absent_in(gone)
            if len(gone) == len(entries):
                del self._by_claim[claimed]
            else:
                entries -= gone
        self._claims_after_pruning = len(self._by_claim)

    def _of_track(self, inode: int) -> Iterator[Entry]:
        told = self._tracks.pop(inode, None)
        if told is not None:
            folders = told.folders if isinstance(told.folders, set) else (told.folders,)
            for parent in folders:
                yield Entry(parent, told.name, Kind.FILE)

    def _note(self, entry: Entry, manner: Manner) -> bool:
        """Whether it was not noted yet."""
        if manner is Manner.ALL:
            noted = self._of_folder.setdefault(entry.parent, set())
        else:
            name = entry.name.decode("utf-8", "surrogateescape")
            noted = self._by_claim.setdefault(claim(name), set())
        before = len(noted)
        noted.add(entry)
        return len(noted) > before

    def _let_go(self, index: dict[_Key, set[Entry]], key: _Key) -> Iterator[Entry]:
        """Folders stay: most of them are what they were, and then the kernel goes on believing in them."""
        entries = index.pop(key, set())
        self._absent -= _absent_in(entries)
        if folders := {entry for entry in entries if entry.kind is Kind.FOLDER}:
            index[key] = folders
        yield from entries


def _absent_in(entries: set[Entry]) -> int:
    return sum(entry.kind is Kind.ABSENT for entry in entries)
