#!/usr/bin/env python3
"""Kills syncs at random moments, and checks each time that the store survives.

    python contrib/soak/kill_sync.py N [--tracks 500] [--seed 1]

Each round changes the library with git-annex, starts a sync in a process of its own (a first one, a full one
or one by difference), and ends it with SIGKILL at a random moment. Then the store must open undamaged, hold
either its old contents or those of the library, nothing between, and after another sync equal a store that
was made from nothing. Stops at the first that does not.
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
    """The library, the store whose syncs are killed, and a store to compare it with."""

    library: Library
    store: Path
    fresh: Path


def contents(store: Store) -> dict[str, object]:
    """Everything about every track, except its id."""
    with store.cache.reading() as read:
        everything = select_tracks(bind_without_values(ALL, today()))
        return {
            "records": {record.annex_key: record for record in read.records_of(everything)},
            "listed": {row.annex_key: tuple(row)[1:] for row in read.select(everything)},
            "fields": read.fields(),
        }


def stored(folder: Path) -> dict[str, object]:
    """The contents of a store that is not open."""
    with open_store(folder) as store:
        if store.notice:
            sys.exit(f"the store was damaged: {store.notice}")
        return contents(store)


def synced(library: Library, folder: Path) -> dict[str, object]:
    """The contents of a store after a sync."""
    with open_store(folder) as store:
        sync(library, store)
    return stored(folder)


def begin(places: Places, kind: str) -> int:
    """Start a sync. Forked, because a new interpreter would mostly be killed while it starts."""
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
    """Change the library, so that the store is out of date."""
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


def check_integrity(folder: Path) -> None:
    """Let SQLite check both databases."""
    for file in folder.glob("*.db"):
        connection = sqlite3.connect(file)
        for question in ("integrity_check", "foreign_key_check"):
            found = connection.execute(f"PRAGMA {question}").fetchall()
            if found not in ([], [("ok",)]):
                sys.exit(f"{file} is damaged: {found}")
        connection.close()


def duration(places: Places, kind: str) -> float:
    """How long such a sync takes when it is not killed."""
    start = time.monotonic()
    os.waitpid(begin(places, kind), 0)
    return time.monotonic() - start


def kill_one(places: Places, kind: str, draw: random.Random, number: int, longest: float) -> str:
    """One round; returns how far the sync came."""
    before = synced(places.library, places.store)
    prepare(places, kind, draw, number)
    child = begin(places, kind)
    time.sleep(draw.uniform(0, longest))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        sys.exit("the sync itself failed")
    if places.store.exists():
        check_integrity(places.store)
    after = stored(places.store)
    shutil.rmtree(places.fresh, ignore_errors=True)
    now = synced(places.library, places.fresh)
    old = {"records": {}, "listed": {}, "fields": []} if kind == "first" else before
    if after not in (old, now):
        sys.exit("the store holds neither its old contents nor those of the library")
    if synced(places.library, places.store) != now:
        sys.exit("after another sync the store differs from a fresh one")
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
            longest[kind] = duration(places, kind)
        counted: Counter[str] = Counter()
        for number in range(1, chosen.rounds + 1):
            kind = draw.choice(KINDS)
            counted[f"{kind}: {kill_one(places, kind, draw, number, longest[kind])}"] += 1
            if number % 50 == 0 or number == chosen.rounds:
                print(number, dict(sorted(counted.items())), flush=True)
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


if __name__ == "__main__":
    main()
