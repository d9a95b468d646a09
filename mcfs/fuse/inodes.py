"""What the kernel knows of a mount: its inodes, where each is, how often it was handed out.

Owns this table, and the rule which inode a thing has:

- A folder's belongs to its *literal* mount path. One directory inode under two names makes the kernel
  move it, and `pwd` changes under people's feet. So does that of a folder's file (`genre:techno.m3u8`).
- A track's is the store's, a hash of its annex key, so that it is the same in every folder, in every
  mount and after the cache was rebuilt; one for its link, one for its file.

What the kernel believes of names is told.py's, and forgotten together with what they are in. For the trio
thread alone; pure.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcfs.config.settings import Entries
from mcfs.fuse.cached_names import Manner, ToldNames, manner_of
from mcfs.tree.nodes import (
    ExportNode,
    InfoFileNode,
    Node,
    RootNode,
    TrackNode,
    TracksNode,
    ValueNode,
    ValuesNode,
)

ROOT = 1

_LINK = 1 << 60
_FILE = 1 << 61
_FOLDER = 1 << 62
_WRITTEN = _FILE | _FOLDER
_OF_TRACK = _LINK - 1
_LOW = 0xFFFF_FFFF


@dataclass(slots=True)
class Known:
    """One inode the kernel holds: what it is, where it is (but tracks), how often it was handed out."""

    node: Node
    # Of a value, the folder that it opens: found once.
    opened: Node
    mount_path: str
    manner: Manner = Manner.TRACK
    lookups: int = 0
    # Of a folder's file, which is written when it is looked up.
    size: int = 0


class KnownInodes:
    """All that the kernel holds, by inode and by mount path."""

    def __init__(self, *, entries: Entries, plain_names: bool) -> None:
        # What is believed of the names in the folders.
        self.names = ToldNames()
        self._entries = entries
        self._plain_names = plain_names
        self._known: dict[int, Known] = {
            ROOT: Known(RootNode(), RootNode(), "/", Manner.TEMPLATE, 1)
        }
        # Known folders alone. By the low half too: some players look at no more of an inode.
        self._inode_of_place: dict[str, int] = {"/": ROOT}
        self._place_of_low: dict[int, str] = {ROOT: "/"}

    def configure(self, *, entries: Entries, plain_names: bool) -> None:
        """From now on by other settings."""
        self._entries = entries
        self._plain_names = plain_names

    def __getitem__(self, inode: int) -> Known:
        return self._known[inode]

    def get(self, inode: int) -> Known | None:
        """What the kernel holds by this inode, if it still does."""
        return self._known.get(inode)

    def all(self) -> Iterator[int]:
        """Every inode."""
        return iter(self._known)

    def at(self, mount_path: str) -> int | None:
        """The inode of the folder that is at this place now."""
        return self._inode_of_place.get(mount_path)

    def places(self) -> Iterator[str]:
        """Where the known folders are."""
        return iter(self._inode_of_place)

    def tracks(self) -> Iterator[int]:
        """The inodes that the store has given to the known tracks."""
        return (
            known.node.inode for known in self._known.values() if isinstance(known.node, TrackNode)
        )

    def of_track(self, inode: int) -> Iterator[int]:
        """By which of its inodes a track of the store is known."""
        return (kind | inode for kind in (_LINK, _FILE) if kind | inode in self._known)

    def inode(self, node: Node, mount_path: str, parent: Known | None, *, is_current: bool) -> int:
        """The one that this has, or is to have."""
        if isinstance(node, TrackNode):
            return node.inode | (_FILE if self._shows_files(parent) else _LINK)
        if (inode := self._inode_of_place.get(mount_path)) is not None:
            if not is_current or self._known[inode].node == node:
                return inode
            # A pin that was made anew, a view that was edited: what the kernel knows of the folder that
            # was here, and of all below, is not so of this one.
            self.leave(mount_path)
        kind = _WRITTEN if isinstance(node, ExportNode | InfoFileNode) else _FOLDER
        salt = 0
        while True:
            raw = f"{salt}:{mount_path}".encode("utf-8", "surrogateescape")
            digest = hashlib.blake2b(raw, digest_size=8).digest()
            inode = int.from_bytes(digest) & _OF_TRACK | kind
            low = inode & _LOW
            if low and low not in self._place_of_low:
                return inode
            salt += 1

    def count(self, inode: int, node: Node, mount_path: str, *, is_current: bool) -> None:
        """It is handed out once more."""
        known = self._known.get(inode)
        if known is None:
            if isinstance(node, TrackNode):
                known = Known(node, node, "")
            else:
                opened = node.folder() if isinstance(node, ValueNode) else node
                manner = manner_of(opened, plain_names=self._plain_names)
                known = Known(node, opened, mount_path, manner)
                self._inode_of_place[mount_path] = inode
                self._place_of_low[inode & _LOW] = mount_path
            self._known[inode] = known
        elif is_current and isinstance(node, TrackNode):
            known.node = node
        known.lookups += 1

    def note(self, parent: int, name: bytes, node: Node, manner: Manner) -> None:
        """The kernel may believe for a day that this is there."""
        match node:
            case TrackNode():
                self.names.track(parent, name, node.inode, manner)
            case ValueNode() | TracksNode() | ValuesNode():
                self.names.folder(parent, name, manner)
            case _:
                pass

    def forget(self, inodes: Iterable[tuple[int, int]]) -> None:
        """The kernel has let go of each so many times; after the last it knows nothing of it."""
        for inode, count in inodes:
            self._forget(inode, count)
        self.names.prune(self._known)

    def _forget(self, inode: int, count: int) -> None:
        known = self._known.get(inode)
        if known is None or inode == ROOT:
            return
        known.lookups -= count
        if known.lookups > 0:
            return
        del self._known[inode]
        if isinstance(known.node, TrackNode):
            if not any(self.of_track(known.node.inode)):
                self.names.forget_track(known.node.inode)
            return
        above, name = split(known.mount_path)
        parent = None
        # Another folder may have come to its place meanwhile.
        if self._inode_of_place.get(known.mount_path) == inode:
            del self._inode_of_place[known.mount_path]
            parent = self._inode_of_place.get(above)
        self.names.forget_folder(inode, parent, os.fsencode(name))
        del self._place_of_low[inode & _LOW]

    def leave(self, mount_path: str) -> None:
        """What comes to this place is another folder, though somebody may still stand in the old one."""
        for place in self._at_and_below(mount_path):
            del self._inode_of_place[place]

    def move(self, moved_from: str, moved_to: str, node: Node) -> None:
        """The kernel moves the folder it knows, inode and all, with whoever stands in it."""
        for mount_path in self._at_and_below(moved_from):
            inode = self._inode_of_place.pop(mount_path)
            known = self._known[inode]
            known.mount_path = moved_to + mount_path.removeprefix(moved_from)
            self._inode_of_place[known.mount_path] = inode
            self._place_of_low[inode & _LOW] = known.mount_path
            if mount_path == moved_from:
                known.node = known.opened = node
                known.manner = manner_of(node, plain_names=self._plain_names)

    def _at_and_below(self, mount_path: str) -> list[str]:
        return [
            place
            for place in self._inode_of_place
            if place == mount_path or place.startswith(f"{mount_path}/")
        ]

    def _shows_files(self, parent: Known | None) -> bool:
        node = parent.opened if parent is not None else None
        if isinstance(node, TracksNode | ValuesNode) and node.presentation.entries is not None:
            return node.presentation.entries is Entries.FILES
        return self._entries is Entries.FILES


def is_file(inode: int) -> bool:
    """Whether it can be opened and read: a track as a file, or a folder as one."""
    return bool(inode & _FILE)


def below(mount_path: str, name: str) -> str:
    """One step down."""
    return f"{mount_path.rstrip('/')}/{name}"


def split(mount_path: str) -> tuple[str, str]:
    """The folder above, and the name in it."""
    above, _, name = mount_path.rpartition("/")
    return above or "/", name


def depth(mount_path: str) -> int:
    """How many names lead to a folder."""
    return 0 if mount_path == "/" else mount_path.count("/")
