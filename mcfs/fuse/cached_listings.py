"""Which listing of each folder the kernel may have cached, so that an old one is never shown again.

Owns the decision at each opendir whether the kernel may cache what is read through that handle, and whether
it may keep what it has cached. The kernel asks with every opendir, so that nothing has to be sent when a
folder changes: its listing is compared when somebody opens it again, and a folder whose listing has stayed
the same keeps its place in the cache. For the trio thread alone; no I/O.

The kernel keeps one listing for each folder, and fills it from whichever handle happens to read. Three rules
make sure that it never holds two listings mixed, or an old one:

- All open handles that may fill it have the same listing. As long as one of an older listing is open,
  the folder is read past the cache.
- The first handle with another listing makes the kernel drop the old one. The kernel has surely done so
  when the next request comes through that handle: until then no other handle may keep what is cached.
- The position of an entry is made of its number and of the listing's fingerprint. The kernel goes
  on filling only where a position fits, so entries of two listings never follow one another.

(Notifications would not do instead: an answer that was made before a change may reach the cache after them.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mcfs.config.settings import Settings
from mcfs.sql import EntryRow
from mcfs.tree.nodes import Node
from mcfs.tree.version import TreeVersion

# Positions are signed 64-bit numbers, and an entry's number needs 32 of them.
_POSITION_BITS = 32
_FINGERPRINT_MASK = (1 << 31) - 1
_UNKNOWN = -1  # equals no fingerprint


@dataclass(frozen=True, slots=True)
class ListingOf:
    """What a folder's listing was made of: where all of it is the same, the listing is too."""

    version: TreeVersion
    settings: Settings


@dataclass(frozen=True, slots=True)
class Opening:
    """What one opendir was answered."""

    inode: int
    fingerprint: int
    may_cache: bool = False
    # The kernel may keep what it has cached.
    still_right: bool = False
    # Of the folder at that moment.
    epoch: int = 0
    # The kernel read only names the last time, and now reads the folder again.
    reads_again: bool = False


@dataclass(slots=True)
class _Folder:
    # Of the newest listing that was looked at, what that was made of, and whether something has happened
    # since that may make it another one.
    fingerprint: int
    made_of: ListingOf
    in_doubt: bool = False
    # Of the listing that the kernel may have cached, and how many open handles may fill the cache with it.
    cached: int = _UNKNOWN
    filling: int = 0
    # Whether the kernel has dropped everything else since `epoch` began.
    is_clean: bool = False
    epoch: int = 0
    # Whether the kernel was given names without inodes.
    has_names_only: bool = False


class CachedListings:
    """The cached listings of one mount, by the folder's inode."""

    def __init__(self) -> None:
        self._folders: dict[int, _Folder] = {}

    def __iter__(self) -> Iterator[int]:
        """The folders that were listed."""
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)

    def is_current(self, inode: int, made_of: ListingOf) -> bool:
        """Whether the listing is the one that was looked at last, without looking at it again."""
        folder = self._folders.get(inode)
        return folder is not None and folder.made_of == made_of

    def is_in_doubt(self, inode: int) -> bool:
        """Whether somebody has listed this folder, and it may list something else now."""
        folder = self._folders.get(inode)
        return folder is not None and folder.in_doubt

    def doubt(self, inode: int) -> None:
        """Something has happened that may make a folder list something else."""
        folder = self._folders.get(inode)
        if folder is not None:
            folder.in_doubt = True

    def look_at(self, inode: int, fingerprint: int, made_of: ListingOf) -> bool:
        """Take note of a folder's listing; whether it is another one than the last time."""
        folder = self._folders.get(inode)
        if folder is None:
            self._folders[inode] = _Folder(fingerprint, made_of)
            return False
        changed = folder.fingerprint != fingerprint
        folder.fingerprint, folder.made_of, folder.in_doubt = fingerprint, made_of, False
        return changed

    def open(self, inode: int) -> Opening:
        """Answer an opendir of a folder whose listing was looked at."""
        folder = self._folders[inode]
        if folder.cached != folder.fingerprint:
            if folder.filling:
                return Opening(inode, folder.fingerprint)
            folder.cached = folder.fingerprint
            self.distrust(inode)
        reads_again = folder.has_names_only
        if reads_again:
            folder.has_names_only = False
            self.distrust(inode)
        folder.filling += 1
        return Opening(
            inode,
            folder.fingerprint,
            may_cache=True,
            still_right=folder.is_clean,
            epoch=folder.epoch,
            reads_again=reads_again,
        )

    def gives_names_only(self, opening: Opening) -> None:
        """Through this handle the kernel is given names without inodes."""
        folder = self._folders.get(opening.inode)
        if folder is not None:
            folder.has_names_only = True

    def has_arrived(self, opening: Opening) -> None:
        """A request has come through this handle, so the kernel has done what the opendir's answer said."""
        folder = self._folders.get(opening.inode)
        if (
            folder is not None
            and opening.may_cache
            and not opening.still_right
            and opening.epoch == folder.epoch
        ):
            folder.is_clean = True

    def close(self, opening: Opening) -> None:
        """The handle is closed: nothing reaches the cache through it any more."""
        self.has_arrived(opening)
        folder = self._folders.get(opening.inode)
        if folder is not None and opening.may_cache:
            folder.filling -= 1

    def is_filled_by_another(self, opening: Opening) -> None:
        """Through this handle goes a listing that is newer than its opendir."""
        folder = self._folders.get(opening.inode)
        if folder is not None and opening.may_cache:
            folder.cached = _UNKNOWN

    def distrust(self, inode: int) -> None:
        """Have the kernel read this folder again when it is next opened.

        Not only where the listing has changed: reading it again also gives the kernel, all at once, what it
        no longer knows of the entries.
        """
        folder = self._folders.get(inode)
        if folder is not None:
            folder.is_clean = False
            folder.epoch += 1

    def forget(self, inode: int) -> None:
        """The kernel has dropped this folder."""
        self._folders.pop(inode, None)


def fingerprint(entries: Mapping[str, Node], above: int, *, are_files: bool) -> int:
    """Of what the kernel caches of each entry: its name, its inode and its kind, in the folder's order."""
    tracks = tuple([node.inode if isinstance(node, EntryRow) else 0 for node in entries.values()])
    return hash((tuple(entries), tracks, above, are_files)) & _FINGERPRINT_MASK


def position(number: int, fingerprint: int) -> int:
    """The position after an entry, by which the kernel asks for the next."""
    return fingerprint << _POSITION_BITS | number


def number_at(position: int) -> int:
    """The number of the entry that is at a position."""
    return position & ((1 << _POSITION_BITS) - 1)
