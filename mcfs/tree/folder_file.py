"""A folder as one file: the playlist, table or JSON objects of all tracks in it and below it.

Owns which tracks such a file holds, in which order, by which path, and the cache of written files.
`export/` knows how a file of each format is written.

Players know a track by its path. So a playlist never names it by the folder that was asked, but by the one
path that it has in every playlist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, assert_never

from mcfs.config.settings import Playlists
from mcfs.export.csv_table import as_csv
from mcfs.export.json_objects import as_json
from mcfs.export.playlist import as_m3u8
from mcfs.sql import select_tracks
from mcfs.store import Store
from mcfs.store.cache_reader import CacheReader
from mcfs.store.records import TrackRecord
from mcfs.store.snapshot_records import FrozenTrack
from mcfs.text.fold import fold
from mcfs.tree.entries import plain_track_name
from mcfs.tree.frozen_folders import gone_record, tracks_shown
from mcfs.tree.nodes import (
    LIBRARY,
    ExportNode,
    Format,
    QueryFolderNode,
    SnapshotNode,
    TrackNode,
    TracksNode,
    ValuesNode,
)
from mcfs.tree.snapshots import Snapshots
from mcfs.tree.state import CurrentState, TreeState
from mcfs.tree.work_folders import WorkPathsShown


class FolderFiles:
    """The folder files of one tree. Safe to ask from several threads."""

    def __init__(self, store: Store, current: CurrentState, snapshots: Snapshots) -> None:
        self._store = store
        self._current = current
        self._snapshots = snapshots

    def content(self, node: ExportNode) -> bytes:
        """What is in such a file now. Written once for each state of the library."""
        cached = self._current.get().files.get(node)
        if cached is not None:
            return cached
        with self._store.cache.reading() as read:
            state = self._current.seen_by(read)
            content = write_folder_file(node, self._tracks(node, read, state), read, state)
        # A larger one than all together may be is written anew each time.
        if len(content) <= state.files.limit:
            state.files.put(node, content)
        return content

    def _tracks(self, node: ExportNode, read: CacheReader, state: TreeState) -> Iterable[FileTrack]:
        match node.folder:
            case SnapshotNode() as folder:
                frozen = self._snapshots.frozen(folder.name)
                shown = tracks_shown(folder, frozen, read, state)
                return _frozen_tracks(shown, self._snapshots.tracks(folder.name), read)
            case TracksNode() | ValuesNode() as folder:
                return _tracks_in(folder, read, state)
            case unreachable:
                assert_never(unreachable)


class FileTrack(NamedTuple):
    """A track in such a file."""

    # What the file says of it.
    record: TrackRecord
    # Its name in the folders of the mount now; None for a track that the library no longer has.
    name: str | None


def _tracks_in(folder: QueryFolderNode, read: CacheReader, state: TreeState) -> Iterator[FileTrack]:
    """Each track in a folder and below it, once: it may be in several folders below."""
    if isinstance(folder, ValuesNode):
        folder = TracksNode(folder.query)
    bound = state.group_cache.bind(read, state.shown_query(folder), state.day)
    for record in read.records_of(select_tracks(bound)):
        yield FileTrack(record, record.name)


def _frozen_tracks(
    shown: Mapping[str, TrackNode], frozen: Iterable[FrozenTrack], read: CacheReader
) -> Iterator[FileTrack]:
    """With the names and the metadata that were frozen, and the files that the tracks have now."""
    records = read.records(shown)
    for track in frozen:
        if (node := shown.get(track.annex_key)) is None:
            continue
        record = records.get(track.annex_key)
        as_frozen = replace(record or gone_record(node), name=track.name, values=track.fields)
        yield FileTrack(as_frozen, None if record is None else record.name)


def write_folder_file(
    node: ExportNode, tracks: Iterable[FileTrack], read: CacheReader, state: TreeState
) -> bytes:
    """The file's bytes, of the state that the reader sees."""
    pieces: Iterable[str]
    match node.format:
        case Format.M3U8:
            # A player can do nothing with a track that is gone.
            there = {track.record.annex_key: track for track in tracks if track.name is not None}
            path = _path_in_playlist(node, read, state)
            pieces = as_m3u8(
                (track.record for track in there.values()),
                lambda record: path(there[record.annex_key]),
            )
        case Format.JSON:
            pieces = as_json(track.record for track in tracks)
        case Format.CSV:
            records = [track.record for track in tracks]
            pieces = as_csv(records, _fields(records, read))
        case unreachable:
            assert_never(unreachable)
    return "".join(pieces).encode("utf-8", "surrogateescape")


def _fields(records: Iterable[TrackRecord], read: CacheReader) -> list[str]:
    """All fields of the library, so that every table has the same columns, and those that were frozen."""
    shown = {fold(field.shown): field.shown for field in read.fields()}
    frozen = {fold(name): name for record in records for name in record.values}
    return list({**frozen, **shown}.values())


def _path_in_playlist(
    node: ExportNode, read: CacheReader, state: TreeState
) -> Callable[[FileTrack], str]:
    """The path by which a playlist at this place names a track, whether its content is here or not."""
    names, playlists = state.settings.names, state.settings.playlists
    root = "../" * node.depth
    shown = WorkPathsShown(read, absent=state.shows_absent, style=names)

    def path(track: FileTrack) -> str:
        work_path = track.record.first_file
        if playlists is Playlists.ALL or work_path is None:
            return f"{root}all/{plain_track_name(track.name or track.record.name, names)}"
        if playlists is Playlists.LIBRARY:
            return f"{root}{LIBRARY}/{shown.of(work_path)}"
        return f"{playlists}/{work_path}"

    return path
