#!/usr/bin/env python3
"""Taking snapshots, and finding out after a change which of them no longer agree with the library.

    python contrib/bench/snapshots.py LIBRARY [--rounds 5] [--tracks 10000] [--snapshots 100]

LIBRARY has been synced; its store is copied, so that nothing in it changes. Each round measures:

    take            a snapshot of so many tracks, with all their metadata
    read keys       only its annex keys, which is what a query that names it needs
    staleness       of so many snapshots, set lists of at most 200 tracks, after ten tracks have changed
    nothing to do   the same check once more
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mcfs.annex.library import open_library
from mcfs.config.settings import Absent, Settings
from mcfs.snapshots.source import query_source
from mcfs.snapshots.staleness import check_snapshots
from mcfs.snapshots.taking import take
from mcfs.store import Store, open_store
from mcfs.tree.tree import Tree

# The tracks of a made library have no content.
_SETTINGS = Settings(absent=Absent.SHOW)
# For snapshots of a hundred kinds: some with an order, some with a limit.
_QUERIES = (
    "genre:{letter}",
    "artist:^{letter} sort:bpm",
    "title:{letter} limit:200",
    "bpm:{bpm} sort:-rating limit:50",
    "rating:>=4 album:^{letter}",
)


def take_one(store: Store, tree: Tree, name: str, text: str) -> int:
    """Take one snapshot; how many tracks it has."""
    now = datetime.now(UTC)
    source = query_source(text, tree)
    return take(name, source, store, tree, at=now, configuration_changed_at=None).tracks


def change_ten(store: Store, number: int) -> None:
    """Ten tracks get another genre, as a sync would write it."""
    with store.cache.reading() as read:
        keys = sorted(read.column("annex_key"))[number :: max(1, read.count() // 10)][:10]
        records = read.records(keys)
    with store.cache.writing() as write:
        write.update(
            replace(record, values={**record.values, "genre": (f"changed {number}",)})
            for record in records.values()
        )


def measure(store: Store, rounds: int, tracks: int, snapshots: int) -> None:
    """Print the medians."""
    taken: defaultdict[str, list[float]] = defaultdict(list)

    def timed(what: str, do: Callable[[], object]) -> None:
        start = time.perf_counter()
        do()
        taken[what].append(time.perf_counter() - start)

    tree = Tree(store, _SETTINGS)
    for number in range(snapshots):
        letter, query = chr(ord("a") + number % 26), _QUERIES[number % len(_QUERIES)]
        limit = "" if "limit" in query else " limit:200"
        text = query.format(letter=letter, bpm=90 + number) + limit
        take_one(store, tree, f"set {number}", text)
    for number in range(rounds):
        large = f"large {number}"
        timed("take", lambda name=large: take_one(store, tree, name, f"limit:{tracks}"))  # type: ignore[misc]
        timed("read keys", lambda name=large: store.user.snapshots.annex_keys(name))  # type: ignore[misc]
        store.user.snapshots.drop(large)
        change_ten(store, number)
        current = Tree(store, _SETTINGS)
        timed("staleness", lambda at=current: check_snapshots(store, at, budget=60))  # type: ignore[misc]
        timed("nothing to do", lambda at=current: check_snapshots(store, at, budget=60))  # type: ignore[misc]
    sizes = [snapshot.tracks for snapshot in store.user.snapshots.all()]
    stale = sum(snapshot.is_stale for snapshot in store.user.snapshots.all())
    print(f"{len(sizes)} snapshots of {sum(sizes)} tracks, {stale} of them stale in the end")
    for what, seconds in taken.items():
        print(f"{what:14} {statistics.median(seconds):9.3f} s")


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description="Taking and checking snapshots.")
    arguments.add_argument("library", type=Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--tracks", type=int, default=10_000)
    arguments.add_argument("--snapshots", type=int, default=100)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = open_library(chosen.library).store_dir / "cache.db"
        with (
            closing(sqlite3.connect(f"{cache.as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(Path(folder, "cache.db"))) as copy,
        ):
            original.backup(copy)
        with open_store(Path(folder)) as store:
            measure(store, chosen.rounds, chosen.tracks, chosen.snapshots)


if __name__ == "__main__":
    main()
