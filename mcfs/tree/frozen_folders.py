"""What a folder of a snapshot lists: the tracks that were frozen, in their order, by the names that they had.

Owns the numbers, and what becomes of tracks that are not here any more. A number is the place at which a
track was taken, so it stays when other tracks are hidden. Names and folders are frozen; where the content of
a track is, and whether it is here, is what the library says now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mcfs.annex.keys import content_path, key_size
from mcfs.config.settings import Names
from mcfs.errors import TextError
from mcfs.query import AnnexKeys, Query, hiding_absent, parse
from mcfs.sql import FoundTrack, bind_without_values, select_found
from mcfs.store.cache_reader import CacheReader
from mcfs.store.inodes import candidate_inode
from mcfs.store.records import TrackRecord
from mcfs.store.snapshot_records import Folders, FrozenTrack, OutputMode, Snapshot
from mcfs.template import parse_template, split_levels
from mcfs.text.escape import fit_file_name
from mcfs.text.fold import fold
from mcfs.text.portable import portable_name
from mcfs.text.unique_names import unique_names
from mcfs.tree.entries import value_order
from mcfs.tree.nodes import ExportNode, Format, Node, SnapshotNode, TrackNode
from mcfs.tree.state import TreeState
from mcfs.tree.track_nodes import track_nodes


@dataclass(frozen=True, slots=True)
class FrozenFolders:
    """The folders of one snapshot, and the tracks in each of them. Without what the tracks' fields were."""

    snapshot: Snapshot
    tracks: Mapping[Folders, Sequence[FrozenTrack]]
    # The names of the folders in each folder.
    folders: Mapping[Folders, Sequence[str]]

    def at_and_below(self, folders: Folders) -> dict[str, FrozenTrack]:
        """Annex key → track, of a folder and then of those inside."""
        found = {track.annex_key: track for track in self.tracks.get(folders, ())}
        for name in self.folders.get(folders, ()):
            found |= self.at_and_below((*folders, name))
        return found


def frozen_folders(snapshot: Snapshot, tracks: Iterable[FrozenTrack]) -> FrozenFolders:
    """The folders that the tracks of a snapshot are in."""
    in_folders: defaultdict[Folders, list[FrozenTrack]] = defaultdict(list)
    names: defaultdict[Folders, set[str]] = defaultdict(set)
    for track in tracks:
        bare = replace(track, fields={}) if track.fields else track
        for folders in track.folders:
            in_folders[folders].append(bare)
            for depth, name in enumerate(folders):
                names[folders[:depth]].add(name)
    ordered = {
        folders: sorted(inside, key=lambda name: value_order(fold(name)))
        for folders, inside in names.items()
    }
    return FrozenFolders(snapshot, in_folders, ordered)


def list_frozen_folder(
    node: SnapshotNode, frozen: FrozenFolders, read: CacheReader, state: TreeState
) -> dict[str, Node]:
    """Name → node: first the folders inside, then the tracks; of a playlist, nothing but the playlist."""
    if node.output_mode is OutputMode.PLAYLIST:
        tracks = replace(node, output_mode=None)
        named: dict[str, Node] = {
            _playlist_name(node.name): ExportNode(tracks, Format.M3U8, node.name, depth=2)
        }
    else:
        named = dict(_entries(node, frozen, tracks_shown(node, frozen, read, state)))
    if state.settings.names is Names.PLAIN:
        return named
    return {portable_name(name): entry for name, entry in named.items()}


def _entries(
    node: SnapshotNode, frozen: FrozenFolders, shown: Mapping[str, TrackNode]
) -> Iterator[tuple[str, Node]]:
    for name in frozen.folders.get(node.folders, ()):
        inside = (*node.folders, name)
        if not shown.keys().isdisjoint(frozen.at_and_below(inside)):
            yield name, SnapshotNode(node.name, inside, node.output_mode)
    tracks = frozen.tracks.get(node.folders, ())
    by_template = _names_files(frozen.snapshot.template)
    for name, annex_key in _unique(tracks) if by_template else _numbered(tracks):
        if (track := shown.get(annex_key)) is not None:
            yield name, track


def tracks_shown(
    node: SnapshotNode, frozen: FrozenFolders, read: CacheReader, state: TreeState
) -> dict[str, TrackNode]:
    """Annex key → track: those in a folder of a snapshot, and below it, that the mount shows."""
    taken = frozen.at_and_below(node.folders)
    query = Query(AnnexKeys(tuple(taken)))
    if hides := not state.shows_absent and not _decides_presence(frozen.snapshot, state):
        query = hiding_absent(query)
    bound = bind_without_values(query, state.day)
    # Both are in the same order.
    keys = [track.annex_key for track in map(FoundTrack._make, read.tuples(select_found(bound)))]
    found = dict(zip(keys, track_nodes(read, bound), strict=True))
    return {
        annex_key: found.get(annex_key) or _gone(track)
        for annex_key, track in taken.items()
        if annex_key in found or not hides
    }


def _decides_presence(snapshot: Snapshot, state: TreeState) -> bool:
    """Whether its query asks for tracks that are not here, as `present:no` does."""
    try:
        query = parse(snapshot.query_text, state.vocabulary)
    except TextError:
        return False  # it was no query text that was taken, or fields have gone since
    return hiding_absent(query) == query


def _names_files(template: str) -> bool:
    """Whether a template named the tracks, so that they have no numbers."""
    try:
        return any(parse_template(level).names_files for level in split_levels(template))
    except TextError:
        return False  # a newer mcfs wrote it


def _playlist_name(snapshot: str) -> str:
    return fit_file_name(f"{snapshot}{Format.M3U8.value}")


def _numbered(tracks: Sequence[FrozenTrack]) -> Iterator[tuple[str, str]]:
    width = max(3, len(str(len(tracks))))
    for place, track in enumerate(tracks, 1):
        yield fit_file_name(f"{place:0{width}} {track.name}"), track.annex_key


def _unique(tracks: Sequence[FrozenTrack]) -> Iterator[tuple[str, str]]:
    names = unique_names((track.annex_key, track.name) for track in tracks)
    for annex_key, name in names.items():
        yield name, annex_key


def _gone(track: FrozenTrack) -> TrackNode:
    """A track that the library no longer has. Its content may still be there: then the link leads to it."""
    return TrackNode(
        name=track.name,
        inode=candidate_inode(track.annex_key),
        work_path=None,
        content_path=content_path(track.annex_key),
        size=key_size(track.annex_key),
        changed=None,
        other_key=track.annex_key,
    )


def gone_record(track: TrackNode) -> TrackRecord:
    """What is left to say of such a track."""
    return TrackRecord(
        annex_key=track.other_key or "",
        name=track.name,
        files=(),
        content_path=track.content_path or "",
        present=False,
        size=track.size,
    )
