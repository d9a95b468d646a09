"""Telling the kernel that what it believes is not so any more.

Owns the look at the store and at the clock, what a change means for the names and inodes that the kernel
knows, until when its answers may be believed, and the notifications as the kernel reads them. It goes by
what was told (`told.py`), never by all there is. What the kernel asks by itself is `fs.py`'s to answer.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import os
import re
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import trio

from mcfs.config.settings import Names
from mcfs.errors import McfsError, MountError
from mcfs.fuse.cached_names import Entry, Kind
from mcfs.fuse.inodes import KnownInodes, below, depth, split
from mcfs.tree.changed_names import NameChanges
from mcfs.tree.nodes import Node
from mcfs.tree.route import can_become_valid
from mcfs.tree.tree import Tree, TreeVersion

log = logging.getLogger(__name__)

# How often the store is asked whether it has moved on.
LOOK_EVERY = 0.5
# The kernel may make an entry of an answer after it was told that it is wrong: it is told once more.
ONCE_MORE = 0.5
# Since Linux 6.2 it can be told to ask again, and whoever stands in a folder stays there. An older one can
# only take the name away.
EXPIRES_GENTLY = [int(number) for number in re.findall(r"\d+", os.uname().release)[:2]] >= [6, 2]


class Telling:
    """What the kernel of one mount is told, and until when it is true."""

    def __init__(self, tree: Tree, known: KnownInodes, complain: Callable[[str], None]) -> None:
        self._tree = tree
        self._known = known
        self._complain = complain
        self.changed_at = time.time_ns()
        # What the kernel may believe for a day is true of this, and of this alone: whatever is newer is
        # told when it is known what has changed until then. Begins before the kernel hears of anything.
        self._told_of = tree.start_following()

    def close(self) -> None:
        """Let go of the store."""
        self._tree.stop_following()

    def is_told_of(self, version: TreeVersion) -> bool:
        """Whether an answer may be believed until a change is told: it is true, and nothing else was seen."""
        return version == self._told_of == self._tree.version

    async def follow(self) -> None:
        """Watch the store and the clock, and tell the kernel what is not so any more."""
        settings = self._tree.settings
        while True:
            await trio.sleep(LOOK_EVERY)
            try:
                if settings is not self._tree.settings:
                    settings = self._tree.settings
                    self._known.configure(
                        entries=settings.entries, plain_names=settings.names is Names.PLAIN
                    )
                    await self._tell(
                        NameChanges(*self._told_of, everything=True, fields_changed=True)
                    )
                found = await trio.to_thread.run_sync(self._tree.follow)
                if found is not None:
                    await self._tell(found)
                elif self._tree.day != self._told_of[1]:
                    await self._tell_of_midnight()
            except McfsError as error:
                # The last listings go on serving.
                self._complain(f"cannot read the store: {error}")
                await trio.sleep(LOOK_EVERY * 4)
            except Exception as error:
                log.exception("the kernel could not be told what changed")
                self._complain(f"a bug in mcfs: {type(error).__name__}: {error}")
                await trio.sleep(LOOK_EVERY * 4)

    async def _tell(self, changes: NameChanges) -> None:
        # No await before the list is complete: what is answered from here on is of the new generation.
        self.changed_at = time.time_ns()
        self._told_of = changes.generation, changes.day
        entries = [*self._known.names.to_expire(changes)]
        if changes.fields_changed:
            entries += self._queries()
        inodes = self._known.tracks() if changes.everything else changes.inodes
        tracks = [inode for of_track in inodes for inode in self._known.of_track(of_track)]
        for of_track, node in changes.tracks.items():
            for inode in self._known.of_track(of_track):
                self._known[inode].node = node
        await self._expire(entries, tracks)

    async def _tell_of_midnight(self) -> None:
        self._told_of = self._told_of[0], self._tree.day
        await self._expire(list(self._known.names.depending_on_all()), [])

    def _queries(self) -> Iterator[Entry]:
        """Every name that the kernel knows for a query or a view, which are made of fields."""
        for mount_path in self._known.places():
            above, name = split(mount_path)
            if name and (above == "/" or can_become_valid(name)):
                parent = self._known.at(above)
                if parent is not None:
                    yield Entry(parent, os.fsencode(name), Kind.FOLDER)

    async def _expire(self, entries: list[Entry], tracks: list[int]) -> None:
        if not EXPIRES_GENTLY:
            entries = await self._really_gone(entries)
        for pause in (0, ONCE_MORE):
            await trio.sleep(pause)
            # From a thread of its own: from this one it deadlocks.
            await trio.to_thread.run_sync(notify, entries, tracks)

    async def _really_gone(self, entries: list[Entry]) -> list[Entry]:
        """Without the folders that are what they were: whoever stands in one would lose the way out."""
        folders = {}
        for entry in entries:
            parent = self._known.get(entry.parent)
            if entry.kind is not Kind.FOLDER or parent is None:
                continue
            name = os.fsdecode(entry.name)
            inode = self._known.at(below(parent.mount_path, name))
            if inode is not None:
                was = self._known[inode].node
                folders[entry] = (parent.opened, name, depth(parent.mount_path), was)

        def stay() -> set[Entry]:
            return {
                entry
                for entry, (parent, name, deep, was) in folders.items()
                if self._child_or_none(parent, name, deep) == was
            }

        staying = await trio.to_thread.run_sync(stay)
        return [entry for entry in entries if entry not in staying]

    def _child_or_none(self, parent: Node, name: str, deep: int) -> Node | None:
        try:
            return self._tree.child(parent, name, deep)
        except McfsError:
            return None


# --- the notifications, as in linux/fuse.h


def notify(entries: Iterable[Entry], tracks: Iterable[int]) -> None:
    """The kernel is to ask again for these names, and for the attributes of these inodes."""
    for entry in entries:
        _forgiving(_of_entry(entry.parent, entry.name), entry.parent, entry.name)
    for inode in tracks:
        _forgiving(_of_attributes(inode), inode, "attributes")


def _forgiving(notification: bytes, inode: int, what: bytes | str) -> None:
    try:
        os.write(_device(), notification)
    except OSError as error:
        if error.errno != errno.ENOENT:  # the kernel has forgotten it already
            log.warning("the kernel could not be told of %r in %d: %s", what, inode, error)


def _of_entry(parent: int, name: bytes) -> bytes:
    flags = _EXPIRE_ONLY if EXPIRES_GENTLY else 0
    said = _ENTRY.pack(parent, len(name), flags) + name + b"\0"
    return _HEADER.pack(_HEADER.size + len(said), _INVALIDATE_ENTRY, 0) + said


def _of_attributes(inode: int) -> bytes:
    said = _INODE.pack(inode, _NO_CONTENT, 0)
    return _HEADER.pack(_HEADER.size + len(said), _INVALIDATE_INODE, 0) + said


# struct fuse_out_header, fuse_notify_inval_inode_out, fuse_notify_inval_entry_out
_HEADER = struct.Struct("=IiQ")
_INODE = struct.Struct("=Qqq")
_ENTRY = struct.Struct("=QII")
_INVALIDATE_INODE = 2
_INVALIDATE_ENTRY = 3
_NO_CONTENT = -1
_EXPIRE_ONLY = 1


@functools.cache
def _device() -> int:
    """The descriptor that pyfuse3 talks through; a process has no other mount."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # another was closed meanwhile
            if descriptor.readlink() == Path("/dev/fuse"):
                return int(descriptor.name)
    raise MountError("nothing is mounted")
