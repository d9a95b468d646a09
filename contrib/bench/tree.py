#!/usr/bin/env python3
"""How long it takes to list folders of a large library: the first time, again, and to look up single names.

    python contrib/bench/tree.py LIBRARY [--rounds 5] [--walk]

LIBRARY was made by `annex_library.py`, and is synced. Query folders are compared with plain sqlite3 running
the same SQL. Every first listing uses a new tree, whose caches are empty. `--walk` instead lists every folder
of `library/` and of the built-in views, and measures how much memory that takes.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mcfs.annex.library import open_library
from mcfs.inspect.sql_text import sql_text
from mcfs.sql import EntryRow, select_entries
from mcfs.store import Store, open_store
from mcfs.tree.nodes import LIBRARY
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree

LOOKUPS = 10_000


def median(work: Callable[[], object], rounds: int) -> float:
    """Seconds."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def first(store: Store, mount_path: str, rounds: int) -> tuple[float, int]:
    """Seconds to list a folder with a new tree, and how many entries it has."""
    trees = iter([Tree(store) for _ in range(rounds)])
    route = Route.parse(mount_path)
    listed = 0

    def list_once() -> None:
        nonlocal listed
        tree = next(trees)
        listed = len(tree.children(tree.resolve(route)).entries)

    return median(list_once, rounds), listed


def query_folder(store: Store, mount_path: str, rounds: int) -> None:
    """Compare a folder of tracks with plain sqlite3 reading the same rows."""
    tree = Tree(store)
    node = tree.resolve(Route.parse(mount_path))
    with store.cache.reading() as read:
        bound = tree.bind(read, tree.shown_query(node))  # type: ignore[arg-type]  # these are query folders
    statement = sql_text(select_entries(bound))
    first(store, mount_path, 1)
    with closing(sqlite3.connect(store.folder / "cache.db")) as bare:
        bare.execute(statement).fetchall()
        ours, alone = [], []
        for _ in range(rounds):
            seconds, listed = first(store, mount_path, 1)
            ours.append(seconds)
            alone.append(median(lambda: bare.execute(statement).fetchall(), 1))
    mine, theirs = statistics.median(ours), statistics.median(alone)
    print(
        f"{mount_path}: {listed} tracks, {mine * 1000:.1f} ms,"
        f" {mine / theirs:.2f} × the bare SQL ({theirs * 1000:.1f} ms)"
    )


def folders(store: Store, mount_path: str, rounds: int) -> None:
    """List a folder of folders the first time, and again."""
    seconds, listed = first(store, mount_path, rounds)
    tree = Tree(store)
    node = tree.resolve(Route.parse(mount_path))
    tree.children(node)
    again = median(lambda: tree.children(node), rounds)
    print(f"{mount_path}: {listed} entries, {seconds * 1000:.1f} ms, again {again * 1000:.3f} ms")


def lookups(store: Store, mount_path: str) -> None:
    """Look up names in a folder that was listed before."""
    tree = Tree(store)
    node = tree.resolve(Route.parse(mount_path))
    names = list(tree.children(node).entries)[:LOOKUPS]

    def look_up_all() -> None:
        for name in names:
            tree.child(node, name, 1)

    print(f"a lookup in {mount_path}: {median(look_up_all, 5) / len(names) * 1e6:.2f} µs")


def fullest_work_folder(store: Store) -> str:
    """The folder of `library/` that holds the most tracks."""
    with store.cache.reading() as read:
        paths = (file.work_path for file in read.work_files())
        counts = Counter(path.rpartition("/")[0] for path in paths)
    (folder, _), *_ = counts.most_common(1)
    return f"{LIBRARY}/{folder}" if folder else LIBRARY


def walk(store: Store) -> None:
    """List every folder of `library/` and of the built-in views."""
    tree = Tree(store)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    folders = entries = 0
    todo = [Route((name,)) for name in tree.children(tree.resolve(Route())).entries]
    while todo:
        route = todo.pop()
        folders += 1
        for name, node in tree.children(tree.resolve(route)).entries.items():
            entries += 1
            # No track and no cover.
            if not isinstance(node, EntryRow):
                todo.append(Route((*route.names, name)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"walk: {folders} folders, {entries} entries, {time.perf_counter() - start:.1f} s,"
        f" peak {peak / 1024:.0f} MB, {(peak - before) / 1024:.0f} MB more than before"
    )


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description="How long it takes to list folders.")
    arguments.add_argument("library", type=Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--walk", action="store_true")
    chosen = arguments.parse_args()
    with open_store(open_library(chosen.library).store_dir) as store:
        if chosen.walk:
            walk(store)
            return
        for mount_path in ("bpm:120-123.5", "genre:techno", "all"):
            query_folder(store, mount_path, chosen.rounds)
        for mount_path in ("genre", "{{ bpm | round_to(5) }}", "artist", "{{ genre }} {{ key }}"):
            folders(store, mount_path, chosen.rounds)
        fullest = fullest_work_folder(store)
        folders(store, LIBRARY, chosen.rounds)
        folders(store, fullest, chosen.rounds)
        for mount_path in ("bpm:120-123.5", "genre", LIBRARY, fullest):
            lookups(store, mount_path)


if __name__ == "__main__":
    main()
