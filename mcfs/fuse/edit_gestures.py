"""Carries out what programs do in folders that edit: each call is a gesture, and a change of metadata.

Owns the order of the steps, and what is true when the call returns: git-annex has the change, the store and
the tree show it, and the kernel has dropped what it had cached that is wrong now. `tree/value_edits.py` says
what a gesture means, `editing/` writes it, and `invalidation.py` catches up.

Nothing here asks the mount itself for anything, as it is the mount that the kernel waits for.
"""

from __future__ import annotations

import errno
import os
import pwd
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import trio
from pyfuse3 import FUSEError, InodeT, RequestContext

from mcfs.editing.gestures import Gesture, Outcome, TrackEdit
from mcfs.errors import EditRefusedError, McfsError, NotFoundError, ReadOnlyError
from mcfs.fuse import mount_paths
from mcfs.fuse.announcements import Announcer
from mcfs.fuse.asked_names import AskedNames
from mcfs.fuse.changes_under_way import ChangesUnderWay, KnownChange
from mcfs.fuse.guard import errno_of
from mcfs.fuse.inodes import InodeEntry, InodeTable
from mcfs.fuse.invalidation import Invalidator
from mcfs.mount_table import Mount
from mcfs.tree.editable import value_field, why_read_only
from mcfs.tree.link_targets import LinkTargets
from mcfs.tree.name_dependency import NameDependency
from mcfs.tree.nodes import Node, TrackNode, ValueNode
from mcfs.tree.policy import Changes, changes_in
from mcfs.tree.tree import Tree
from mcfs.tree.value_edits import FolderEdit

# Gestures that may be written at the same time. Each keeps a thread waiting, and lookups need threads too.
_AT_ONCE = 200
# How often names that nobody may use any more are looked for.
_SECONDS_TO_LOOK = 1.0

_Result = TypeVar("_Result")


class Editor(Protocol):
    """Writes gestures; `editing/gesture_editor.py` has it."""

    def apply(self, gesture: Gesture) -> Outcome:
        """Make the changes of a gesture; returns when the store has them."""

    def begin_value(self, field_name: str, value: str) -> None:
        """Keep a value that no track has yet."""

    def end_value(self, field_name: str, value: str) -> bool:
        """Keep it no longer."""


@dataclass(frozen=True, slots=True)
class EditTools:
    """What a mount needs to edit."""

    editor: Editor
    targets: LinkTargets
    # The git directory: where that cannot be written, nothing can be edited.
    git_dir: Path


class EditGestures:
    """The gestures of one mount. For the trio thread."""

    def __init__(
        self,
        tree: Tree,
        inodes: InodeTable,
        invalidator: Invalidator,
        announcer: Announcer,
        under_way: ChangesUnderWay,
        tools: EditTools | None,
    ) -> None:
        self._tree = tree
        self._inodes = inodes
        self._invalidator = invalidator
        self._announcer = announcer
        self._under_way = under_way
        self._tools = tools
        self.asked_names = AskedNames()
        self._limiter = trio.CapacityLimiter(_AT_ONCE)

    def changes_in(self, node: Node) -> Changes:
        """What may be changed in a folder of this mount."""
        return changes_in(node, self._tree.settings.edit)

    async def run(self) -> None:
        """Forget the names that were asked for, until cancelled."""
        while True:
            await trio.sleep(_SECONDS_TO_LOOK)
            for asked in self.asked_names.take_to_announce():
                self._announcer.announce_gone(asked.parent, asked.name, asked.track)
            for asked in self.asked_names.take_expired():
                self._invalidator.drop(asked.parent, asked.name)

    # --- tracks

    async def put(
        self, parent_inode: InodeT, name: str, target: str, own: Mount | None, ctx: RequestContext
    ) -> TrackNode:
        """symlink: the track that the link leads to is put into a folder."""
        parent = self._inodes[parent_inode]
        place = mount_paths.join(parent.mount_path, name)
        with (
            self._explained(place),
            self._begun(parent_inode, (parent_inode, name, True)) as number,
        ):
            tools = self._ready(parent, Changes.EDITED_TRACKS, ctx)
            if own is None:
                raise EditRefusedError("the mount is not ready yet")

            def key() -> str:
                return tools.targets.annex_key(target, parent.mount_path, own)

            annex_key = await self._in_thread(key)
            return await self._put(
                parent_inode, name, annex_key, f"ln -s {shlex.quote(target)}", number, ctx
            )

    async def link(
        self, track: TrackNode, parent_inode: InodeT, name: str, ctx: RequestContext
    ) -> TrackNode:
        """link: an entry of this mount is put into a folder."""
        parent = self._inodes[parent_inode]
        place = mount_paths.join(parent.mount_path, name)
        with (
            self._explained(place),
            self._begun(parent_inode, (parent_inode, name, True)) as number,
        ):
            self._ready(parent, Changes.EDITED_TRACKS, ctx)
            keys = await self._in_thread(self._tree.annex_keys, [track])
            if track.inode not in keys:
                raise EditRefusedError("this is no track of the library")
            words = f"ln {shlex.quote(track.name)}"
            return await self._put(parent_inode, name, keys[track.inode], words, number, ctx)

    async def _put(
        self,
        parent_inode: InodeT,
        name: str,
        annex_key: str,
        words: str,
        number: int,
        ctx: RequestContext,
    ) -> TrackNode:
        parent = self._inodes[parent_inode]
        place = mount_paths.join(parent.mount_path, name)
        edit, track = await self._in_thread(self._tree.value_edits.put, annex_key, parent.node)
        await self._apply(f"{words} {_quoted(place)}", place, [edit], number, ctx)
        return await self._arrived(parent_inode, name, track)

    async def take_out(self, parent_inode: InodeT, name: str, ctx: RequestContext) -> None:
        """unlink: a track is removed from a folder."""
        parent = self._inodes[parent_inode]
        place = mount_paths.join(parent.mount_path, name)
        with (
            self._explained(place),
            self._begun(parent_inode, (parent_inode, name, False)) as number,
        ):
            self._ready(parent, Changes.EDITED_TRACKS, ctx)
            track = await self._track(parent_inode, name)
            await self._keep_names(parent_inode)
            edit = await self._in_thread(self._tree.value_edits.take_out, track, parent.node)
            value = await self._in_thread(self._tree.value_edits.value_of, _value(parent.node))
            words = f"rm {_quoted(place)}"
            await self._apply(words, place, [edit], number, ctx, is_unlink=True)
            await self._keep_if_empty(_value(parent.node), value, number)
        self._left(parent_inode, name, track)

    async def throw_away(
        self,
        parent_inode: InodeT,
        name: str,
        trash_inode: InodeT,
        name_in_trash: str,
        ctx: RequestContext,
    ) -> None:
        """rename into the trash, as by the Delete key: the same as unlink. `mcfs undo` takes it back."""
        with self._under_way.change([trash_inode], [(trash_inode, name_in_trash, True)]):
            await self.take_out(parent_inode, name, ctx)
            await self._in_thread(self._tree.remove_note_about, name_in_trash)
        self._invalidator.drop(trash_inode, name_in_trash)

    async def move(
        self,
        parent_inode: InodeT,
        name: str,
        new_parent_inode: InodeT,
        new_name: str,
        ctx: RequestContext,
    ) -> None:
        """rename of a track's entry."""
        parent, new_parent = self._inodes[parent_inode], self._inodes[new_parent_inode]
        place = mount_paths.join(parent.mount_path, name)
        new_place = mount_paths.join(new_parent.mount_path, new_name)
        known = [(parent_inode, name, False), (new_parent_inode, new_name, True)]
        with (
            self._explained(place),
            self._under_way.change([parent_inode, new_parent_inode], known) as number,
        ):
            self._ready(new_parent, Changes.EDITED_TRACKS, ctx)
            track = await self._track(parent_inode, name)
            await self._refuse_to_replace(new_parent_inode, new_name, track)
            if parent_inode == new_parent_inode and self.asked_names.is_made(parent_inode, name):
                # rsync makes a link by another name first. The tree's own name cannot be changed.
                self.asked_names.remove(parent_inode, name)
                await self._arrived(new_parent_inode, new_name, track, moved=True)
                return
            await self._keep_names(parent_inode)
            edits = self._tree.value_edits
            edit = await self._in_thread(edits.move, track, parent.node, new_parent.node)
            value = await self._in_thread(edits.value_of, _value(parent.node))
            words = f"mv {_quoted(place)} {_quoted(new_place)}"
            await self._apply(words, place, [edit], number, ctx)
            await self._keep_if_empty(_value(parent.node), value, number)
            await self._arrived(new_parent_inode, new_name, track, moved=True)
        self._left(parent_inode, name, track)

    async def _refuse_to_replace(self, parent: InodeT, name: str, track: TrackNode) -> None:
        """A track takes the place of another one only if that is the same."""
        try:
            replaced = await self._track(parent, name)
        except NotFoundError:
            return
        if replaced.inode != track.inode:
            raise FUSEError(errno.EEXIST)

    async def _track(self, parent_inode: InodeT, name: str) -> TrackNode:
        """The track that is in a folder by this name."""
        parent = self._inodes[parent_inode]
        depth = mount_paths.depth(parent.mount_path)
        try:
            node = await self._in_thread(self._tree.child, parent.folder, name, depth)
        except NotFoundError:
            asked = await self.track_asked_for(parent_inode, name)
            if asked is None:
                raise
            return asked
        if not isinstance(node, TrackNode):
            raise ReadOnlyError(why_read_only(node, self._tree.settings.edit))
        return node

    async def track_asked_for(self, parent_inode: InodeT, name: str) -> TrackNode | None:
        """The track that a program has put into a folder by a name that the tree does not have."""
        asked = self.asked_names.find(parent_inode, name)
        node = self._inodes[parent_inode].node
        if asked is None or not isinstance(node, ValueNode):
            return None
        return await self._in_thread(self._tree.value_edits.track_in, node, asked)

    async def _keep_names(self, parent_inode: InodeT) -> None:
        """Where the names of all entries depend on each other, those of now are found for a while."""
        parent = self._inodes[parent_inode]
        if parent.dependency is not NameDependency.TRACK:
            listing = await self._in_thread(self._tree.children, parent.folder)
            self.asked_names.add_listing(parent_inode, listing.entries)

    async def _arrived(
        self, parent_inode: InodeT, name: str, put: TrackNode, *, moved: bool = False
    ) -> TrackNode:
        """The entry of a track that has been put into a folder, under whichever name."""
        parent = self._inodes[parent_inode]
        depth = mount_paths.depth(parent.mount_path)
        track = await self._in_thread(self._tree.value_edits.track_in, _value(parent.node), put)
        if track is None:
            raise EditRefusedError(
                "the track has the value now, and is not in this folder: it does not match the query of the "
                "folder above any more"
            )
        inode = InodeT(track.inode | self._inodes.track_bit(parent))
        self.asked_names.note_put(inode)
        try:
            node = await self._in_thread(self._tree.child, parent.folder, name, depth)
        except NotFoundError:
            node = None
        if isinstance(node, TrackNode) and node.inode == track.inode:
            self.asked_names.remove(parent_inode, name)
            if moved:
                # The kernel goes on caching it for as long as it was going to where it came from.
                self._inodes.note_cached(parent_inode, os.fsencode(name), node, parent.dependency)
        else:
            self.asked_names.add(parent_inode, name, track)
            if moved:
                self._invalidator.drop(parent_inode, name)
        return track

    def _left(self, parent_inode: InodeT, name: str, track: TrackNode) -> None:
        """An entry was removed or moved away."""
        self.asked_names.remove(parent_inode, name)
        for asked in self.asked_names.remove_track(parent_inode, track):
            self._invalidator.drop(parent_inode, asked.name)
        # The kernel counts one link less; there are others, in other folders.
        for inode in self._inodes.of_track(track.inode):
            self._invalidator.drop_attributes(inode)

    async def _keep_if_empty(self, folder: ValueNode, value: str, number: int) -> None:
        """A folder stays when its last entry goes, as on a disk."""
        if await self._in_thread(self._tree.value_edits.lists_anything, folder):
            return
        field = value_field(folder, self._tree.settings.edit)
        if field is not None:
            self._tree.keep_value(field, folder.parent, value)
        await self._invalidator.catch_up(number)

    # --- folders

    async def make_folder(self, parent_inode: InodeT, name: str, ctx: RequestContext) -> ValueNode:
        """mkdir: a value that no track has yet."""
        parent = self._inodes[parent_inode]
        place = mount_paths.join(parent.mount_path, name)
        with (
            self._explained(place),
            self._begun(parent_inode, (parent_inode, name, True)) as number,
        ):
            tools = self._ready(parent, Changes.EDITED_VALUES, ctx)
            edit = await self._in_thread(self._tree.value_edits.begin, parent.node, name)
            await self._in_thread(tools.editor.begin_value, edit.field, edit.value)
            self._tree.keep_value(edit.field, edit.folder.parent, edit.value)
            await self._invalidator.catch_up(number)
        return edit.folder

    async def remove_folder(self, parent_inode: InodeT, name: str, ctx: RequestContext) -> None:
        """rmdir: an empty folder."""
        parent = self._inodes[parent_inode]
        place = mount_paths.join(parent.mount_path, name)
        with (
            self._explained(place),
            self._begun(parent_inode, (parent_inode, name, False)) as number,
        ):
            tools = self._ready(parent, Changes.EDITED_VALUES, ctx)
            folder = await self._folder(parent, name)
            edit = await self._in_thread(self._tree.value_edits.end, parent.node, folder)
            await self._in_thread(tools.editor.end_value, edit.field, edit.value)
            self._tree.drop_value(edit.field, edit.value)
            await self._invalidator.catch_up(number)

    async def rename_folder(
        self,
        parent_inode: InodeT,
        name: str,
        new_parent_inode: InodeT,
        new_name: str,
        ctx: RequestContext,
    ) -> ValueNode:
        """rename of the folder of a value: all its tracks have another value then."""
        parent, new_parent = self._inodes[parent_inode], self._inodes[new_parent_inode]
        place = mount_paths.join(parent.mount_path, name)
        new_place = mount_paths.join(new_parent.mount_path, new_name)
        known = [(parent_inode, name, False), (new_parent_inode, new_name, True)]
        with (
            self._explained(place),
            self._under_way.change([parent_inode, new_parent_inode], known) as number,
        ):
            tools = self._ready(new_parent, Changes.EDITED_VALUES, ctx)
            folder = await self._folder(parent, name)
            edit = await self._in_thread(
                self._tree.value_edits.rename, parent.node, folder, new_parent.node, new_name
            )
            if edit.tracks:
                words = f"mv {_quoted(place)} {_quoted(new_place)}"
                await self._apply(words, place, edit.tracks, number, ctx)
            await self._in_thread(self._rename_kept, edit, tools.editor)
            await self._invalidator.catch_up(number)
        return edit.folder

    def _rename_kept(self, edit: FolderEdit, editor: Editor) -> None:
        """The folder with the old value goes, even if it was kept empty; the new one stays."""
        assert edit.former is not None
        field, former = edit.former
        is_begun = editor.end_value(field, former)
        if is_begun and not edit.tracks:
            editor.begin_value(edit.field, edit.value)
        self._tree.drop_value(field, former)
        self._tree.keep_value(edit.field, edit.folder.parent, edit.value)

    async def _folder(self, parent: InodeEntry, name: str) -> Node:
        depth = mount_paths.depth(parent.mount_path)
        return await self._in_thread(self._tree.child, parent.folder, name, depth)

    # --- what all gestures share

    def refuse(self, parent: InodeEntry, name: str, reason: str) -> EditRefusedError:
        """Note why a program may not do something; gives the error to raise."""
        self._tree.error_log.add(f"{mount_paths.join(parent.mount_path, name)}: {reason}")
        return EditRefusedError(reason)

    def note_read_only(self, parent: InodeEntry, name: str) -> None:
        """Note why nothing can be put into a folder."""
        reason = why_read_only(parent.node, self._tree.settings.edit)
        self._tree.error_log.add(f"{mount_paths.join(parent.mount_path, name)}: {reason}")

    @contextmanager
    def _explained(self, place: str) -> Iterator[None]:
        """Note why a gesture fails: the program that makes it shows no more than an errno."""
        try:
            yield
        except McfsError as error:
            if not isinstance(error, NotFoundError):
                self._tree.error_log.add(f"{place}: {error}")
            raise FUSEError(errno_of(error)) from error

    def _begun(self, folder: InodeT, *known: KnownChange) -> AbstractContextManager[int]:
        return self._under_way.change([folder], known)

    def _ready(self, parent: InodeEntry, changes: Changes, ctx: RequestContext) -> EditTools:
        """What it takes to edit; an error where this caller may not, or this folder cannot."""
        if self._tools is None or self.changes_in(parent.node) is not changes:
            raise ReadOnlyError(why_read_only(parent.node, self._tree.settings.edit))
        if ctx.uid not in (0, os.getuid()):
            raise EditRefusedError("only the user who mounted the library can edit it")
        if not os.access(self._tools.git_dir, os.W_OK):
            raise ReadOnlyError("the library cannot be written")
        return self._tools

    async def _apply(
        self,
        words: str,
        place: str,
        tracks: Sequence[TrackEdit],
        number: int,
        ctx: RequestContext,
        *,
        is_unlink: bool = False,
    ) -> None:
        assert self._tools is not None
        gesture = Gesture(words, place, _user_name(ctx.uid), tuple(tracks), is_unlink=is_unlink)
        outcome = await self._in_thread(self._tools.editor.apply, gesture)
        for annex_key, reason in outcome.failed.items():
            self._tree.error_log.add(f"{place}: {annex_key} was not changed: {reason}")
        await self._invalidator.catch_up(number)

    async def _in_thread(self, call: Callable[..., _Result], *arguments: object) -> _Result:
        return await trio.to_thread.run_sync(call, *arguments, limiter=self._limiter)


def _value(node: Node) -> ValueNode:
    if not isinstance(node, ValueNode):
        raise ReadOnlyError("this is not the folder of a value")
    return node


def _quoted(mount_path: str) -> str:
    """A path in the mount, relative to its root, as a shell reads it."""
    return shlex.quote(mount_path.lstrip("/"))


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
