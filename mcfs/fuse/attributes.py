"""What `stat` shows of a node, and for how long the kernel may cache it.

Owns how a node's policy becomes attributes and timeouts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from pyfuse3 import EntryAttributes, InodeT

from mcfs.fuse.inodes import GONE, is_file
from mcfs.fuse.track_content import TrackContent
from mcfs.sql import EntryRow
from mcfs.tree.nodes import Node
from mcfs.tree.policy import TRACK_POLICY, Caching, EntryKind, policy_of

# For what is invalidated when it changes.
DAY = 86_400.0
# For what is not invalidated: pins, a folder's file, and the absence of a name that a new field would make
# valid.
SECOND = 1.0
# Every listed name passes here, and looking up a member of an enumeration takes a while.
_ONE_SECOND, _TEXT_FILE = Caching.ONE_SECOND, EntryKind.TEXT_FILE
_SMALLEST = 1  # of a file of unknown size: 0 would be copied as empty


class AttributeBuilder:
    """Makes the attributes of one mount's nodes, at each request anew: that is cheaper than storing them."""

    def __init__(self, content: TrackContent) -> None:
        self._content = content
        self._uid, self._gid = os.getuid(), os.getgid()

    def build(
        self, inode: InodeT, node: Node, changed_at_ns: int, size: int = 0
    ) -> EntryAttributes:
        """The attributes of a node; `changed_at_ns` and `size` are for nodes that do not have their own."""
        attributes = EntryAttributes()
        attributes.st_ino = inode
        policy = policy_of(node)
        attributes.entry_timeout = SECOND if policy.name is _ONE_SECOND else DAY
        attributes.attr_timeout = SECOND if policy.attributes is _ONE_SECOND else DAY
        attributes.st_uid, attributes.st_gid = self._uid, self._gid
        attributes.st_nlink = 1
        if isinstance(node, EntryRow):
            if is_file(inode):
                attributes.st_mode = stat.S_IFREG | policy.permissions
                attributes.st_size = _SMALLEST if node.size is None else node.size
                attributes.st_blocks = -(-attributes.st_size // 512)
            else:
                attributes.st_mode = stat.S_IFLNK | 0o777
                attributes.st_size = self._content.link_size(node)
            if node.changed is not None:
                changed_at_ns = node.changed * 1000
        elif policy.kind is _TEXT_FILE:
            attributes.st_mode = stat.S_IFREG | policy.permissions
            attributes.st_size = size
            attributes.st_blocks = -(-size // 512)
            if not size:
                # A listing does not make the texts, so the kernel has to ask for the size.
                attributes.attr_timeout = 0
        else:
            # A link count of 1 means that the number of subfolders is unknown; with 2, `find` would assume
            # that there are none.
            attributes.st_mode = stat.S_IFDIR | policy.permissions
        attributes.st_atime_ns = attributes.st_mtime_ns = attributes.st_ctime_ns = changed_at_ns
        return attributes

    def shared_by_tracks(self, bit: int, longest: float, changed_at_ns: int) -> EntryAttributes:
        """What all tracks of one kind have in common, cached for no longer than this many seconds."""
        shared, policy = EntryAttributes(), TRACK_POLICY
        shared.entry_timeout = shared.attr_timeout = min(DAY, longest)
        shared.st_uid, shared.st_gid = self._uid, self._gid
        shared.st_mode = stat.S_IFREG | policy.permissions if is_file(bit) else stat.S_IFLNK | 0o777
        shared.st_atime_ns = changed_at_ns
        return shared

    def sizes_of_tracks(self, bit: int, tracks: Sequence[EntryRow]) -> list[int]:
        """The size of each: of many at once, because a listing asks this of every track."""
        if not is_file(bit):
            return self._content.link_sizes(tracks)
        return [_SMALLEST if track.size is None else track.size for track in tracks]


def changes_of_tracks(tracks: Sequence[EntryRow], changed_at_ns: int) -> list[int]:
    """When each changed, in microseconds; `changed_at_ns` is for those of which that is not known."""
    changes = [track.changed for track in tracks]
    return [changed_at_ns // 1000 if change is None else change for change in changes]


def absent(timeout: float) -> EntryAttributes:
    """The answer that a name does not exist, which the kernel may cache for this many seconds."""
    attributes = EntryAttributes()
    attributes.st_ino = InodeT(0)
    attributes.entry_timeout = timeout
    return attributes


def gone(file_type: int, number: int) -> EntryAttributes:
    """An entry that exists only until its removal has been announced. The kernel must not cache it."""
    attributes = EntryAttributes()
    attributes.st_ino = InodeT(GONE | number)
    attributes.st_mode = file_type | 0o755
    attributes.st_nlink = 1
    attributes.st_uid, attributes.st_gid = os.getuid(), os.getgid()
    attributes.entry_timeout = attributes.attr_timeout = 0
    return attributes
