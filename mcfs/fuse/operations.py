"""Answers the kernel's requests: looks up names, opens and reads files, changes pins.

Owns how long each name may be cached, and hands the requests about open folders to `open_folders.py`. Names
are resolved in a thread, unless a listing in memory has the answer. The kernel caches answers for a day:
`inodes.py` has what it holds, `invalidation.py` makes it drop what has changed, and `cached_listings.py`
does so for listings.
"""

from __future__ import annotations

import errno
import logging
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

import pyfuse3
import trio
from pyfuse3 import (
    EntryAttributes,
    FileHandleT,
    FileInfo,
    FUSEError,
    InodeT,
    ReaddirToken,
    RequestContext,
    SetattrFields,
    StatvfsData,
)

from mcfs.errors import NotFoundError
from mcfs.fuse import link_targets, mount_paths
from mcfs.fuse.announcements import Announcement, Announcer
from mcfs.fuse.attributes import DAY, SECOND, AttributeBuilder, absent, gone
from mcfs.fuse.cached_listings import CachedListings
from mcfs.fuse.cached_names import CachedNames
from mcfs.fuse.changes_under_way import ChangesUnderWay
from mcfs.fuse.edit_gestures import EditGestures, EditTools
from mcfs.fuse.guard import guarded
from mcfs.fuse.info_files import InfoFiles
from mcfs.fuse.inodes import InodeEntry, InodeTable, is_file, is_link, link_inode
from mcfs.fuse.invalidation import InvalidationOptions, Invalidator
from mcfs.fuse.killed_callers import unless_killed
from mcfs.fuse.open_folders import OpenFolders
from mcfs.fuse.open_texts import OpenTexts
from mcfs.fuse.track_content import TrackContent, read_cached
from mcfs.fuse.trash_notes import TrashNotes
from mcfs.sql import EntryRow
from mcfs.store.pin_trash import TrashPart
from mcfs.tree.covers import can_be_album_cover
from mcfs.tree.file_text import FileText
from mcfs.tree.nodes import (
    ExportNode,
    InfoFileNode,
    Node,
    TrackNode,
    TrashNoteNode,
    TrashPartNode,
    ValueNode,
    ValuesNode,
)
from mcfs.tree.policy import Caching, Changes, DotNames, EntryKind, policy_of
from mcfs.tree.route import can_become_valid
from mcfs.tree.tree import Tree
from mcfs.tree.version import TreeVersion

log = logging.getLogger(__name__)

# Compared at every request, and Python 3.11 takes a while to find a member of an enumeration.
_ONE_SECOND, _UNTIL_ANNOUNCED = Caching.ONE_SECOND, Caching.UNTIL_ANNOUNCED
_TEXT_FILE = EntryKind.TEXT_FILE
_NO_DOT_NAMES, _ANY_DOT_NAMES = DotNames.NONE, DotNames.ANY
_STATVFS_FIELDS = (
    "f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail",
)  # fmt: skip
_LONGEST_NAME = 255
_MAX_FILE_WRITERS = 4


class Operations(pyfuse3.Operations):
    """The handlers of one mount. pyfuse3 calls them all in its trio thread."""

    # Whether a request for a link may be answered without a handler (`link_targets.py`).
    answers_links_in_c = True

    def __init__(
        self,
        tree: Tree,
        content: TrackContent,
        info_files: InfoFiles,
        *,
        cached_names: CachedNames | None = None,
        invalidation: InvalidationOptions | None = None,
        edit_tools: EditTools | None = None,
    ) -> None:
        super().__init__()
        self.requests: Counter[str] = Counter()
        self.listings = CachedListings()
        self.inodes = InodeTable(
            tree.settings,
            cached_names,
            on_folder_forgotten=self.listings.forget,
            on_names_forgotten=self.listings.distrust,
        )
        options = invalidation or InvalidationOptions()
        under_way = ChangesUnderWay()
        self.announcer = Announcer(self.inodes, under_way, can_expire=options.can_expire)
        self.invalidator = Invalidator(
            tree,
            self.inodes,
            self.listings,
            self.report_error,
            options,
            self.announcer,
            under_way,
        )
        self.gestures = EditGestures(
            tree, self.inodes, self.invalidator, self.announcer, under_way, edit_tools
        )
        self._tree = tree
        self._content = content
        self._info_files = info_files
        self.inodes.set_changed(pyfuse3.ROOT_INODE, self.invalidator.changed_at_ns)
        self._attributes = AttributeBuilder(content)
        self._open_folders = OpenFolders(
            tree,
            self.inodes,
            self.listings,
            self.invalidator,
            self._attributes,
            self._attributes_of,
        )
        self._texts = OpenTexts()
        # Writing that of a large library takes many seconds, in which names are still to be answered.
        self._file_writers = trio.CapacityLimiter(_MAX_FILE_WRITERS)
        self._trash_notes = TrashNotes(tree)
        self._next_handle = 1 << 32
        self._next_gone = 0

    def close(self) -> None:
        """Release the store."""
        self.invalidator.close()

    def report_error(self, sentence: str) -> None:
        """Write a failure into the log and into `.mcfs/errors`."""
        log.error("%s", sentence)
        self._tree.error_log.add(sentence)

    # --- names

    @guarded
    async def lookup(
        self, parent_inode: InodeT, name: bytes, ctx: RequestContext
    ) -> EntryAttributes:
        parent = self.inodes[parent_inode]
        self._open_folders.note_lookup(parent_inode)
        if name == b".":
            self.inodes.count_lookup_again(parent_inode)
            return self._attributes.build(parent_inode, parent.node, parent.changed_at_ns)
        if self.announcer.is_busy:
            announcement = self.announcer.of(ctx.pid, parent_inode, name)
            if announcement is not None:
                return absent(0) if announcement.comes else self._gone(announcement)
        text = os.fsdecode(name)
        version = self._tree.version
        try:
            node = self._from_memory(parent, text)
            if node is None:
                depth = mount_paths.depth(parent.mount_path)
                node = await trio.to_thread.run_sync(self._tree.child, parent.folder, text, depth)
                if policy_of(node).kind is _TEXT_FILE:
                    return await self._add_text_file(
                        node, mount_paths.join(parent.mount_path, text), ctx.pid
                    )
        except NotFoundError:
            track = await self.gestures.track_asked_for(parent_inode, text)
            if track is not None:
                return self._add_asked(track, parent_inode)
            return self._not_there(parent_inode, name, parent, version)
        mount_path = mount_paths.join(parent.mount_path, text)
        is_current = self.invalidator.is_current(version)
        return self._add_entry(node, parent_inode, mount_path, name, is_current=is_current)

    def _from_memory(self, parent: InodeEntry, name: str) -> Node | None:
        """The node of a name as a listing in memory has it; None where the tree has to be asked."""
        if name.startswith(".") and policy_of(parent.node).dot_names is _NO_DOT_NAMES:
            raise NotFoundError(f"{name}: nothing here begins with a dot")
        listing = self._tree.cached_listing(parent.folder)
        if listing is None:
            return None
        found = listing.entries.get(name)
        if found is None and not can_become_valid(name):
            raise NotFoundError(f"{name}: nothing of that name")
        return found

    @guarded
    async def getattr(self, inode: InodeT, ctx: RequestContext) -> EntryAttributes:
        entry = self.inodes[inode]
        changed_at_ns = self.invalidator.changed_at_ns
        if policy_of(entry.node).kind is _TEXT_FILE:
            text = await self._text_at(inode, entry.node, ctx.pid)
            self.inodes.set_size(inode, text.size)
        elif policy_of(entry.node).names_inside is _UNTIL_ANNOUNCED:
            if self.listings.is_in_doubt(inode):
                await self._open_folders.look_at(inode, entry)
            changed_at_ns = entry.changed_at_ns
        return self._attributes.build(inode, entry.node, changed_at_ns, entry.size)

    @guarded
    async def readlink(self, inode: InodeT, ctx: RequestContext) -> bytes:
        node = self.inodes[inode].node
        if not isinstance(node, EntryRow) or is_file(inode):
            raise FUSEError(errno.EINVAL)
        # Who reads one link of a listing mostly reads all of them.
        if self.answers_links_in_c and (links := self._open_folders.take_last_links()):
            link_targets.keep(
                [bits | track.inode for bits, track in links],
                [self._content.link_target(track) for _, track in links],
            )
        return self._content.link_target(node)

    @guarded
    async def access(self, inode: InodeT, mode: int, ctx: RequestContext) -> bool:
        changes = self.gestures.changes_in(self.inodes[inode].node)
        if mode & os.W_OK and changes is Changes.READ_ONLY:
            raise FUSEError(errno.EROFS)
        # As on a disk, where root may not run such a file either. Of a link, its target is asked.
        if mode & os.X_OK and is_file(inode):
            raise FUSEError(errno.EACCES)
        return True

    async def forget(self, inode_list: Sequence[tuple[InodeT, int]]) -> None:
        self.inodes.forget(inode_list)

    # --- folders

    @guarded
    async def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        return FileHandleT(await self._open_folders.open(inode, ctx.pid))

    @guarded
    async def readdir(self, fh: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        await self._open_folders.read(fh, start_id, token)

    @guarded
    async def releasedir(self, fh: FileHandleT) -> None:
        self._open_folders.close(fh)

    # --- files

    @guarded
    async def open(self, inode: InodeT, flags: int, ctx: RequestContext) -> FileInfo:
        node = self.inodes[inode].node
        if isinstance(node, TrashNoteNode):
            return await self._trash_notes.open(*self._note_at(inode), flags & ~os.O_CREAT)
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND):
            raise FUSEError(errno.EROFS)
        if isinstance(node, EntryRow):
            descriptor = await self._content.open(node)
            # A file that git itself keeps may be changed in place.
            return FileInfo(fh=FileHandleT(descriptor), keep_cache=node.is_annexed)
        text = await self._text_at(inode, node, ctx.pid)
        handle = self._handle()
        self._texts.open(handle, inode, text)
        # Without direct_io, the kernel would cut the text to the size it saw a moment ago.
        direct_io = policy_of(node).direct_io or text.size != self.inodes[inode].size
        return FileInfo(fh=handle, direct_io=direct_io)

    @guarded
    async def read(self, fh: FileHandleT, off: int, size: int) -> bytes:
        text = self._texts.text(fh)
        descriptor: int = fh
        if text is not None:
            if text.descriptor is None:
                return text.read(off, size)
            descriptor = text.descriptor
        cached = read_cached(descriptor, size, off)
        return await self._content.read(descriptor, size, off) if cached is None else cached

    @guarded
    async def release(self, fh: FileHandleT) -> None:
        if not self._texts.close(fh) and not self._trash_notes.close(fh):
            os.close(fh)

    async def flush(self, fh: FileHandleT) -> None:
        """Nothing was written."""

    async def _text_at(self, inode: InodeT, node: Node, caller: int) -> FileText:
        """The text of a file; of a folder as a file, as those read it who have it open."""
        opened = self._texts.text_at(inode) if isinstance(node, ExportNode) else None
        return await self._text(node, caller) if opened is None else opened

    async def _text(self, node: Node, caller: int) -> FileText:
        match node:
            case ExportNode():
                return await unless_killed(caller, self._folder_file, node)
            case TrashNoteNode():
                return FileText(await trio.to_thread.run_sync(self._tree.trash_note, node))
            case InfoFileNode(file):
                return FileText(await self._info_files.content(file))
            case _:
                raise FUSEError(errno.EISDIR)

    async def _folder_file(self, node: ExportNode) -> FileText:
        return await trio.to_thread.run_sync(
            self._tree.file_content, node, abandon_on_cancel=True, limiter=self._file_writers
        )

    # --- pins, the only thing that can be changed

    @guarded
    async def mkdir(
        self, parent_inode: InodeT, name: bytes, mode: int, ctx: RequestContext
    ) -> EntryAttributes:
        if announcement := self.announcer.of(ctx.pid, parent_inode, name):
            return self._come(announcement)
        parent = self.inodes[parent_inode]
        text = os.fsdecode(name)
        node: Node
        if _holds_values(parent.node):
            node = await self.gestures.make_folder(parent_inode, text, ctx)
        else:
            node = await trio.to_thread.run_sync(self._tree.make_pin, parent.node, text)
        mount_path = mount_paths.join(parent.mount_path, text)
        self.inodes.detach(mount_path)
        return self._add_entry(node, parent_inode, mount_path, name, is_current=False)

    @guarded
    async def rmdir(self, parent_inode: InodeT, name: bytes, ctx: RequestContext) -> None:
        if self.announcer.of(ctx.pid, parent_inode, name):
            return
        parent = self.inodes[parent_inode]
        text = os.fsdecode(name)
        if _holds_values(parent.node):
            await self.gestures.remove_folder(parent_inode, text, ctx)
        else:
            await trio.to_thread.run_sync(self._tree.remove_pin, parent.node, text)
        # The kernel keeps the removed inode for as long as a process has its cwd there: a new pin of this
        # name must get another one.
        self.inodes.detach(mount_paths.join(parent.mount_path, text))

    @guarded
    async def rename(
        self,
        parent_inode_old: InodeT,
        name_old: bytes,
        parent_inode_new: InodeT,
        name_new: bytes,
        flags: int,
        ctx: RequestContext,
    ) -> None:
        if flags & ~pyfuse3.RENAME_NOREPLACE:
            raise FUSEError(errno.EINVAL)
        old, new = self.inodes[parent_inode_old], self.inodes[parent_inode_new]
        places = (parent_inode_old, os.fsdecode(name_old), parent_inode_new, os.fsdecode(name_new))
        node: Node
        if isinstance(old.node, ValueNode) and new.node == TrashPartNode(TrashPart.FILES):
            await self.gestures.throw_away(*places, ctx)
            return
        if isinstance(new.node, ValueNode):
            # What is moved is an entry: in a folder that edits there are no folders.
            await self.gestures.move(*places, ctx)
            return
        if isinstance(new.node, ValuesNode):
            node = await self.gestures.rename_folder(*places, ctx)
            self._has_moved(old, places[1], new, places[3], node)
            self.inodes.note_cached(parent_inode_new, name_new, node, new.dependency)
            return
        node = await trio.to_thread.run_sync(
            self._tree.rename_pin, old.node, os.fsdecode(name_old), new.node, os.fsdecode(name_new)
        )
        self._has_moved(old, places[1], new, places[3], node)

    def _has_moved(
        self, old: InodeEntry, name: str, new: InodeEntry, new_name: str, node: Node
    ) -> None:
        moved_from = mount_paths.join(old.mount_path, name)
        moved_to = mount_paths.join(new.mount_path, new_name)
        # A note in the trash may have taken the place of another, and a value that of an empty one.
        self.inodes.detach(moved_to)
        self.inodes.move(moved_from, moved_to, node)

    # --- the notes that desktops write about pins in the trash

    @guarded
    async def create(
        self, parent_inode: InodeT, name: bytes, mode: int, flags: int, ctx: RequestContext
    ) -> tuple[FileInfo, EntryAttributes]:
        parent = self.inodes[parent_inode]
        text = os.fsdecode(name)
        if self.gestures.changes_in(parent.node) is Changes.EDITED_TRACKS:
            raise self.gestures.refuse(
                parent,
                text,
                "no content can be written here; to put a track here, copy its link: cp -P",
            )
        opened = await self._trash_notes.open(parent.node, text, flags | os.O_CREAT)
        try:
            mount_path = mount_paths.join(parent.mount_path, text)
            self.inodes.detach(mount_path)
            attributes = await self._add_text_file(TrashNoteNode(text), mount_path, ctx.pid)
        except BaseException:
            self._trash_notes.close(opened.fh)
            raise
        return opened, attributes

    def _note_at(self, inode: InodeT) -> tuple[Node, str]:
        """The folder that a note is in, and its name there."""
        above, name = mount_paths.split(self.inodes[inode].mount_path)
        parent = self.inodes.folder_at(above)
        if parent is None:
            raise FUSEError(errno.ENOENT)
        return self.inodes[parent].node, name

    @guarded
    async def write(self, fh: FileHandleT, off: int, buf: bytes) -> int:
        return await self._trash_notes.write(fh, off, buf)

    @guarded
    async def setattr(
        self,
        inode: InodeT,
        attr: EntryAttributes,
        fields: SetattrFields,
        fh: FileHandleT | None,
        ctx: RequestContext,
    ) -> EntryAttributes:
        if not isinstance(self.inodes[inode].node, TrashNoteNode):
            # `cp -a` and rsync set times and owner of the link that they have just made.
            if self.gestures.asked_names.was_put(inode) and not fields.update_size:
                return await self.getattr(inode, ctx)
            raise FUSEError(errno.EROFS)
        # Its permissions and times are always the same.
        if fields.update_size:
            await self._trash_notes.truncate(*self._note_at(inode), attr.st_size)
        return await self.getattr(inode, ctx)

    @guarded
    async def unlink(self, parent_inode: InodeT, name: bytes, ctx: RequestContext) -> None:
        if self.announcer.of(ctx.pid, parent_inode, name):
            return
        parent = self.inodes[parent_inode]
        text = os.fsdecode(name)
        if isinstance(parent.node, ValueNode):
            await self.gestures.take_out(parent_inode, text, ctx)
            return
        await trio.to_thread.run_sync(self._tree.remove_trash_note, parent.node, text)
        self.inodes.detach(mount_paths.join(parent.mount_path, text))

    # --- announcements: what the mount itself does to its folders, so that watchers hear of it

    @guarded
    async def symlink(
        self, parent_inode: InodeT, name: bytes, target: bytes, ctx: RequestContext
    ) -> EntryAttributes:
        if announcement := self.announcer.of(ctx.pid, parent_inode, name):
            return self._come(announcement)
        parent, text = self.inodes[parent_inode], os.fsdecode(name)
        if not isinstance(parent.node, ValueNode):
            self.gestures.note_read_only(parent, text)
            raise FUSEError(errno.EROFS)
        track = await self.gestures.put(
            parent_inode, text, os.fsdecode(target), self.announcer.mount, ctx
        )
        return self._add_put(track, parent_inode, name, as_link=True)

    @guarded
    async def link(
        self, inode: InodeT, new_parent_inode: InodeT, new_name: bytes, ctx: RequestContext
    ) -> EntryAttributes:
        node, parent = self.inodes[inode].node, self.inodes[new_parent_inode]
        if not isinstance(node, TrackNode) or not isinstance(parent.node, ValueNode):
            raise FUSEError(errno.EROFS)
        track = await self.gestures.link(node, new_parent_inode, os.fsdecode(new_name), ctx)
        return self._add_put(track, new_parent_inode, new_name, as_link=is_link(inode))

    @guarded
    async def mknod(
        self, parent_inode: InodeT, name: bytes, mode: int, rdev: int, ctx: RequestContext
    ) -> EntryAttributes:
        return self._come(self.announcer.of(ctx.pid, parent_inode, name))

    def _come(self, announcement: Announcement | None) -> EntryAttributes:
        """The entry that is announced as new; any other may not be made."""
        if announcement is None:
            raise FUSEError(errno.EROFS)
        parent_inode, name = InodeT(announcement.parent), announcement.name
        mount_path = mount_paths.join(self.inodes[parent_inode].mount_path, os.fsdecode(name))
        # A newer change may have come between.
        return self._add_entry(announcement.node, parent_inode, mount_path, name, is_current=False)

    def _gone(self, announcement: Announcement) -> EntryAttributes:
        self._next_gone += 1
        return gone(announcement.file_type, self._next_gone)

    async def _refuse(self, *_: Any) -> NoReturn:
        raise FUSEError(errno.EROFS)

    # Each of them would change something other than pins.
    setxattr = removexattr = _refuse  # type: ignore[assignment]

    @guarded
    async def statfs(self, ctx: RequestContext) -> StatvfsData:
        """The disk the library is on: what is free there is what `git annex get` can use."""
        disk = await self._content.disk()
        shown = StatvfsData()
        for name in _STATVFS_FIELDS:
            setattr(shown, name, getattr(disk, name))
        shown.f_namemax = _LONGEST_NAME
        return shown

    # --- answers

    def _not_there(
        self, parent_inode: InodeT, name: bytes, parent: InodeEntry, version: TreeVersion
    ) -> EntryAttributes:
        # Most of the names that programs probe for begin with a dot.
        policy = policy_of(parent.node)
        if self.gestures.changes_in(parent.node) is Changes.EDITED_TRACKS:
            # A track that is put here may get a name that somebody has looked for before, and the kernel
            # cannot be told of that while it has the folder locked.
            return absent(0)
        if name.startswith(b".") and policy.dot_names is not _ANY_DOT_NAMES:
            return absent(DAY)
        text = os.fsdecode(name)
        # A new field can make a query valid; another mount or the command line can add a pin.
        if (
            policy.names_inside is _ONE_SECOND
            or can_become_valid(text)
            or can_be_album_cover(parent.folder, text)
            or not self.invalidator.is_current(version)
            or not self.inodes.cached_names.add_absent(parent_inode, name, parent.dependency)
        ):
            return absent(SECOND)
        return absent(DAY)

    async def _add_text_file(self, node: Node, mount_path: str, caller: int) -> EntryAttributes:
        text = await self._text(node, caller)
        size = text.size
        inode = self.inodes.inode(node, mount_path, None, is_current=True)
        if isinstance(node, ExportNode) and self._texts.text_at(inode) not in {None, text}:
            # Who has the old text open reads it to its end, by an inode that keeps its size.
            self.inodes.detach(mount_path)
            inode = self.inodes.inode(node, mount_path, None, is_current=True)
        changed_at_ns = self.invalidator.changed_at_ns
        self.inodes.count_lookup(inode, node, mount_path, changed_at_ns, is_current=True)
        self.inodes.set_size(inode, size)
        return self._attributes.build(inode, node, changed_at_ns, size)

    def _add_entry(
        self, node: Node, parent_inode: InodeT, mount_path: str, name: bytes, *, is_current: bool
    ) -> EntryAttributes:
        """Count the lookup, and decide for how long the kernel may cache the name."""
        parent = self.inodes[parent_inode]
        inode = self.inodes.inode(node, mount_path, parent, is_current=is_current)
        changed_at_ns = self.invalidator.changed_at_ns
        self.inodes.count_lookup(inode, node, mount_path, changed_at_ns, is_current=is_current)
        attributes = self._attributes_of(inode, node)
        if not is_current or policy_of(parent.node).names_inside is _ONE_SECOND:
            attributes.entry_timeout = SECOND
        else:
            self.inodes.note_cached(parent_inode, name, node, parent.dependency)
        return attributes

    def _add_asked(self, track: TrackNode, parent_inode: InodeT) -> EntryAttributes:
        """Count the lookup of a track by a name that a program gave it: the kernel is to ask each time."""
        inode = InodeT(track.inode | self.inodes.track_bit(self.inodes[parent_inode]))
        self.inodes.count_lookup(inode, track, "", self.invalidator.changed_at_ns, is_current=False)
        attributes = self._attributes_of(inode, track)
        attributes.entry_timeout = 0
        return attributes

    def _add_put(
        self, track: TrackNode, parent_inode: InodeT, name: bytes, *, as_link: bool
    ) -> EntryAttributes:
        """The answer to a program that has put a track into a folder."""
        parent = self.inodes[parent_inode]
        if as_link and self.inodes.shows_files(parent):
            # The kernel wants to hear of a link, since that was made. The next lookup finds a file.
            inode = InodeT(link_inode(track))
            self.inodes.count_lookup(
                inode, track, "", self.invalidator.changed_at_ns, is_current=False
            )
            attributes = self._attributes_of(inode, track)
            attributes.entry_timeout = 0
            return attributes
        if self.gestures.asked_names.find(parent_inode, os.fsdecode(name)) is not None:
            return self._add_asked(track, parent_inode)
        is_current = self.invalidator.is_current(self._tree.version)
        return self._add_entry(track, parent_inode, "", name, is_current=is_current)

    def _attributes_of(self, inode: InodeT, node: Node) -> EntryAttributes:
        """The attributes of a named node; of a folder, until it may list something else."""
        held = self.inodes.get(inode)
        changed_at_ns = self.invalidator.changed_at_ns
        if held is not None and not isinstance(node, EntryRow):
            changed_at_ns = held.changed_at_ns
        opened = self._texts.text_at(inode)
        attributes = self._attributes.build(
            inode, node, changed_at_ns, 0 if opened is None else opened.size
        )
        if self.listings.is_in_doubt(inode):
            attributes.attr_timeout = 0
        return attributes

    def _handle(self) -> FileHandleT:
        """A handle that is no descriptor: those are handles too, of tracks."""
        self._next_handle += 1
        return FileHandleT(self._next_handle)


def _holds_values(node: Node) -> bool:
    """Whether this is a folder of values, or that of one value: there, changes are gestures."""
    return isinstance(node, ValuesNode | ValueNode)
