"""The tree, as the kernel asks for it: handles, attributes, timeouts and errno. The only pyfuse3 here.

Owns the answer to each request. Folders are resolved in a thread; what a listing at hand can answer is
answered from memory. The kernel believes for a day what it hears: which inode a thing has and what the
kernel holds is `known.py`'s, that it is told what changed is `telling.py`'s.

No handler ever raises anything but FUSEError: anything else would end the mount.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import logging
import os
import stat
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
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

from mcfs.config.settings import Entries, Settings
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
from mcfs.fuse.eager_poll import eager_trio
from mcfs.fuse.inodes import Known, KnownInodes, below, depth, is_file, split
from mcfs.fuse.invalidation import Telling
from mcfs.tree.nodes import (
    ExportNode,
    InfoFile,
    InfoFileNode,
    InfoFolderNode,
    Node,
    PinsNode,
    RootNode,
    TrackNode,
)
from mcfs.tree.route import can_become_valid
from mcfs.tree.tree import Tree, TreeVersion

log = logging.getLogger(__name__)

DAY = 86_400.0
# Of what nothing tells the kernel when it changes: pins, a folder's file, a folder's own attributes, and
# the absence of what a new field would make valid.
SECOND = 1.0
_SMALLEST = 1  # of a file whose size nobody knows: 0 would be copied as empty

_ERRNO: tuple[tuple[type[McfsError], int], ...] = (
    (NotFoundError, errno.ENOENT),
    (ReadOnlyError, errno.EROFS),
    (PinExistsError, errno.EEXIST),
    (TextError, errno.EINVAL),
    (StoreError, errno.EIO),
    (LibraryError, errno.EIO),
)


@dataclass(frozen=True, slots=True)
class _OpenFolder:
    """What one opendir resolved to: it keeps its listing until it is closed."""

    known: Known
    version: TreeVersion
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
        told: Callable[[InfoFile], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self.requests: Counter[str] = Counter()
        self._tree = tree
        self._places = places
        self._told = told
        self._owner = (os.getuid(), os.getgid())
        self.known = KnownInodes(entries=entries, plain_names=plain_names)
        self._folders: dict[int, _OpenFolder] = {}
        self._texts: dict[int, bytes] = {}
        self._next_handle = 1 << 32
        self.telling = Telling(tree, self.known, self.complain)

    def errno_of(self, error: McfsError) -> int:
        """What the kernel is told of a failure; one that nobody caused leaves a line."""
        number = next((number for kind, number in _ERRNO if isinstance(error, kind)), errno.EIO)
        if number == errno.EIO:
            self.complain(str(error))
        return number

    def close(self) -> None:
        """Let go of the store."""
        self.telling.close()

    def complain(self, sentence: str) -> None:
        """Something went wrong: into the log, and into `.mcfs/errors`."""
        log.error("%s", sentence)
        self._tree.error_log.add(sentence)

    # --- names

    @_handler
    async def lookup(
        self, parent_inode: InodeT, name: bytes, ctx: RequestContext
    ) -> EntryAttributes:
        parent = self.known[parent_inode]
        if name == b".":
            parent.lookups += 1
            return self._attributes(parent_inode, parent.node)
        text = os.fsdecode(name)
        version = self._tree.version
        try:
            node = self._at_hand(parent, text)
            if node is None:
                deep = depth(parent.mount_path)
                node = await trio.to_thread.run_sync(self._tree.child, parent.opened, text, deep)
                if isinstance(node, ExportNode | InfoFileNode):
                    return await self._hand_out_text(node, below(parent.mount_path, text))
        except NotFoundError:
            return self._absence(parent_inode, name, parent, version)
        mount_path = below(parent.mount_path, text)
        is_current = self.telling.is_told_of(version)
        return self._hand_out(node, parent_inode, mount_path, name, is_current=is_current)

    def _at_hand(self, parent: Known, name: str) -> Node | None:
        """What a listing at hand says; None where somebody has to think about it."""
        if name.startswith(".") and not isinstance(parent.node, RootNode | PinsNode):
            raise NotFoundError(f"{name}: nothing here begins with a dot")
        held = self._tree.cached_listing(parent.opened)
        if held is None:
            return None
        found = held.entries.get(name)
        if found is None and not can_become_valid(name):
            raise NotFoundError(f"{name}: nothing of that name")
        return found

    @_handler
    async def getattr(self, inode: InodeT, ctx: RequestContext) -> EntryAttributes:
        known = self.known[inode]
        if isinstance(known.node, ExportNode | InfoFileNode):
            known.size = len(await self._text(known.node))
        return self._attributes(inode, known.node, known.size)

    @_handler
    async def readlink(self, inode: InodeT, ctx: RequestContext) -> bytes:
        node = self.known[inode].node
        if not isinstance(node, TrackNode) or is_file(inode):
            raise FUSEError(errno.EINVAL)
        return self._target(node)

    @_handler
    async def access(self, inode: InodeT, mode: int, ctx: RequestContext) -> bool:
        if mode & os.W_OK and not isinstance(self.known[inode].node, PinsNode):
            raise FUSEError(errno.EROFS)
        return True

    async def forget(self, inode_list: Sequence[tuple[InodeT, int]]) -> None:
        self.known.forget(inode_list)

    # --- folders

    @_handler
    async def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        known = self.known[inode]
        settings = self._tree.settings
        listing = await trio.to_thread.run_sync(self._tree.children, known.opened)
        above = split(known.mount_path)[0]
        handle = self._handle()
        self._folders[handle] = _OpenFolder(
            known,
            listing.version,
            settings,
            (inode, self.known.at(above) or inode),
            list(listing.entries.items()),
        )
        return handle

    @_handler
    async def readdir(self, fh: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        folder = self._folders[fh]
        parent = folder.known
        parent_inode = folder.dots[0]
        is_current = (
            self.telling.is_told_of(folder.version) and folder.settings is self._tree.settings
        )
        # No await from here on: what the kernel accepts and what we count must not drift apart.
        for place, inode in enumerate(folder.dots[start_id:], start_id):
            attributes = self._attributes(inode, RootNode())
            if not pyfuse3.readdir_reply(token, b"." * (place + 1), attributes, place + 1):
                return
        for place in range(max(0, start_id - 2), len(folder.entries)):
            text, node = folder.entries[place]
            mount_path = below(parent.mount_path, text)
            inode = self.known.inode(node, mount_path, parent, is_current=is_current)
            attributes = self._attributes(inode, node)
            name = os.fsencode(text)
            if isinstance(parent.node, PinsNode | InfoFolderNode):
                attributes.entry_timeout = attributes.attr_timeout = SECOND
            elif not is_current:
                # What was true when the folder was opened: it may be shown, and not believed.
                attributes.entry_timeout = attributes.attr_timeout = 0
            if not pyfuse3.readdir_reply(token, name, attributes, place + 3):
                return
            self.known.count(inode, node, mount_path, is_current=is_current)
            if is_current:
                self.known.note(parent_inode, name, node, parent.manner)

    @_handler
    async def releasedir(self, fh: FileHandleT) -> None:
        del self._folders[fh]

    # --- files

    @_handler
    async def open(self, inode: InodeT, flags: int, ctx: RequestContext) -> FileInfo:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND):
            raise FUSEError(errno.EROFS)
        node = self.known[inode].node
        match node:
            case TrackNode():
                descriptor = await trio.to_thread.run_sync(self._opened, node)
                return FileInfo(fh=FileHandleT(descriptor), keep_cache=True)
            case ExportNode() | InfoFileNode():
                handle = self._handle()
                self._texts[handle] = await self._text(node)
                # How long a text is may differ from what the kernel was told a moment ago.
                return FileInfo(fh=handle, direct_io=isinstance(node, InfoFileNode))
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

    async def _text(self, node: ExportNode | InfoFileNode) -> bytes:
        if isinstance(node, ExportNode):
            return await trio.to_thread.run_sync(self._tree.file_content, node)
        text = await trio.to_thread.run_sync(self._told, node.file)
        return text.encode("utf-8", "surrogateescape")

    # --- pins, the only thing that can be changed

    @_handler
    async def mkdir(
        self, parent_inode: InodeT, name: bytes, mode: int, ctx: RequestContext
    ) -> EntryAttributes:
        parent = self.known[parent_inode]
        text = os.fsdecode(name)
        node = await trio.to_thread.run_sync(self._tree.make_pin, parent.node, text)
        mount_path = below(parent.mount_path, text)
        self.known.leave(mount_path)
        return self._hand_out(node, parent_inode, mount_path, name, is_current=False)

    @_handler
    async def rmdir(self, parent_inode: InodeT, name: bytes, ctx: RequestContext) -> None:
        parent = self.known[parent_inode]
        text = os.fsdecode(name)
        await trio.to_thread.run_sync(self._tree.remove_pin, parent.node, text)
        # To the kernel that inode is dead, for as long as somebody stands in it: a pin that is made
        # again by this name gets another.
        self.known.leave(below(parent.mount_path, text))

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
        old, new = self.known[parent_inode_old], self.known[parent_inode_new]
        node = await trio.to_thread.run_sync(
            self._tree.rename_pin, old.node, os.fsdecode(name_old), new.node, os.fsdecode(name_new)
        )
        moved_from = below(old.mount_path, os.fsdecode(name_old))
        moved_to = below(new.mount_path, os.fsdecode(name_new))
        self.known.move(moved_from, moved_to, node)

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

    # --- what is answered

    def _absence(
        self, parent_inode: InodeT, name: bytes, parent: Known, version: TreeVersion
    ) -> EntryAttributes:
        attributes = EntryAttributes()
        attributes.st_ino = InodeT(0)
        attributes.entry_timeout = DAY
        # None comes by a name with a dot, which is most of what is probed.
        if name.startswith(b".") and not isinstance(parent.node, PinsNode):
            return attributes
        # A pin may come from another mount, or from the command line.
        may_come = can_become_valid(os.fsdecode(name)) or isinstance(
            parent.node, PinsNode | InfoFolderNode
        )
        if (
            may_come
            or not self.telling.is_told_of(version)
            or not self.known.names.absent(parent_inode, name, parent.manner)
        ):
            attributes.entry_timeout = SECOND
        return attributes

    async def _hand_out_text(
        self, node: ExportNode | InfoFileNode, mount_path: str
    ) -> EntryAttributes:
        size = len(await self._text(node))
        inode = self.known.inode(node, mount_path, None, is_current=True)
        self.known.count(inode, node, mount_path, is_current=True)
        self.known[inode].size = size
        return self._attributes(inode, node, size)

    def _hand_out(
        self, node: Node, parent_inode: InodeT, mount_path: str, name: bytes, *, is_current: bool
    ) -> EntryAttributes:
        """Count an answer, note it, and say how long it may be believed."""
        parent = self.known[parent_inode]
        inode = self.known.inode(node, mount_path, parent, is_current=is_current)
        self.known.count(inode, node, mount_path, is_current=is_current)
        attributes = self._attributes(inode, node)
        if not is_current or isinstance(parent.node, PinsNode):
            attributes.entry_timeout = SECOND
        else:
            self.known.note(parent_inode, name, node, parent.manner)
        return attributes

    def _attributes(self, inode: InodeT, node: Node, size: int = 0) -> EntryAttributes:
        attributes = EntryAttributes()
        attributes.st_ino = inode
        attributes.entry_timeout = attributes.attr_timeout = DAY
        attributes.st_uid, attributes.st_gid = self._owner
        attributes.st_nlink = 1
        changed_at = self.telling.changed_at
        match node:
            case TrackNode():
                if is_file(inode):
                    attributes.st_mode = stat.S_IFREG | 0o444
                    attributes.st_size = _SMALLEST if node.size is None else node.size
                    attributes.st_blocks = -(-attributes.st_size // 512)
                else:
                    attributes.st_mode = stat.S_IFLNK | 0o777
                    attributes.st_size = len(self._target(node))
                if node.changed is not None:
                    changed_at = node.changed * 1000
            case ExportNode() | InfoFileNode():
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


def connect(operations: Operations, mount_point: Path, options: frozenset[str]) -> None:
    """Mount: from here on the kernel asks, and waits until `serve` answers."""
    try:
        pyfuse3.init(operations, os.fspath(mount_point), set(options))
    except RuntimeError as error:
        raise MountError(f"{mount_point} could not be mounted: {error}") from error


# Of glibc's mallopt.
_M_ARENA_MAX = -8


def _share_memory() -> None:
    """Else each of the threads gets a heap of its own, and what it has freed lies idle for the others."""
    with contextlib.suppress(AttributeError):  # another libc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


async def serve(operations: Operations) -> None:
    """Answer until `stop`, or until somebody unmounts."""
    _share_memory()
    pyfuse3.trio = eager_trio()  # type: ignore[attr-defined]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(operations.telling.follow)
        await pyfuse3.main()
        nursery.cancel_scope.cancel()


def stop() -> None:
    """End `serve`; from within its loop."""
    pyfuse3.terminate()


def disconnect() -> None:
    """Unmount what `connect` mounted."""
    pyfuse3.close()
