"""Which names the kernel was told, so that a change is told of these and of no others.

Owns the index from what a name depends on to where it was told. The kernel believes for a day what it
hears; whatever a handler answers is noted here first. For the trio thread alone; pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from mcfs.difference import Difference
from mcfs.names import fold
from mcfs.nodes import Node, TracksNode, ValuesNode
from mcfs.query import Cut, DateBetween, Query, leaves

_Key = TypeVar("_Key", int, str)

# A hash that keeps namesakes apart stands before the extension, or at the end.
_MARK = re.compile(r" \[[0-9a-f]{6,}\](?=(?:\.[^.]*)?$)")
# So many names that were not there are remembered.
MOST_ABSENT = 100_000


class Manner(Enum):
    """What the names in a folder depend on."""

    # Each on its own track, and on its namesakes: the same in all such folders.
    TRACK = "track"
    # On what a template shows of a track.
    TEMPLATE = "template"
    # On all the others too: numbers, the first so many, the last so many days.
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder that the kernel knows, by inode."""

    parent: int
    name: bytes
    # Somebody may stand in it: it is not to be taken away as long as it is what it was.
    is_folder: bool = False


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


class ToldNames:
    """All names that the kernel may still believe."""

    def __init__(self) -> None:
        # Inode of a track → the folder it was told in, or all of them.
        self._folders: dict[int, int | set[int]] = {}
        self._by_fold: dict[str, set[Entry]] = {}
        self._of_folder: dict[int, set[Entry]] = {}
        self._absent = 0

    def track(self, parent: int, name: bytes, inode: int, manner: Manner) -> None:
        """A track, by a name of that manner."""
        match manner:
            case Manner.TRACK:
                told = self._folders.get(inode)
                if told is None:
                    self._folders[inode] = parent
                elif isinstance(told, set):
                    told.add(parent)
                elif told != parent:
                    self._folders[inode] = {told, parent}
            case Manner.TEMPLATE:
                self._note(_unmarked(name), Entry(parent, name))
            case Manner.ALL:
                self._of_folder.setdefault(parent, set()).add(Entry(parent, name))

    def value(self, parent: int, name: bytes, folded: str, manner: Manner) -> None:
        """The folder of a value."""
        entry = Entry(parent, name, is_folder=True)
        if manner is Manner.ALL:
            self._of_folder.setdefault(parent, set()).add(entry)
        else:
            self._note(folded, entry)

    def absent(self, parent: int, name: bytes, manner: Manner) -> bool:
        """Nothing of that name; False where there is no room to remember it."""
        if self._absent >= MOST_ABSENT:
            return False
        self._absent += 1
        entry = Entry(parent, name)
        if manner is Manner.ALL:
            self._of_folder.setdefault(parent, set()).add(entry)
            return True
        self._note(_unmarked(name), entry)
        self._note(fold(_text(name)), entry)
        return True

    def forget_track(self, inode: int) -> None:
        """The kernel knows this track no more, by no name."""
        self._folders.pop(inode, None)

    def forget_folder(self, inode: int) -> None:
        """The kernel knows nothing in this folder any more."""
        self._of_folder.pop(inode, None)

    def to_expire(self, difference: Difference) -> Iterator[Entry]:
        """What the kernel may believe and may be wrong now; files among it count as told no more."""
        for inode, names in difference.tracks.items():
            yield from self._of_track(inode, names)
        for folded in difference.names:
            yield from self._let_go(self._by_fold, folded)
        yield from self.depending_on_all()

    def depending_on_all(self) -> Iterator[Entry]:
        """What any change may have moved, and midnight."""
        for parent in tuple(self._of_folder):
            yield from self._let_go(self._of_folder, parent)

    def everything(self, name_of: Callable[[int], str | None]) -> Iterator[Entry]:
        """All that was told; what a track was called is for the caller to say."""
        for folded in tuple(self._by_fold):
            yield from self._let_go(self._by_fold, folded)
        yield from self.depending_on_all()
        for inode in tuple(self._folders):
            name = name_of(inode)
            yield from self._of_track(inode, () if name is None else (name,))
        self._absent = 0

    def prune(self, known: Container[int]) -> None:
        """Forget what was told in folders that the kernel does not know any more."""
        _prune(self._by_fold, known)
        _prune(self._of_folder, known)
        self._absent = sum(not entry.is_folder for some in self._by_fold.values() for entry in some)

    def _of_track(self, inode: int, names: Iterable[str]) -> Iterator[Entry]:
        told = self._folders.pop(inode, ())
        for parent in (told,) if isinstance(told, int) else told:
            for name in names:
                yield Entry(parent, name.encode("utf-8", "surrogateescape"))

    def _note(self, folded: str, entry: Entry) -> None:
        self._by_fold.setdefault(folded, set()).add(entry)

    @staticmethod
    def _let_go(index: dict[_Key, set[Entry]], key: _Key) -> Iterator[Entry]:
        """Folders stay: most of them are what they were, and then the kernel is not told."""
        entries = index.pop(key, set())
        if folders := {entry for entry in entries if entry.is_folder}:
            index[key] = folders
        yield from entries


def _prune(index: dict[_Key, set[Entry]], known: Container[int]) -> None:
    for key, entries in tuple(index.items()):
        kept = {entry for entry in entries if entry.parent in known}
        if kept:
            index[key] = kept
        else:
            del index[key]


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _unmarked(name: bytes) -> str:
    return fold(_MARK.sub("", _text(name)))
