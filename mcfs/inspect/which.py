"""Finds the track behind a path, and its content.

Accepts a path in a mount, also to a track that is hidden because its content is not here, and the path
of a file in the work tree.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.annex.objects import present_contents
from mcfs.config.settings import Absent, Settings
from mcfs.errors import QueryError, TextError
from mcfs.inspect.walk import last_step
from mcfs.store import Store, TrackRecord
from mcfs.tree.nodes import ExportNode, InfoFileNode, TrackNode
from mcfs.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class LocatedTrack:
    """A track, and the path of its content; None when that is not here."""

    track: TrackRecord
    content: Path | None


def locate_tracks(
    paths: list[str], library: Library, store: Store, settings: Settings
) -> list[LocatedTrack]:
    """The track behind each path; a `QueryError` for the first path that leads to none."""
    keys = [_annex_key(path, library, store, settings) for path in paths]
    with store.cache.reading() as read:
        records = read.records(keys)
    here = present_contents(library, keys)
    return [
        LocatedTrack(records[key], library.common_dir / here[key] if key in here else None)
        for key in keys
        if key in records
    ]


def _annex_key(path: str, library: Library, store: Store, settings: Settings) -> str:
    try:
        return _key_in_tree(path, Tree(store, settings))
    except TextError as error:
        try:
            # Second, because hidden tracks change the numbers in the names of ordered folders.
            return _key_in_tree(path, Tree(store, replace(settings, absent=Absent.SHOW)))
        except TextError:
            annex_key = _key_of_work_path(path, library, store)
            if annex_key is None:
                raise error from None
            return annex_key


def _key_in_tree(mount_path: str, tree: Tree) -> str:
    step = last_step(mount_path, tree)
    if isinstance(step.node, TrackNode):
        return step.node.annex_key
    position = max(mount_path.rfind(step.name), 0)
    if isinstance(step.node, ExportNode | InfoFileNode):
        raise QueryError("this is a file that mcfs makes, not a track", mount_path, position)
    suggestion = "mcfs ls lists it, mcfs explain says what it means"
    raise QueryError("this is a folder, not a track", mount_path, position, suggestion)


def _key_of_work_path(path: str, library: Library, store: Store) -> str | None:
    # Not resolved: the file itself is a link to its content.
    absolute = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111
    folder, name = os.path.split(absolute)
    for each in (folder, os.path.realpath(folder)):
        if (each + "/").startswith(f"{library.top}/"):
            with store.cache.reading() as read:
                return read.key_of_file(f"{each}/{name}"[len(str(library.top)) + 1 :])
    return None
