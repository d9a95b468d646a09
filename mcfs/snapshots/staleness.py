"""Which snapshots no longer agree with the library: found out after a sync, in little time.

Owns which of them have to be compared at all. A change of a few tracks makes a difference to a snapshot only
if it had one of them, or if its query finds one of them now; that is one indexed look each. Only then are its
tracks read again, and no longer than the budget allows. What is left is done after the next sync: each
snapshot knows the state of the library that it was last compared to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mcfs.config.settings import Names
from mcfs.errors import McfsError
from mcfs.query import (
    AnnexKeys,
    Cut,
    InSnapshot,
    Query,
    all_of,
    hiding_absent,
    is_relative_to_today,
    leaves,
)
from mcfs.snapshots.differences import Differences, PresentResult, compare, sentences
from mcfs.snapshots.input_hash import input_hash
from mcfs.snapshots.source import Source, source_of
from mcfs.sql import FoundTrack, select_found
from mcfs.store import Store
from mcfs.store.cache_reader import CacheReader
from mcfs.store.snapshot_records import Snapshot
from mcfs.store.snapshot_repository import SnapshotRepository
from mcfs.tree.tree import Tree

# Seconds that a sync may spend on reading the tracks of snapshots again.
BUDGET = 1.0


@dataclass(slots=True)
class Checked:
    """What a check has found out."""

    # The reason of each that was compared, by id; None where it agrees.
    compared: dict[int, str | None] = field(default_factory=dict)
    # Those that cannot have changed.
    unchanged: list[int] = field(default_factory=list)
    # Those for which no time was left.
    postponed: int = 0


def check_snapshots(
    store: Store,
    tree: Tree,
    *,
    budget: float = BUDGET,
    clock: Callable[[], float] = time.monotonic,
) -> Checked:
    """Compare the snapshots that a change since their last comparison may have touched."""
    repository, checked = store.user.snapshots, Checked()
    snapshots = repository.all()
    if not snapshots:
        return checked
    deadline, now = clock() + budget, datetime.now(UTC)
    with store.cache.reading() as read:
        changes = _Changes(repository, tree, read)
        generation = read.generation()
        for snapshot in snapshots:
            if clock() > deadline:
                checked.postponed += 1
            elif changes.may_touch(snapshot):
                differences = _differences(snapshot, repository, tree, read)
                checked.compared[snapshot.id] = _in_words(snapshot, differences)
            elif snapshot.checked != generation:
                checked.unchanged.append(snapshot.id)
    repository.mark_checked(checked.compared, generation, now)
    repository.mark_unchanged(checked.unchanged, generation, now)
    return checked


def compare_now(name: str, store: Store, tree: Tree) -> tuple[Snapshot, Differences]:
    """Compare one snapshot, whatever has changed, and keep what that shows; the snapshot as it is then."""
    repository = store.user.snapshots
    snapshot = repository.get(name)
    with store.cache.reading() as read:
        generation = read.generation()
        differences = _differences(snapshot, repository, tree, read)
    reason = _in_words(snapshot, differences)
    repository.mark_checked({snapshot.id: reason}, generation, datetime.now(UTC))
    return repository.get(name), differences


class _Changes:
    """What has changed in the library since the snapshots were last compared to it."""

    def __init__(self, repository: SnapshotRepository, tree: Tree, read: CacheReader) -> None:
        self._repository = repository
        self._tree = tree
        self._read = read
        self._generation = read.generation()
        # By the counter of a generation: the tracks that have changed since, None where any may have …
        self._changed: dict[int, frozenset[str] | None] = {}
        # … those of them that are in each snapshot, and those that are not here.
        self._held: dict[int, Mapping[int, set[str]]] = {}
        self._absent: dict[int, set[str]] = {}

    def may_touch(self, snapshot: Snapshot) -> bool:
        """Whether the snapshot may agree or disagree otherwise than when it was last compared."""
        was = snapshot.checked
        if was is None or was.store_uuid != self._generation.store_uuid:
            return True
        try:
            source = source_of(snapshot, self._tree)
        except McfsError:
            return True
        query = source.node.query
        if changed_inputs(snapshot, source, self._tree.settings.names) or _depends_on_more(query):
            return True
        if is_relative_to_today(query) and _day(snapshot.checked_at) != self._tree.day:
            return True
        changed = self._changed_since(was.counter)
        return changed is None or (bool(changed) and self._do_touch(snapshot, query, was.counter))

    def _changed_since(self, counter: int) -> frozenset[str] | None:
        if counter not in self._changed:
            keys = self._read.changed_since(counter)
            self._changed[counter] = None if keys is None else frozenset(keys)
            if keys:
                self._held[counter] = self._repository.holding(keys)
                self._absent[counter] = keys - self._found(
                    Query(all_of(AnnexKeys(tuple(sorted(keys))))), only_here=True
                )
        return self._changed[counter]

    def _do_touch(self, snapshot: Snapshot, query: Query, counter: int) -> bool:
        changed = self._changed[counter]
        assert changed is not None, "asked before"
        held = self._held[counter].get(snapshot.id, set())
        among = Query(all_of(query.where, AnnexKeys(tuple(sorted(changed)))))
        found = self._found(among, only_here=snapshot.hides_absent)
        if query.limit is not None and not held and not snapshot.is_stale:
            return bool(found) and self._reach_its_first(snapshot, query, found)
        if query.limit is not None or query.order or snapshot.is_stale:
            # Its order may have changed; or the difference that is known of it has gone.
            return bool(held or found)
        return found != held or bool(held & self._absent[counter])

    def _reach_its_first(self, snapshot: Snapshot, query: Query, found: set[str]) -> bool:
        """Whether tracks that match now come before the last of a limited snapshot.

        None of its own tracks has changed. So they are still the first of all tracks but these.
        """
        own = self._repository.annex_keys(snapshot.name)
        among = replace(query, where=AnnexKeys((*own, *sorted(found))))
        return self._found(among, only_here=False) != set(own)

    def _found(self, query: Query, *, only_here: bool) -> set[str]:
        shown = hiding_absent(query) if only_here else query
        return {track.annex_key for track in _tracks(shown, self._tree, self._read)}


def _depends_on_more(query: Query) -> bool:
    """Whether it depends on other snapshots, or on which tracks are the first."""
    return any(isinstance(leaf, InSnapshot | Cut) for leaf in leaves(query.where))


def _day(moment: datetime | None) -> object:
    return None if moment is None else moment.astimezone().date()


def changed_inputs(snapshot: Snapshot, source: Source, names: Names) -> tuple[str, ...]:
    """What else than the library has changed since a snapshot was taken, in sentences."""
    if not snapshot.input_hash:
        return ()  # an older version did not keep it
    text, template, own = source.query_text, snapshot.template, source.levels.text
    if snapshot.input_hash == input_hash(text, template, own, names):
        return ()
    what = "view" if source.view is not None else "pin" if source.pin is not None else "folder"
    if text != snapshot.query_text:
        return (f"the {what}'s query has changed: it was {snapshot.query_text or 'all tracks'}",)
    if any(snapshot.input_hash == input_hash(text, template, own, other) for other in Names):
        return ("`names` in the settings has changed",)
    return (f"the {what}'s template has changed",)


def _in_words(snapshot: Snapshot, differences: Differences) -> str | None:
    since, today = snapshot.taken_at.astimezone().date(), datetime.now(UTC).astimezone().date()
    return "; ".join(sentences(differences, since, today)) or None


def _differences(
    snapshot: Snapshot, repository: SnapshotRepository, tree: Tree, read: CacheReader
) -> Differences:
    frozen = repository.named_tracks(snapshot.name)
    found: dict[str, FoundTrack] = {}
    is_ordered, inputs = False, tuple[str, ...]()
    try:
        source = source_of(snapshot, tree)
    except McfsError as error:
        query, inputs = None, (str(error),)
    else:
        query = source.node.query
        inputs = changed_inputs(snapshot, source, tree.settings.names)
        is_ordered = bool(query.order)
        shown = hiding_absent(query) if snapshot.hides_absent else query
        found = {track.annex_key: track for track in _tracks(shown, tree, read)}
    keys = [track.annex_key for track in frozen]
    presence = {key: bool(found[key].present) for key in keys if key in found}
    presence |= read.presence_of_keys(key for key in keys if key not in found)
    names = {key: track.name for key, track in found.items()}
    if query is None:
        # There is nothing to compare with, but what has become of its tracks can be said.
        names = dict.fromkeys(presence, "")
    return compare(frozen, PresentResult(names, presence, is_ordered), inputs)


def _tracks(query: Query, tree: Tree, read: CacheReader) -> Iterator[FoundTrack]:
    return map(FoundTrack._make, read.tuples(select_found(tree.bind(read, query))))
