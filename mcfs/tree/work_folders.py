"""What the folders of the work tree list: their own files and folders, by the names that these have there.

Owns which names those are. A folder without a track in it, at any depth, is not shown.
Nothing here depends on metadata, so that a path stays the same for players that know a track by its path.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcfs.config.settings import Names
from mcfs.sql.work_folders import has_work_files, select_work_file, select_work_folder
from mcfs.store.cache_reader import CacheReader
from mcfs.text.cover_names import is_cover
from mcfs.text.portable import portable_name
from mcfs.text.unique_names import unique_names
from mcfs.tree.covers import work_covers
from mcfs.tree.nodes import Node, TrackNode, WorkFolderNode


def list_work_folder(
    node: WorkFolderNode, read: CacheReader, *, absent: bool, style: Names
) -> dict[str, Node]:
    """Name → node. With `absent`, also tracks whose content is not here."""
    entries: dict[str, Node] = {}
    start = len(_inside(node, ""))
    for statement in select_work_folder(node.work_path, absent=absent):
        for work_path, *track in read.rows(statement):
            name, _, below = work_path[start:].partition("/")
            entries[name] = WorkFolderNode(_inside(node, name)) if below else TrackNode._make(track)
    if entries:
        entries |= work_covers(node.work_path, read)
    if style is Names.PLAIN:
        return entries
    names = _portable_names(entries)
    return {names[name]: entry for name, entry in entries.items()}


def find_in_work_folder(
    node: WorkFolderNode, name: str, read: CacheReader, *, absent: bool
) -> Node | None:
    """The entry of this name, without listing the folder. Only where names are those of the work tree."""
    work_path = _inside(node, name)
    if rows := read.rows(select_work_file(work_path, absent=absent)):
        return TrackNode._make(rows[0])
    if is_cover(name) and (cover := work_covers(node.work_path, read).get(name)):
        return cover if holds_work_files(node.work_path, read, absent=absent) else None
    return WorkFolderNode(work_path) if holds_work_files(work_path, read, absent=absent) else None


def holds_work_files(work_path: str, read: CacheReader, *, absent: bool) -> bool:
    """Whether a folder of the work tree is shown: whether a track is in it or below it."""
    return any(read.rows(each)[0][0] for each in has_work_files(work_path, absent=absent))


class WorkPathsShown:
    """The paths in `library/` of work paths, as one reader sees them."""

    def __init__(self, read: CacheReader, *, absent: bool, style: Names) -> None:
        self._read = read
        self._absent = absent
        self._style = style
        # Folder → name in the work tree → portable name.
        self._portable_names: dict[str, dict[str, str]] = {}

    def of(self, work_path: str) -> str:
        """The path below `library/`; of a file that is not shown, the one that it would have alone."""
        if self._style is Names.PLAIN:
            return work_path
        folder = ""
        shown = []
        for name in work_path.split("/"):
            shown.append(self._names_in(folder).get(name) or portable_name(name))
            folder = f"{folder}/{name}" if folder else name
        return "/".join(shown)

    def _names_in(self, folder: str) -> dict[str, str]:
        if folder not in self._portable_names:
            node = WorkFolderNode(folder)
            entries = list_work_folder(node, self._read, absent=self._absent, style=Names.PLAIN)
            self._portable_names[folder] = _portable_names(entries)
        return self._portable_names[folder]


def _inside(node: WorkFolderNode, name: str) -> str:
    return f"{node.work_path}/{name}" if node.work_path else name


def _portable_names(names: Iterable[str]) -> dict[str, str]:
    """Name in the work tree → portable name. Names that then differ in case or accents only get a hash."""
    return unique_names((name, portable_name(name)) for name in names)
