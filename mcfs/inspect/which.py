"""The track behind a path, and where its content is.

Owns what a path may be: one in the mount, whether the track is shown there or hidden for its content
being elsewhere, or one of a file in the work tree. Names are the tree's to resolve, and who else has a
content is git-annex's to know.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.annex.objects import present_contents
from mcfs.config.settings import Absent, Settings
from mcfs.errors import QueryError, TextError
from mcfs.inspect.explain import follow
from mcfs.store import Store, TrackRecord
from mcfs.tree.nodes import ExportNode, InfoFileNode, Node, RootNode, TrackNode
from mcfs.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class Behind:
    """A track, and its content if that is here."""

    track: TrackRecord
    content: Path | None


def behind(paths: list[str], library: Library, store: Store, settings: Settings) -> list[Behind]:
    """The track behind each; a `QueryError` for the first that leads to none."""
    keys = [_annex_key(path, library, store, settings) for path in paths]
    with store.cache.reading() as read:
        records = read.records(keys)
    here = present_contents(library, keys)
    return [
        Behind(records[key], library.common_dir / here[key] if key in here else None)
        for key in keys
        if key in records
    ]


def _annex_key(path: str, library: Library, store: Store, settings: Settings) -> str:
    try:
        return _shown(path, Tree(store, settings))
    except TextError as error:
        try:
            # The names of numbered folders count what is shown, hence not at once.
            return _shown(path, Tree(store, replace(settings, absent=Absent.SHOW)))
        except TextError:
            found = _of_work_path(path, library, store)
            if found is None:
                raise error from None
            return found


def _shown(mount_path: str, tree: Tree) -> str:
    name = "/"
    node: Node = RootNode()
    for step in follow(mount_path, tree):
        name, node = step.name, step.node
    if isinstance(node, TrackNode):
        return node.annex_key
    at = max(mount_path.rfind(name), 0)
    if isinstance(node, ExportNode | InfoFileNode):
        raise QueryError("a file that mcfs writes, and no track", mount_path, at)
    hint = "mcfs ls shows what is in it, mcfs explain what it means"
    raise QueryError("a folder, and no track", mount_path, at, hint)


def _of_work_path(path: str, library: Library, store: Store) -> str | None:
    place = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  (a link is not followed)
    folder, name = os.path.split(place)
    for folder_ in (folder, os.path.realpath(folder)):
        if (folder_ + "/").startswith(f"{library.top}/"):
            with store.cache.reading() as read:
                return read.key_of_file(f"{folder_}/{name}"[len(str(library.top)) + 1 :])
    return None
