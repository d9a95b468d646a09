"""What changed for the names in a mount, step by step as the store moves on.

Owns the feed, and which templates have named a folder or a file so far: no program can have seen a name
by another template. `changed_names.py` works out what one step means for names.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date

from mcfs.config.settings import Settings
from mcfs.errors import McfsError
from mcfs.store.cache_repository import CacheRepository
from mcfs.store.change_feed import ChangeFeed
from mcfs.template import Template
from mcfs.tree.changed_names import NameChanges, name_changes
from mcfs.tree.listing_changes import (
    ListedFolder,
    ListingChange,
    Sight,
    listing_change,
    listing_changes,
)
from mcfs.tree.listings import Listing, ListingCache, ListingKey
from mcfs.tree.nodes import QueryFolderNode, SnapshotNode, ValuesNode
from mcfs.tree.snapshot_index import snapshot_changes
from mcfs.tree.state import CurrentState
from mcfs.tree.version import TreeVersion


class TemplatesInUse:
    """The templates by which folders have named their entries. Safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._of_values: set[Template] = set()
        self._of_files: set[Template] = set()
        self._lock = threading.Lock()

    def note(self, node: QueryFolderNode) -> None:
        """Names of entries in this folder are about to be given out."""
        in_use, template = self._of_files, node.presentation.file_names
        if isinstance(node, ValuesNode):
            in_use, template = self._of_values, node.templates[0]
        with self._lock:
            # One too many is enough to know that there are too many.
            if template is not None and len(in_use) <= self._limit:
                in_use.add(template)

    def all_or_forget(self) -> tuple[frozenset[Template], frozenset[Template]] | None:
        """Those that named values and those that named files; None, and a new start, if they are too many."""
        with self._lock:
            if len(self._of_values | self._of_files) > self._limit:
                self._of_values.clear()
                self._of_files.clear()
                return None
            return frozenset(self._of_values), frozenset(self._of_files)


# Asks which folders somebody watches; only once something has changed, because the answer takes a while.
Watched = Callable[[], Collection[ListedFolder]]


class NameChangeFeed:
    """The changes since it was opened. For one thread at a time."""

    def __init__(
        self,
        cache: CacheRepository,
        current: CurrentState,
        list_now: Callable[[SnapshotNode], Listing],
        templates: TemplatesInUse,
    ) -> None:
        self._cache = cache
        self._list_now = list_now
        self._feed = ChangeFeed(cache)
        self._current = current
        self._templates = templates
        # The first changes are those since this version.
        state = current.get()
        self._snapshots_before = state.snapshots
        self._empty_values_before = state.empty_values
        self.version = TreeVersion(
            self._feed.generation, state.day, state.snapshots.number, state.version.empty_values
        )

    def poll(self, watched: Watched = tuple) -> NameChanges | None:
        """What has changed since the last poll, None if nothing has.

        When this returns, the tree has already moved on to the new version.
        """
        snapshots_before, listings_before = self._snapshots_before, self._current.get().listings
        empty_before = self._empty_values_before
        has_others = self._current.look_at_snapshots() is not snapshots_before
        has_others |= self._current.look_at_empty_values() != empty_before
        with self._feed.next_change(always=has_others) as change:
            if change is None:
                self._current.get()
                return None
            state = self._current.seen_by(change.after)
            snapshots = snapshot_changes(snapshots_before, state.snapshots)
            self._snapshots_before = state.snapshots
            templates = self._templates.all_or_forget()
            if templates is None:
                changes = NameChanges(state.version, everything=True, fields_changed=True)
            else:
                changes = name_changes(change, *templates, state, snapshots)
            before = Sight(change.before, state.settings, state.day, snapshots_before, empty_before)
            after = Sight(
                change.after, state.settings, state.day, state.snapshots, state.empty_values
            )
            touched = state.empty_values.collision_keys_unlike(empty_before)
            self._empty_values_before = state.empty_values
            folders = watched()
            return replace(
                changes,
                collision_keys=changes.collision_keys | touched,
                listings={
                    **listing_changes(folders, before, after),
                    **dict(self._changes_of_snapshots(folders, listings_before)),
                },
            )

    def _changes_of_snapshots(
        self, watched: Collection[ListedFolder], before: ListingCache
    ) -> Iterator[tuple[ListingKey, ListingChange]]:
        """Only where the listing before is still known: what a snapshot was is stored nowhere."""
        for folder in {folder for folder in watched if isinstance(folder, SnapshotNode)}:
            was = before.get(folder.key)
            if was is None:
                continue
            try:
                now = self._list_now(folder)
            except McfsError:
                continue  # it was dropped
            if change := listing_change(was.entries, now.entries):
                yield folder.key, change

    def listings_since(
        self, settings: Settings, day: date, watched: Watched
    ) -> Mapping[ListingKey, ListingChange]:
        """What other settings, or another day, changed in the listings of watched folders."""
        with self._cache.reading() as read:
            state = self._current.seen_by(read)
            after = Sight(read, state.settings, state.day, state.snapshots, state.empty_values)
            return listing_changes(watched(), replace(after, settings=settings, day=day), after)

    def close(self) -> None:
        """Let go of the old state, which the store keeps readable for this feed."""
        self._feed.close()
