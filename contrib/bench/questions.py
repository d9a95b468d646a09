#!/usr/bin/env python3
"""The same question, asked of mcfs and of git-annex: which tracks have this genre?

    python contrib/bench/questions.py LIBRARY [--rounds 5] [--view]

LIBRARY has been synced; the genre is its commonest. Each round runs, in turn:

    mcfs search     the command, which prints the work paths
    new mount, ls   `ls genre:=GENRE` in a new mount, which was asked nothing before
    ls again        the same once more
    git annex find  `git annex find --metadata genre=GENRE`

`--view` also measures, once, `git annex view genre=GENRE`. It checks out a branch that has only those tracks,
as folders: the work tree has the library's own files again afterwards, but git has rewritten them.

All answers are compared; the script fails if they differ.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mcfs.annex.process import environment

_MCFS = [sys.executable, "-m", "mcfs"]


def timed(command: Sequence[str | Path], folder: Path) -> tuple[float, str]:
    """Seconds, and what the command prints."""
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment(), check=True, stdout=subprocess.PIPE, text=True
    )
    return time.perf_counter() - start, done.stdout


@contextmanager
def mounted(library: Path) -> Iterator[Path]:
    """A mount that shows absent tracks too, as `git annex find` does."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([*_MCFS, "mount", "--absent", "show", library, place], check=True)
        try:
            time.sleep(1)  # the mount syncs in the background
            yield Path(place)
        finally:
            subprocess.run([*_MCFS, "umount", place], check=True)


def commonest_genre(library: Path) -> str:
    """The genre that most tracks have."""
    _, printed = timed([*_MCFS, "fields", "genre", "--json"], library)
    values = json.loads(printed)
    return str(max(values, key=lambda value: value["tracks"])["value"])


def viewed(library: Path, genre: str) -> float:
    """Seconds of `git annex view`; then the library is on its own branch again."""
    seconds, _ = timed(["git", "annex", "view", "--quiet", f"genre={genre}"], library)
    _, branch = timed(["git", "rev-parse", "--abbrev-ref", "HEAD"], library)
    timed(["git", "annex", "vpop", "--quiet"], library)
    timed(["git", "branch", "--quiet", "-D", branch.strip()], library)
    return seconds


def same(answers: dict[str, int]) -> int:
    """How many tracks all of them found."""
    if len(set(answers.values())) != 1:
        sys.exit(f"the answers differ: {answers}")
    return next(iter(answers.values()))


def measure(library: Path, rounds: int, *, view: bool) -> None:
    """Print the medians, in seconds, and their ratios to `mcfs search`."""
    genre = commonest_genre(library)
    question = f'genre:="{genre}"'
    taken: defaultdict[str, list[float]] = defaultdict(list)
    found: dict[str, int] = {}
    search = [*_MCFS, "search", "--absent", "show", "--format"]
    find = ["git", "annex", "find", "--metadata", f"genre={genre}", "--format=${key}\\n"]
    for _ in range(rounds):
        seconds, _ = timed([*search, "paths", question], library)
        taken["mcfs search"].append(seconds)
        with mounted(library) as place:
            for name in ("new mount, ls", "ls again"):
                seconds, printed = timed(["ls", "-U", place / question], library)
                taken[name].append(seconds)
                found[name] = len(printed.splitlines())
        seconds, printed = timed(find, library)
        taken["git annex find"].append(seconds)
        found["git annex find"] = len(set(printed.split()))
    _, printed = timed([*search, "json", question], library)
    found["mcfs search"] = len(json.loads(printed))
    print(f"genre={genre}: {same(found)} tracks")
    if view:
        taken["git annex view"].append(viewed(library, genre))
    unit = statistics.median(taken["mcfs search"])
    for name, seconds_of in taken.items():
        median = statistics.median(seconds_of)
        print(f"{name:16} {median:9.3f} s {median / unit:8.2f} × mcfs search")


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description="The same question to mcfs and git-annex.")
    arguments.add_argument("library", type=Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--view", action="store_true")
    chosen = arguments.parse_args()
    # An installed mcfs has compiled modules.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    measure(chosen.library.resolve(), chosen.rounds, view=chosen.view)


if __name__ == "__main__":
    main()
