"""Which tracks of the library an import is about: all, or those in some files and folders.

Owns the reading of the paths that somebody names.
"""

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
class Selection:
    """Work paths of files and of folders, and the keys of tracks named elsewhere, in a mount."""

    work_paths: tuple[str, ...]
    annex_keys: frozenset[str] = frozenset()

    def among(self, read: CacheReader, annex_keys: Sequence[str]) -> set[str]:
        """Those of these tracks that are meant: one of their files is."""
        meant = self.annex_keys.intersection(annex_keys)
        for file in read.work_files(annex_keys):
            if self.has(file.work_path):
                meant |= {file.annex_key}
        return set(meant)

    def has(self, work_path: str) -> bool:
        """Whether a file is one of them, or lies in one of them."""
        return any(
            not place or work_path == place or work_path.startswith(f"{place}/")
            for place in self.work_paths
        )


def select(library: Library, read: CacheReader, paths: Iterable[Path]) -> Selection | None:
    """What the paths mean, from where we are; None for everything, where there are none."""
    work_paths: list[str] = []
    keys: set[str] = set()
    top = library.top.resolve()
    for path in paths:
        # A link to a file is a file of the library; links among the folders lead to it.
        place = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
        if not os.path.lexists(place):
            raise NotInLibraryError(f"{path} is not there")
        if not place.is_relative_to(top):
            place = place.resolve()  # an entry of a mount, or another link to a track
        key = key_of_link(os.fsencode(place))
        if key is not None and read.track_ids_of_keys([key]):
            keys.add(key)
        elif place.is_relative_to(top):
            work_paths.append(str(place.relative_to(top)).removeprefix("."))
        else:
            raise NotInLibraryError(f"{path} is not in the library {library.top}")
    if not work_paths and not keys:
        return None
    return Selection(tuple(work_paths), frozenset(keys))
