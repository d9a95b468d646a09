"""The check of all snapshots after a sync, whoever has synced."""

from __future__ import annotations

from mcfs.config.settings import Settings
from mcfs.errors import McfsError
from mcfs.store import Store
from mcfs.store.snapshot_records import Snapshot


def newly_stale(store: Store, settings: Settings) -> list[Snapshot]:
    """Check the snapshots; those that agreed with the library before, and do not any more.

    The sync is done, so nothing here may fail it: what cannot be checked now is checked after the next.
    """
    try:
        before = store.user.snapshots.all()
        if not before:
            return []
        # Most libraries have no snapshots, and these take a while to load.
        from mcfs.snapshots.staleness import check_snapshots
        from mcfs.tree.tree import Tree

        check_snapshots(store, Tree(store, settings))
        agreed = {each.id for each in before if not each.is_stale}
        return [each for each in store.user.snapshots.all() if each.is_stale and each.id in agreed]
    except McfsError:
        return []
