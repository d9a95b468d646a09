#!/usr/bin/env python3
"""How long a sync takes: in full, with cold inodes, after ten changed tracks, and when nothing changed.

    python contrib/bench/sync.py LIBRARY [LARGER_LIBRARY] [--rounds 3] [--git-annex]
    python contrib/bench/sync.py LIBRARY --compare-in-process [--rounds 5]

The libraries were made by `annex_library.py`; with two, the script also prints how the times grow. `baseline`
streams what a full sync reads, and does nothing with it: `ls-tree` of the git-annex branch, `cat-file` of
every log. Full syncs and baselines run in turn, each full sync in a process of its own, whose peak memory is
printed. Cold inodes need root, which may make the kernel drop its inode cache. `--git-annex` also measures
`git annex metadata --json --all`, which takes a minute.

`--compare-in-process` only runs full syncs: in turn, the library is read by a subprocess (as mcfs does if it
is large) and by the syncing process itself. It prints wall and CPU time of both.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from mcfs.annex.git import blob_contents
from mcfs.annex.library import Library, open_library
from mcfs.annex.process import environment, run
from mcfs.store import Store, open_store
from mcfs.sync.run import sync

Taken = dict[str, float]

_FORGET = Path("/proc/sys/vm/drop_caches")
_INODES = "2"  # inodes and names of files, not their contents


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def baseline(library: Library) -> None:
    """Stream everything that a full sync reads, and do nothing with it."""
    listed = run(["git", "ls-tree", "-r", "-z", "git-annex"], folder=library.top, seconds=600)
    logs = [entry[12:52] for entry in listed.split(b"\0") if entry.endswith((b".log", b".log.met"))]
    for _ in blob_contents(library, logs):
        pass


def full(place: Path, *, in_process: bool) -> None:
    """One full sync, in this process; prints what it took."""
    library = open_library(place)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(library.store_dir))
        if in_process:
            pays_off = "mcfs.sync.run.subprocess_pays_off"
            stack.enter_context(patch(pays_off, lambda _: False))
        seconds = timed(lambda: sync(library, store, full=True))
    # A large library is read by a process of its own: the largest of the children is that one, or git.
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    taken = {
        "seconds": seconds,
        "cpu": sum(each.ru_utime + each.ru_stime for each in used),
        "peak": sum(each.ru_maxrss for each in used) / 1024,
    }
    print(json.dumps(taken))


def full_elsewhere(library: Library, *, in_process: bool = False) -> Taken:
    """Wall seconds, CPU seconds and megabytes of a full sync in a process of its own."""
    command = [sys.executable, __file__, str(library.top), "--one-full"]
    if in_process:
        command.append("--in-process")
    taken: Taken = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return taken


def compare_in_process(library: Library, rounds: int) -> None:
    """Full syncs with and without the reading subprocess, in turn, after one that warms the caches."""
    full_elsewhere(library)
    taken: dict[bool, list[Taken]] = {False: [], True: []}
    for _ in range(rounds):
        for in_process, some in taken.items():
            some.append(full_elsewhere(library, in_process=in_process))
    for what in ("seconds", "cpu"):
        figures = {in_process: [each[what] for each in some] for in_process, some in taken.items()}
        for name, choose in (("minimum", min), ("median", statistics.median)):
            subprocess_figure, in_process_figure = choose(figures[False]), choose(figures[True])
            print(
                f"{what:8} {name:8} subprocess {subprocess_figure:6.2f}"
                f"  in process {in_process_figure:6.2f}"
                f"  ratio {subprocess_figure / in_process_figure:.2f}"
            )


def change_ten(library: Library, number: int) -> None:
    """Give ten tracks another comment, with git-annex."""
    files = run(["git", "ls-files", "-z"], folder=library.top).split(b"\0")
    some = [file for file in files if file.endswith((b".mp3", b".flac"))][:10]
    what = ["metadata", "--quiet", "--set", f"comment=round {number} {time.time()}", "--"]
    command = ["git-annex", *what, *map(os.fsdecode, some)]
    subprocess.run(command, cwd=library.top, env=environment(), check=True)


def measure(library: Library, store: Store, rounds: int) -> Taken:
    """The median of each, in seconds; and megabytes."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        taken["baseline"].append(timed(lambda: baseline(library)))
        one = full_elsewhere(library)
        taken["full"].append(one["seconds"])
        taken["peak MB"].append(one["peak"])
        if os.access(_FORGET, os.W_OK):
            _FORGET.write_text(_INODES)
            taken["full, cold"].append(full_elsewhere(library)["seconds"])
        change_ten(library, number)
        taken["ten changed"].append(timed(lambda: sync(library, store)))
        taken["nothing"].append(timed(lambda: sync(library, store)))
    return {name: statistics.median(some) for name, some in taken.items()}


def measured(place: Path, rounds: int, *, git_annex: bool) -> Taken:
    """All figures of one library."""
    library = open_library(place)
    with open_store(library.store_dir) as store:
        sync(library, store)
        taken = measure(library, store, rounds)
    if git_annex:
        command = ["git-annex", "metadata", "--json", "--all"]
        taken["git-annex"] = timed(lambda: run(command, folder=library.top, seconds=3600))
    return taken


def report(taken: Taken) -> None:
    """Print the figures, and their limits."""
    for name, value in taken.items():
        print(f"{name:12} {value:9.3f}")
    print(f"full is {taken['full'] / taken['baseline']:.2f} × the baseline (6 at most)")
    if "full, cold" in taken:
        print(f"cold is {taken['full, cold'] / taken['full']:.2f} × warm (1.3 at most)")
    if "git-annex" in taken:
        print(f"git-annex takes {taken['git-annex'] / taken['full']:.1f} × as long (9 at least)")


def compare(small: Taken, large: Taken) -> None:
    """Print how the times grow; the limits are for ten times as many tracks."""
    for name, most in (("full", 11), ("ten changed", 3)):
        print(f"{name}: {large[name] / small[name]:.2f} × the smaller library's ({most} at most)")


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description="How long a sync takes.")
    arguments.add_argument("library", type=Path, nargs="+")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--git-annex", action="store_true")
    arguments.add_argument("--compare-in-process", action="store_true")
    arguments.add_argument("--one-full", action="store_true", help=argparse.SUPPRESS)
    arguments.add_argument("--in-process", action="store_true", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.one_full:
        full(chosen.library[0], in_process=chosen.in_process)
        return
    if chosen.compare_in_process:
        compare_in_process(open_library(chosen.library[0]), chosen.rounds)
        return
    all_taken = []
    for place in chosen.library:
        print(place)
        all_taken.append(measured(place, chosen.rounds, git_annex=chosen.git_annex))
        report(all_taken[-1])
    if len(all_taken) > 1:
        compare(all_taken[0], all_taken[-1])


if __name__ == "__main__":
    main()
