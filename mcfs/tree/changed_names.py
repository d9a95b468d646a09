"""Which names a change of the store touches: those that are new, gone, or lead to another track now.

Owns the way from the tracks that changed to all names that they had and have, in every way that folders
name things. It never walks the folders: a mount may have any number of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mcfs.fields import Vocabulary
from mcfs.query import AnnexKeys, Query
from mcfs.sql import BoundQuery, EntryRow, bind_without_values
from mcfs.sql.work_folders import select_work_folder
from mcfs.store.cache_reader import CacheReader
from mcfs.store.change_feed import StoreChange
from mcfs.store.known_snapshots import NO_SNAPSHOTS
from mcfs.template import Template
from mcfs.text.escape import escape, file_name
from mcfs.text.unique_names import collision_key
from mcfs.tree.group_cache import GroupCache
from mcfs.tree.listing_changes import ListingChange
from mcfs.tree.listings import ListingKey
from mcfs.tree.nodes import Node, SnapshotNode, SnapshotsNode, TrackNode, ValueNode, WorkFolderNode
from mcfs.tree.snapshot_index import SnapshotChanges
from mcfs.tree.state import TreeState
from mcfs.tree.track_nodes import track_nodes
from mcfs.tree.version import TreeVersion
from mcfs.tree.work_folders import holds_work_files


@dataclass(frozen=True, slots=True)
class NameChanges:
    """What differs at this version from the one before."""

    version: TreeVersion
    # Of all tracks that changed, those that are gone among them.
    inodes: frozenset[int] = frozenset()
    # Inode → the track as it is now; without those that are gone.
    tracks: Mapping[int, TrackNode] = field(default_factory=dict)
    # Of all names that these tracks had or have by any template, as folders and as files.
    collision_keys: frozenset[str] = frozenset()
    # Of the work tree: the files and folders that came, went, or are another track now.
    work_paths: frozenset[str] = frozenset()
    # The folders that these are in.
    work_folders: frozenset[str] = frozenset()
    # The names of the snapshots that have another result, or a track that changed.
    snapshots: frozenset[str] = frozenset()
    # Fields came or went, so other names are valid queries now.
    fields_changed: bool = False
    # Any name may differ, because it is not known which tracks changed.
    everything: bool = False
    # Of the folders that somebody watches, by their keys: what came and went in their listings.
    listings: Mapping[ListingKey, ListingChange] = field(default_factory=dict)

    def may_touch_inside(self, folder: Node, name: str) -> bool:
        """Whether a folder of this name may list something else now. False is certain.

        For folders where a name changes with its own track. What is in the folder of a value changes only
        with tracks that had or have the value.
        """
        match folder:
            case _ if self.everything:
                return True
            case ValueNode():
                return collision_key(name) in self.collision_keys
            case WorkFolderNode(work_path):
                return work_path in self.work_folders
            case SnapshotsNode():
                return bool(self.snapshots)
            case SnapshotNode():
                return folder.name in self.snapshots
            case _:
                return True


def name_changes(
    change: StoreChange,
    value_templates: Collection[Template],
    file_templates: Collection[Template],
    state: TreeState,
    snapshots: SnapshotChanges,
) -> NameChanges:
    """The names that a change of the store touches, where these templates name folders and files.

    `state` is the one after the change.
    """
    version = state.version
    vocabularies = [
        (read, read.vocabulary().configured(state.settings.field_kinds))
        for read in (change.before, change.after)
    ]
    (_, was), (_, now) = vocabularies
    # A term may name a snapshot, too.
    fields_changed = was != now or snapshots.names_differ
    # By a template, a date has another name than the text that it was before, whichever tracks changed.
    if change.changed_keys is None or was.dates != now.dates:
        return NameChanges(version, fields_changed=fields_changed, everything=True)
    # A folder of tracks may show the cover that is beside them.
    keys = change.changed_keys | _keys_beside(change) | snapshots.moved_keys
    query = Query(AnnexKeys(tuple(sorted(keys))))
    bound = bind_without_values(query, version.day)
    before, after = (_tracks(read, bound) for read in (change.before, change.after))
    names = {
        name
        for read, vocabulary in vocabularies
        for name in _template_names(read, vocabulary, bound, value_templates, file_templates)
    }
    names.update(track.name for tracks in (before, after) for track in tracks.values())
    work_paths = frozenset(_work_paths(change, change.changed_keys, absent=state.shows_absent))
    return NameChanges(
        version,
        inodes=frozenset(before.keys() | after.keys()),
        tracks=after,
        collision_keys=frozenset(map(collision_key, names)),
        work_paths=work_paths,
        work_folders=frozenset(path.rpartition("/")[0] for path in work_paths),
        snapshots=snapshots.touched_by(change.changed_keys),
        fields_changed=fields_changed,
    )


def _tracks(read: CacheReader, bound: BoundQuery) -> dict[int, TrackNode]:
    return {track.inode: track for track in track_nodes(read, bound)}


def _work_paths(change: StoreChange, keys: Collection[str], *, absent: bool) -> set[str]:
    """The work paths that differ, and those of the folders which have become empty or not."""
    before, after = (
        {
            (file.work_path, file.annex_key)
            for file in read.work_files(keys)
            if absent or file.present
        }
        for read in (change.before, change.after)
    )
    covers_before, covers_after = (
        {
            (cover.work_path, cover)
            for cover in read.covers_in(_folders_of(change.changed_covers))
            if cover.present and cover.work_path in change.changed_covers
        }
        for read in (change.before, change.after)
    )
    files = {work_path for work_path, _ in before ^ after}
    folders = {above for work_path in files for above in _folders_above(work_path)}
    covers = {work_path for work_path, _ in covers_before ^ covers_after}
    return (
        files
        | covers
        | {
            folder
            for folder in folders
            if holds_work_files(folder, change.before, absent=absent)
            != holds_work_files(folder, change.after, absent=absent)
        }
    )


def _keys_beside(change: StoreChange) -> set[str]:
    """The annex keys of the tracks that have a file in a folder where a cover changed."""
    folders = _folders_of(change.changed_covers)
    return {
        key
        for read in (change.before, change.after)
        for key in read.annex_keys(_inodes_in(folders, read)).values()
    }


def _inodes_in(folders: Iterable[str], read: CacheReader) -> Iterator[int]:
    at = 1 + EntryRow._fields.index("inode")
    for folder in folders:
        for statement in select_work_folder(folder, absent=True):
            yield from (row[at] for row in read.rows(statement) if row[at] is not None)


def _folders_of(work_paths: Iterable[str]) -> set[str]:
    return {work_path.rpartition("/")[0] for work_path in work_paths}


def _folders_above(work_path: str) -> Iterator[str]:
    while work_path := work_path.rpartition("/")[0]:
        yield work_path


def _template_names(
    read: CacheReader,
    vocabulary: Vocabulary,
    bound: BoundQuery,
    value_templates: Collection[Template],
    file_templates: Collection[Template],
) -> Iterator[str]:
    group_cache = GroupCache(vocabulary, NO_SNAPSHOTS)
    for template in value_templates:
        for group in group_cache.groups(read, bound, template):
            yield escape(group.shown.strip())
    for template in file_templates:
        for cells in group_cache.file_cells(read, bound, template).values():
            yield file_name(template.render(cells))
