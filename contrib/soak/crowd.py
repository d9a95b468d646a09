#!/usr/bin/env python3
"""A crowd at one mount while its library changes: walks, long listings, reads, stats of nonsense.

    python contrib/soak/crowd.py SECONDS [--processes 64] [--seed 1]

Each process does one thing after the other at random; meanwhile changes are synced without a pause. Ends
with an error if anybody meets another failure than that a name has gone, if the mount logs anything, if it
has more descriptors in the end than in the beginning, or if its memory has not levelled off. Says every ten
seconds how many descriptors and how much memory the mount has.

Memory has levelled off if it grew in the second half of the time by less than half as much as in the first,
of which the beginning is not counted; or by hardly anything. What is lost at an even pace grows in both
alike. What the kernel remembers is no leak, a kilobyte for every folder that it was ever told of; so all
folders are walked through first. It takes ten minutes at least to tell.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from mcfs.annex.library import open_library
from mcfs.annex.process import environment
from mcfs.store import open_store
from tests.kernel_check import BASES, LEVELS, VIEWS
from tests.mounts import instrumented_mount
from tests.random_changes import RandomChanges

# Megabytes that mean nothing: what lies about in memory after it was used.
HARDLY_ANYTHING = 8
SECONDS_TO_TELL = 600

PLACES = [f"{base}/{level}" for base in (*BASES, *VIEWS) for level in ("", *LEVELS)]

# A name may go between two looks at it; a link may lead to what is not here.
GONE = (FileNotFoundError, NotADirectoryError)


def walk(place: Path) -> None:
    """find"""
    for folder, _, files in os.walk(place):
        for name in files[:20]:
            with contextlib.suppress(*GONE):
                os.lstat(os.path.join(folder, name))  # noqa: PTH118


def long_listing(place: Path) -> None:
    """ls -l"""
    for entry in list(os.scandir(place)):
        with contextlib.suppress(*GONE):
            entry.stat(follow_symlinks=False)
            if entry.is_symlink():
                os.readlink(entry.path)  # noqa: PTH115


def read(mnt: Path, place: Path) -> None:
    """cat"""
    for file in (
        mnt / ".mcfs/status",
        mnt / ".mcfs/errors",
        place.with_name(f"{place.name}.m3u8"),
        place.with_name(f"{place.name}.json"),
    ):
        with contextlib.suppress(*GONE):
            file.read_bytes()


def nonsense(place: Path, draw: random.Random) -> None:
    """stat"""
    for _ in range(20):
        word = "".join(draw.choices("abc:{}()-~\"'/. %*é", k=draw.randint(1, 30)))
        with contextlib.suppress(*GONE):
            os.lstat(place / word.lstrip("/"))
    with contextlib.suppress(*GONE):
        # One of a few: what the kernel remembers of every folder that it ever was told of is no leak.
        os.lstat(place / f"bpm:>{draw.choice((90, 120, 125.5))}" / "{{ genre }}")


def member(mnt: Path, seed: int, share: list[str], end: float) -> None:
    """One of the crowd, until the time is over; first through its share of the folders."""
    draw = random.Random(seed)
    for name in share:
        if time.monotonic() < end:
            walk(mnt / name.lstrip("/"))
    while time.monotonic() < end:
        place = mnt / draw.choice(PLACES).lstrip("/")
        with contextlib.suppress(*GONE):
            match draw.randrange(4):
                case 0:
                    walk(place)
                case 1:
                    long_listing(place)
                case 2:
                    read(mnt, place)
                case _:
                    nonsense(place, draw)


def start(mnt: Path, seed: int, share: list[str], end: float) -> int:
    """In a process of its own."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        member(mnt, seed, share, end)
        status = 0
    except OSError as error:
        print(f"{error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def weight(process: int) -> tuple[int, int]:
    """How many descriptors a process has, and how many MB."""
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes = int(status.partition("VmRSS:")[2].split()[0])
    return len(list(Path(f"/proc/{process}/fd").iterdir())), kilobytes // 1024


def levelled_off(megabytes: list[int]) -> bool:
    """Whether memory that was looked at again and again did; says what it was."""
    tenth = max(1, len(megabytes) // 10)
    begin, middle, end = (
        statistics.median(megabytes[place : place + tenth])
        for place in (tenth, len(megabytes) // 2, len(megabytes) - tenth)
    )
    print(
        f"memory: {begin:.0f} MB in the beginning, {middle:.0f} MB half way, {end:.0f} MB in the end"
    )
    return end - middle <= max(HARDLY_ANYTHING, (middle - begin) / 2)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("seconds", metavar="SECONDS", type=int)
    parser.add_argument("--processes", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcfs-crowd-") as folder:
        top = Path(folder, "library")
        top.mkdir()
        for words in (["git", "init", "-q"], ["git-annex", "init", "-q"]):
            subprocess.run(words, cwd=top, env=environment(), check=True)
        with (
            open_store(open_library(top).store_dir) as store,
            instrumented_mount(top, Path(folder, "mnt")) as served,
        ):
            changes = RandomChanges(store, random.Random(chosen.seed), tracks=200)
            os.listdir(served.path / "all")  # noqa: PTH208
            pid = served.process.pid
            before, _ = weight(pid)
            begun = time.monotonic()
            end = begun + chosen.seconds
            crowd = [
                start(served.path, chosen.seed + number, PLACES[number :: chosen.processes], end)
                for number in range(chosen.processes)
            ]
            made, said = 0, begun
            weights = []
            while time.monotonic() < end:
                changes.make()
                made += 1
                time.sleep(0.2)
                if time.monotonic() > said + 10:
                    said = time.monotonic()
                    descriptors, megabytes = weight(pid)
                    weights.append(megabytes)
                    print(
                        f"{said - begun:.0f} s, {made} changes: {descriptors} descriptors,"
                        f" {megabytes} MB, {sum(served.requests().values())} requests,"
                        f" {served.inode_count()} inodes that the kernel holds",
                        flush=True,
                    )
            failed = [child for child in crowd if os.waitpid(child, 0)[1]]
            descriptors, megabytes = weight(pid)
            print(
                f"in the end {descriptors} descriptors ({before} in the beginning), {megabytes} MB"
            )
            if failed:
                sys.exit(f"{len(failed)} of {len(crowd)} met a failure")
            # The pool of database connections keeps a few.
            if descriptors > before + 60:
                sys.exit("descriptors are lost")
            if chosen.seconds < SECONDS_TO_TELL:
                print("too short to tell whether memory levels off")
            elif not levelled_off(weights):
                sys.exit("memory has not levelled off")


if __name__ == "__main__":
    main()
