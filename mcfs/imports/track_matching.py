"""From a path that another program knows a track by to the track.

Owns the ways there: the path lies in the library, under the name that the library has or under the one
that the other program has for it; it leads there through links; or it leads to an annex object, as the
entries of a mount do and every locked file, and then its last part is the key, in whichever clone. In a
mount that shows regular files, the tree says which track a path is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from mcfs.annex.keys import key_of_link
from mcfs.annex.library import Library
from mcfs.errors import McfsError
from mcfs.mount_table import mount_points_of
from mcfs.store.cache_reader import CacheReader
from mcfs.tree.nodes import TrackNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree

NOT_THERE = "there is no such file"
NOT_IN_LIBRARY = "it is not in the library"
NO_TRACK = "it is no track of git-annex"

# Folders whose real place is remembered: a collection has a few thousand.
_REMEMBERED = 20_000


class Unmatched(NamedTuple):
    """A path that leads to no track, and why."""

    path: str
    reason: str


class Matcher:
    """Of one library, which the other program may know by another name; `tree` is what its mounts show."""

    def __init__(self, library: Library, tree: Tree, other_name: str | None = None) -> None:
        self._tree = tree
        self._mounts = [f"{mount_point}/" for mount_point in mount_points_of(library.top)]
        self._top = os.path.realpath(library.top) + "/"
        # The longest first, should one lie in the other.
        names = {str(library.top), *([other_name] if other_name else [])}
        self._names = sorted((name.rstrip("/") + "/" for name in names), key=len, reverse=True)
        self._real_folders: dict[str, str] = {}

    def match(
        self, read: CacheReader, paths: Iterable[str]
    ) -> tuple[dict[str, int], list[Unmatched]]:
        """Path → place of its track in the store, and the paths that lead to none."""
        work_paths = {path: self._named(path) for path in paths}
        known = read.track_ids_of_files(named for named in work_paths.values() if named is not None)
        # Most lie where the library says, and no disk has to be asked for them.
        found = {path: known[named] for path, named in work_paths.items() if named in known}
        rest = {path: named for path, named in work_paths.items() if path not in found}
        if not rest:
            return found, []
        real = {path: self._real(path) for path in rest}
        keys = {path: self._key(place) for path, place in real.items()}
        inside = {path: self._below_top(place) for path, place in real.items()}
        known_keys = read.track_ids_of_keys(key for key in keys.values() if key is not None)
        known = read.track_ids_of_files(place for place in inside.values() if place is not None)
        unmatched: list[Unmatched] = []
        for path, named in rest.items():
            place = known_keys.get(keys[path] or "")
            if place is None:
                place = known.get(inside[path] or "")
            if place is None:
                unmatched.append(Unmatched(path, self._reason(path, named, inside[path])))
            else:
                found[path] = place
        return found, unmatched

    def _named(self, path: str) -> str | None:
        """The work path that a path is by its text alone."""
        for name in self._names:
            if path.startswith(name):
                return path[len(name) :]
        return None

    def _real(self, path: str) -> str:
        """Where a path leads when all links are followed."""
        folder, _, name = path.rpartition("/")
        real = self._real_folders.get(folder)
        if real is None:
            if len(self._real_folders) >= _REMEMBERED:
                self._real_folders.clear()
            real = self._real_folders[folder] = os.path.realpath(folder or "/")
        place = f"{real.rstrip('/')}/{name}"
        return os.path.realpath(place) if os.path.islink(place) else place  # noqa: PTH114  (a text)

    def _key(self, place: str) -> str | None:
        for mount in self._mounts:
            if place.startswith(mount):
                try:
                    node = self._tree.resolve(Route.parse(place[len(mount) :]))
                except McfsError:
                    return None
                return node.annex_key if isinstance(node, TrackNode) else None
        return key_of_link(os.fsencode(place))

    def _below_top(self, place: str) -> str | None:
        return place[len(self._top) :] if place.startswith(self._top) else None

    def _reason(self, path: str, named: str | None, inside: str | None) -> str:
        if named is None and inside is None:
            return NOT_IN_LIBRARY if os.path.lexists(path) else NOT_THERE
        place = self._top + (named or inside or "")
        return NO_TRACK if os.path.lexists(place) else NOT_THERE
