"""The tree, as the kernel asks for it: inodes, handles, timeouts and errno. The only pyfuse3 here.

Owns the table of what the kernel knows, and the rule which inode a thing has:

- A folder's belongs to its *literal* mount path. One directory inode under two names makes the kernel
  move it, and `pwd` changes under people's feet.
- A track's is the store's, a hash of its annex key, so that it is the same in every folder, in every
  mount and after the cache was rebuilt.

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
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pyfuse3
import trio
from pyfuse3 import (
    EntryAttributes,
    FileHandleT,
    FUSEError,
    InodeT,
    ReaddirToken,
    RequestContext,
    StatvfsData,
)

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
from mcfs.nodes import Node, PinsNode, RootNode, TrackNode
from mcfs.route import is_shaped
from mcfs.tree import Tree

log = logging.getLogger(__name__)

DAY = 86_400.0
# A sync may bring the field that makes a name valid, and nothing tells the kernel of that.
SHAPED_ABSENCE = 1.0
# How long the kernel may believe what it was told of something that exists.
PRESENCE = 1.0

_FOLDER = 1 << 62
_LINK = 1 << 60
_LOW = 0xFFFF_FFFF
# So many names that were not there are remembered, to be expired by a sync.
_MOST_ABSENT = 100_000

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
    """One inode the kernel holds: what it is, where it is (folders), how often it was handed out."""

    node: Node
    mount_path: str
    lookups: int = 0


@dataclass(frozen=True, slots=True)
class _OpenFolder:
    """What one opendir resolved to: it keeps its listing until it is closed."""

    mount_path: str
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
            raise FUSEError(_errno_of(error)) from error
        except OSError as error:
            # The disk is gone, or says no: foreseen, and its own number says it best.
            log.error("%s: %s", method.__name__, error)
            raise FUSEError(error.errno or errno.EIO) from error
        except Exception as error:
            log.exception("%s failed", method.__name__)
            raise FUSEError(errno.EIO) from error

    return guarded  # type: ignore[return-value]


def _errno_of(error: McfsError) -> int:
    number = next((number for kind, number in _ERRNO if isinstance(error, kind)), errno.EIO)
    if number == errno.EIO:
        log.error("%s", error)
    return number


class Operations(pyfuse3.Operations):
    """One mount's answers. Nodes are resolved in a thread; handles and attributes come from memory."""

    def __init__(self, tree: Tree, places: Places) -> None:
        super().__init__()
        self.requests: Counter[str] = Counter()
        self._tree = tree
        self._places = places
        self._owner = (os.getuid(), os.getgid())
        self._known: dict[int, _Known] = {pyfuse3.ROOT_INODE: _Known(RootNode(), "/", 1)}
        # Known folders alone. By the low half too: some players look at no more of an inode.
        self._inode_of_folder: dict[str, InodeT] = {"/": pyfuse3.ROOT_INODE}
        self._folder_of_low: dict[int, str] = {int(pyfuse3.ROOT_INODE): "/"}
        self._open: dict[int, _OpenFolder] = {}
        self._next_handle = 1
        self._absent: set[tuple[InodeT, bytes]] = set()
        self._told = tree.generation
        self._told_at = time.time_ns()

    # --- names

    @_handler
    async def lookup(
        self, parent_inode: InodeT, name: bytes, ctx: RequestContext
    ) -> EntryAttributes:
        parent = self._known[parent_inode]
        if name == b".":
            return self._hand_out(parent.node, parent.mount_path)
        text = os.fsdecode(name)
        try:
            node = await trio.to_thread.run_sync(self._tree.child, parent.node, text)
        except NotFoundError:
            return self._absence(parent_inode, name, parent.node)
        return self._hand_out(node, _below(parent.mount_path, text))

    @_handler
    async def getattr(self, inode: InodeT, ctx: RequestContext) -> EntryAttributes:
        return self._attributes(inode, self._known[inode].node)

    @_handler
    async def readlink(self, inode: InodeT, ctx: RequestContext) -> bytes:
        node = self._known[inode].node
        if not isinstance(node, TrackNode):
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
                if not isinstance(known.node, TrackNode):
                    # Unless another folder was moved to its place meanwhile.
                    if self._inode_of_folder.get(known.mount_path) == inode:
                        del self._inode_of_folder[known.mount_path]
                    del self._folder_of_low[inode & _LOW]

    # --- folders

    @_handler
    async def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        known = self._known[inode]
        listing = await trio.to_thread.run_sync(self._tree.children, known.node)
        above = known.mount_path.rpartition("/")[0] or "/"
        handle = FileHandleT(self._next_handle)
        self._next_handle += 1
        self._open[handle] = _OpenFolder(
            known.mount_path,
            (inode, self._inode(RootNode(), above)),
            list(listing.entries.items()),
        )
        return handle

    @_handler
    async def readdir(self, fh: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        folder = self._open[fh]
        # No await from here on: what the kernel accepts and what we count must not drift apart.
        for place, inode in enumerate(folder.dots[start_id:], start_id):
            attributes = self._attributes(inode, RootNode())
            if not pyfuse3.readdir_reply(token, b"." * (place + 1), attributes, place + 1):
                return
        for place in range(max(0, start_id - 2), len(folder.entries)):
            name, node = folder.entries[place]
            mount_path = _below(folder.mount_path, name)
            inode = self._inode(node, mount_path)
            attributes = self._attributes(inode, node)
            if not pyfuse3.readdir_reply(token, os.fsencode(name), attributes, place + 3):
                return
            self._count(inode, node, mount_path)

    @_handler
    async def releasedir(self, fh: FileHandleT) -> None:
        del self._open[fh]

    # --- pins, the only thing that can be changed

    @_handler
    async def mkdir(
        self, parent_inode: InodeT, name: bytes, mode: int, ctx: RequestContext
    ) -> EntryAttributes:
        parent = self._known[parent_inode]
        text = os.fsdecode(name)
        node = await trio.to_thread.run_sync(self._tree.make_pin, parent.node, text)
        return self._hand_out(node, _below(parent.mount_path, text))

    @_handler
    async def rmdir(self, parent_inode: InodeT, name: bytes, ctx: RequestContext) -> None:
        parent = self._known[parent_inode]
        text = os.fsdecode(name)
        await trio.to_thread.run_sync(self._tree.remove_pin, parent.node, text)
        # To the kernel that inode is dead, for as long as somebody stands in it: a pin that is made
        # again by this name gets another.
        self._inode_of_folder.pop(_below(parent.mount_path, text), None)

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
    setattr = mknod = create = unlink = symlink = link = setxattr = removexattr = _refuse  # type: ignore[assignment]

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
        """Watch for new generations, and let the kernel forget which names were not there."""
        while True:
            await trio.sleep(1)
            try:
                generation = await trio.to_thread.run_sync(self._tree.catch_up)
            except McfsError as error:
                log.warning("cannot read the store: %s", error)
                continue
            if generation != self._told:
                self._told, self._told_at = generation, time.time_ns()
                absent, self._absent = self._absent, set()
                for parent_inode, name in absent:
                    if parent_inode in self._known:
                        pyfuse3.invalidate_entry_async(parent_inode, name, ignore_enoent=True)

    def _absence(self, parent_inode: InodeT, name: bytes, parent: Node) -> EntryAttributes:
        attributes = EntryAttributes()
        attributes.st_ino = InodeT(0)
        # A pin may come from another mount, or from the command line.
        may_come = is_shaped(os.fsdecode(name)) or isinstance(parent, PinsNode)
        if may_come or len(self._absent) >= _MOST_ABSENT:
            attributes.entry_timeout = SHAPED_ABSENCE
            return attributes
        attributes.entry_timeout = DAY
        # A track may come by this name. None comes by one with a dot, which is most of what is probed.
        if not name.startswith(b"."):
            self._absent.add((parent_inode, name))
        return attributes

    def _hand_out(self, node: Node, mount_path: str) -> EntryAttributes:
        inode = self._inode(node, mount_path)
        self._count(inode, node, mount_path)
        return self._attributes(inode, node)

    def _count(self, inode: InodeT, node: Node, mount_path: str) -> None:
        known = self._known.get(inode)
        if known is None:
            known = self._known[inode] = _Known(node, mount_path)
            if not isinstance(node, TrackNode):
                self._inode_of_folder[mount_path] = inode
                self._folder_of_low[inode & _LOW] = mount_path
        known.node = node
        known.lookups += 1

    def _move(self, moved_from: str, moved_to: str, node: Node) -> None:
        """The kernel moves the folder it knows, inode and all, with whoever stands in it."""
        for mount_path, inode in list(self._inode_of_folder.items()):
            if mount_path != moved_from and not mount_path.startswith(f"{moved_from}/"):
                continue
            known = self._known[inode]
            known.mount_path = moved_to + mount_path.removeprefix(moved_from)
            del self._inode_of_folder[mount_path]
            self._inode_of_folder[known.mount_path] = inode
            self._folder_of_low[inode & _LOW] = known.mount_path
            if mount_path == moved_from:
                known.node = node

    def _inode(self, node: Node, mount_path: str) -> InodeT:
        if isinstance(node, TrackNode):
            return InodeT(node.inode | _LINK)
        if (known := self._inode_of_folder.get(mount_path)) is not None:
            return known
        salt = 0
        while True:
            raw = f"{salt}:{mount_path}".encode("utf-8", "surrogateescape")
            digest = hashlib.blake2b(raw, digest_size=8).digest()
            inode = int.from_bytes(digest) & (_FOLDER - 1) & ~_LINK | _FOLDER
            low = inode & _LOW
            if low and low not in self._folder_of_low:
                return InodeT(inode)
            salt += 1

    def _attributes(self, inode: InodeT, node: Node) -> EntryAttributes:
        attributes = EntryAttributes()
        attributes.st_ino = inode
        attributes.entry_timeout = attributes.attr_timeout = PRESENCE
        attributes.st_uid, attributes.st_gid = self._owner
        changed_at = self._told_at
        if isinstance(node, TrackNode):
            attributes.st_mode = stat.S_IFLNK | 0o777
            attributes.st_nlink = 1
            attributes.st_size = len(self._target(node))
            if node.changed is not None:
                changed_at = node.changed * 1000
        else:
            attributes.st_mode = stat.S_IFDIR | (0o755 if isinstance(node, PinsNode) else 0o555)
            # 1 says that the number of subfolders is not known; by 2 `find` would believe there is none.
            attributes.st_nlink = 1
        attributes.st_atime_ns = attributes.st_mtime_ns = attributes.st_ctime_ns = changed_at
        return attributes

    def _target(self, node: TrackNode) -> bytes:
        """Absolute, so that the link leads there from anywhere on this machine."""
        if node.work_path is not None:
            return os.fsencode(self._places.top / node.work_path)
        return os.fsencode(self._places.common_dir / node.content_path)


def _below(mount_path: str, name: str) -> str:
    return f"{mount_path.rstrip('/')}/{name}"


def connect(operations: Operations, mount_point: Path, options: frozenset[str]) -> None:
    """Mount: from here on the kernel asks, and waits until `serve` answers."""
    try:
        pyfuse3.init(operations, os.fspath(mount_point), set(options))
    except RuntimeError as error:
        raise MountError(f"{mount_point} could not be mounted: {error}") from error


async def serve(operations: Operations) -> None:
    """Answer until `stop`, or until somebody unmounts."""
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
