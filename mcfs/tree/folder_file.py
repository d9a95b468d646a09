"""A folder as one file: the playlist, table or JSON objects of all tracks in it and below it.

Owns which tracks such a file holds, in which order, by which path, and that it is written once for each state
of the library. `export/` knows how a file of each format is written, and `file_text.py` keeps its text.

Players know a track by its path. So a playlist never names it by the folder that was asked, but by the one
path that it has in every playlist.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, assert_never
from weakref import WeakValueDictionary

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
from mcfs.tree.file_text import FileText, write_text
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
        self._lock = threading.Lock()
        # Held while a file is written: to write that of a large library takes many seconds.
        self._being_written = WeakValueDictionary[ExportNode, threading.Lock]()
        self._snapshots = snapshots

    def content(self, node: ExportNode) -> FileText:
        """What is in such a file now. Written once for each state of the library."""
        cached = self._current.get().files.get(node)
        if cached is not None:
            return cached
        with self._lock:
            lock = self._being_written.setdefault(node, threading.Lock())
        with lock:
            # Another thread may have written it meanwhile.
            cached = self._current.get().files.get(node)
            return self._write(node) if cached is None else cached

    def _write(self, node: ExportNode) -> FileText:
        with self._store.cache.reading() as read:
            state = self._current.seen_by(read)
            pieces = folder_file(node, self._tracks(node, read, state), read, state)
            content = write_text(pieces, self._store.folder)
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


def folder_file(
    node: ExportNode, tracks: Iterable[FileTrack], read: CacheReader, state: TreeState
) -> Iterable[str]:
    """The file's text in pieces, of the state that the reader sees."""
    # Never all at once: of a large library they would take half a gigabyte.
    match node.format:
        case Format.M3U8:
            return _playlist(tracks, _path_in_playlist(node, read, state))
        case Format.JSON:
            return as_json(track.record for track in tracks)
        case Format.CSV if isinstance(node.folder, SnapshotNode):
            records = [track.record for track in tracks]
            return as_csv(
                records, _fields(read, (name for record in records for name in record.values))
            )
        case Format.CSV:
            return as_csv((track.record for track in tracks), _fields(read))
        case unreachable:
            assert_never(unreachable)


def _playlist(tracks: Iterable[FileTrack], path: Callable[[FileTrack], str]) -> Iterable[str]:
    # Of the tracks that had another name when they were frozen.
    names = dict[str, str]()

    def there() -> Iterator[TrackRecord]:
        for record, name in tracks:
            # A player can do nothing with a track that is gone.
            if name is not None:
                if name != record.name:
                    names[record.annex_key] = name
                yield record

    return as_m3u8(
        there(), lambda record: path(FileTrack(record, names.get(record.annex_key, record.name)))
    )


def _fields(read: CacheReader, frozen: Iterable[str] = ()) -> list[str]:
    """All fields of the library, so that every table has the same columns, and those that were frozen."""
    shown = {fold(name): name for name in read.shown_fields()}
    return list({**{fold(name): name for name in frozen}, **shown}.values())


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
