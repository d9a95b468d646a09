"""The tree, as the kernel asks for it: inodes, handles, timeouts and errno. The only pyfuse3 here.

Owns the table of what the kernel knows, and the rule which inode a thing has:

- A folder's belongs to its *literal* mount path. One directory inode under two names makes the kernel
  move it, and `pwd` changes under people's feet. So does that of a folder's file (`genre:techno.m3u8`).
- A track's is the store's, a hash of its annex key, so that it is the same in every folder, in every
  mount and after the cache was rebuilt; one for its link, one for its file.

The kernel believes for a day what it is told, and is told what changed (`told.py` knows where). Folders
are resolved in a thread; what a listing at hand can answer is answered from memory.

No handler ever raises anything but FUSEError: anything else would end the mount.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import logging
import os
import re
import stat
import struct
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

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
    StatvfsData,
)

from mcfs.config import Entries, Names, Settings
from mcfs.difference import Difference
from mcfs.eagerpoll import eager_trio
from mcfs.errors import (
    LibraryError,
    McfsError,
    MountError,
    NotFoundError,
    PinExistsError,
    ReadOnlyError,
    StoreError,
    TextError,
)
from mcfs.nodes import (
    ExportNode,
    Node,
    PinsNode,
    RootNode,
    SelfNode,
    Told,
    ToldNode,
    TrackNode,
    TracksNode,
    ValueNode,
    ValuesNode,
)
from mcfs.route import is_shaped
from mcfs.told import Entry, Kind, Manner, ToldNames, manner_of
from mcfs.tree import AsOf, Tree

log = logging.getLogger(__name__)

DAY = 86_400.0
# Of what nothing tells the kernel when it changes: pins, a folder's file, a folder's own attributes, and
# the absence of what a new field would make valid.
SECOND = 1.0
# How often the store is asked whether it has moved on.
LOOK_EVERY = 0.5
# The kernel may make an entry of an answer after it was told that it is wrong: it is told once more.
ONCE_MORE = 0.5

_LINK = 1 << 60
_FILE = 1 << 61
_FOLDER = 1 << 62
_WRITTEN = _FILE | _FOLDER
_LOW = 0xFFFF_FFFF
_SMALLEST = 1  # of a file whose size nobody knows: 0 would be copied as empty

_ERRNO: tuple[tuple[type[McfsError], int], ...] = (
    (NotFoundError, errno.ENOENT),
    (ReadOnlyError, errno.EROFS),
    (PinExistsError, errno.EEXIST),
    (TextError, errno.EINVAL),
    (StoreError, errno.EIO),
    (LibraryError, errno.EIO),
)


@dataclass(slots=True)
class _Known:
    """One inode the kernel holds: what it is, where it is (but tracks), how often it was handed out."""

    node: Node
    # Of a value, the folder that it opens: found once.
    opened: Node
    mount_path: str
    manner: Manner = Manner.TRACK
    lookups: int = 0
    # Of a folder's file, which is written when it is looked up.
    size: int = 0


@dataclass(frozen=True, slots=True)
class _OpenFolder:
    """What one opendir resolved to: it keeps its listing until it is closed."""

    known: _Known
    as_of: AsOf
    # By which its names were made.
    settings: Settings
    dots: tuple[InodeT, InodeT]
    entries: list[tuple[str, Node]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the entries of this mount lead to."""

    top: Path
    common_dir: Path


_Handler = TypeVar("_Handler", bound=Callable[..., Awaitable[Any]])


def _handler(method: _Handler) -> _Handler:
    """What every request passes through: counted, and whatever fails becomes an errno."""

    @functools.wraps(method)
    async def guarded(self: Operations, *arguments: Any) -> Any:
        self.requests[method.__name__] += 1
        try:
            return await method(self, *arguments)
        except FUSEError:
            raise
        except McfsError as error:
            raise FUSEError(self.errno_of(error)) from error
        except OSError as error:
            # The disk is gone, or says no: foreseen, and its own number says it best.
            log.error("%s: %s", method.__name__, error)
            raise FUSEError(error.errno or errno.EIO) from error
        except Exception as error:
            log.exception("%s failed", method.__name__)
            self.complain(f"a bug in mcfs: {type(error).__name__}: {error}")
            raise FUSEError(errno.EIO) from error

    return guarded  # type: ignore[return-value]


class Operations(pyfuse3.Operations):
    """One mount's answers. Nodes are resolved in a thread; handles and attributes come from memory."""

    def __init__(
        self,
        tree: Tree,
        places: Places,
        *,
        entries: Entries = Entries.LINKS,
        plain_names: bool = True,
        told: Callable[[Told], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self.requests: Counter[str] = Counter()
        self._tree = tree
        self._places = places
        self._entries = entries
        self._plain_names = plain_names
        self._told = told
        self._owner = (os.getuid(), os.getgid())
        self._known: dict[int, _Known] = {
            pyfuse3.ROOT_INODE: _Known(RootNode(), RootNode(), "/", Manner.TEMPLATE, 1)
        }
        # Known folders alone. By the low half too: some players look at no more of an inode.
        self._inode_of_place: dict[str, InodeT] = {"/": pyfuse3.ROOT_INODE}
        self._place_of_low: dict[int, str] = {int(pyfuse3.ROOT_INODE): "/"}
        self._folders: dict[int, _OpenFolder] = {}
        self._texts: dict[int, bytes] = {}
        self._next_handle = 1 << 32
        self._names = ToldNames()
        self._changed_at = time.time_ns()
        # What the kernel may believe for a day is true of this, and of this alone: whatever is newer is
        # told when it is known what has changed until then. Begins before the kernel hears of anything.
        self._told_of = tree.start_following()

    def errno_of(self, error: McfsError) -> int:
        """What the kernel is told of a failure; one that nobody caused leaves a line."""
        number = next((number for kind, number in _ERRNO if isinstance(error, kind)), errno.EIO)
        if number == errno.EIO:
            self.complain(str(error))
        return number

    def close(self) -> None:
        """Let go of the store."""
        self._tree.stop_following()

    def complain(self, sentence: str) -> None:
        """Something went wrong: into the log, and into `.mcfs/errors`."""
        log.error("%s", sentence)
        self._tree.lately.add(sentence)

    # --- names

    @_handler
    async def lookup(
        self, parent_inode: InodeT, name: bytes, ctx: RequestContext
    ) -> EntryAttributes:
        parent = self._known[parent_inode]
        if name == b".":
            parent.lookups += 1
            return self._attributes(parent_inode, parent.node)
        text = os.fsdecode(name)
        as_of = self._tree.as_of
        try:
            node = self._at_hand(parent, text)
            if node is None:
                depth = _depth(parent.mount_path)
                node = await trio.to_thread.run_sync(self._tree.child, parent.opened, text, depth)
                if isinstance(node, ExportNode | ToldNode):
                    return await self._hand_out_text(node, _below(parent.mount_path, text))
        except NotFoundError:
            return self._absence(parent_inode, name, parent, as_of)
        mount_path = _below(parent.mount_path, text)
        is_current = self._is_told_of(as_of)
        return self._hand_out(node, parent_inode, mount_path, name, is_current=is_current)

    def _at_hand(self, parent: _Known, name: str) -> Node | None:
        """What a listing at hand says; None where somebody has to think about it."""
        if name.startswith(".") and not isinstance(parent.node, RootNode | PinsNode):
            raise NotFoundError(f"{name}: nothing here begins with a dot")
        held = self._tree.held(parent.opened)
        if held is None:
            return None
        found = held.entries.get(name)
        if found is None and not is_shaped(name):
            raise NotFoundError(f"{name}: nothing of that name")
        return found

    @_handler
    async def getattr(self, inode: InodeT, ctx: RequestContext) -> EntryAttributes:
        known = self._known[inode]
        if isinstance(known.node, ExportNode | ToldNode):
            known.size = len(await self._text(known.node))
        return self._attributes(inode, known.node, known.size)

    @_handler
    async def readlink(self, inode: InodeT, ctx: RequestContext) -> bytes:
        node = self._known[inode].node
        if not isinstance(node, TrackNode) or inode & _FILE:
            raise FUSEError(errno.EINVAL)
        return self._target(node)

    @_handler
    async def access(self, inode: InodeT, mode: int, ctx: RequestContext) -> bool:
        if mode & os.W_OK and not isinstance(self._known[inode].node, PinsNode):
            raise FUSEError(errno.EROFS)
        return True

    async def forget(self, inode_list: Sequence[tuple[InodeT, int]]) -> None:
        for inode, count in inode_list:
            known = self._known.get(inode)
            if known is None or inode == pyfuse3.ROOT_INODE:
                continue
            known.lookups -= count
            if known.lookups <= 0:
                del self._known[inode]
                if isinstance(known.node, TrackNode):
                    self._forget_track(known.node.inode)
                    continue
                above, _, name = known.mount_path.rpartition("/")
                parent = self._inode_of_place.get(above or "/")
                self._names.forget_folder(inode, parent, os.fsencode(name))
                # Unless another folder has come to its place meanwhile.
                if self._inode_of_place.get(known.mount_path) == inode:
                    del self._inode_of_place[known.mount_path]
                del self._place_of_low[inode & _LOW]
        self._names.prune(self._known)

    def _forget_track(self, inode: int) -> None:
        if not any(kind | inode in self._known for kind in (_LINK, _FILE)):
            self._names.forget_track(inode)

    # --- folders

    @_handler
    async def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        known = self._known[inode]
        settings = self._tree.settings
        listing = await trio.to_thread.run_sync(self._tree.children, known.opened)
        above = known.mount_path.rpartition("/")[0] or "/"
        handle = self._handle()
        self._folders[handle] = _OpenFolder(
            known,
            listing.as_of,
            settings,
            (inode, self._inode_of_place.get(above, inode)),
            list(listing.entries.items()),
        )
        return handle

    @_handler
    async def readdir(self, fh: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        folder = self._folders[fh]
        parent = folder.known
        parent_inode = folder.dots[0]
        is_current = self._is_told_of(folder.as_of) and folder.settings is self._tree.settings
        # No await from here on: what the kernel accepts and what we count must not drift apart.
        for place, inode in enumerate(folder.dots[start_id:], start_id):
            attributes = self._attributes(inode, RootNode())
            if not pyfuse3.readdir_reply(token, b"." * (place + 1), attributes, place + 1):
                return
        for place in range(max(0, start_id - 2), len(folder.entries)):
            text, node = folder.entries[place]
            mount_path = _below(parent.mount_path, text)
            inode = self._inode(node, mount_path, parent, is_current=is_current)
            attributes = self._attributes(inode, node)
            name = os.fsencode(text)
            if isinstance(parent.node, PinsNode | SelfNode):
                attributes.entry_timeout = attributes.attr_timeout = SECOND
            elif not is_current:
                # What was true when the folder was opened: it may be shown, and not believed.
                attributes.entry_timeout = attributes.attr_timeout = 0
            if not pyfuse3.readdir_reply(token, name, attributes, place + 3):
                return
            self._count(inode, node, mount_path, is_current=is_current)
            if is_current:
                self._note(parent_inode, name, node, parent)

    @_handler
    async def releasedir(self, fh: FileHandleT) -> None:
        del self._folders[fh]

    # --- files

    @_handler
    async def open(self, inode: InodeT, flags: int, ctx: RequestContext) -> FileInfo:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND):
            raise FUSEError(errno.EROFS)
        node = self._known[inode].node
        match node:
            case TrackNode():
                descriptor = await trio.to_thread.run_sync(self._opened, node)
                return FileInfo(fh=FileHandleT(descriptor), keep_cache=True)
            case ExportNode() | ToldNode():
                handle = self._handle()
                self._texts[handle] = await self._text(node)
                # How long a text is may differ from what the kernel was told a moment ago.
                return FileInfo(fh=handle, direct_io=isinstance(node, ToldNode))
            case _:
                raise FUSEError(errno.EISDIR)

    @_handler
    async def read(self, fh: FileHandleT, off: int, size: int) -> bytes:
        text = self._texts.get(fh)
        if text is not None:
            return text[off : off + size]
        buffer = bytearray(size)
        try:
            # What is in memory is copied at once; a thread would take twice as long.
            count = os.preadv(fh, [buffer], off, os.RWF_NOWAIT)
            if count == size:
                return bytes(buffer)
        except (BlockingIOError, OSError):
            pass  # it has to be waited for, or the file system has no word for it
        return await trio.to_thread.run_sync(os.pread, fh, size, off)

    @_handler
    async def release(self, fh: FileHandleT) -> None:
        if self._texts.pop(fh, None) is None:
            os.close(fh)

    async def flush(self, fh: FileHandleT) -> None:
        """Nothing was written."""

    def _opened(self, node: TrackNode) -> int:
        """The content, wherever it is; `EIO` and a line where it is not, and nobody else is the worse."""
        tried = [self._places.common_dir / node.content_path]
        if node.work_path is not None:
            tried.append(self._places.top / node.work_path)
        for place in tried:
            try:
                return os.open(place, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
        self.complain(f"{node.name}: its content is not here; to have it: git annex get")
        raise FUSEError(errno.EIO)

    async def _text(self, node: ExportNode | ToldNode) -> bytes:
        if isinstance(node, ExportNode):
            return await trio.to_thread.run_sync(self._tree.file_text, node)
        text = await trio.to_thread.run_sync(self._told, node.told)
        return text.encode("utf-8", "surrogateescape")

    # --- pins, the only thing that can be changed

    @_handler
    async def mkdir(
        self, parent_inode: InodeT, name: bytes, mode: int, ctx: RequestContext
    ) -> EntryAttributes:
        parent = self._known[parent_inode]
        text = os.fsdecode(name)
        node = await trio.to_thread.run_sync(self._tree.make_pin, parent.node, text)
        mount_path = _below(parent.mount_path, text)
        self._leave(mount_path)
        return self._hand_out(node, parent_inode, mount_path, name, is_current=False)

    @_handler
    async def rmdir(self, parent_inode: InodeT, name: bytes, ctx: RequestContext) -> None:
        parent = self._known[parent_inode]
        text = os.fsdecode(name)
        await trio.to_thread.run_sync(self._tree.remove_pin, parent.node, text)
        # To the kernel that inode is dead, for as long as somebody stands in it: a pin that is made
        # again by this name gets another.
        self._leave(_below(parent.mount_path, text))

    @_handler
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
        old, new = self._known[parent_inode_old], self._known[parent_inode_new]
        node = await trio.to_thread.run_sync(
            self._tree.rename_pin, old.node, os.fsdecode(name_old), new.node, os.fsdecode(name_new)
        )
        moved_from = _below(old.mount_path, os.fsdecode(name_old))
        moved_to = _below(new.mount_path, os.fsdecode(name_new))
        self._move(moved_from, moved_to, node)

    async def _refuse(self, *_: Any) -> NoReturn:
        raise FUSEError(errno.EROFS)

    # Each of them would change something that is not ours to change.
    setattr = mknod = create = unlink = symlink = link = setxattr = removexattr = write = _refuse  # type: ignore[assignment]

    @_handler
    async def statfs(self, ctx: RequestContext) -> StatvfsData:
        """The disk the library is on: what is free there is what `git annex get` can use."""
        disk = os.statvfs(self._places.common_dir)
        said = StatvfsData()
        for name in (
            "f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail"
        ):  # fmt: skip
            setattr(said, name, getattr(disk, name))
        said.f_namemax = 255
        return said

    # --- what the kernel is told

    async def follow(self) -> None:
        """Watch the store and the clock, and tell the kernel what is not so any more."""
        settings = self._tree.settings
        while True:
            await trio.sleep(LOOK_EVERY)
            try:
                if settings is not self._tree.settings:
                    settings = self._tree.settings
                    self._entries = settings.entries
                    self._plain_names = settings.names is Names.PLAIN
                    await self._tell(Difference(*self._told_of, everything=True, fields=True))
                found = await trio.to_thread.run_sync(self._tree.follow)
                if found is not None:
                    await self._tell(found)
                elif self._tree.day != self._told_of[1]:
                    await self._tell_of_midnight()
            except McfsError as error:
                # The last listings go on serving.
                self.complain(f"cannot read the store: {error}")
                await trio.sleep(LOOK_EVERY * 4)
            except Exception as error:
                log.exception("the kernel could not be told what changed")
                self.complain(f"a bug in mcfs: {type(error).__name__}: {error}")
                await trio.sleep(LOOK_EVERY * 4)

    async def _tell(self, difference: Difference) -> None:
        # No await before the list is complete: what is answered from here on is of the new generation.
        self._changed_at = time.time_ns()
        self._told_of = difference.generation, difference.day
        entries = [*self._names.to_expire(difference)]
        if difference.fields:
            entries += self._queries()
        inodes: Iterable[int] = difference.inodes
        if difference.everything:
            inodes = [
                known.node.inode
                for known in self._known.values()
                if isinstance(known.node, TrackNode)
            ]
        tracks = [
            kind | inode
            for inode in inodes
            for kind in (_LINK, _FILE)
            if kind | inode in self._known
        ]
        for inode in tracks:
            if (node := difference.now.get(inode & (_LINK - 1))) is not None:
                self._known[inode].node = node
        await self._expire(entries, tracks)

    async def _tell_of_midnight(self) -> None:
        self._told_of = self._told_of[0], self._tree.day
        await self._expire(list(self._names.depending_on_all()), [])

    async def _expire(self, entries: list[Entry], tracks: list[int]) -> None:
        if not EXPIRES_GENTLY:
            entries = await self._really_gone(entries)
        for pause in (0, ONCE_MORE):
            await trio.sleep(pause)
            # From a thread of its own: from this one it deadlocks.
            await trio.to_thread.run_sync(_notify, entries, tracks)

    async def _really_gone(self, entries: list[Entry]) -> list[Entry]:
        """Without the folders that are what they were: whoever stands in one would lose the way out."""
        folders = {
            entry: (parent.opened, parent.mount_path, self._known[inode].node)
            for entry in entries
            if entry.kind is Kind.FOLDER
            and (parent := self._known.get(entry.parent)) is not None
            and (
                inode := self._inode_of_place.get(
                    _below(parent.mount_path, os.fsdecode(entry.name))
                )
            )
        }

        def stay() -> set[Entry]:
            return {
                entry
                for entry, (parent, mount_path, was) in folders.items()
                if self._child_or_none(parent, os.fsdecode(entry.name), _depth(mount_path)) == was
            }

        staying = await trio.to_thread.run_sync(stay)
        return [entry for entry in entries if entry not in staying]

    def _child_or_none(self, parent: Node, name: str, depth: int) -> Node | None:
        try:
            return self._tree.child(parent, name, depth)
        except McfsError:
            return None

    def _is_told_of(self, as_of: AsOf) -> bool:
        """Whether an answer may be believed until a change is told: it is true, and nothing else was seen."""
        return as_of == self._told_of == self._tree.as_of

    def _queries(self) -> Iterator[Entry]:
        """Every name that the kernel knows for a query or a view, which are made of fields."""
        for mount_path in self._inode_of_place:
            above, _, name = mount_path.rpartition("/")
            if name and (not above or is_shaped(name)):
                parent = self._inode_of_place.get(above or "/")
                if parent is not None:
                    yield Entry(parent, os.fsencode(name), Kind.FOLDER)

    def _absence(
        self, parent_inode: InodeT, name: bytes, parent: _Known, as_of: AsOf
    ) -> EntryAttributes:
        attributes = EntryAttributes()
        attributes.st_ino = InodeT(0)
        attributes.entry_timeout = DAY
        # None comes by a name with a dot, which is most of what is probed.
        if name.startswith(b".") and not isinstance(parent.node, PinsNode):
            return attributes
        # A pin may come from another mount, or from the command line.
        may_come = is_shaped(os.fsdecode(name)) or isinstance(parent.node, PinsNode | SelfNode)
        if (
            may_come
            or not self._is_told_of(as_of)
            or not self._names.absent(parent_inode, name, parent.manner)
        ):
            attributes.entry_timeout = SECOND
        return attributes

    async def _hand_out_text(self, node: ExportNode | ToldNode, mount_path: str) -> EntryAttributes:
        size = len(await self._text(node))
        inode = self._inode(node, mount_path, None, is_current=True)
        self._count(inode, node, mount_path, is_current=True)
        self._known[inode].size = size
        return self._attributes(inode, node, size)

    def _hand_out(
        self, node: Node, parent_inode: InodeT, mount_path: str, name: bytes, *, is_current: bool
    ) -> EntryAttributes:
        """Count an answer, note it, and say how long it may be believed."""
        parent = self._known[parent_inode]
        inode = self._inode(node, mount_path, parent, is_current=is_current)
        self._count(inode, node, mount_path, is_current=is_current)
        attributes = self._attributes(inode, node)
        if not is_current or isinstance(parent.node, PinsNode):
            attributes.entry_timeout = SECOND
        else:
            self._note(parent_inode, name, node, parent)
        return attributes

    def _note(self, parent_inode: InodeT, name: bytes, node: Node, parent: _Known) -> None:
        match node:
            case TrackNode():
                self._names.track(parent_inode, name, node.inode, parent.manner)
            case ValueNode() | TracksNode() | ValuesNode():
                self._names.folder(parent_inode, name, parent.manner)
            case _:
                pass

    def _count(self, inode: InodeT, node: Node, mount_path: str, *, is_current: bool) -> None:
        known = self._known.get(inode)
        if known is None:
            if isinstance(node, TrackNode):
                known = _Known(node, node, "")
            else:
                opened = _opened(node)
                manner = manner_of(opened, plain_names=self._plain_names)
                known = _Known(node, opened, mount_path, manner)
                self._inode_of_place[mount_path] = inode
                self._place_of_low[inode & _LOW] = mount_path
            self._known[inode] = known
        elif is_current and isinstance(node, TrackNode):
            known.node = node
        known.lookups += 1

    def _leave(self, mount_path: str) -> None:
        """What comes to this place is another folder, though somebody may still stand in the old one."""
        for place in self._at_and_below(mount_path):
            del self._inode_of_place[place]

    def _at_and_below(self, mount_path: str) -> list[str]:
        return [
            place
            for place in self._inode_of_place
            if place == mount_path or place.startswith(f"{mount_path}/")
        ]

    def _move(self, moved_from: str, moved_to: str, node: Node) -> None:
        """The kernel moves the folder it knows, inode and all, with whoever stands in it."""
        for mount_path in self._at_and_below(moved_from):
            inode = self._inode_of_place.pop(mount_path)
            known = self._known[inode]
            known.mount_path = moved_to + mount_path.removeprefix(moved_from)
            self._inode_of_place[known.mount_path] = inode
            self._place_of_low[inode & _LOW] = known.mount_path
            if mount_path == moved_from:
                known.node = known.opened = node
                known.manner = manner_of(node, plain_names=self._plain_names)

    def _inode(
        self, node: Node, mount_path: str, parent: _Known | None, *, is_current: bool
    ) -> InodeT:
        if isinstance(node, TrackNode):
            return InodeT(node.inode | (_FILE if self._shows_files(parent) else _LINK))
        if (inode := self._inode_of_place.get(mount_path)) is not None:
            if not is_current or self._known[inode].node == node:
                return inode
            # A pin that was made anew, a view that was edited: what the kernel knows of the folder that
            # was here, and of all below, is not so of this one.
            self._leave(mount_path)
        kind = _WRITTEN if isinstance(node, ExportNode | ToldNode) else _FOLDER
        salt = 0
        while True:
            raw = f"{salt}:{mount_path}".encode("utf-8", "surrogateescape")
            digest = hashlib.blake2b(raw, digest_size=8).digest()
            inode = InodeT(int.from_bytes(digest) & (_LINK - 1) | kind)
            low = inode & _LOW
            if low and low not in self._place_of_low:
                return inode
            salt += 1

    def _shows_files(self, parent: _Known | None) -> bool:
        node = parent.opened if parent is not None else None
        if isinstance(node, TracksNode | ValuesNode) and node.look.entries is not None:
            return node.look.entries is Entries.FILES
        return self._entries is Entries.FILES

    def _attributes(self, inode: InodeT, node: Node, size: int = 0) -> EntryAttributes:
        attributes = EntryAttributes()
        attributes.st_ino = inode
        attributes.entry_timeout = attributes.attr_timeout = DAY
        attributes.st_uid, attributes.st_gid = self._owner
        attributes.st_nlink = 1
        changed_at = self._changed_at
        match node:
            case TrackNode():
                if inode & _FILE:
                    attributes.st_mode = stat.S_IFREG | 0o444
                    attributes.st_size = _SMALLEST if node.size is None else node.size
                    attributes.st_blocks = -(-attributes.st_size // 512)
                else:
                    attributes.st_mode = stat.S_IFLNK | 0o777
                    attributes.st_size = len(self._target(node))
                if node.changed is not None:
                    changed_at = node.changed * 1000
            case ExportNode() | ToldNode():
                attributes.st_mode = stat.S_IFREG | 0o444
                attributes.st_size = size
                attributes.st_blocks = -(-size // 512)
                attributes.entry_timeout = attributes.attr_timeout = SECOND
            case _:
                attributes.st_mode = stat.S_IFDIR | (0o755 if isinstance(node, PinsNode) else 0o555)
                # 1 says that the number of subfolders is not known; by 2 `find` would believe in none.
                attributes.attr_timeout = SECOND
        attributes.st_atime_ns = attributes.st_mtime_ns = attributes.st_ctime_ns = changed_at
        return attributes

    def _target(self, node: TrackNode) -> bytes:
        """Absolute, so that the link leads there from anywhere on this machine."""
        if node.work_path is not None:
            return self._top + os.fsencode(node.work_path)
        return self._objects + os.fsencode(node.content_path)

    @functools.cached_property
    def _top(self) -> bytes:
        return os.fsencode(self._places.top) + b"/"

    @functools.cached_property
    def _objects(self) -> bytes:
        return os.fsencode(self._places.common_dir) + b"/"

    def _handle(self) -> FileHandleT:
        """Beyond what a descriptor can be, which are handles too."""
        self._next_handle += 1
        return FileHandleT(self._next_handle)


def _opened(node: Node) -> Node:
    return node.opened() if isinstance(node, ValueNode) else node


def _below(mount_path: str, name: str) -> str:
    return f"{mount_path.rstrip('/')}/{name}"


def _depth(mount_path: str) -> int:
    """How many names lead to a folder."""
    return 0 if mount_path == "/" else mount_path.count("/")


def _notify(entries: Iterable[Entry], tracks: Iterable[int]) -> None:
    for entry in entries:
        _forgiving(_expire_entry, InodeT(entry.parent), entry.name)
    for inode in tracks:
        _forgiving(pyfuse3.invalidate_inode, InodeT(inode), True)


def _forgiving(tell: Callable[..., None], inode: InodeT, what: bytes | bool) -> None:
    try:
        tell(inode, what)
    except OSError as error:
        if error.errno != errno.ENOENT:  # the kernel has forgotten it already
            log.warning("the kernel could not be told of %r in %d: %s", what, inode, error)


def _expire_entry(parent: InodeT, name: bytes) -> None:
    """The kernel is to ask again; until it has, whoever stands in the folder of this name stays there.

    pyfuse3 only knows how to take a name away, which is what an older kernel can do.
    """
    flags = _EXPIRE_ONLY if EXPIRES_GENTLY else 0
    header = _NOTIFICATION.pack(
        _NOTIFICATION.size + len(name) + 1, _INVALIDATE_ENTRY, 0, parent, len(name), flags
    )
    os.write(_device(), header + name + b"\0")


# struct fuse_out_header and struct fuse_notify_inval_entry_out of linux/fuse.h
_NOTIFICATION = struct.Struct("=IiQ QII")
_INVALIDATE_ENTRY = 3
_EXPIRE_ONLY = 1
# Since Linux 6.2.
EXPIRES_GENTLY = [int(number) for number in re.findall(r"\d+", os.uname().release)[:2]] >= [6, 2]


@functools.cache
def _device() -> int:
    """The descriptor that pyfuse3 talks through; a process has no other mount."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # another was closed meanwhile
            if descriptor.readlink() == Path("/dev/fuse"):
                return int(descriptor.name)
    raise MountError("nothing is mounted")


def connect(operations: Operations, mount_point: Path, options: frozenset[str]) -> None:
    """Mount: from here on the kernel asks, and waits until `serve` answers."""
    try:
        pyfuse3.init(operations, os.fspath(mount_point), set(options))
    except RuntimeError as error:
        raise MountError(f"{mount_point} could not be mounted: {error}") from error


async def serve(operations: Operations) -> None:
    """Answer until `stop`, or until somebody unmounts."""
    pyfuse3.trio = eager_trio()  # type: ignore[attr-defined]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(operations.follow)
        await pyfuse3.main()
        nursery.cancel_scope.cancel()


def stop() -> None:
    """End `serve`; from within its loop."""
    pyfuse3.terminate()


def disconnect() -> None:
    """Unmount what `connect` mounted."""
    pyfuse3.close()
