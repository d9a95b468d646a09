#!/usr/bin/env python3
"""How long queries take: parsing, running, and as a whole command.

    python contrib/bench/search.py FOLDER [--tracks 100000] [--rounds 15]

FOLDER must not exist. The script makes a library without files there, whose store has the records of
`insert.py`. Each command runs in turn with a process that only imports its libraries; ratios are of medians
of one run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from insert import tracks

from mcfs.query import hiding_absent, parse
from mcfs.sql import bind_without_values, count_tracks, select_tracks
from mcfs.store import CacheRepository, open_store
from mcfs.store.clock import today

QUERIES = (
    "genre:techno bpm:>120",
    "title:zenmor",
    "any:zenmor",
    "genre:techno",
    "-genre:techno",
    "bpm:126",
    "~key:8A",
    "year:1990s rating:>=4",
    "genre:techno sort:-rating limit:50",
    "shuffle:friday limit:20",
    "title:ka",
    "title:^zen",
    "title:mor$",
    "title:+zenmor",
    'title:=~"z.nm[aeiou]r"',
    "in:zenmor",
)
PYTHON = sys.executable
COMMANDS = (
    (
        "mcfs search --limit 20",
        [PYTHON, "-m", "mcfs", "search", "--limit", "20"],
        [PYTHON, "-c", "import sqlalchemy, lark"],
    ),
    (
        "mcfs search --limit 20 genre:techno bpm:>120",
        [PYTHON, "-m", "mcfs", "search", "--limit", "20", "genre:techno", "bpm:>120"],
        [PYTHON, "-c", "import sqlalchemy, lark"],
    ),
    ("mcfs --help", [PYTHON, "-m", "mcfs", "--help"], [PYTHON, "-c", "import click"]),
)


def make_library(folder: Path, count: int) -> Path:
    """An empty repository with an annex uuid, and a store with many tracks."""
    folder.mkdir(parents=True)
    for command in (["git", "init", "-q"], ["git", "config", "annex.uuid", "bench"]):
        subprocess.run(command, cwd=folder, check=True)
    store_dir = folder / ".git" / "mcfs"
    with open_store(store_dir) as store:
        store.cache.replace_all(tracks(count))
    return store_dir


def median_of(rounds: int, work: Callable[[], object]) -> float:
    """Seconds."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def reading(rounds: int) -> None:
    """Query text → statement and parameters. Statements of the same shape are built only once."""
    day = today()
    print(f"{'parse + compile':44} {'µs':>8}")
    texts = [text.replace("techno", f"techno{n}") for n in range(20) for text in QUERIES]

    def compiled(text: str) -> object:
        return select_tracks(bind_without_values(parse(text), day))

    taken = [median_of(rounds, lambda text=text: compiled(text)) for text in texts]
    print(f"{f'median of {len(texts)} queries':44} {statistics.median(taken) * 1e6:8.0f}")


def answering(cache: CacheRepository, rounds: int) -> None:
    """Run queries as folders do, which hide absent tracks."""
    print(f"\n{'query':44} {'tracks':>8} {'first row ms':>13} {'count ms':>9}")
    day = today()
    with cache.reading() as read:
        for text in QUERIES:
            query = hiding_absent(parse(text, read.vocabulary()))
            bound = bind_without_values(query, day)
            select, count = select_tracks(bound), count_tracks(bound)
            first = median_of(rounds, lambda s=select: next(iter(read.stream(s)), None))
            counted = median_of(rounds, lambda c=count: read.select(c))
            print(f"{text:44} {read.count(bound):8} {first * 1e3:13.1f} {counted * 1e3:9.1f}")


def commands(library: Path, rounds: int) -> None:
    """Run whole commands, each in turn with a process that only imports."""
    print(f"\n{'command':44} {'ms':>8} {'baseline ms':>13} {'ratio':>9}")
    for name, command, baseline in COMMANDS:
        taken: dict[str, list[float]] = {"command": [], "baseline": []}
        for _ in range(rounds):
            for which, words in (("command", command), ("baseline", baseline)):
                start = time.perf_counter()
                subprocess.run(words, cwd=library, check=True, capture_output=True)
                taken[which].append(time.perf_counter() - start)
        ours, theirs = (statistics.median(taken[which]) for which in ("command", "baseline"))
        print(f"{name:44} {ours * 1e3:8.0f} {theirs * 1e3:13.0f} {ours / theirs:9.2f}")


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description="How long queries take.")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--tracks", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=15)
    chosen = arguments.parse_args()
    store_dir = make_library(chosen.folder, chosen.tracks)
    reading(chosen.rounds)
    with open_store(store_dir) as store:
        answering(store.cache, chosen.rounds)
    commands(chosen.folder, chosen.rounds)


if __name__ == "__main__":
    main()
