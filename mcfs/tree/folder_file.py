"""A folder as one file: the playlist, table or JSON objects of all tracks in it and below it.

Owns which tracks such a file holds, in which order, by which path, and the cache of written files.
`export/` knows how a file of each format is written.

Players know a track by its path. So a playlist never names it by the folder that was asked, but by the one
path that it has in every playlist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from mcfs.config.settings import Playlists
from mcfs.export.csv_table import as_csv
from mcfs.export.json_objects import as_json
from mcfs.export.playlist import as_m3u8
from mcfs.sql import select_tracks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.cache_repository import CacheRepository
from mcfs.store.records import TrackRecord
from mcfs.tree.entries import plain_track_name
from mcfs.tree.nodes import LIBRARY, ExportNode, Format, TracksNode, ValuesNode
from mcfs.tree.state import CurrentState, TreeState
from mcfs.tree.work_folders import WorkPathsShown


class FolderFiles:
    """The folder files of one tree. Safe to ask from several threads."""

    def __init__(self, cache: CacheRepository, current: CurrentState) -> None:
        self._cache = cache
        self._current = current

    def content(self, node: ExportNode) -> bytes:
        """What is in such a file now. Written once for each state of the library."""
        cached = self._current.get().files.get(node)
        if cached is not None:
            return cached
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            content = write_folder_file(node, read, state)
        # A larger one than all together may be is written anew each time.
        if len(content) <= state.files.limit:
            state.files.put(node, content)
        return content


def write_folder_file(node: ExportNode, read: CacheReader, state: TreeState) -> bytes:
    """The file's bytes, of the state that the reader sees."""
    folder = node.folder
    if isinstance(folder, ValuesNode):
        # Below it a track may be in several folders. In the file it is once.
        folder = TracksNode(folder.query)
    bound = state.group_cache.bind(read, state.shown_query(folder), state.day)
    tracks = read.records_of(select_tracks(bound))
    pieces: Iterable[str]
    match node.format:
        case Format.M3U8:
            pieces = as_m3u8(tracks, _path_in_playlist(node, read, state))
        case Format.JSON:
            pieces = as_json(tracks)
        case Format.CSV:
            pieces = as_csv(tracks, [field.shown for field in read.fields()])
        case unreachable:
            assert_never(unreachable)
    return "".join(pieces).encode("utf-8", "surrogateescape")


def _path_in_playlist(
    node: ExportNode, read: CacheReader, state: TreeState
) -> Callable[[TrackRecord], str]:
    """The path by which a playlist at this place names a track, whether its content is here or not."""
    names, playlists = state.settings.names, state.settings.playlists
    root = "../" * node.depth
    shown = WorkPathsShown(read, absent=state.shows_absent, style=names)

    def path(track: TrackRecord) -> str:
        work_path = track.first_file
        if playlists is Playlists.ALL or work_path is None:
            return f"{root}all/{plain_track_name(track.name, names)}"
        if playlists is Playlists.LIBRARY:
            return f"{root}{LIBRARY}/{shown.of(work_path)}"
        return f"{playlists}/{work_path}"

    return path
