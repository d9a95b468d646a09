"""What came and what went in the listing of a folder, between two versions of a library.

Owns how a folder's listing at an older version is found out: it is made anew from the state that the store
keeps readable. `changed_names.py` says which names a change touches anywhere; here, the folders are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from mcfs.config.settings import Absent, Settings
from mcfs.errors import McfsError
from mcfs.query import hiding_absent
from mcfs.store.cache_reader import CacheReader
from mcfs.tree.empty_values import EmptyValues
from mcfs.tree.entries import list_entries
from mcfs.tree.group_cache import GroupCache
from mcfs.tree.listings import ListingKey
from mcfs.tree.nodes import Node, QueryFolderNode, SnapshotNode, WorkFolderNode
from mcfs.tree.snapshot_index import SnapshotsSeen
from mcfs.tree.work_folders import list_work_folder

# The folders whose changes are announced to those who watch them.
ListedFolder = QueryFolderNode | WorkFolderNode | SnapshotNode


@dataclass(frozen=True, slots=True)
class Sight:
    """All that a listing depends on: one state of the store, the settings, and the day."""

    read: CacheReader
    settings: Settings
    day: date
    snapshots: SnapshotsSeen
    empty_values: EmptyValues


@dataclass(frozen=True, slots=True)
class ListingChange:
    """The entries that a folder no longer has, and those that are new, by name."""

    gone: Mapping[str, Node]
    come: Mapping[str, Node]


def listing_changes(
    folders: Iterable[ListedFolder], before: Sight, after: Sight
) -> dict[ListingKey, ListingChange]:
    """The change of each folder by its key; folders that list the same names are left out."""
    found: dict[ListingKey, ListingChange] = {}
    groups_before = GroupCache(before.read.vocabulary(), before.snapshots.known)
    groups_after = GroupCache(after.read.vocabulary(), after.snapshots.known)
    for folder in {folder.key: folder for folder in folders}.values():
        if isinstance(folder, SnapshotNode):
            continue  # it does not depend on the library alone
        try:
            was = _entries(folder, before, groups_before)
            now = _entries(folder, after, groups_after)
        except McfsError:
            continue  # a listing that fails, fails for those who look, too
        if change := listing_change(was, now):
            found[folder.key] = change
    return found


def listing_change(was: Mapping[str, Node], now: Mapping[str, Node]) -> ListingChange | None:
    """The change from one listing to another; None where both list the same names."""
    gone = {name: node for name, node in was.items() if name not in now}
    come = {name: node for name, node in now.items() if name not in was}
    return ListingChange(gone, come) if gone or come else None


def _entries(
    folder: QueryFolderNode | WorkFolderNode, sight: Sight, groups: GroupCache
) -> dict[str, Node]:
    shows_absent = sight.settings.absent is Absent.SHOW
    if isinstance(folder, WorkFolderNode):
        style = sight.settings.names
        return list_work_folder(folder, sight.read, absent=shows_absent, style=style)
    query = folder.query if shows_absent else hiding_absent(folder.query)
    bound = groups.bind(sight.read, query, sight.day)
    empty_values = sight.empty_values.listed_in(folder, sight.settings.edit)
    return list_entries(folder, bound, sight.read, groups, sight.settings.names, empty_values)
