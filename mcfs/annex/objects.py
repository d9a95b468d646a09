"""Which contents are present, and where.

Owns which folders objects can be in: mixed-case ones in a repository with a work tree, lower-case ones in a
bare repository or on a file system that ignores case, and one level instead of two when tuned so.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable

from mcfs.annex.git import hash_levels
from mcfs.annex.keys import content_path, lower_content_path
from mcfs.annex.library import Library, explain_disk_errors


def content_finder(library: Library) -> Callable[[str], str | None]:
    """A function from a key to its content path, None for absent content. Mostly one system call per key."""
    common = os.fspath(library.common_dir) + "/"
    levels = hash_levels(library, "objecthash1")
    tops: list[str] = []
    with explain_disk_errors(library), contextlib.suppress(FileNotFoundError):
        tops = os.listdir(common + "annex/objects")  # noqa: PTH208  (only names are needed)
    # Lower-case folders are three letters of a hash; a repository seldom has folders of both kinds.
    has_lower = any(len(name) == 3 for name in tops)

    def find(key: str) -> str | None:
        path = content_path(key, levels)
        if os.access(common + path, os.F_OK):
            return path
        if has_lower:
            path = lower_content_path(key, levels)
            if os.access(common + path, os.F_OK):
                return path
        return None

    return find


def present_contents(library: Library, keys: Iterable[str]) -> dict[str, str]:
    """The content paths of the keys whose content is present."""
    find = content_finder(library)
    return {key: path for key in keys if (path := find(key)) is not None}
