"""The snapshots that a query can name, and their tracks in one generation of the cache.

Owns the way from the name of a snapshot to ids of tracks: `user.db` has the keys, the cache has the ids.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcfs.errors import NotFoundError, StoreError
from mcfs.query import InSnapshot
from mcfs.sql import Members
from mcfs.sql.bound_query import NO_MEMBERS
from mcfs.store.cache_reader import CacheReader
from mcfs.store.snapshot_repository import SnapshotRepository


@dataclass(frozen=True, slots=True)
class KnownSnapshots:
    """All snapshots at one version of them: a listing that names one is true of this version."""

    version: str
    names: frozenset[str]
    # Of a name, in the order of the snapshot.
    annex_keys: Callable[[str], Sequence[str]]

    def members(self, read: CacheReader, term: InSnapshot) -> Members:
        """The tracks of a snapshot that the library still has, in its order."""
        try:
            keys = self.annex_keys(term.name)
        except NotFoundError:
            return NO_MEMBERS  # it was dropped just now
        ids = read.track_ids_of_keys(keys)
        return Members("tracks", json.dumps([ids[key] for key in keys if key in ids]))


def known_snapshots(repository: SnapshotRepository) -> KnownSnapshots:
    """The snapshots that there are now; none where `user.db` cannot be read."""
    try:
        version = repository.version()
        return KnownSnapshots(version, frozenset(repository.names()), repository.annex_keys)
    except StoreError:
        return NO_SNAPSHOTS


def _none(_name: str) -> Sequence[str]:
    return ()


NO_SNAPSHOTS = KnownSnapshots("", frozenset(), _none)
