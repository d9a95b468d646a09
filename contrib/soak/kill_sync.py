#!/usr/bin/env python3
"""Kills syncs, one after the other, and looks each time whether the store lived through it.

    python contrib/soak/kill_sync.py N [--tracks 500] [--seed 1]

Each round changes the library through git-annex, begins a sync in a process of its own, a first one, a
full one or one by difference, and ends it with SIGKILL at a random moment of it. Then the store must
open and be whole, hold what it held before or what the library holds now and nothing between, and after
another sync be the same as a store that was made afresh. Stops at the first that is not.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mcfs.annex.library import Library, open_library
from mcfs.annex.process import environment
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store, open_store
from mcfs.store.clock import today
from mcfs.sync.run import sync

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from annex_library import make_library

KINDS = ("first", "full", "difference")


@dataclass(frozen=True, slots=True)
class Places:
    """The library, the store that is ill-treated, and the one that it is compared with."""

    library: Library
    store: Path
    fresh: Path


def contents(store: Store) -> dict[str, object]:
    """Everything about every track, ids aside."""
    with store.cache.reading() as read:
        everything = select_tracks(bind_without_values(ALL, today()))
        return {
            "records": {record.annex_key: record for record in read.records_of(everything)},
            "listed": {row.annex_key: tuple(row)[1:] for row in read.select(everything)},
            "fields": read.fields(),
        }


def stored(folder: Path) -> dict[str, object]:
    """The same of a store that nobody has open."""
    with open_store(folder) as store:
        if store.notice:
            sys.exit(f"the store was damaged: {store.notice}")
        return contents(store)


def synced(library: Library, folder: Path) -> dict[str, object]:
    """What a store holds after a sync."""
    with open_store(folder) as store:
        sync(library, store)
    return stored(folder)


def begin(places: Places, kind: str) -> int:
    """The process of a sync. It is forked, so that its start is not what is killed mostly."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        with open_store(places.store) as store:
            sync(places.library, store, full=kind == "full")
        status = 0
    finally:
        os._exit(status)


def prepare(places: Places, kind: str, draw: random.Random, number: int) -> None:
    """A library that has changed, and a store that does not know it yet."""
    if kind == "first":
        shutil.rmtree(places.store)
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=places.library.top, stdout=subprocess.PIPE, check=True
    ).stdout
    some = draw.sample([os.fsdecode(name) for name in listed.split(b"\0")[:-1]], 10)
    annex = ["git-annex", "metadata", "--quiet", "-s", f"comment=round {number}", "-s"]
    for words in (
        [*annex, f"title={draw.choice(['Untitled', f'Title {number}'])}", *some],
        ["git", "mv", some[0], f"moved {number}.mp3"],
    ):
        subprocess.run(words, cwd=places.library.top, env=environment(), check=True)


def whole(folder: Path) -> None:
    """What SQLite itself says of both databases."""
    for file in folder.glob("*.db"):
        connection = sqlite3.connect(file)
        for question in ("integrity_check", "foreign_key_check"):
            said = connection.execute(f"PRAGMA {question}").fetchall()
            if said not in ([], [("ok",)]):
                sys.exit(f"{file} is damaged: {said}")
        connection.close()


def lasting(places: Places, kind: str) -> float:
    """How long such a sync takes when nobody kills it."""
    start = time.monotonic()
    os.waitpid(begin(places, kind), 0)
    return time.monotonic() - start


def one(places: Places, kind: str, draw: random.Random, number: int, longest: float) -> str:
    """How far the killed one came."""
    before = synced(places.library, places.store)
    prepare(places, kind, draw, number)
    child = begin(places, kind)
    time.sleep(draw.uniform(0, longest))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        sys.exit("the sync itself failed")
    if places.store.exists():
        whole(places.store)
    after = stored(places.store)
    shutil.rmtree(places.fresh, ignore_errors=True)
    now = synced(places.library, places.fresh)
    old = {"records": {}, "listed": {}, "fields": []} if kind == "first" else before
    if after not in (old, now):
        sys.exit("the store holds neither what it held nor what there is")
    if synced(places.library, places.store) != now:
        sys.exit("after another sync the store is not what a fresh one is")
    if os.WIFEXITED(status):
        return "ended before it was killed"
    return "killed after its commit" if after == now else "killed before its commit"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", metavar="N", type=int)
    parser.add_argument("--tracks", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    draw = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="mcfs-kill-") as folder:
        make_library(Path(folder, "library"), chosen.tracks, chosen.seed)
        places = Places(
            open_library(Path(folder, "library")), Path(folder, "store"), Path(folder, "fresh")
        )
        longest: dict[str, float] = {}
        for kind in KINDS:
            synced(places.library, places.store)
            prepare(places, kind, draw, 0 - KINDS.index(kind))
            longest[kind] = lasting(places, kind)
        counted: Counter[str] = Counter()
        for number in range(1, chosen.rounds + 1):
            kind = draw.choice(KINDS)
            counted[f"{kind}: {one(places, kind, draw, number, longest[kind])}"] += 1
            if number % 50 == 0 or number == chosen.rounds:
                print(number, dict(sorted(counted.items())), flush=True)
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


if __name__ == "__main__":
    main()
