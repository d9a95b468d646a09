#!/usr/bin/env python3
"""Many processes use one mount while its library changes: walks, long listings, reads, stats of nonsense.

    python contrib/soak/crowd.py SECONDS [--processes 64] [--seed 1]

Each process does random things, while changes are synced without a pause. Ends with an error if a process
meets any failure other than a name that is gone, if the mount logs anything, if it has more descriptors at
the end than at the beginning, or if its memory still grows. Prints descriptors and memory every ten seconds.

Memory has stopped growing if it grew in the second half of the time by less than half as much as in the
first (without the very beginning), or by hardly anything: a leak grows in both halves alike. The inodes that
the kernel holds are no leak, a kilobyte for each folder that it has seen; so all folders are walked first.
That takes at least ten minutes to find out.
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

# Megabytes that mean nothing: freed memory that the allocator keeps.
HARDLY_ANYTHING = 8
SECONDS_TO_JUDGE = 600

PLACES = [f"{base}/{level}" for base in (*BASES, *VIEWS) for level in ("", *LEVELS)]

# A name may disappear between listing and stat; the target of a link may be absent.
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
        # A few queries only, because the kernel holds an inode for each folder that it has seen.
        os.lstat(place / f"bpm:>{draw.choice((90, 120, 125.5))}" / "{{ genre }}")


def use_mount(mnt: Path, seed: int, share: list[str], end: float) -> None:
    """One process: walks its share of the folders, then does random things until the end."""
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
    """Start such a process."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        use_mount(mnt, seed, share, end)
        status = 0
    except OSError as error:
        print(f"{error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def descriptors_and_megabytes(process: int) -> tuple[int, int]:
    """The number of descriptors of a process, and its megabytes."""
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes = int(status.partition("VmRSS:")[2].split()[0])
    return len(list(Path(f"/proc/{process}/fd").iterdir())), kilobytes // 1024


def stopped_growing(megabytes: list[int]) -> bool:
    """Whether these samples have stopped growing; prints a summary."""
    tenth = max(1, len(megabytes) // 10)
    begin, middle, end = (
        statistics.median(megabytes[place : place + tenth])
        for place in (tenth, len(megabytes) // 2, len(megabytes) - tenth)
    )
    print(
        f"memory: {begin:.0f} MB at the beginning, {middle:.0f} MB half way, {end:.0f} MB at the end"
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
            instrumented_mount(top, Path(folder, "mnt")) as mount,
        ):
            changes = RandomChanges(store, random.Random(chosen.seed), tracks=200)
            os.listdir(mount.path / "all")  # noqa: PTH208
            pid = mount.process.pid
            before, _ = descriptors_and_megabytes(pid)
            begun = time.monotonic()
            end = begun + chosen.seconds
            crowd = [
                start(mount.path, chosen.seed + number, PLACES[number :: chosen.processes], end)
                for number in range(chosen.processes)
            ]
            made, reported = 0, begun
            memory_samples = []
            while time.monotonic() < end:
                changes.make()
                made += 1
                time.sleep(0.2)
                if time.monotonic() > reported + 10:
                    reported = time.monotonic()
                    descriptors, megabytes = descriptors_and_megabytes(pid)
                    memory_samples.append(megabytes)
                    print(
                        f"{reported - begun:.0f} s, {made} changes: {descriptors} descriptors,"
                        f" {megabytes} MB, {sum(mount.requests().values())} requests,"
                        f" {mount.inode_count()} inodes that the kernel holds",
                        flush=True,
                    )
            failed = [child for child in crowd if os.waitpid(child, 0)[1]]
            descriptors, megabytes = descriptors_and_megabytes(pid)
            print(
                f"at the end {descriptors} descriptors ({before} at the beginning), {megabytes} MB"
            )
            if failed:
                sys.exit(f"{len(failed)} of {len(crowd)} processes failed")
            # The pool of database connections keeps some open.
            if descriptors > before + 60:
                sys.exit("descriptors leak")
            if chosen.seconds < SECONDS_TO_JUDGE:
                print("too short to find out whether memory still grows")
            elif not stopped_growing(memory_samples):
                sys.exit("memory still grows")


if __name__ == "__main__":
    main()
