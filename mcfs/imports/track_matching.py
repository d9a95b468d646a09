"""The path of a track in another program → the track.

Owns the ways to find it. The path is below the library's top folder, or below what the other program calls
that folder; it leads there through links; or it leads to an annex object, as locked files and entries of a
mount do, and then its last part is the annex key, in any clone. In a mount that shows regular files, the
tree knows which track a path is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from mcfs.annex.keys import key_of_link
from mcfs.annex.library import Library
from mcfs.errors import McfsError
from mcfs.imports.missing_mounts import MissingMounts
from mcfs.mount_table import mount_points_of
from mcfs.store.cache_reader import CacheReader
from mcfs.tree.nodes import TrackNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree

NOT_THERE = "there is no such file"
NOT_IN_LIBRARY = "it is not in the library"
NOT_A_TRACK = "it is not a track of git-annex"

# How many folders' real paths are remembered. A collection has a few thousand folders.
_MAX_REMEMBERED = 20_000


class Unmatched(NamedTuple):
    """A path that leads to no track, and the reason."""

    path: str
    reason: str


class TrackMatcher:
    """Finds tracks of one library. `other_name` is what the other program calls its top folder.

    `tree` must show absent tracks: another mount of the library may.
    """

    def __init__(
        self,
        library: Library,
        tree: Tree,
        missing_mounts: MissingMounts,
        other_name: str | None = None,
    ) -> None:
        self.missing_mounts = missing_mounts
        # The mounts of mcfs in which tracks were found.
        self.used_mounts: set[str] = set()
        self._tree = tree
        self._mounts = [f"{mount_point}/" for mount_point in mount_points_of(library.top)]
        self._real_top = os.path.realpath(library.top) + "/"
        # Longest first, in case one is inside the other.
        names = {str(library.top), *([other_name] if other_name else [])}
        self._top_names = sorted((name.rstrip("/") + "/" for name in names), key=len, reverse=True)
        self._real_folders: dict[str, str] = {}

    def match(
        self, read: CacheReader, paths: Iterable[str]
    ) -> tuple[dict[str, int], list[Unmatched]]:
        """Path → id of its track in the store, and the paths that lead to no track."""
        work_paths = {path: self._work_path_by_text(path) for path in paths}
        ids = read.track_ids_of_files(text for text in work_paths.values() if text is not None)
        # For most paths their text is enough, and no disk has to be read.
        found = {path: ids[text] for path, text in work_paths.items() if text in ids}
        rest = {path: text for path, text in work_paths.items() if path not in found}
        if not rest:
            return found, []
        real_paths = {path: self._real_path(path) for path in rest}
        keys = {path: self._annex_key(real) for path, real in real_paths.items()}
        real_work_paths = {path: self._below_top(real) for path, real in real_paths.items()}
        ids_of_keys = read.track_ids_of_keys(key for key in keys.values() if key is not None)
        ids_of_files = read.track_ids_of_files(
            text for text in real_work_paths.values() if text is not None
        )
        unmatched: list[Unmatched] = []
        for path, work_path in rest.items():
            track_id = ids_of_keys.get(keys[path] or "")
            if track_id is None:
                track_id = ids_of_files.get(real_work_paths[path] or "")
            if track_id is None:
                reason = self._reason(path, work_path, real_work_paths[path])
                unmatched.append(Unmatched(path, reason))
            else:
                found[path] = track_id
                self._note_mount(path)
        return found, unmatched

    def _work_path_by_text(self, path: str) -> str | None:
        """The work path if the path begins with a name of the top folder; links are not followed."""
        for name in self._top_names:
            if path.startswith(name):
                return path[len(name) :]
        return None

    def _real_path(self, path: str) -> str:
        """The path with all links followed."""
        folder, _, name = path.rpartition("/")
        real_folder = self._real_folders.get(folder)
        if real_folder is None:
            if len(self._real_folders) >= _MAX_REMEMBERED:
                self._real_folders.clear()
            real_folder = self._real_folders[folder] = os.path.realpath(folder or "/")
        real = f"{real_folder.rstrip('/')}/{name}"
        return os.path.realpath(real) if os.path.islink(real) else real  # noqa: PTH114  (a text)

    def _annex_key(self, real_path: str) -> str | None:
        for mount in self._mounts:
            if real_path.startswith(mount):
                try:
                    node = self._tree.resolve(Route.parse(real_path[len(mount) :]))
                except McfsError:
                    return None
                if not isinstance(node, TrackNode):
                    return None
                return self._tree.annex_keys([node]).get(node.inode)
        return key_of_link(os.fsencode(real_path))

    def _note_mount(self, path: str) -> None:
        folder, _, _ = path.rpartition("/")
        real_folder = f"{self._real_folders.get(folder, folder)}/"
        self.used_mounts.update(
            mount.rstrip("/") for mount in self._mounts if real_folder.startswith(mount)
        )

    def _below_top(self, real_path: str) -> str | None:
        top = self._real_top
        return real_path[len(top) :] if real_path.startswith(top) else None

    def _reason(self, path: str, work_path: str | None, real_work_path: str | None) -> str:
        if work_path is None and real_work_path is None:
            if os.path.lexists(path):
                return NOT_IN_LIBRARY
            missing = self.missing_mounts.of(path)
            return NOT_THERE if missing is None else missing.reason
        file = self._real_top + (work_path or real_work_path or "")
        return NOT_A_TRACK if os.path.lexists(file) else NOT_THERE
