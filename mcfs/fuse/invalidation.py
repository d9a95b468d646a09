"""Invalidates the kernel's cached names and attributes when the store changes, and at midnight.

Owns the decision which names are stale, and until when an answer may be cached. It goes by the names that the
kernel was given (`cached_names.py`), never by all that exist. Listings need no notification
(`cached_listings.py`), but the time at which a folder changed does. `notifications.py` writes them.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import trio

from mcfs.config.settings import Settings
from mcfs.errors import McfsError, bug_sentence
from mcfs.fuse import link_targets, mount_paths, notifications
from mcfs.fuse.announcements import Announcer
from mcfs.fuse.cached_listings import CachedListings
from mcfs.fuse.cached_names import CachedName, NameKind
from mcfs.fuse.changes_under_way import ChangesUnderWay
from mcfs.fuse.inodes import InodeTable, is_link
from mcfs.tree.change_feed import Watched
from mcfs.tree.changed_names import NameChanges
from mcfs.tree.listing_changes import ListingChange
from mcfs.tree.listings import ListingKey
from mcfs.tree.name_dependency import NameDependency
from mcfs.tree.nodes import LIBRARY, Node
from mcfs.tree.route import can_become_valid
from mcfs.tree.tree import Tree
from mcfs.tree.version import TreeVersion

log = logging.getLogger(__name__)

# A notification takes microseconds.
_MOST_SECONDS_TO_WAIT = 0.25


@dataclass(frozen=True, slots=True)
class _Notifications:
    """What the kernel is to drop: cached names, and the attributes of inodes."""

    names: Sequence[CachedName]
    inodes: Sequence[int]
    # Not before this moment, by trio's clock.
    at: float = 0


@dataclass(frozen=True, slots=True)
class InvalidationOptions:
    """How the kernel is kept current; tests and benchmarks choose other values."""

    # Seconds between two checks of the store.
    poll_interval: float = 0.5
    # Seconds until each notification is sent a second time: the kernel may cache an answer that was made
    # before a change after it has heard of that change.
    repeat_after: float = 0.5
    # Whether a cached name can expire; before Linux 6.2 it can only be removed.
    can_expire: bool = notifications.KERNEL_CAN_EXPIRE
    # Called in a worker thread, with the number of names and of inodes that the kernel has just dropped.
    on_sent: Callable[[int, int], None] | None = None


class Invalidator:
    """Follows the store of one mount, and knows which answers its kernel may cache for long."""

    def __init__(
        self,
        tree: Tree,
        inodes: InodeTable,
        listings: CachedListings,
        report_error: Callable[[str], None],
        options: InvalidationOptions,
        announcer: Announcer,
        under_way: ChangesUnderWay,
    ) -> None:
        self._tree = tree
        self._inodes = inodes
        self._listings = listings
        self._report_error = report_error
        self._options = options
        self._announcer = announcer
        self._under_way = under_way
        under_way.call_at_end(self._look_again)
        # Held while a change is read and worked out, so that one comes after the other.
        self._reading = trio.Lock()
        # How often it was begun to read; and which time was the last that came to its end.
        self._reads_begun = self._last_read = 0
        # Changes that are being sent, each by the number that it began with; and what is sent later.
        self._sending: dict[int, trio.Event] = {}
        self._later: list[_Notifications] = []
        self._news = trio.Event()
        # Of `run`, while that lasts.
        self._nursery: trio.Nursery | None = None
        self.changed_at_ns = time.time_ns()
        # Everything that the kernel caches for a day is true of this version. An answer of a newer one
        # must wait until the names that changed in between have been invalidated.
        self._feed = tree.open_change_feed()
        self._cached_version = self._feed.version

    def close(self) -> None:
        """Release the store."""
        self._feed.close()

    def is_current(self, version: TreeVersion) -> bool:
        """Whether an answer of this version may be cached for a day: no newer version has been seen."""
        return version == self._cached_version == self._tree.version

    async def run(self) -> None:
        """Watch the store and the clock until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._send_later)
            nursery.start_soon(self._follow)

    async def catch_up(self, number: int) -> None:
        """Show what the store holds now: all names and attributes that the kernel has cached are right then.

        But for the names in folders that are locked. `number` is that of the change which calls this.
        """
        begun = self._reads_begun
        async with self._reading:
            # Of many gestures at once, the first reads what all have changed.
            if self._last_read <= begun:
                await self._read_changes(self._announcer.watched_in_a_burst)
        # What began earlier may wait for the answer to this change. So may the others while somebody else
        # renames: the kernel may have locked one folder of that, and wait for the one of this change.
        with trio.move_on_after(_MOST_SECONDS_TO_WAIT):
            for sending in [sent for began, sent in self._sending.items() if began > number]:
                await sending.wait()

    def drop(self, parent: int, name: str) -> None:
        """Make the kernel ask again for a name, as soon as its folder is not locked."""
        cached = CachedName(parent, os.fsencode(name), NameKind.FILE)
        self._send_after(0, [cached], [])

    def drop_attributes(self, inode: int) -> None:
        """Make the kernel ask again for the attributes of an inode, once the change under way is answered."""
        self._send_after(0, [], [inode])

    async def _read_changes(self, watched: Watched) -> bool:
        """Whether there were any. To be called with `_reading`."""
        self._reads_begun += 1
        changes = await trio.to_thread.run_sync(self._feed.poll, watched)
        self._last_read = self._reads_begun
        if changes is None:
            return False
        # No await before both are complete: every answer from here on is of the new version.
        stale = self._stale(changes)
        news = self._announcer.unknown(changes.listings)
        began = self._under_way.number()
        self._sending[began] = trio.Event()
        if self._nursery is None:
            await self._send_and_note(began, stale, news)
        else:
            self._nursery.start_soon(self._send_and_note, began, stale, news)
        return True

    async def _send_and_note(
        self, began: int, stale: _Notifications, news: Mapping[int, ListingChange]
    ) -> None:
        try:
            await self._send(stale, news)
        except Exception as error:
            log.exception("the kernel's caches could not be invalidated")
            self._report_error(bug_sentence(error))
        finally:
            self._sending.pop(began).set()

    async def _follow(self) -> None:
        settings = self._tree.settings
        pause = self._options.poll_interval
        while True:
            await trio.sleep(pause)
            try:
                if settings is not self._tree.settings:
                    before, settings = settings, self._tree.settings
                    self._inodes.configure(settings)
                    listings = await self._listings_since(before, self._tree.day)
                    everything = NameChanges(
                        self._cached_version, everything=True, fields_changed=True
                    )
                    await self._send(self._stale(everything), self._announcer.unknown(listings))
                async with self._reading:
                    has_changed = await self._read_changes(self._announcer.watched)
                if not has_changed and self._tree.day != self._cached_version.day:
                    await self._pass_midnight()
            except McfsError as error:
                # Listings that are in memory still serve.
                self._report_error(f"cannot read the store: {error}")
                await trio.sleep(pause * 4)
            except Exception as error:
                log.exception("the kernel's caches could not be invalidated")
                self._report_error(bug_sentence(error))
                await trio.sleep(pause * 4)

    def _stale(self, changes: NameChanges) -> _Notifications:
        """Everything that the kernel has cached and a change makes wrong."""
        self.changed_at_ns = time.time_ns()
        self._cached_version = changes.version
        link_targets.drop()
        names = [
            *self._inodes.cached_names.take_stale(changes),
            *self._in_work_tree(changes),
            *self._in_snapshots(changes),
        ]
        if changes.fields_changed:
            names += self._names_made_of_fields()
        store_inodes = self._inodes.store_inodes() if changes.everything else changes.inodes
        inodes = [inode for stored in store_inodes for inode in self._inodes.of_track(stored)]
        for node in changes.tracks.values():
            self._inodes.update_track(node)
        if changes.everything:
            self._take_all_folders_for_changed()
            inodes += self._listings
        else:
            inodes += self._doubt(
                inode for inode in self._listings if self._may_differ(inode, changes)
            )
        self._distrust_listings_with(names)
        return _Notifications(names, inodes)

    async def _listings_since(
        self, settings: Settings, day: date
    ) -> Mapping[ListingKey, ListingChange]:
        return await trio.to_thread.run_sync(
            self._feed.listings_since, settings, day, self._announcer.watched
        )

    async def _pass_midnight(self) -> None:
        listings = await self._listings_since(self._tree.settings, self._cached_version.day)
        self._cached_version = self._cached_version._replace(day=self._tree.day)
        names = list(self._inodes.cached_names.take_volatile())
        self._distrust_listings_with(names)
        inodes = self._doubt(filter(self._is_volatile, self._listings))
        await self._send(_Notifications(names, inodes), self._announcer.unknown(listings))

    def _take_all_folders_for_changed(self) -> None:
        """Looking at each of them again would take too long."""
        for inode in self._listings:
            self._listings.distrust(inode)
            self._inodes.set_changed(inode, self.changed_at_ns)

    def _doubt(self, folders: Iterable[int]) -> list[int]:
        """When these have changed is found out once somebody asks for their attributes."""
        doubted = list(folders)
        for inode in doubted:
            self._listings.doubt(inode)
        return doubted

    def _distrust_listings_with(self, names: Sequence[CachedName]) -> None:
        """The kernel has to look up each of these names: reading the folder again is quicker."""
        for parent in {name.parent for name in names}:
            self._listings.distrust(parent)

    def _may_differ(self, inode: int, changes: NameChanges) -> bool:
        """Whether a folder may list something else now."""
        entry = self._inodes.get(inode)
        if entry is None:
            return False
        _, name = mount_paths.split(entry.mount_path)
        return self._is_volatile(inode) or changes.may_touch_inside(entry.node, name)

    def _is_volatile(self, inode: int) -> bool:
        entry = self._inodes.get(inode)
        return entry is not None and entry.dependency is NameDependency.ALL

    def _in_work_tree(self, changes: NameChanges) -> Iterator[CachedName]:
        """The stale names in folders of the work tree that the kernel holds."""
        for work_path in changes.work_paths:
            above, name = mount_paths.split(f"/{LIBRARY}/{work_path}")
            parent = self._inodes.folder_at(above)
            if parent is not None:
                yield from self._inodes.cached_names.take_in_folder(parent, os.fsencode(name))

    def _in_snapshots(self, changes: NameChanges) -> Iterator[CachedName]:
        """The names of snapshots, if one changed, and those in the folders that a change of one touches."""
        for inode in self._inodes.cached_names.snapshot_folders():
            entry = self._inodes.get(inode)
            if entry is not None and changes.may_touch_inside(entry.folder, ""):
                yield from self._inodes.cached_names.take_in_snapshot_folder(inode)

    def _names_made_of_fields(self) -> Iterator[CachedName]:
        """The names of queries, templates and views, which mean something else when fields change."""
        for mount_path in self._inodes.folder_paths():
            above, name = mount_paths.split(mount_path)
            if name and (above == "/" or can_become_valid(name)):
                parent = self._inodes.folder_at(above)
                if parent is not None:
                    yield CachedName(parent, os.fsencode(name), NameKind.FOLDER)

    async def _send(
        self,
        stale: _Notifications,
        news: Mapping[int, ListingChange],
    ) -> None:
        names = stale.names
        if not self._options.can_expire:
            names = await self._without_unchanged_folders(names)
        is_locked = self._under_way.is_locked
        self._send_after(0, [name for name in names if is_locked(name.parent)], [])
        self._send_after(self._options.repeat_after, names, stale.inodes)
        free = [name for name in names if not is_locked(name.parent)]
        # In a thread: written from this one, a notification deadlocks.
        await trio.to_thread.run_sync(self._write, free, stale.inodes, abandon_on_cancel=True)
        # Whoever hears of a change and looks must see it.
        self._announcer.announce(news)

    def _send_after(
        self, seconds: float, names: Sequence[CachedName], inodes: Sequence[int]
    ) -> None:
        if names or inodes:
            self._later.append(_Notifications(names, inodes, trio.current_time() + seconds))
            self._news.set()

    def _look_again(self) -> None:
        if self._later:
            self._news.set()

    async def _send_later(self) -> None:
        """Send what is due, but for names in folders that are locked."""
        is_locked = self._under_way.is_locked
        while True:
            self._news = trio.Event()
            now = trio.current_time()
            due = [each for each in self._later if each.at <= now]
            self._later = [each for each in self._later if each.at > now]
            names = dict.fromkeys(name for each in due for name in each.names)
            inodes = dict.fromkeys(inode for each in due for inode in each.inodes)
            locked = [name for name in names if is_locked(name.parent)]
            if locked:
                self._later.append(_Notifications(locked, [], now))
            free = [name for name in names if not is_locked(name.parent)]
            if free or inodes:
                await trio.to_thread.run_sync(
                    self._write, free, list(inodes), abandon_on_cancel=True
                )
            next_at = min((each.at for each in self._later if each.at > now), default=math.inf)
            with trio.move_on_at(next_at):
                await self._news.wait()

    def _write(self, names: Sequence[CachedName], inodes: Sequence[int]) -> None:
        for name in names:
            notifications.invalidate_name(name.parent, name.name, expire=self._options.can_expire)
        for inode in inodes:
            # The content of a track is what its annex key says, and a listing is compared at opendir;
            # but the target of a link may be another one.
            notifications.invalidate_inode(inode, keep_content=not is_link(inode))
        if self._options.on_sent is not None:
            self._options.on_sent(len(names), len(inodes))

    async def _without_unchanged_folders(self, names: Sequence[CachedName]) -> list[CachedName]:
        """Keep unchanged folders: a process may have its cwd there, and a removed name would strand it."""
        folders = {}
        for name in names:
            parent = self._inodes.get(name.parent)
            if name.kind is not NameKind.FOLDER or parent is None:
                continue
            text = os.fsdecode(name.name)
            inode = self._inodes.folder_at(mount_paths.join(parent.mount_path, text))
            if inode is not None:
                depth = mount_paths.depth(parent.mount_path)
                folders[name] = (parent.folder, text, depth, self._inodes[inode].node)

        def unchanged() -> set[CachedName]:
            return {
                name
                for name, (folder, text, depth, before) in folders.items()
                if self._child_or_none(folder, text, depth) == before
            }

        kept = await trio.to_thread.run_sync(unchanged)
        return [name for name in names if name not in kept]

    def _child_or_none(self, folder: Node, name: str, depth: int) -> Node | None:
        try:
            return self._tree.child(folder, name, depth)
        except McfsError:
            return None
