"""Which names the kernel was told, so that a change is told of these and of no others.

Owns the index from what a name depends on to where it was told. The kernel believes for a day what it
hears; whatever a handler answers is noted here first. For the trio thread alone; pure.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from mcfs.query import Cut, DateBetween, Query, leaves
from mcfs.text.unique_names import collision_key
from mcfs.tree.changed_names import NameChanges
from mcfs.tree.nodes import Node, TracksNode, ValuesNode

_Key = TypeVar("_Key", int, str)

# So many names that were not there are remembered, at half a kilobyte each. Of more, the kernel believes
# it for a second.
MOST_ABSENT = 50_000
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
    if isinstance(node, ValuesNode) or node.presentation.file_names is not None:
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

    def all(self) -> Collection[int]:
        """Where it was told."""
        return self.folders if isinstance(self.folders, set) else (self.folders,)


class ToldNames:
    """All names that the kernel may still believe."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}
        self._by_claim: dict[str, set[Entry]] = {}
        self._of_folder: dict[int, set[Entry]] = {}
        self._absent = 0
        # All of them.
        self._noted = 0
        self._noted_after_pruning = 0

    def track(self, parent: int, name: bytes, inode: int, manner: Manner) -> None:
        """A track, by a name of that manner."""
        if manner is not Manner.TRACK:
            self._note(Entry(parent, name, Kind.FILE), manner)
            return
        told = self._tracks.get(inode)
        if told is None:
            self._tracks[inode] = _Track(name, parent)
        elif parent in told.all():
            return
        elif isinstance(told.folders, set):
            told.folders.add(parent)
        else:
            told.folders = {told.folders, parent}
        self._noted += 1

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
        told = self._tracks.pop(inode, None)
        if told is not None:
            self._noted -= len(told.all())

    def forget_folder(self, inode: int, above: int | None, name: bytes) -> None:
        """The kernel knows nothing in this folder any more, nor it by its name in the one above."""
        self._count_out(self._of_folder.pop(inode, set()))
        if above is not None:
            entry = Entry(above, name, Kind.FOLDER)
            self._take_out(self._by_claim, _claim_of(entry), entry)
            self._take_out(self._of_folder, above, entry)

    def to_expire(self, changes: NameChanges) -> Iterator[Entry]:
        """What the kernel may believe and may be wrong now; but for folders, it counts as told no more."""
        if changes.everything:
            yield from self._everything()
            return
        for inode in changes.inodes:
            yield from self._of_track(inode)
        for claimed in changes.claims:
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
        if self._noted < 2 * self._noted_after_pruning + _FEW:
            return
        for claimed, entries in tuple(self._by_claim.items()):
            gone = {entry for entry in entries if entry.parent not in known}
            self._count_out(gone)
            if len(gone) == len(entries):
                del self._by_claim[claimed]
            else:
                entries.difference_update(gone)
        for inode, told in tuple(self._tracks.items()):
            left = {parent for parent in told.all() if parent in known}
            self._noted -= len(told.all()) - len(left)
            if not left:
                del self._tracks[inode]
            else:
                told.folders = left if len(left) > 1 else left.pop()
        self._noted_after_pruning = self._noted

    def _of_track(self, inode: int) -> Iterator[Entry]:
        told = self._tracks.get(inode)
        if told is not None:
            self.forget_track(inode)
            for parent in told.all():
                yield Entry(parent, told.name, Kind.FILE)

    def _note(self, entry: Entry, manner: Manner) -> bool:
        """Whether it was not noted yet."""
        if manner is Manner.ALL:
            noted = self._of_folder.setdefault(entry.parent, set())
        else:
            noted = self._by_claim.setdefault(_claim_of(entry), set())
        if entry in noted:
            return False
        noted.add(entry)
        self._noted += 1
        return True

    def _let_go(self, index: dict[_Key, set[Entry]], key: _Key) -> Iterator[Entry]:
        """Folders stay: most of them are what they were, and then the kernel goes on believing in them."""
        entries = index.pop(key, set())
        if folders := {entry for entry in entries if entry.kind is Kind.FOLDER}:
            index[key] = folders
        self._count_out(entries - folders)
        yield from entries

    def _take_out(self, index: dict[_Key, set[Entry]], key: _Key, entry: Entry) -> None:
        entries = index.get(key)
        if entries is not None and entry in entries:
            entries.remove(entry)
            self._count_out((entry,))
            if not entries:
                del index[key]

    def _count_out(self, gone: Collection[Entry]) -> None:
        self._noted -= len(gone)
        self._absent -= sum(entry.kind is Kind.ABSENT for entry in gone)


def _claim_of(entry: Entry) -> str:
    return collision_key(entry.name.decode("utf-8", "surrogateescape"))
