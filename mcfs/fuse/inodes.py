"""The inodes that the kernel holds of a mount: what each is, where it is, how often it was given out.

Owns this table, the only code that changes its entries, and the rule which inode a thing has:

- A folder's belongs to its *literal* mount path. If one directory inode had two names, the kernel would
  move the folder from one to the other, and `pwd` would change for a process that has its cwd there. A
  folder's file (`genre:techno.m3u8`) follows the same rule.
- A track's is the store's, a hash of its annex key, so that it is the same in every folder, in every
  mount and after the cache was rebuilt. One bit says whether it is the track's link or its file.

`cached_names.py` has the names that the kernel has cached; they are forgotten together with the folders
they are in. For the trio thread alone; no I/O.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from mcfs.config.settings import Entries, Names, Settings
from mcfs.fuse.cached_names import CachedNames
from mcfs.fuse.mount_paths import is_at_or_below, split
from mcfs.sql import EntryRow
from mcfs.tree.name_dependency import NameDependency, name_dependency
from mcfs.tree.nodes import (
    AlbumCoverNode,
    Node,
    RootNode,
    TrackNode,
    WorkCoverNode,
    opened_folder,
)
from mcfs.tree.policy import Caching, EntryKind, policy_of, presentation_of

ROOT = 1

_LINK = 1 << 60
_FILE = 1 << 61
_FOLDER = 1 << 62
_GENERATED_FILE = _FILE | _FOLDER
# What no folder lists any more, for the moment in which its removal is announced. Never in the table.
GONE = _LINK | _FILE
_TRACK_BITS = _LINK - 1
_LOW_BITS = 0xFFFF_FFFF


# A track or a cover: what has an inode of the store.
_Row = TrackNode | WorkCoverNode | AlbumCoverNode


class InodeEntry(Protocol):
    """One inode that the kernel holds. To be read only: `InodeTable` changes its entries."""

    @property
    def node(self) -> Node:
        """What it is."""

    @property
    def folder(self) -> Node:
        """The folder that the node opens: of a value, found once; else the node."""

    @property
    def mount_path(self) -> str:
        """Where it is; of a track, which is in many folders, nothing."""

    @property
    def dependency(self) -> NameDependency:
        """What the names in this folder depend on."""

    @property
    def size(self) -> int:
        """Of a folder's file, when its text was last made."""

    @property
    def changed_at_ns(self) -> int:
        """When the names in this folder last changed, as far as somebody has listed it."""


@dataclass(slots=True)
class _Entry:
    node: Node
    folder: Node
    mount_path: str
    dependency: NameDependency = NameDependency.TRACK
    # How often the kernel was given it, less what it has forgotten.
    lookups: int = 0
    size: int = 0
    changed_at_ns: int = 0


@dataclass(frozen=True, slots=True)
class _Track:
    """The entry of a track, made when somebody asks: a mount may hold a million, and all are alike."""

    node: _Row

    @property
    def folder(self) -> Node:
        return self.node

    @property
    def mount_path(self) -> str:
        return ""

    @property
    def dependency(self) -> NameDependency:
        return NameDependency.TRACK

    @property
    def size(self) -> int:
        return 0

    @property
    def changed_at_ns(self) -> int:
        return 0


class InodeTable:
    """All that the kernel holds, by inode and by mount path."""

    def __init__(
        self,
        settings: Settings,
        cached_names: CachedNames | None = None,
        *,
        on_folder_forgotten: Callable[[int], None] | None = None,
        on_names_forgotten: Callable[[int], None] | None = None,
    ) -> None:
        self.cached_names = CachedNames() if cached_names is None else cached_names
        self._on_folder_forgotten = on_folder_forgotten
        self._on_names_forgotten = on_names_forgotten
        self.configure(settings)
        root = _Entry(RootNode(), RootNode(), "/", NameDependency.TEMPLATE, 1)
        self._entries: dict[int, _Entry] = {ROOT: root}
        self._tracks: dict[int, _Row] = {}
        # Of tracks that the kernel was given more than once.
        self._lookups: dict[int, int] = {}
        # Of folders and their files. By the low half too, because some players compare only that.
        self._inode_of_path: dict[str, int] = {"/": ROOT}
        self._path_of_low: dict[int, str] = {ROOT: "/"}
        self._bound, self._on_above = sys.maxsize, _do_nothing

    def configure(self, settings: Settings) -> None:
        """Follow these settings from now on."""
        self._default_entries = settings.entries
        self._plain_names = settings.names is Names.PLAIN

    def __getitem__(self, inode: int) -> InodeEntry:
        return _Track(self._tracks[inode]) if _is_track(inode) else self._entries[inode]

    def __len__(self) -> int:
        return len(self._entries) + len(self._tracks)

    def __iter__(self) -> Iterator[int]:
        return itertools.chain(self._entries, self._tracks)

    def __contains__(self, inode: object) -> bool:
        return inode in self._entries or inode in self._tracks

    def oldest(self) -> Iterator[int]:
        """All but the root: first tracks, then folders, of each kind that which was given out first."""
        return (inode for inode in itertools.chain(self._tracks, self._entries) if inode != ROOT)

    def make_newest(self, inodes: Iterable[int]) -> None:
        """Put those that are still here at the end of `oldest`."""
        for inode in inodes:
            if inode in self._tracks:
                self._tracks[inode] = self._tracks.pop(inode)
            elif inode in self._entries:
                self._entries[inode] = self._entries.pop(inode)

    def when_above(self, count: int, call: Callable[[], None]) -> None:
        """Call this once, as soon as there are more inodes than this."""
        self._bound, self._on_above = count, call
        self._check_bound()

    def _check_bound(self) -> None:
        if len(self._entries) + len(self._tracks) > self._bound:
            self._bound = sys.maxsize
            self._on_above()

    def get(self, inode: int) -> InodeEntry | None:
        """The entry of an inode, if the kernel still holds it."""
        if not _is_track(inode):
            return self._entries.get(inode)
        track = self._tracks.get(inode)
        return None if track is None else _Track(track)

    def folder_at(self, mount_path: str) -> int | None:
        """The inode of the folder that is at this path now."""
        return self._inode_of_path.get(mount_path)

    def folder_paths(self) -> Iterator[str]:
        """The paths of all folders that the kernel holds."""
        return iter(self._inode_of_path)

    def store_inodes(self) -> Iterator[int]:
        """The store's inodes of all tracks that the kernel holds."""
        return (inode & _TRACK_BITS for inode in self._tracks)

    def of_track(self, store_inode: int) -> Iterator[int]:
        """The inodes by which the kernel holds a track: its link, its file, both or neither."""
        return (kind | store_inode for kind in (_LINK, _FILE) if kind | store_inode in self._tracks)

    def inode(
        self, node: Node, mount_path: str, parent: InodeEntry | None, *, is_current: bool
    ) -> int:
        """The inode that a node has at this path, whether the kernel holds it yet or not."""
        if isinstance(node, EntryRow):
            return node.inode | self.track_bit(parent)
        if (inode := self._inode_of_path.get(mount_path)) is not None:
            if not is_current or self._entries[inode].node == node:
                return inode
            # A pin was removed and made again, or a view was edited: nothing that the kernel has cached of
            # the old folder, or below it, is true of the new one.
            self.detach(mount_path)
        is_text_file = policy_of(node).kind is EntryKind.TEXT_FILE
        kind = _GENERATED_FILE if is_text_file else _FOLDER
        salt = 0
        while True:
            raw = f"{salt}:{mount_path}".encode("utf-8", "surrogateescape")
            digest = hashlib.blake2b(raw, digest_size=8).digest()
            inode = int.from_bytes(digest) & _TRACK_BITS | kind
            low = inode & _LOW_BITS
            if low and low not in self._path_of_low:
                return inode
            salt += 1

    def track_bit(self, parent: InodeEntry | None) -> int:
        """What the inode of a track in this folder has beside the store's: that it is a link, or a file."""
        return _FILE if self.shows_files(parent) else _LINK

    def count_track(self, inode: int, track: _Row, *, is_current: bool) -> None:
        """Count that the kernel is given this track once more."""
        if inode not in self._tracks:
            self._tracks[inode] = track
            self._check_bound()
            return
        if is_current:
            self._tracks[inode] = track
        self._lookups[inode] = self._lookups.get(inode, 1) + 1

    def count_tracks(self, bit: int, tracks: Sequence[_Row], *, is_current: bool) -> None:
        """Count that the kernel is given each of these once more, all of them as links or all as files."""
        inodes = [track.inode | bit for track in tracks]
        # A folder may hold a hundred thousand, and at its first listing all are new.
        if self._tracks.keys().isdisjoint(inodes) and len(set(inodes)) == len(inodes):
            self._tracks.update(zip(inodes, tracks, strict=True))
            self._check_bound()
            return
        for inode, track in zip(inodes, tracks, strict=True):
            self.count_track(inode, track, is_current=is_current)

    def count_lookup(
        self, inode: int, node: Node, mount_path: str, changed_at_ns: int, *, is_current: bool
    ) -> None:
        """Count that the kernel is given this inode once more.

        A folder that it did not hold is taken to have changed at this time.
        """
        if isinstance(node, EntryRow):
            self.count_track(inode, node, is_current=is_current)
            return
        entry = self._entries.get(inode)
        if entry is None:
            folder = opened_folder(node)
            dependency = name_dependency(folder, plain_names=self._plain_names)
            entry = _Entry(node, folder, mount_path, dependency, changed_at_ns=changed_at_ns)
            self._inode_of_path[mount_path] = inode
            self._path_of_low[inode & _LOW_BITS] = mount_path
            self._entries[inode] = entry
            self._check_bound()
        entry.lookups += 1

    def count_lookup_again(self, inode: int) -> None:
        """Count that the kernel is given an inode once more, which it holds already."""
        self._entries[inode].lookups += 1

    def set_changed(self, inode: int, changed_at_ns: int) -> None:
        """Note when the names in a folder changed."""
        self._entries[inode].changed_at_ns = changed_at_ns

    def set_size(self, inode: int, size: int) -> None:
        """Remember how long the text of a folder's file is."""
        self._entries[inode].size = size

    def update_track(self, track: _Row) -> None:
        """Replace a track that has changed."""
        for inode in self.of_track(track.inode):
            self._tracks[inode] = track

    def note_cached(self, parent: int, name: bytes, node: Node, dependency: NameDependency) -> None:
        """Note that the kernel may cache this name for a day."""
        if policy_of(node).name is not Caching.UNTIL_ANNOUNCED:
            return
        if isinstance(node, EntryRow):
            self.cached_names.add_track(parent, os.fsdecode(name), node.inode, dependency)
        else:
            self.cached_names.add_folder(parent, name, dependency)

    def forget(self, inodes: Iterable[tuple[int, int]]) -> None:
        """Subtract lookups from each inode: when none is left, the kernel no longer holds it."""
        gone = []
        # The kernel drops a listing of a hundred thousand in one go.
        tracks, lookups = self._tracks, self._lookups
        for inode, count in inodes:
            if inode & _FOLDER or inode == ROOT:
                self._forget(inode, count)
            elif (left := lookups.pop(inode, 1) - count) <= 0:
                if tracks.pop(inode, None) is not None:
                    gone.append(inode)
            elif left > 1:
                lookups[inode] = left
        if gone:
            self._forget_names_of_tracks(gone)
        self.cached_names.prune(self._entries)

    def _forget(self, inode: int, count: int) -> None:
        entry = self._entries.get(inode)
        if entry is None or inode == ROOT:
            return
        entry.lookups -= count
        if entry.lookups > 0:
            return
        del self._entries[inode]
        above, name = split(entry.mount_path)
        parent = None
        # Another folder may have taken its path meanwhile.
        if self._inode_of_path.get(entry.mount_path) == inode:
            del self._inode_of_path[entry.mount_path]
            parent = self._inode_of_path.get(above)
        self.cached_names.forget_folder(inode, parent, os.fsencode(name))
        if self._on_folder_forgotten is not None:
            self._on_folder_forgotten(inode)
        del self._path_of_low[inode & _LOW_BITS]

    def _forget_names_of_tracks(self, gone: Sequence[int]) -> None:
        # Its names may be those of its other kind.
        stored = [
            inode & _TRACK_BITS for inode in gone if inode ^ (_LINK | _FILE) not in self._tracks
        ]
        for folder in self.cached_names.forget_tracks(stored):
            if self._on_names_forgotten is not None:
                self._on_names_forgotten(folder)

    def detach(self, mount_path: str) -> None:
        """Free a path for another folder. The old one keeps its inode: a process may have its cwd there."""
        for path in self._at_and_below(mount_path):
            del self._inode_of_path[path]

    def move(self, moved_from: str, moved_to: str, node: Node) -> None:
        """Rename a folder: it keeps its inode, and so does everything below it."""
        for mount_path in self._at_and_below(moved_from):
            inode = self._inode_of_path.pop(mount_path)
            entry = self._entries[inode]
            entry.mount_path = moved_to + mount_path.removeprefix(moved_from)
            self._inode_of_path[entry.mount_path] = inode
            self._path_of_low[inode & _LOW_BITS] = entry.mount_path
            if mount_path == moved_from:
                entry.node = entry.folder = node
                entry.dependency = name_dependency(node, plain_names=self._plain_names)

    def _at_and_below(self, mount_path: str) -> list[str]:
        return [path for path in self._inode_of_path if is_at_or_below(path, mount_path)]

    def shows_files(self, parent: InodeEntry | None) -> bool:
        """Whether the tracks in a folder are shown as files."""
        shown = None if parent is None else presentation_of(parent.folder).entries
        return (shown or self._default_entries) is Entries.FILES


def _do_nothing() -> None:
    """Until somebody wants to know of a bound."""


def _is_track(inode: int) -> bool:
    return inode & _FOLDER == 0 and inode != ROOT


def link_inode(track: _Row) -> int:
    """The inode that a track has as a link."""
    return track.inode | _LINK


def is_link(inode: int) -> bool:
    """Whether it is a track as a link."""
    return bool(inode & _LINK)


def is_file(inode: int) -> bool:
    """Whether it can be opened and read: a track as a file, or a folder as one."""
    return bool(inode & _FILE)
