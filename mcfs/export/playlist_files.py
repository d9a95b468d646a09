"""The playlists of an export: files beside its tracks, which name them by relative paths.

So they lead to the copies or links of the export, wherever it is mounted. How a playlist is written, is in
`playlist.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mcfs.export.plan import PlannedFile, PlannedFolder, PlannedText
from mcfs.export.playlist import as_m3u8

if TYPE_CHECKING:
    from mcfs.store.records import TrackRecord

# The records of tracks, in the order of their annex keys; keys of other files are left out.
TracksOf = Callable[[Iterable[str]], Iterator["TrackRecord"]]


def with_playlist(plan: PlannedFolder, name: str, tracks_of: TracksOf) -> PlannedFolder:
    """The same, with one playlist of all its tracks at the top. Each is in it once, by its first path."""
    return _with_text(plan, name, first_paths(plan), tracks_of)


def with_folder_playlists(folder: PlannedFolder, name: str, tracks_of: TracksOf) -> PlannedFolder:
    """The same, where every folder that has tracks of its own also has a playlist of them.

    It has the name of its folder; the one at the top is called `name`.
    """
    entries = tuple(
        with_folder_playlists(entry, entry.name, tracks_of)
        if isinstance(entry, PlannedFolder)
        else entry
        for entry in folder.entries
    )
    own = {entry.annex_key: entry.name for entry in entries if isinstance(entry, PlannedFile)}
    return _with_text(replace(folder, entries=entries), name, own, tracks_of)


def first_paths(plan: PlannedFolder) -> dict[str, str]:
    """Annex key → the first path of its content in the export."""
    paths: dict[str, str] = {}
    for path, file in plan.files():
        paths.setdefault(file.annex_key, path)
    return paths


def _with_text(
    folder: PlannedFolder, name: str, paths: Mapping[str, str], tracks_of: TracksOf
) -> PlannedFolder:
    tracks = list(tracks_of(paths))
    if not tracks:
        return folder
    text = "".join(as_m3u8(tracks, lambda track: paths[track.annex_key]))
    playlist = PlannedText(f"{name}.m3u8", text.encode("utf-8", "surrogateescape"))
    # Of two playlists of one name, such as both kinds of the top folder, the later one is wanted.
    others = (each for each in folder.entries if not _is_text(each, playlist.name))
    return replace(folder, entries=(*others, playlist))


def _is_text(entry: PlannedFolder | PlannedFile | PlannedText, name: str) -> bool:
    return isinstance(entry, PlannedText) and entry.name == name
