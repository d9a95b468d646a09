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

import errno
import functools
import hashlib
import logging
import os
import stat
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
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

from mcfs.config import Entries, Names
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
from mcfs.store import Generation
from mcfs.told import Entry, Manner, ToldNames, manner_of
from mcfs.tree import Tree

log = logging.getLogger(__name__)

DAY = 86_400.0
# Of what nothing tells the kernel when it changes: pins, a folder's file, a folder's own attributes, and
# the absence of what a new field would make valid.
SECOND = 1.0
# How often the store is asked whether it has moved on.
_LOOK_EVERY = 0.5
# The kernel may make an entry of an answer after it was told that it is wrong: it is told once more.
_ONCE_MORE = 0.5

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
    mount_path: str
    manner: Manner = Manner.TRACK
    lookups: int = 0
    # Of a folder's file, which is written when it is looked up.
    size: int = 0


@dataclass(frozen=True, slots=True)
class _OpenFolder:
    """What one opendir resolved to: it keeps its listing until it is closed."""

    known: _Known
    generation: Generation
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
            pyfuse3.ROOT_INODE: _Known(RootNode(), "/", Manner.TEMPLATE, 1)
        }
        # Known folders alone. By the low half too: some players look at no more of an inode.
        self._inode_of_place: dict[str, InodeT] = {"/": pyfuse3.ROOT_INODE}
        self._place_of_low: dict[int, str] = {int(pyfuse3.ROOT_INODE): "/"}
        self._folders: dict[int, _OpenFolder] = {}
        self._texts: dict[int, bytes] = {}
        self._next_handle = 1 << 32
        self._names = ToldNames()
        self._changed_at = time.time_ns()
        # Before the kernel hears of anything.
        tree.start_following()

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
            return self._hand_out(parent.node, parent_inode, parent.mount_path, b".")
        text = os.fsdecode(name)
        generation = self._tree.generation
        try:
            node = self._at_hand(parent, text)
            if node is None:
                depth = _depth(parent.mount_path)
                node = await trio.to_thread.run_sync(self._tree.child, parent.node, text, depth)
                if isinstance(node, ExportNode | ToldNode):
                    return await self._hand_out_text(node, _below(parent.mount_path, text))
        except NotFoundError:
            return self._absence(parent_inode, name, parent, generation)
        mount_path = _below(parent.mount_path, text)
        return self._hand_out(node, parent_inode, mount_path, name, generation)

    def _at_hand(self, parent: _Known, name: str) -> Node | None:
        """What a listing at hand says; None where somebody has to think about it."""
        if isinstance(parent.node, ValueNode):
            # Once: a folder knows its key, a value would have to find it every time.
            parent.node = parent.node.opened()
        if name.startswith(".") and not isinstance(parent.node, RootNode | PinsNode):
            raise NotFoundError(f"{name}: nothing here begins with a dot")
        held = self._tree.held(parent.node)
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
                    self._names.forget_track(known.node.inode)
                    continue
                self._names.forget_folder(inode)
                # Unless another folder was moved to its place meanwhile.
                if self._inode_of_place.get(known.mount_path) == inode:
                    del self._inode_of_place[known.mount_path]
                del self._place_of_low[inode & _LOW]

    # --- folders

    @_handler
    async def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        known = self._known[inode]
        listing = await trio.to_thread.run_sync(self._tree.children, known.node)
        above = known.mount_path.rpartition("/")[0] or "/"
        handle = self._handle()
        self._folders[handle] = _OpenFolder(
            known,
            listing.generation,
            (inode, self._inode(RootNode(), above, known)),
            list(listing.entries.items()),
        )
        return handle

    @_handler
    async def readdir(self, fh: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        folder = self._folders[fh]
        parent = folder.known
        parent_inode = folder.dots[0]
        is_current = folder.generation == self._tree.generation
        # No await from here on: what the kernel accepts and what we count must not drift apart.
        for place, inode in enumerate(folder.dots[start_id:], start_id):
            attributes = self._attributes(inode, RootNode())
            if not pyfuse3.readdir_reply(token, b"." * (place + 1), attributes, place + 1):
                return
        for place in range(max(0, start_id - 2), len(folder.entries)):
            text, node = folder.entries[place]
            mount_path = _below(parent.mount_path, text)
            inode = self._inode(node, mount_path, parent)
            attributes = self._attributes(inode, node)
            name = os.fsencode(text)
            if isinstance(parent.node, PinsNode | SelfNode):
                attributes.entry_timeout = attributes.attr_timeout = SECOND
            elif not is_current:
                # What was true when the folder was opened: it may be shown, and not believed.
                attributes.entry_timeout = attributes.attr_timeout = 0
            if not pyfuse3.readdir_reply(token, name, attributes, place + 3):
                return
            self._count(inode, node, mount_path)
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
        return self._hand_out(node, parent_inode, _below(parent.mount_path, text), name)

    @_handler
    async def rmdir(self, parent_inode: InodeT, name: bytes, ctx: RequestContext) -> None:
        parent = self._known[parent_inode]
        text = os.fsdecode(name)
        await trio.to_thread.run_sync(self._tree.remove_pin, parent.node, text)
        # To the kernel that inode is dead, for as long as somebody stands in it: a pin that is made
        # again by this name gets another.
        self._inode_of_place.pop(_below(parent.mount_path, text), None)

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
        day, settings = self._tree.day, self._tree.settings
        while True:
            await trio.sleep(_LOOK_EVERY)
            if settings is not self._tree.settings:
                settings = self._tree.settings
                self._entries = settings.entries
                self._plain_names = settings.names is Names.PLAIN
                await self._tell(Difference(everything=True))
            try:
                found = await trio.to_thread.run_sync(self._tree.follow)
            except McfsError as error:
                # The last listings go on serving.
                self.complain(f"cannot read the store: {error}")
                await trio.sleep(_LOOK_EVERY * 4)
                continue
            if found is not None:
                await self._tell(found)
            elif day != self._tree.day:
                await self._expire(list(self._names.depending_on_all()), ())
            day = self._tree.day

    async def _tell(self, difference: Difference) -> None:
        # No await before the list is complete: what is answered from here on is of the new generation.
        self._changed_at = time.time_ns()
        if difference.everything:
            entries = [*self._names.everything(self._name_of), *self._queries()]
            tracks: Iterable[int] = [
                i for i, k in self._known.items() if isinstance(k.node, TrackNode)
            ]
        else:
            entries = list(self._names.to_expire(difference))
            tracks = [
                kind | inode
                for inode in difference.tracks
                for kind in (_LINK, _FILE)
                if kind | inode in self._known
            ]
            for inode in tracks:
                if (node := difference.now.get(inode & (_LINK - 1))) is not None:
                    self._known[inode].node = node
        self._names.prune(self._known)
        await self._expire(entries, tracks)

    async def _expire(self, entries: list[Entry], tracks: Iterable[int]) -> None:
        nodes = {e.parent: known.node for e in entries if (known := self._known.get(e.parent))}
        paths = {
            e: _below(self._known[e.parent].mount_path, os.fsdecode(e.name))
            for e in entries
            if e.is_folder and e.parent in nodes
        }
        handed_out = {
            e: self._known[inode].node
            for e, path in paths.items()
            if (inode := self._inode_of_place.get(path)) is not None
        }
        gone = await trio.to_thread.run_sync(self._really_gone, entries, nodes, handed_out)
        for pause in (0, _ONCE_MORE):
            await trio.sleep(pause)
            # From a thread of its own: from this one it deadlocks.
            await trio.to_thread.run_sync(_notify, gone, tuple(tracks))

    def _really_gone(
        self, entries: list[Entry], nodes: dict[int, Node], handed_out: dict[Entry, Node]
    ) -> list[Entry]:
        """Without the folders that are what they were: whoever stands in one would lose the way out."""
        gone = []
        for entry in entries:
            if entry.parent not in nodes:
                continue
            if entry.is_folder and (was := handed_out.get(entry)) is not None:
                try:
                    now = self._tree.child(nodes[entry.parent], os.fsdecode(entry.name))
                except McfsError:
                    now = None
                if now is not None and _opened(now) == _opened(was):
                    continue
            gone.append(entry)
        return gone

    def _name_of(self, inode: int) -> str | None:
        for kind in (_LINK, _FILE):
            known = self._known.get(kind | inode)
            if known is not None and isinstance(known.node, TrackNode):
                return known.node.name
        return None

    def _queries(self) -> list[Entry]:
        """Every folder that the kernel knows: the field that made its name a query may be gone."""
        return [
            Entry(above, os.fsencode(name), is_folder=True)
            for path in self._inode_of_place
            if path != "/"
            for directory, _, name in [path.rpartition("/")]
            if (above := self._inode_of_place.get(directory or "/")) is not None
        ]

    def _absence(
        self, parent_inode: InodeT, name: bytes, parent: _Known, generation: Generation
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
            or generation != self._tree.generation
            or not self._names.absent(parent_inode, name, parent.manner)
        ):
            attributes.entry_timeout = SECOND
        return attributes

    async def _hand_out_text(self, node: ExportNode | ToldNode, mount_path: str) -> EntryAttributes:
        size = len(await self._text(node))
        inode = self._inode(node, mount_path, None)
        self._count(inode, node, mount_path)
        self._known[inode].size = size
        return self._attributes(inode, node, size)

    def _hand_out(
        self,
        node: Node,
        parent_inode: InodeT,
        mount_path: str,
        name: bytes,
        generation: Generation | None = None,
    ) -> EntryAttributes:
        """Count an answer, note it, and say how long it may be believed."""
        parent = self._known[parent_inode]
        inode = self._inode(node, mount_path, parent)
        self._count(inode, node, mount_path)
        attributes = self._attributes(inode, node)
        if generation != self._tree.generation or isinstance(parent.node, PinsNode):
            attributes.entry_timeout = SECOND
        else:
            self._note(parent_inode, name, node, parent)
        return attributes

    def _note(self, parent_inode: InodeT, name: bytes, node: Node, parent: _Known) -> None:
        match node:
            case TrackNode():
                self._names.track(parent_inode, name, node.inode, parent.manner)
            case ValueNode():
                self._names.value(parent_inode, name, node.text, parent.manner)
            case _:
                pass  # what a name says by itself stays true as long as the fields do

    def _count(self, inode: InodeT, node: Node, mount_path: str) -> None:
        known = self._known.get(inode)
        if known is None:
            is_track = isinstance(node, TrackNode)
            manner = (
                Manner.TRACK
                if is_track
                else manner_of(_opened(node), plain_names=self._plain_names)
            )
            known = self._known[inode] = _Known(node, "" if is_track else mount_path, manner)
            if not is_track:
                self._inode_of_place[mount_path] = inode
                self._place_of_low[inode & _LOW] = mount_path
        elif isinstance(node, TrackNode) or _opened(known.node) != _opened(node):
            known.node = node
            known.manner = manner_of(_opened(node), plain_names=self._plain_names)
        known.lookups += 1

    def _move(self, moved_from: str, moved_to: str, node: Node) -> None:
        """The kernel moves the folder it knows, inode and all, with whoever stands in it."""
        for mount_path, inode in list(self._inode_of_place.items()):
            if mount_path != moved_from and not mount_path.startswith(f"{moved_from}/"):
                continue
            known = self._known[inode]
            known.mount_path = moved_to + mount_path.removeprefix(moved_from)
            del self._inode_of_place[mount_path]
            self._inode_of_place[known.mount_path] = inode
            self._place_of_low[inode & _LOW] = known.mount_path
            if mount_path == moved_from:
                known.node = node
                known.manner = manner_of(node, plain_names=self._plain_names)

    def _inode(self, node: Node, mount_path: str, parent: _Known | None) -> InodeT:
        if isinstance(node, TrackNode):
            return InodeT(node.inode | (_FILE if self._shows_files(parent) else _LINK))
        if (known := self._inode_of_place.get(mount_path)) is not None:
            return known
        kind = _WRITTEN if isinstance(node, ExportNode | ToldNode) else _FOLDER
        salt = 0
        while True:
            raw = f"{salt}:{mount_path}".encode("utf-8", "surrogateescape")
            digest = hashlib.blake2b(raw, digest_size=8).digest()
            inode = int.from_bytes(digest) & (_LINK - 1) | kind
            low = inode & _LOW
            if low and low not in self._place_of_low:
                return InodeT(inode)
            salt += 1

    def _shows_files(self, parent: _Known | None) -> bool:
        node = _opened(parent.node) if parent is not None else None
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
        try:
            pyfuse3.invalidate_entry(InodeT(entry.parent), entry.name)
        except OSError as error:
            if error.errno != errno.ENOENT:  # the kernel has forgotten it already
                log.warning("the kernel could not be told of %r: %s", entry.name, error)
    for inode in tracks:
        try:
            pyfuse3.invalidate_inode(InodeT(inode), attr_only=True)
        except OSError as error:
            if error.errno != errno.ENOENT:
                log.warning("the kernel could not be told of inode %d: %s", inode, error)


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
