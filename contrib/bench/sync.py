#!/usr/bin/env python3
"""What a sync costs: in full, after ten changed tracks, and when nothing changed.

    python contrib/bench/sync.py LIBRARY [--rounds 3] [--git-annex]

LIBRARY is one that `annex_library.py` made. `baseline` streams what a full sync reads, and does nothing
with it: `ls-tree` of the git-annex branch, `cat-file` of every log. Full syncs and baselines run in turn.
`--git-annex` also times `git annex metadata --json --all`, which takes a minute.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from mcfs.annex.git import contents
from mcfs.annex.library import Library, open_library
from mcfs.annex.process import environment, run
from mcfs.store import Store, open_store
from mcfs.sync import sync


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def baseline(library: Library) -> None:
    """All that is read, streamed."""
    listed = run(["git", "ls-tree", "-r", "-z", "git-annex"], folder=library.top, seconds=600)
    logs = [entry[12:52] for entry in listed.split(b"\0") if entry.endswith((b".log", b".log.met"))]
    for _ in contents(library, logs):
        pass


def change_ten(library: Library, number: int) -> None:
    """Ten tracks get another comment, through git-annex."""
    files = run(["git", "ls-files", "-z"], folder=library.top).split(b"\0")
    some = [file for file in files if file.endswith((b".mp3", b".flac"))][:10]
    what = ["metadata", "--quiet", "--set", f"comment=round {number}", "--"]
    command = ["git-annex", *what, *map(os.fsdecode, some)]
    subprocess.run(command, cwd=library.top, env=environment(), check=True)


def measure(library: Library, store: Store, rounds: int) -> dict[str, list[float]]:
    """Seconds of each, in turn."""
    taken: dict[str, list[float]] = {"baseline": [], "full": [], "ten changed": [], "nothing": []}
    for number in range(rounds):
        taken["baseline"].append(timed(lambda: baseline(library)))
        taken["full"].append(timed(lambda: sync(library, store, full=True)))
        change_ten(library, number)
        taken["ten changed"].append(timed(lambda: sync(library, store)))
        taken["nothing"].append(timed(lambda: sync(library, store)))
    return taken


def main() -> None:
    """Measure, and print."""
    arguments = argparse.ArgumentParser(description="What a sync costs.")
    arguments.add_argument("library", type=Path)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--git-annex", action="store_true")
    asked = arguments.parse_args()
    library = open_library(asked.library)
    with open_store(library.store_dir) as store:
        sync(library, store)
        taken = measure(library, store, asked.rounds)
    unit = statistics.median(taken["baseline"])
    if asked.git_annex:
        command = ["git-annex", "metadata", "--json", "--all"]
        taken["git-annex"] = [timed(lambda: run(command, folder=library.top, seconds=3600))]
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(f"{name:12} {median:8.3f} s {median / unit:8.2f} × baseline")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / 1024:.0f} MB")


if __name__ == "__main__":
    main()
