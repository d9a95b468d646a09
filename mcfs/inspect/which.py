"""Finds the track behind a path, its content, and the repositories that have a copy.

Accepts a path in a mount, also to a track that is hidden because its content is not here, and the path
of a file in the work tree.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.annex.objects import present_contents
from mcfs.annex.whereis import Copy, whereis
from mcfs.config.settings import Absent, Settings
from mcfs.errors import QueryError, TextError
from mcfs.inspect.walk import is_folder, last_step
from mcfs.sql import EntryRow
from mcfs.store import Store, TrackRecord
from mcfs.tree.frozen_folders import gone_record
from mcfs.tree.nodes import TrackNode
from mcfs.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class LocatedTrack:
    """A track, and where its content is."""

    track: TrackRecord
    # None when the content is not here.
    content: Path | None
    copies: tuple[Copy, ...]


def locate_tracks(
    paths: list[str], library: Library, store: Store, settings: Settings, *, all_copies: bool
) -> list[LocatedTrack]:
    """The track behind each path; a `QueryError` for the first path that leads to none.

    Asking git-annex for copies is slow: without `all_copies` it is asked only about content that is not
    here.
    """
    gone: dict[str, TrackRecord] = {}
    keys = [_annex_key(path, library, store, settings, gone) for path in paths]
    with store.cache.reading() as read:
        records = gone | read.records(keys)
    here = {key: library.common_dir / path for key, path in present_contents(library, keys).items()}
    found = [key for key in keys if key in records]
    unknown = [key for key in found if all_copies or key not in here]
    copies = whereis(library, unknown) if unknown else {}
    return [LocatedTrack(records[key], here.get(key), copies.get(key, ())) for key in found]


def _annex_key(
    path: str, library: Library, store: Store, settings: Settings, gone: dict[str, TrackRecord]
) -> str:
    """The annex key of the track at a path; what is known of one that only a snapshot has goes to `gone`."""
    try:
        return _key_in_tree(path, Tree(store, settings), gone)
    except TextError as error:
        try:
            # Second, because hidden tracks change the numbers in the names of ordered folders.
            return _key_in_tree(path, Tree(store, replace(settings, absent=Absent.SHOW)), gone)
        except TextError:
            annex_key = _key_of_work_path(path, library, store)
            if annex_key is None:
                raise error from None
            return annex_key


def _key_in_tree(mount_path: str, tree: Tree, gone: dict[str, TrackRecord]) -> str:
    step = last_step(mount_path, tree)
    if isinstance(step.node, TrackNode):
        if (key := tree.annex_keys([step.node]).get(step.node.inode)) is not None:
            return key
        record = gone_record(step.node)
        gone[record.annex_key] = record
        return record.annex_key
    position = max(mount_path.rfind(step.name), 0)
    if is_folder(step.node):
        suggestion = "mcfs ls lists it, mcfs explain says what it means"
        raise QueryError("this is a folder, not a track", mount_path, position, suggestion)
    if isinstance(step.node, EntryRow):
        raise QueryError("this is a cover, not a track", mount_path, position)
    raise QueryError("this is a file that mcfs makes, not a track", mount_path, position)


def _key_of_work_path(path: str, library: Library, store: Store) -> str | None:
    # Not resolved: the file itself is a link to its content.
    absolute = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  (Path.resolve would follow the link)
    folder, name = os.path.split(absolute)
    for each in (folder, os.path.realpath(folder)):
        if (each + "/").startswith(f"{library.top}/"):
            with store.cache.reading() as read:
                return read.key_of_file(f"{each}/{name}"[len(str(library.top)) + 1 :])
    return None
