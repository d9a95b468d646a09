"""What `stat` shows of a node, and for how long the kernel may cache it.

Owns how a node's policy becomes attributes and timeouts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

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

    def of_tracks(
        self, bit: int, longest: float, changed_at_ns: int
    ) -> Callable[[EntryRow], EntryAttributes]:
        """Makes the attributes of many tracks of one kind, cached for no longer than this many seconds.

        Each call returns the same object with other values, because setting all of them takes longer than
        everything else that a listing needs of an entry.
        """
        shared, policy = EntryAttributes(), TRACK_POLICY
        shared.entry_timeout = shared.attr_timeout = min(DAY, longest)
        shared.st_uid, shared.st_gid = self._uid, self._gid
        are_files = is_file(bit)
        shared.st_mode = stat.S_IFREG | policy.permissions if are_files else stat.S_IFLNK | 0o777
        shared.st_atime_ns = changed_at_ns
        link_size = self._content.link_size

        def of_track(track: EntryRow) -> EntryAttributes:
            shared.st_ino = track.inode | bit
            if are_files:
                size = _SMALLEST if track.size is None else track.size
                shared.st_size, shared.st_blocks = size, -(-size // 512)
            else:
                shared.st_size = link_size(track)
            at = changed_at_ns if track.changed is None else track.changed * 1000
            shared.st_mtime_ns = shared.st_ctime_ns = at
            return shared

        return of_track


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
