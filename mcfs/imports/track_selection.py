"""Which tracks an import is about: all, or those in the files and folders that the user named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcfs.annex.keys import key_of_link
from mcfs.annex.library import Library
from mcfs.errors import NotInLibraryError
from mcfs.store.cache_reader import CacheReader


@dataclass(frozen=True, slots=True)
class TrackSelection:
    """Work paths of files and folders, and keys of tracks that were named by a path in a mount."""

    work_paths: tuple[str, ...]
    annex_keys: frozenset[str] = frozenset()

    def among(self, read: CacheReader, annex_keys: Sequence[str]) -> set[str]:
        """Which of these tracks are selected: those with a file that is."""
        selected = self.annex_keys.intersection(annex_keys)
        for file in read.work_files(annex_keys):
            if self.has(file.work_path):
                selected |= {file.annex_key}
        return set(selected)

    def has(self, work_path: str) -> bool:
        """Whether a file is one of them, or in one of the folders."""
        return any(
            not place or work_path == place or work_path.startswith(f"{place}/")
            for place in self.work_paths
        )


def select_paths(
    library: Library, read: CacheReader, paths: Iterable[Path]
) -> TrackSelection | None:
    """The selection that these paths name; None, which is all tracks, if there are none."""
    work_paths: list[str] = []
    keys: set[str] = set()
    top = library.top.resolve()
    for path in paths:
        # The last part may be a link to content and is the track's own file; folders above may be links too.
        place = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
        if not os.path.lexists(place):
            raise NotInLibraryError(f"{path} is not there")
        if not place.is_relative_to(top):
            place = place.resolve()  # an entry of a mount, or any link to a track
        key = key_of_link(os.fsencode(place))
        if key is not None and read.track_ids_of_keys([key]):
            keys.add(key)
        elif place.is_relative_to(top):
            work_paths.append(str(place.relative_to(top)).removeprefix("."))
        else:
            raise NotInLibraryError(f"{path} is not in the library {library.top}")
    if not work_paths and not keys:
        return None
    return TrackSelection(tuple(work_paths), frozenset(keys))
