"""Which names the kernel has cached for a day, so that a change invalidates these and no others.

Owns the index from what a name depends on to the folders where the kernel was given it. A handler adds
each name here before it answers. For the trio thread alone; no I/O.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import repeat
from typing import TypeVar

from mcfs.text.unique_names import collision_key
from mcfs.tree.changed_names import NameChanges
from mcfs.tree.name_dependency import NameDependency

_Key = TypeVar("_Key", int, str)

# Absent names cost half a kilobyte each, and any program can ask for as many as it likes. Once there are so
# many, the kernel may cache a further one only for a second.
MAX_ABSENT = 50_000
# Pruning goes through every name, so it waits until at least this many were added.
PRUNE_AFTER = 10_000


class NameKind(Enum):
    """What the kernel has cached a name as."""

    FILE = "file"
    # A process may have its cwd there: an unchanged folder has to stay.
    FOLDER = "folder"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class CachedName:
    """A name in a folder that the kernel knows by its inode."""

    parent: int
    name: bytes
    kind: NameKind


# A track's own name, and the folders where it is cached. A listing makes one of these for each of its tracks,
# so they are small: the name is the text that the listing has; with one folder it is a number, with a few a
# tuple. A set takes several times the memory, and is quicker only where there are many.
_TrackName = tuple[str, int | tuple[int, ...] | set[int]]
_MAX_TUPLE = 16

# The names of one key or folder: mostly a few.
_Names = tuple["CachedName", ...] | set["CachedName"]


def _folders(track: _TrackName) -> Collection[int]:
    _, folders = track
    return (folders,) if isinstance(folders, int) else folders


def _smallest(folders: Collection[int]) -> int | tuple[int, ...] | set[int]:
    if len(folders) == 1:
        return next(iter(folders))
    return tuple(folders) if len(folders) <= _MAX_TUPLE else set(folders)


def _with(names: _Names, name: CachedName) -> _Names:
    if isinstance(names, set):
        names.add(name)
        return names
    return (*names, name) if len(names) < _MAX_TUPLE else {*names, name}


class CachedNames:
    """All names that the kernel of one mount may still have cached."""

    def __init__(self, *, max_absent: int = MAX_ABSENT, prune_after: int = PRUNE_AFTER) -> None:
        self._max_absent = max_absent
        self._prune_after = prune_after
        self._by_track: dict[int, _TrackName] = {}
        self._by_collision_key: dict[str, _Names] = {}
        # By the inode of the folder that the name is in: names that any change may make wrong; those of the
        # work tree, of which a change says by path which ones it makes wrong; and those in snapshots.
        self._by_folder: dict[int, _Names] = {}
        self._by_work_folder: dict[int, _Names] = {}
        self._by_snapshot_folder: dict[int, _Names] = {}
        self._absent_count = 0
        self._count = 0
        self._count_after_pruning = 0

    def __len__(self) -> int:
        return self._count

    @property
    def absent_count(self) -> int:
        """How many of them are names of nothing."""
        return self._absent_count

    def add_track(self, parent: int, name: str, inode: int, dependency: NameDependency) -> None:
        """A track was found by this name; `inode` is the store's."""
        if dependency is not NameDependency.TRACK:
            self._add(CachedName(parent, os.fsencode(name), NameKind.FILE), dependency)
            return
        track = self._by_track.get(inode)
        if track is None:
            self._by_track[inode] = (name, parent)
        elif parent in _folders(track):
            return
        elif isinstance(track[1], set):
            track[1].add(parent)
        else:
            self._by_track[inode] = (name, _smallest((*_folders(track), parent)))
        self._count += 1

    def add_tracks(
        self,
        parent: int,
        names: Sequence[str],
        inodes: Sequence[int],
        dependency: NameDependency,
    ) -> None:
        """The same of many tracks, each with its name."""
        if dependency is NameDependency.TRACK and self._by_track.keys().isdisjoint(inodes):
            before = len(self._by_track)
            self._by_track.update(zip(inodes, zip(names, repeat(parent)), strict=True))
            self._count += len(self._by_track) - before
            return
        for name, inode in zip(names, inodes, strict=True):
            self.add_track(parent, name, inode, dependency)

    def add_folder(self, parent: int, name: bytes, dependency: NameDependency) -> None:
        """The folder of a value, or of a query where a value may come to have the same name."""
        self._add(CachedName(parent, name, NameKind.FOLDER), dependency)

    def add_absent(self, parent: int, name: bytes, dependency: NameDependency) -> bool:
        """Nothing has this name. False where there is no room for it: then it must not be cached."""
        if self._absent_count >= self._max_absent:
            return False
        self._absent_count += self._add(CachedName(parent, name, NameKind.ABSENT), dependency)
        return True

    def forget_tracks(self, inodes: Iterable[int]) -> set[int]:
        """The kernel has dropped every name of these tracks; the folders where they were."""
        all_folders: set[int] = set()
        for inode in inodes:
            track = self._by_track.pop(inode, None)
            if track is None:
                continue
            folders = track[1]
            if isinstance(folders, int):
                self._count -= 1
                all_folders.add(folders)
            else:
                self._count -= len(folders)
                all_folders.update(folders)
        return all_folders

    def forget_folder(self, inode: int, parent: int | None, name: bytes) -> None:
        """The kernel has dropped this folder, its name in the folder above and the names in it."""
        self._subtract(self._by_folder.pop(inode, ()))
        self._subtract(self._by_work_folder.pop(inode, ()))
        self._subtract(self._by_snapshot_folder.pop(inode, ()))
        if parent is not None:
            cached = CachedName(parent, name, NameKind.FOLDER)
            self._remove(self._by_collision_key, _collision_key(cached), cached)
            self._remove(self._by_folder, parent, cached)
            self._remove(self._by_work_folder, parent, cached)
            self._remove(self._by_snapshot_folder, parent, cached)

    def take_stale(self, changes: NameChanges) -> Iterator[CachedName]:
        """The names that a change may have made wrong. All but folders are removed from here."""
        if changes.everything:
            yield from self._take_all()
            return
        for inode in changes.inodes:
            yield from self._take_track(inode)
        for key in changes.collision_keys:
            yield from self._take(self._by_collision_key, key)
        yield from self.take_volatile()

    def take_in_folder(self, parent: int, name: bytes) -> Iterator[CachedName]:
        """What is cached of one name in a folder of the work tree. All but a folder is removed from here."""
        names = self._by_work_folder.get(parent, ())
        for cached in (CachedName(parent, name, kind) for kind in NameKind):
            if cached in names:
                yield cached
                if cached.kind is not NameKind.FOLDER:
                    self._remove(self._by_work_folder, parent, cached)

    def snapshot_folders(self) -> tuple[int, ...]:
        """The folders of snapshots in which names are cached, by their inodes."""
        return tuple(self._by_snapshot_folder)

    def take_in_snapshot_folder(self, parent: int) -> Iterator[CachedName]:
        """The names in one of them. All but folders are removed from here."""
        yield from self._take(self._by_snapshot_folder, parent)

    def take_volatile(self) -> Iterator[CachedName]:
        """The names that any change, or midnight, may have made wrong."""
        for parent in tuple(self._by_folder):
            yield from self._take(self._by_folder, parent)

    def _take_all(self) -> Iterator[CachedName]:
        for key in tuple(self._by_collision_key):
            yield from self._take(self._by_collision_key, key)
        yield from self.take_volatile()
        for parent in tuple(self._by_work_folder):
            yield from self._take(self._by_work_folder, parent)
        for parent in self.snapshot_folders():
            yield from self.take_in_snapshot_folder(parent)
        for inode in tuple(self._by_track):
            yield from self._take_track(inode)

    def prune(self, inodes: Container[int]) -> None:
        """Remove the names in folders that the kernel has dropped; `inodes` are those that it still holds.

        Only when many may have gathered: it has to go through every name.
        """
        if self._count < 1.25 * self._count_after_pruning + self._prune_after:
            return
        for key, names in tuple(self._by_collision_key.items()):
            gone = {name for name in names if name.parent not in inodes}
            self._subtract(gone)
            if len(gone) == len(names):
                del self._by_collision_key[key]
            elif gone:
                self._by_collision_key[key] = tuple(name for name in names if name not in gone)
        for inode, track in tuple(self._by_track.items()):
            left = [parent for parent in _folders(track) if parent in inodes]
            self._count -= len(_folders(track)) - len(left)
            if not left:
                del self._by_track[inode]
            elif len(left) < len(_folders(track)):
                self._by_track[inode] = (track[0], _smallest(left))
        self._count_after_pruning = self._count

    def _take_track(self, inode: int) -> Iterator[CachedName]:
        track = self._by_track.get(inode)
        if track is not None:
            self.forget_tracks((inode,))
            for parent in _folders(track):
                yield CachedName(parent, os.fsencode(track[0]), NameKind.FILE)

    def _add(self, name: CachedName, dependency: NameDependency) -> bool:
        """Whether it is new."""
        if dependency is NameDependency.ALL:
            return self._add_to(self._by_folder, name.parent, name)
        if dependency is NameDependency.WORK_TREE:
            return self._add_to(self._by_work_folder, name.parent, name)
        if dependency is NameDependency.SNAPSHOT:
            return self._add_to(self._by_snapshot_folder, name.parent, name)
        return self._add_to(self._by_collision_key, _collision_key(name), name)

    def _add_to(self, index: dict[_Key, _Names], key: _Key, name: CachedName) -> bool:
        names = index.get(key, ())
        if name in names:
            return False
        index[key] = _with(names, name)
        self._count += 1
        return True

    def _take(self, index: dict[_Key, _Names], key: _Key) -> Iterator[CachedName]:
        """Folders stay in the index: most are unchanged, and the kernel goes on caching their names."""
        names = set(index.pop(key, ()))
        if folders := {name for name in names if name.kind is NameKind.FOLDER}:
            index[key] = folders
        self._subtract(names - folders)
        yield from names

    def _remove(self, index: dict[_Key, _Names], key: _Key, name: CachedName) -> None:
        names = index.get(key, ())
        if name not in names:
            return
        self._subtract((name,))
        if len(names) == 1:
            del index[key]
        elif isinstance(names, set):
            names.remove(name)
        else:
            index[key] = tuple(other for other in names if other != name)

    def _subtract(self, gone: Collection[CachedName]) -> None:
        self._count -= len(gone)
        self._absent_count -= sum(name.kind is NameKind.ABSENT for name in gone)


def _collision_key(name: CachedName) -> str:
    return collision_key(name.name.decode("utf-8", "surrogateescape"))
