"""The folders that programs have open: opens them, lists them, closes them.

Owns the open handles of folders, and what each lists: a handle shows the listing of its opendir until it is
closed. Which listing the kernel may cache is decided in `cached_listings.py`. For the trio thread alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import pyfuse3
import trio
from pyfuse3 import EntryAttributes, InodeT, ReaddirToken

from mcfs.fuse import cached_listings, kernel_caches, mount_paths, packed_entries
from mcfs.fuse.attributes import DAY, SECOND, AttributeBuilder, changes_of_tracks
from mcfs.fuse.cached_listings import CachedListings, ListingOf, Opening
from mcfs.fuse.inodes import InodeEntry, InodeTable, is_file
from mcfs.fuse.invalidation import Invalidator
from mcfs.fuse.reading_to_delete import is_told_to_remove
from mcfs.tree.name_dependency import NameDependency
from mcfs.tree.nodes import Node, TrackNode
from mcfs.tree.policy import Caching, Changes, changes_in, policy_of
from mcfs.tree.tree import Tree

# Compared at every request, and Python 3.11 takes a while to find a member of an enumeration.
_ONE_SECOND, _UNTIL_ANNOUNCED = Caching.ONE_SECOND, Caching.UNTIL_ANNOUNCED
_PINS = "/pins"
# As many with usual names as glibc has room for.
_FIRST_LIKELY = 170
_SPARE = 10


class _Entries:
    """The entries of a folder, which the kernel reads by number. A pair for each would take megabytes."""

    __slots__ = ("names", "nodes")

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.names = tuple(nodes)
        self.nodes = tuple(nodes.values())

    def tracks(self, number: int, most: int) -> list[TrackNode]:
        """The tracks from this number on, up to the next entry that is something else."""
        some = self.nodes[number : number + most]
        tracks = [node for node in some if isinstance(node, TrackNode)]
        if len(tracks) < len(some):
            end = next(at for at, node in enumerate(some) if not isinstance(node, TrackNode))
            del tracks[end:]
        return tracks


@dataclass(slots=True)
class _OpenFolder:
    """The listing that one opendir found: it does not change until it is closed."""

    parent: InodeEntry
    opening: Opening
    # The inodes of `.` and `..`.
    dots: tuple[InodeT, InodeT]
    # What the entries were, or will be, made of.
    made_of: ListingOf
    # None until the kernel asks for the first of them: mostly, it has them all cached.
    entries: _Entries | None = None
    # How many tracks the kernel is likely to take at once.
    likely: int = _FIRST_LIKELY
    # Whether some program wants to know more than names.
    wants_inodes: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer that is being made."""

    token: ReaddirToken
    folder: _OpenFolder
    entries: _Entries
    is_current: bool
    names_only: bool
    # For how long the kernel may cache an entry, in seconds.
    longest: float
    # Of what has no time of its own.
    changed_at_ns: int

    def position(self, number: int) -> int:
        """The position after the entry of this number."""
        return cached_listings.position(number + 3, self.folder.opening.fingerprint)


class OpenFolders:
    """The open folders of one mount, by their handles."""

    def __init__(
        self,
        tree: Tree,
        inodes: InodeTable,
        listings: CachedListings,
        invalidator: Invalidator,
        attributes: AttributeBuilder,
        attributes_of: Callable[[InodeT, Node], EntryAttributes],
    ) -> None:
        self._tree = tree
        self._inodes = inodes
        self._listings = listings
        self._invalidator = invalidator
        self._attributes = attributes
        self._attributes_of = attributes_of
        self._folders: dict[int, _OpenFolder] = {}
        self._next_number = 0
        # The links in the last answer, and what they are of.
        self._last_links: list[tuple[int, TrackNode]] = []
        self._last_made_of: ListingOf | None = None
        self._last_folder: _OpenFolder | None = None
        # Folders in which a name was looked up while some folder was open.
        self._looked_up: set[int] = set()

    async def open(self, inode: InodeT, pid: int) -> int:
        """The handle of a folder that this process opens."""
        entry = self._inodes[inode]
        above, _ = mount_paths.split(entry.mount_path)
        dots = (inode, self._inodes.folder_at(above) or inode)
        made_of, opening = ListingOf(self._tree.version, self._tree.settings), Opening(inode, 0)
        entries: _Entries | None = _Entries({})
        if above == _PINS and is_told_to_remove(pid, entry.mount_path):
            pass  # for this program alone it is empty
        elif policy_of(entry.node).names_inside is _UNTIL_ANNOUNCED:
            made_of, entries = await self.look_at(inode, entry)
            opening = self._listings.open(inode)
        else:
            # Its names may change at any time, and nothing announces that.
            listing = await trio.to_thread.run_sync(self._tree.children, entry.folder)
            made_of = ListingOf(listing.version, made_of.settings)
            entries = _Entries(listing.entries)
        self._next_number += 1
        handle = kernel_caches.folder_handle(
            self._next_number, may_cache=opening.may_cache, still_right=opening.still_right
        )
        self._folders[handle] = _OpenFolder(
            entry, opening, dots, made_of, entries, wants_inodes=opening.reads_again
        )
        self._looked_up.discard(inode)
        return handle

    async def look_at(self, inode: InodeT, entry: InodeEntry) -> tuple[ListingOf, _Entries | None]:
        """Note what a folder lists now, and when that changed; the entries, unless nothing is new since then.

        Nothing is awaited where the listing is the same version's, or is in memory.
        """
        state = self._tree.state
        made_of = ListingOf(state.version, state.settings)
        if self._listings.is_current(inode, made_of):
            return made_of, None
        listing = self._tree.cached_listing(entry.folder)
        if listing is None:
            listing = await trio.to_thread.run_sync(self._tree.children, entry.folder)
        # No await from here on: what is noted must be what the caller answers.
        made_of = ListingOf(listing.version, state.settings)
        above = self._inodes.folder_at(mount_paths.split(entry.mount_path)[0])
        fingerprint = cached_listings.fingerprint(
            listing.entries, above or inode, are_files=self._inodes.shows_files(entry)
        )
        if self._listings.look_at(inode, fingerprint, made_of):
            self._inodes.set_changed(inode, self._invalidator.changed_at_ns)
        return made_of, _Entries(listing.entries)

    async def _entries(self, folder: _OpenFolder) -> _Entries:
        """The entries of an open folder, which the kernel turns out not to have cached."""
        entries = folder.entries
        if entries is None:
            listing = self._tree.cached_listing(folder.parent.folder)
            if listing is None:
                listing = await trio.to_thread.run_sync(self._tree.children, folder.parent.folder)
            entries = folder.entries = _Entries(listing.entries)
            if listing.version != folder.made_of.version:
                folder.made_of = ListingOf(listing.version, folder.made_of.settings)
                self._listings.is_filled_by_another(folder.opening)
        return entries

    async def read(self, handle: int, start: int, token: ReaddirToken) -> None:
        """Answer with the entries from this position on, as many as the kernel takes."""
        folder = self._folders[handle]
        self._listings.has_arrived(folder.opening)
        entries = await self._entries(folder)
        parent = folder.parent
        parent_inode = folder.dots[0]
        made_of = folder.made_of
        is_current = self._is_current(made_of)
        changed_at_ns = self._invalidator.changed_at_ns
        if not is_current:
            # The kernel is not to keep the names for long, so it has to read them again.
            self._listings.distrust(parent_inode)
        first = cached_listings.number_at(start)
        fingerprint = folder.opening.fingerprint
        # No await from here on: the lookups that the kernel accepts and those we count must stay equal.
        for number, inode in enumerate(folder.dots[first:], first + 1):
            attributes = self._attributes.build(inode, parent.node, parent.changed_at_ns)
            position = cached_listings.position(number, fingerprint)
            if not pyfuse3.readdir_reply(token, b"." * number, attributes, position):
                return
        longest = self._longest(parent, is_current=is_current)
        self._last_links, self._last_made_of, self._last_folder = [], made_of, folder
        names_only = first > len(folder.dots) and not self._wants_inodes(folder)
        answer = _Answer(token, folder, entries, is_current, names_only, longest, changed_at_ns)
        start_number = number = max(0, first - 2)
        while number < len(entries.names):
            tracks = entries.tracks(number, folder.likely)
            taken = (
                self._add_tracks(answer, number, tracks) if tracks else self._add(answer, number)
            )
            number += taken
            if taken < (len(tracks) or 1):
                # Each that is prepared in vain costs as much as one that is taken.
                folder.likely = number - start_number + _SPARE
                break

    def _wants_inodes(self, folder: _OpenFolder) -> bool:
        """Whether more than names are of use. Inodes take the kernel longer than all the rest.

        Every listing begins with them: a program that looks at those wants them all, and is noticed.
        A folder that is listed again is likely to be looked at.
        """
        folder.wants_inodes |= folder.dots[0] in self._looked_up or not packed_entries.are_ready()
        return folder.wants_inodes

    def note_lookup(self, inode: InodeT) -> None:
        """A name in this folder is looked up."""
        if self._folders:
            self._looked_up.add(inode)

    def _longest(self, parent: InodeEntry, *, is_current: bool) -> float:
        """For how many seconds the kernel may cache an entry of this folder."""
        if (
            parent.dependency is not NameDependency.TRACK
            and changes_in(parent.node, self._tree.settings.edit) is Changes.EDITED_TRACKS
        ):
            # One gesture may change all of them, and nothing can be sent about a folder that it has locked.
            return 0
        if policy_of(parent.node).names_inside is _ONE_SECOND:
            return SECOND
        # What was true when the folder was opened is to be shown, but not cached.
        return DAY if is_current else 0

    def _add_tracks(self, answer: _Answer, number: int, tracks: Sequence[TrackNode]) -> int:
        """Add these tracks, of which the first has this number; how many of them the kernel takes.

        A folder may hold a hundred thousand: nothing is made for one that is not kept.
        """
        parent = answer.folder.parent
        bit = self._inodes.track_bit(parent)
        names = answer.entries.names[number : number + len(tracks)]
        stored = [track.inode for track in tracks]
        taken = packed_entries.add(
            answer.token,
            names,
            stored,
            bit,
            self._attributes.sizes_of_tracks(bit, tracks),
            changes_of_tracks(tracks, answer.changed_at_ns),
            self._attributes.shared_by_tracks(bit, answer.longest, answer.changed_at_ns),
            answer.position(number),
            names_only=answer.names_only,
        )
        if answer.names_only:
            if taken:
                self._listings.gives_names_only(answer.folder.opening)
            return taken
        self._inodes.count_tracks(bit, tracks[:taken], is_current=answer.is_current)
        if answer.is_current:
            if not is_file(bit):
                self._last_links += zip(repeat(bit), tracks[:taken])
            self._inodes.cached_names.add_tracks(
                answer.folder.dots[0], names[:taken], stored[:taken], parent.dependency
            )
        return taken

    def _add(self, answer: _Answer, number: int) -> int:
        """Add the entry of this number, which is no track; 1 if the kernel takes it, else 0."""
        name, node = answer.entries.names[number], answer.entries.nodes[number]
        parent, is_current = answer.folder.parent, answer.is_current
        raw = name.encode("utf-8", "surrogateescape")
        mount_path = mount_paths.join(parent.mount_path, name)
        inode = self._inodes.inode(node, mount_path, parent, is_current=is_current)
        attributes = self._attributes_of(InodeT(inode), node)
        attributes.entry_timeout = min(attributes.entry_timeout, answer.longest)
        attributes.attr_timeout = min(attributes.attr_timeout, answer.longest)
        if not pyfuse3.readdir_reply(answer.token, raw, attributes, answer.position(number)):
            return 0
        self._inodes.count_lookup(
            inode, node, mount_path, answer.changed_at_ns, is_current=is_current
        )
        if is_current:
            self._inodes.note_cached(answer.folder.dots[0], raw, node, parent.dependency)
        return 1

    def take_last_links(self) -> list[tuple[int, TrackNode]]:
        """The links in the last answer, each with the bits of its inode; none where they may have changed."""
        links, self._last_links = self._last_links, []
        if self._last_folder is not None:
            self._last_folder.wants_inodes = True
        return links if self._last_made_of and self._is_current(self._last_made_of) else []

    def _is_current(self, made_of: ListingOf) -> bool:
        """Whether the kernel may cache what was made of this."""
        return (
            self._invalidator.is_current(made_of.version)
            and made_of.settings is self._tree.settings
        )

    def close(self, handle: int) -> None:
        """It is closed."""
        self._listings.close(self._folders.pop(handle).opening)
        if not self._folders:
            self._looked_up.clear()
            self._last_folder = None
