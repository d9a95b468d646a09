"""The current state of a tree: one generation of the store, on one local day, under one configuration.

Owns the clock of a tree: `CurrentState` alone decides when a newer state replaces the one before. All
that depends on a state is kept in it, the caches too, so that they end together with it. Waiting until
they are full would fill the memory of a mount whose library changes all day.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from mcfs.config.settings import Absent, Names, Settings
from mcfs.errors import StoreError
from mcfs.fields import Vocabulary
from mcfs.fields.dates import start_of_day
from mcfs.query import Query, hiding_absent
from mcfs.store import Generation
from mcfs.store.cache_reader import CacheReader
from mcfs.store.cache_repository import CacheRepository
from mcfs.text.portable import portable_name
from mcfs.tree.bounded_cache import BoundedCache
from mcfs.tree.empty_values import BegunValues, EmptyValues
from mcfs.tree.file_text import FileText
from mcfs.tree.group_cache import GroupCache
from mcfs.tree.limits import Limits
from mcfs.tree.listings import ListingCache, listing_cache
from mcfs.tree.nodes import (
    LIBRARY,
    SNAPSHOTS,
    ExportNode,
    Node,
    PinsNode,
    QueryFolderNode,
    SnapshotsNode,
    ValuesNode,
    WorkFolderNode,
)
from mcfs.tree.snapshot_index import SnapshotIndex, SnapshotsSeen
from mcfs.tree.version import TreeVersion
from mcfs.tree.views import Views, read_views

# Each cached text that is in a file has a descriptor, and a short one takes memory.
_DESCRIPTOR = 1_000_000
_IN_MEMORY = 100_000


@dataclass(frozen=True)
class TreeState:
    """One state of the library, and everything that is cached for it."""

    version: TreeVersion
    # When the day ends, in seconds since 1970.
    ends_at: float
    vocabulary: Vocabulary
    settings: Settings
    group_cache: GroupCache
    listings: ListingCache
    snapshots: SnapshotsSeen
    files: BoundedCache[ExportNode, FileText]
    # Values that are listed even if no track has them.
    empty_values: EmptyValues

    def empty_values_in(self, node: QueryFolderNode) -> Sequence[str]:
        """Those that a folder lists."""
        return self.empty_values.listed_in(node, self.settings.edit)

    @property
    def generation(self) -> Generation:
        """Of the store."""
        return self.version.generation

    @property
    def day(self) -> date:
        """The local day."""
        return self.version.day

    @cached_property
    def views(self) -> Views:
        """Built in and configured."""
        return read_views(self.settings, self.vocabulary)

    @cached_property
    def root_entries(self) -> dict[str, Node]:
        """What the root lists."""
        shown: dict[str, Node] = {
            view.name: view.node for view in self.views.by_name.values() if not view.hidden
        }
        if self.settings.names is Names.PORTABLE:
            shown = {portable_name(name): node for name, node in shown.items()}
        made: dict[str, Node] = {"pins": PinsNode(), SNAPSHOTS: SnapshotsNode()}
        return {LIBRARY: WorkFolderNode(""), **shown, **made}

    @property
    def shows_absent(self) -> bool:
        """Whether folders that ask for nothing list tracks whose content is not here."""
        return self.settings.absent is Absent.SHOW

    def shown_query(self, node: QueryFolderNode) -> Query:
        """The query that a folder answers: absent tracks are hidden unless the query asks for them."""
        if self.shows_absent:
            return node.query
        return hiding_absent(node.query)


class CurrentState:
    """The state that the tree answers from. Safe to use from several threads."""

    def __init__(
        self,
        cache: CacheRepository,
        snapshots: SnapshotIndex,
        settings: Settings,
        limits: Limits,
        clock: Callable[[], float],
        begun_values: BegunValues,
    ) -> None:
        self._cache = cache
        self._snapshots = snapshots
        self._begun_values = begun_values
        self._empty_values = EmptyValues()
        self._empty_values_changed = 0
        self._settings = settings
        self._limits = limits
        self._clock = clock
        self._state: TreeState | None = None
        # Held only to compare and to replace `_state`, never while the store is read.
        self._lock = threading.Lock()

    @property
    def settings(self) -> Settings:
        """The settings by which everything is shown from now on."""
        return self._settings

    def get(self) -> TreeState:
        """The newest state that was seen. Reads the store only on a new day, or if snapshots have changed."""
        state = self._state
        if (
            state is None
            or self._clock() >= state.ends_at
            or state.snapshots is not self._snapshots.seen
        ):
            return self.refresh()
        return state

    def refresh(self) -> TreeState:
        """Read which state the store is in now, and make it the current one."""
        self.look_at_snapshots()
        self.look_at_empty_values()
        with self._cache.reading() as read:
            return self.seen_by(read)

    def look_at_snapshots(self) -> SnapshotsSeen:
        """The snapshots that there are now; those of the last look where `user.db` cannot be read."""
        with suppress(StoreError):
            self._snapshots.look()
        return self._snapshots.seen

    def look_at_empty_values(self) -> EmptyValues:
        """The values that are listed without a track now; those of the last look where that fails."""
        with suppress(StoreError):
            begun = {field: tuple(self._begun_values(field)) for field in self._settings.edit}
            self._set_empty_values(lambda old: replace(old, begun=begun))
        return self._empty_values

    def keep_value(self, field: str, node: ValuesNode, value: str) -> None:
        """List a value of a field in this folder from now on, even if no track has it."""
        self._set_empty_values(lambda old: old.keeping(field, node, value))

    def drop_value(self, field: str, value: str) -> None:
        """List it no longer, unless a track has it."""
        self._set_empty_values(lambda old: old.dropping(field, value))

    def _set_empty_values(self, change: Callable[[EmptyValues], EmptyValues]) -> None:
        with self._lock:
            old, self._empty_values = self._empty_values, change(self._empty_values)
            if old != self._empty_values:
                self._empty_values_changed += 1

    def seen_by(self, read: CacheReader) -> TreeState:
        """The state that a reader sees, which may be newer than the one seen before, or older."""
        generation, current, snapshots = read.generation(), self._state, self._snapshots.seen
        if (
            current is None
            or current.generation != generation
            or current.snapshots is not snapshots
        ):
            of_fields = read.vocabulary().configured(self._settings.field_kinds)
            vocabulary = replace(of_fields, snapshots=snapshots.known.names)
            group_cache = GroupCache(vocabulary, snapshots.known, self._limits)
            return self._advance_to(self._new_state(generation, vocabulary, group_cache, snapshots))
        is_current = current.version.empty_values == self._empty_values_changed
        if is_current and self._clock() < current.ends_at:
            return current
        return self._advance_to(
            self._new_state(generation, current.vocabulary, current.group_cache, snapshots)
        )

    def configure(self, settings: Settings) -> None:
        """From now on, show everything by other settings."""
        with self._lock:
            self._settings = settings
            self._state = None
        self.refresh()

    def _new_state(
        self,
        generation: Generation,
        vocabulary: Vocabulary,
        group_cache: GroupCache,
        snapshots: SnapshotsSeen,
    ) -> TreeState:
        day = datetime.fromtimestamp(self._clock(), UTC).astimezone().date()
        with self._lock:
            empty_values, changed = self._empty_values, self._empty_values_changed
        return TreeState(
            version=TreeVersion(generation, day, snapshots.number, changed),
            empty_values=empty_values,
            ends_at=start_of_day(day + timedelta(days=1)).timestamp(),
            vocabulary=vocabulary,
            settings=self._settings,
            group_cache=group_cache,
            listings=listing_cache(self._limits.listed_entries),
            snapshots=snapshots,
            files=BoundedCache(self._limits.file_bytes, _weight_of_file),
        )

    def _advance_to(self, state: TreeState) -> TreeState:
        """Make this the current state, unless another thread has seen a newer one meanwhile.

        A thread that began to read before the others must not take the others back to an older state. It
        still answers from its own state, which no other thread sees.
        """
        with self._lock:
            current = self._state
            if state.settings is not self._settings:
                return state
            if current is not None:
                if current.version == state.version:
                    return current
                if state.version.is_older_than(current.version):
                    return state
            self._state = state
        return state


def _weight_of_file(text: FileText) -> int:
    return _IN_MEMORY if text.descriptor is None else max(text.size, _DESCRIPTOR)
