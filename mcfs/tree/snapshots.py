"""Snapshots as folders: what `snapshots/` lists, and what mkdir, rename and rmdir mean in it.

Owns these gestures. No gesture removes a snapshot, and none changes what is in one: a frozen set that a slip
of the hand can lose is not frozen. What a folder of a snapshot lists is in `frozen_folders.py`.
"""

from __future__ import annotations

import shlex

from mcfs.config.settings import Names
from mcfs.error_log import ErrorLog
from mcfs.errors import NotFoundError, ReadOnlyError
from mcfs.query import AnnexKeys, AsTaken, InSnapshot, Query, Term, all_of
from mcfs.store.snapshot_records import FrozenTrack, Snapshot
from mcfs.store.snapshot_repository import SnapshotRepository
from mcfs.text.portable import portable_name
from mcfs.text.unique_names import unique_names
from mcfs.tree.bounded_cache import BoundedCache
from mcfs.tree.frozen_folders import FrozenFolders, frozen_folders
from mcfs.tree.made_names import check_made_name
from mcfs.tree.nodes import SNAPSHOTS, Node, SnapshotNode, SnapshotsNode, TracksNode
from mcfs.tree.snapshot_index import SnapshotIndex
from mcfs.tree.state import CurrentState


class Snapshots:
    """The snapshots of one store. Safe to use from several threads."""

    def __init__(
        self,
        repository: SnapshotRepository,
        index: SnapshotIndex,
        current: CurrentState,
        error_log: ErrorLog,
    ) -> None:
        self._repository = repository
        self._index = index
        self._current = current
        self._error_log = error_log
        # A folder of each value of a large snapshot would read all of it again.
        self._frozen = BoundedCache[Snapshot, FrozenFolders](
            _KEPT_TRACKS, lambda frozen: 100 + frozen.snapshot.tracks
        )

    def entries(self) -> dict[str, Node]:
        """What `snapshots/` lists."""
        return {shown: _top_folder(snapshot) for shown, snapshot in self._shown().items()}

    def folder(self, name: str) -> Node | None:
        """The top folder of a snapshot, by the name that is listed or by its own."""
        snapshot = self._shown().get(name) or self._index.seen.by_name.get(name)
        return None if snapshot is None else _top_folder(snapshot)

    def frozen(self, name: str) -> FrozenFolders:
        """The folders of a snapshot, and the tracks in them."""
        snapshot = self._index.seen.by_name.get(name)
        if snapshot is None:
            raise NotFoundError(f"no snapshot of the name {name}")
        frozen = self._frozen.get(snapshot)
        if frozen is None:
            # So that a change of it is noticed here.
            self._index.seen.known.annex_keys(name)
            # Without a template there are no folders, and what was frozen of the fields need not be read.
            read = self._repository.tracks if snapshot.template else self._repository.named_tracks
            frozen = frozen_folders(snapshot, read(name))
            self._frozen.put(snapshot, frozen)
        return frozen

    def tracks(self, name: str) -> tuple[FrozenTrack, ...]:
        """The tracks of a snapshot with all that was frozen of them, which takes too much memory to keep."""
        return self._repository.tracks(name)

    def rename(self, name: str, new_where: Node, new_name: str) -> Node:
        """mv of a snapshot: another name for the same tracks. It never leaves `snapshots/`."""
        own_name = self._own_name(name)
        if not isinstance(new_where, SnapshotsNode):
            raise self._refused(
                name, f"it cannot be moved away or deleted here; {_how_to_drop(own_name)}"
            )
        check_made_name(new_name, "snapshot", SNAPSHOTS, self._error_log)
        self._repository.rename(own_name, new_name)
        self._index.look()
        return _top_folder(self._repository.get(new_name))

    def refuse_removal(self, name: str) -> ReadOnlyError:
        """rmdir."""
        own_name = self._own_name(name)
        return self._refused(name, f"it cannot be deleted here; {_how_to_drop(own_name)}")

    def refuse_arrival(self, name: str, pin: str | None) -> ReadOnlyError:
        """mkdir, or mv of something else into `snapshots/`; `pin` is the pin that is meant, if it is one.

        A pin that is moved or copied here would have to stay as it is, and no program expects that.
        """
        frozen = "QUERY" if pin is None else shlex.quote(f"pins/{pin}")
        how = f"mcfs snapshot take {shlex.quote(name)} {frozen}"
        return self._refused(name, f"nothing can be made here, or moved here; write: {how}")

    def _refused(self, name: str, reason: str) -> ReadOnlyError:
        # The program that asked shows no more than "read-only file system".
        self._error_log.add(f"{SNAPSHOTS}/{name}: {reason}")
        return ReadOnlyError(f"{name}: {reason}")

    def _shown(self) -> dict[str, Snapshot]:
        """All snapshots, each by the name that `snapshots/` lists."""
        by_name = self._index.look().by_name
        if self._current.settings.names is Names.PLAIN:
            return dict(by_name)
        shown = unique_names(((name, portable_name(name)) for name in by_name), of_files=False)
        return {shown[name]: snapshot for name, snapshot in by_name.items()}

    def _own_name(self, name: str) -> str:
        """The name of the snapshot that is listed under this one."""
        snapshot = self._shown().get(name)
        return name if snapshot is None else snapshot.name


# Of all snapshots that were looked into last: their keys, names and folders.
_KEPT_TRACKS = 20_000


def live_folder(node: SnapshotNode, frozen: FrozenFolders) -> TracksNode:
    """What is asked inside a folder of a snapshot: its tracks, as the library has them now."""
    where: Term = InSnapshot(node.name)
    if node.folders:
        where = all_of(where, AnnexKeys(tuple(frozen.at_and_below(node.folders))))
    return TracksNode(Query(where, (AsTaken(),)), node.presentation)


def _how_to_drop(name: str) -> str:
    return f"to delete it: mcfs snapshot drop {shlex.quote(name)}"


def _top_folder(snapshot: Snapshot) -> SnapshotNode:
    return SnapshotNode(snapshot.name, (), snapshot.output_mode)
