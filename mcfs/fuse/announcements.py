"""Tells programs that watch a folder of the mount with inotify which names came and went in it.

Owns these announcements. The kernel reports to watchers what programs do to a folder, and nothing that a file
system does by itself. So where a name has come, a thread of this process makes it, as any program would,
and where one has gone, it removes it. The handlers know the thread by its id, say yes, and change nothing:

    symlink(2), mknod(2), mkdir(2)    watchers hear CREATE; the kernel caches the entry as it is
    unlink(2), rmdir(2)               watchers hear DELETE

The kernel looks a name up before it makes or removes it. To this thread alone, a name that is announced as
new does not exist yet, and one that is announced as gone still does, as an inode that nothing else has:
the kernel marks what it removes as deleted, and a track may be in other folders. For everybody
else the folder is read-only at all times.

Which folders are watched is in `watched_folders.py`; other folders cost nothing.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import stat
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

import trio

from mcfs.fuse import notifications
from mcfs.fuse.changes_under_way import ChangesUnderWay
from mcfs.fuse.inodes import InodeTable
from mcfs.fuse.watched_folders import watched_inodes
from mcfs.mount_table import Mount, all_mounts
from mcfs.tree.listing_changes import ListedFolder, ListingChange
from mcfs.tree.listings import ListingKey
from mcfs.tree.nodes import Node
from mcfs.tree.policy import EntryKind, policy_of

log = logging.getLogger(__name__)

# After so many events, newer changes of the same folder are taken into account.
_AT_ONCE = 100
# In a burst of gestures the store changes at each, and to ask who watches takes longer than a gesture.
_SECONDS_OF_A_BURST = 0.3


@dataclass(frozen=True, slots=True)
class Announcement:
    """One name that is being announced, and the thread that does it."""

    thread: int
    parent: int
    name: bytes
    node: Node
    comes: bool
    # Of the entry: S_IFLNK, S_IFREG or S_IFDIR.
    file_type: int


@dataclass(slots=True)
class _Folder:
    """What the watchers of one folder have still to hear."""

    gone: dict[str, Node] = field(default_factory=dict)
    come: dict[str, Node] = field(default_factory=dict)

    def add(self, change: ListingChange) -> None:
        """Add a later change. What came and went before it was announced need not be said."""
        for name, node in change.gone.items():
            if self.come.pop(name, None) is None:
                self.gone[name] = node
        for name, node in change.come.items():
            if self.gone.pop(name, None) is None:
                self.come[name] = node

    def take(self, most: int) -> list[tuple[str, Node, bool]]:
        """Some of it, what has gone first: a program that follows a rename sees no name twice."""
        taken: list[tuple[str, Node, bool]] = []
        for names, comes in ((self.gone, False), (self.come, True)):
            for name in list(names)[: most - len(taken)]:
                taken.append((name, names.pop(name), comes))
        return taken


class Announcer:
    """Announces the changes of one mount. For the trio thread, but for the thread that it starts."""

    def __init__(self, inodes: InodeTable, under_way: ChangesUnderWay, *, can_expire: bool) -> None:
        self._inodes = inodes
        self._under_way = under_way
        self._under_way.call_at_end(self._look_again)
        self._can_expire = can_expire
        self._folders: dict[int, _Folder] = {}
        self._news = trio.Event()
        self._current: Announcement | None = None
        self._mount: Mount | None = None
        # The key of the listing that each watched inode had, when this was asked last.
        self._watched: dict[int, ListingKey] = {}
        # The watched inodes, and when /proc was asked for them.
        self._last_look: tuple[float, set[int]] = (float("-inf"), set())

    def mounted_at(self, mount_point: Path) -> None:
        """Learn where the mount is. Before that, nothing is announced."""
        for mount in all_mounts():
            if mount.mount_point == mount_point:
                self._mount = mount

    @property
    def mount(self) -> Mount | None:
        """This mount, once it is mounted."""
        return self._mount

    def watched(self) -> Collection[ListedFolder]:
        """The folders of tracks or values that somebody watches. For a thread that trio started."""
        if self._mount is None:
            return ()
        inodes = watched_inodes(self._mount.device)
        self._last_look = (time.monotonic(), inodes)
        return trio.from_thread.run_sync(self._remember, inodes) if inodes or self._watched else ()

    def watched_in_a_burst(self) -> Collection[ListedFolder]:
        """The same, as it was a moment ago: who has begun to watch since hears of what comes after."""
        at, inodes = self._last_look
        if time.monotonic() - at > _SECONDS_OF_A_BURST:
            return self.watched()
        return trio.from_thread.run_sync(self._remember, inodes) if inodes else ()

    def _remember(self, inodes: Iterable[int]) -> Collection[ListedFolder]:
        found = {
            inode: entry.folder
            for inode in inodes
            if (entry := self._inodes.get(inode)) is not None
            and isinstance(entry.folder, ListedFolder)
        }
        self._watched = {inode: folder.key for inode, folder in found.items()}
        return found.values()

    def unknown(self, changes: Mapping[ListingKey, ListingChange]) -> Mapping[int, ListingChange]:
        """What changed in the folders that `watched` found, by inode, without what the kernel announces.

        To be asked as soon as the changes are read, while the programs that made them still wait.
        """
        return {
            inode: self._without_known(inode, changes[key])
            for inode, key in self._watched.items()
            if key in changes
        }

    def announce(self, changes: Mapping[int, ListingChange]) -> None:
        """Announce this soon."""
        for inode, change in changes.items():
            self._folders.setdefault(inode, _Folder()).add(change)
            self._news.set()

    def announce_gone(self, inode: int, name: str, node: Node) -> None:
        """Announce soon that a name is gone from a folder, if somebody watches that."""
        if inode in self._watched:
            self.announce({inode: self._without_known(inode, ListingChange({name: node}, {}))})

    def _without_known(self, inode: int, change: ListingChange) -> ListingChange:
        is_known = self._under_way.is_known
        gone, come = (
            {name: node for name, node in names.items() if not is_known((inode, name, comes))}
            for names, comes in ((change.gone, False), (change.come, True))
        )
        return ListingChange(gone, come)

    def _look_again(self) -> None:
        if self._folders:
            self._news.set()

    def of(self, thread: int, parent: int, name: bytes) -> Announcement | None:
        """The announcement that a request belongs to; None for a request of anybody else."""
        current = self._current
        if (
            current is not None
            and current.thread == thread
            and current.parent == parent
            and current.name == name
        ):
            return current
        return None

    @property
    def is_busy(self) -> bool:
        """Whether there can be requests that belong to an announcement."""
        return self._current is not None

    async def run(self) -> None:
        """Announce, until cancelled."""
        while True:
            await self._news.wait()
            assert self._mount is not None, "there is news only of a mount"
            self._news = trio.Event()
            while (inode := self._next_folder()) is not None:
                folder = self._folders[inode]
                some = folder.take(_AT_ONCE)
                if not some:
                    del self._folders[inode]
                    continue
                entry = self._inodes.get(inode)
                if entry is None or self._inodes.folder_at(entry.mount_path) != inode:
                    continue
                place = self._mount.mount_point / entry.mount_path.lstrip("/")
                track_type = stat.S_IFREG if self._inodes.shows_files(entry) else stat.S_IFLNK
                # Unmounting does not wait for this thread: its requests are not answered any more.
                await trio.to_thread.run_sync(
                    self._announce,
                    place,
                    self._mount.device,
                    inode,
                    some,
                    track_type,
                    abandon_on_cancel=True,
                )

    def _next_folder(self) -> int | None:
        """One about which there is something to say. In a folder that is locked, this would wait."""
        return next(
            (inode for inode in self._folders if not self._under_way.is_locked(inode)), None
        )

    def _announce(
        self,
        place: Path,
        device: int,
        inode: int,
        names: list[tuple[str, Node, bool]],
        track_type: int,
    ) -> None:
        thread = threading.get_native_id()
        try:
            with _opened(place, device, inode) as folder:
                for text, node, comes in names:
                    file_type = _file_type(node, track_type)
                    name = os.fsencode(text)
                    self._current = Announcement(thread, inode, name, node, comes, file_type)
                    self._perform(self._current, folder)
        except OSError as error:
            # The mount is read-only or about to end, or the folder has gone meanwhile.
            log.info("changes in %s were not announced: %s", place, error.strerror)
        finally:
            self._current = None

    def _perform(self, announcement: Announcement, folder: int) -> None:
        try:
            _change(announcement, folder)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOENT):
                raise  # there is no sense in going on
            # Somebody has looked the name up already, and the kernel had no reason to ask again.
            notifications.invalidate_name(
                announcement.parent, announcement.name, expire=self._can_expire
            )
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                _change(announcement, folder)


@contextlib.contextmanager
def _opened(place: Path, device: int, inode: int) -> Iterator[int]:
    """A descriptor of exactly this folder: what is done in it must never reach any other file system."""
    descriptor = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if (found.st_dev, found.st_ino) != (device, inode):
            raise FileNotFoundError(errno.ENOENT, "another folder is there")
        yield descriptor
    finally:
        os.close(descriptor)


def _file_type(node: Node, of_tracks: int) -> int:
    match policy_of(node).kind:
        case EntryKind.FOLDER:
            return stat.S_IFDIR
        case EntryKind.TRACK:
            return of_tracks
        case EntryKind.TEXT_FILE:
            return stat.S_IFREG
        case unreachable:
            assert_never(unreachable)


def _change(announcement: Announcement, folder: int) -> None:
    """Do what watchers are to hear of."""
    name, is_folder = announcement.name, announcement.file_type == stat.S_IFDIR
    if not announcement.comes:
        if is_folder:
            os.rmdir(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
    elif is_folder:
        os.mkdir(name, dir_fd=folder)
    elif announcement.file_type == stat.S_IFLNK:
        os.symlink("announced", name, dir_fd=folder)
    else:
        os.mknod(name, stat.S_IFREG | 0o444, dir_fd=folder)
