"""A folder as one file: the playlist, table or JSON objects of all tracks in it and below it.

Owns which tracks such a file holds, in which order, by which path, and the cache of written files.
`export/` knows how a file of each format is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from mcfs.export.csv_table import as_csv
from mcfs.export.json_objects import as_json
from mcfs.export.playlist import as_m3u8
from mcfs.store.cache_reader import CacheReader
from mcfs.store.cache_repository import CacheRepository
from mcfs.tree.entries import plain_track_name
from mcfs.tree.folders import Folders
from mcfs.tree.nodes import ExportNode, Format, TrackNode, TracksNode, ValuesNode
from mcfs.tree.state import CurrentState, TreeState


class FolderFiles:
    """The folder files of one tree. Safe to ask from several threads."""

    def __init__(self, cache: CacheRepository, current: CurrentState, folders: Folders) -> None:
        self._cache = cache
        self._current = current
        self._folders = folders

    def content(self, node: ExportNode) -> bytes:
        """What is in such a file now. Written once for each state of the library."""
        state = self._current.get()
        cached = state.files.get(node)
        if cached is not None:
            return cached
        paths = self._track_paths(node, state)
        with self._cache.reading() as read:
            content = write_folder_file(node, paths, read)
        # A larger one than all together may be is written anew each time.
        if len(content) <= state.files.limit:
            state.files.put(node, content)
        return content

    def _track_paths(self, node: ExportNode, state: TreeState) -> list[tuple[str, str]]:
        """The annex key of every track in a folder and below, and the path to it from the file's place."""
        if isinstance(node.folder, ValuesNode):
            # Below it a track may be in several folders. In `all` it is once.
            up = "../" * node.depth or "./"
            tracks = self._folders.listing(TracksNode(node.folder.query)).entries.values()
            return [
                (track.annex_key, f"{up}all/{plain_track_name(track, state.settings.names)}")
                for track in tracks
                if isinstance(track, TrackNode)
            ]
        # With `./` before it, since some programs take a name such as "genre:techno" for a URL.
        return [
            (track.annex_key, f"./{node.stem}/{name}")
            for name, track in self._folders.listing(node.folder).entries.items()
            if isinstance(track, TrackNode)
        ]


def write_folder_file(
    node: ExportNode, paths: Iterable[tuple[str, str]], read: CacheReader
) -> bytes:
    """The file's bytes; `paths` gives annex key and path of every track, in their order."""
    path_of = dict(paths)
    tracks = read.records_in_order(path_of)
    match node.format:
        case Format.M3U8:
            pieces = as_m3u8(tracks, lambda track: path_of[track.annex_key])
        case Format.JSON:
            pieces = as_json(tracks)
        case Format.CSV:
            pieces = as_csv(tracks, [field.shown for field in read.fields()])
        case unreachable:
            assert_never(unreachable)
    return "".join(pieces).encode("utf-8", "surrogateescape")
