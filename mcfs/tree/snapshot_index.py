"""Which snapshots there are and which tracks they have, as the tree last saw them, and what has changed.

Owns the look at `user.db`, where another process may take, rename or drop one at any time. What the tree has
made of snapshots is true until a look finds others.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from mcfs.errors import NotFoundError
from mcfs.store.known_snapshots import NO_SNAPSHOTS, KnownSnapshots
from mcfs.store.snapshot_records import Snapshot
from mcfs.store.snapshot_repository import SnapshotRepository


@dataclass(frozen=True, slots=True)
class SnapshotsSeen:
    """The snapshots at one look."""

    # Another one whenever a name or a result differs.
    number: int = 0
    by_name: Mapping[str, Snapshot] = field(default_factory=dict)
    # What queries ask of them.
    known: KnownSnapshots = NO_SNAPSHOTS
    # Name → annex keys in their order, of those that somebody has asked for: only they have been shown.
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def has_same(self, name: str, other: SnapshotsSeen) -> bool:
        """Whether a snapshot is in both looks, and has the same result."""
        mine, its = self.by_name.get(name), other.by_name.get(name)
        return mine is its or (
            mine is not None
            and its is not None
            and (mine.id, mine.updated_at) == (its.id, its.updated_at)
        )


@dataclass(frozen=True, slots=True)
class SnapshotChanges:
    """The difference between two looks."""

    # The names of those that are new, gone, or have another result.
    changed: frozenset[str] = frozenset()
    # Whether queries can name others.
    names_differ: bool = False
    # The tracks that joined or left one of those that somebody has asked for.
    moved_keys: frozenset[str] = frozenset()
    after: SnapshotsSeen = SnapshotsSeen()

    def touched_by(self, annex_keys: Collection[str]) -> frozenset[str]:
        """The names of those that changed, and of those that have such a track."""
        having = {
            name
            for name, keys in self.after.keys.items()
            if not frozenset(annex_keys).isdisjoint(keys)
        }
        return self.changed | having


class SnapshotIndex:
    """The snapshots of one store. Safe to use from several threads."""

    def __init__(self, repository: SnapshotRepository) -> None:
        self._repository = repository
        self._version: str | None = None
        self._seen = SnapshotsSeen()
        # Held while the store is read: an earlier look must not replace a later one.
        self._lock = threading.Lock()

    @property
    def seen(self) -> SnapshotsSeen:
        """The snapshots that were there at the last look."""
        return self._seen

    def look(self) -> SnapshotsSeen:
        """The snapshots that there are now."""
        with self._lock:
            # Before the snapshots: what comes between the two is found at the next look.
            version = self._repository.version()
            if version != self._version:
                self._seen, self._version = self._next(version), version
            return self._seen

    def _next(self, version: str) -> SnapshotsSeen:
        before = self._seen
        by_name = {snapshot.name: snapshot for snapshot in self._repository.all()}
        keys: dict[str, tuple[str, ...]] = {}
        known = KnownSnapshots(version, frozenset(by_name), partial(self._keys, keys))
        after = SnapshotsSeen(before.number + 1, by_name, known, keys)
        keys.update(
            (name, some) for name, some in before.keys.items() if before.has_same(name, after)
        )
        return after

    def _keys(self, seen: dict[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
        keys = seen.get(name)
        if keys is None:
            keys = seen[name] = tuple(self._repository.annex_keys(name))
        return keys


def snapshot_changes(before: SnapshotsSeen, after: SnapshotsSeen) -> SnapshotChanges:
    """What differs at one look from an earlier one."""
    if before is after:
        return SnapshotChanges(after=after)
    names = before.by_name.keys() | after.by_name.keys()
    changed = frozenset(name for name in names if not before.has_same(name, after))
    moved: set[str] = set()
    for name in changed & before.keys.keys():
        now: Sequence[str] = ()
        if name in after.by_name:
            # Where it was dropped since, the next look finds that.
            with suppress(NotFoundError):
                now = after.known.annex_keys(name)
        moved |= set(before.keys[name]) ^ set(now)
    names_differ = before.known.names != after.known.names
    return SnapshotChanges(changed, names_differ, frozenset(moved), after)
