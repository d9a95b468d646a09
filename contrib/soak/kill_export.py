#!/usr/bin/env python3
"""Kills exports at random moments, and checks each time that nothing half-written is left.

    python contrib/soak/kill_export.py N [--files 60] [--disk FOLDER] [--seed 1]

Each round changes what is to be exported (other files, other names, links or copies), starts an export in a
process of its own, and ends it with SIGKILL at a random moment. Then every file in the destination must be
complete, somebody else's file must be as it was, and another run must leave exactly what is wanted. FOLDER is
where they go: it may be on a disk image, to try another file system. Stops at the first that does not hold.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mcfs.annex.library import Library, open_library
from mcfs.export.destination import find_destination
from mcfs.export.manifest import FOLDER
from mcfs.export.plan import PlannedFile, PlannedFolder
from mcfs.export.prepared import ExportOptions, prepare_export
from mcfs.export.writing import write_export


@dataclass(frozen=True, slots=True)
class Round:
    """What a round exports: where each file comes from, by its path in the destination."""

    sources: dict[str, Path]
    links: bool


def make_library(folder: Path, count: int, draw: random.Random) -> Library:
    """Files of many sizes. git-annex is not needed to kill an export."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "config", "annex.uuid", "soak"], check=True)
    for number in range(count):
        size = draw.choice((0, 1, 5_000, 300_000, 3_000_000))
        (folder / f"{number}.mp3").write_bytes(draw.randbytes(size))
    return open_library(folder)


def next_round(library: Library, count: int, draw: random.Random, *, links: bool) -> Round:
    """Some of the files, in some folders, by some names."""
    numbers = draw.sample(range(count), draw.randint(count // 2, count))
    style = draw.choice(("{0}.mp3", "in/{0}.mp3", "{1}/{0}.mp3", "{2:03} {0}.mp3"))
    return Round(
        {
            style.format(number, number % 7, place): library.top / f"{number}.mp3"
            for place, number in enumerate(numbers)
        },
        links=links and draw.random() < 0.3,
    )


def plan_of(now: Round) -> PlannedFolder:
    """As the tree would make it."""
    folders: dict[str, list[PlannedFile]] = {}
    for path, source in now.sources.items():
        folder, _, name = path.rpartition("/")
        size = source.stat().st_size
        folders.setdefault(folder, []).append(PlannedFile(name, "", source.name, None, size))
    top = folders.pop("", [])
    inner = [PlannedFolder(name, tuple(files)) for name, files in folders.items()]
    return PlannedFolder("", (*top, *inner))


def export(now: Round, library: Library, place: Path) -> None:
    """One whole export, with `--sync`."""
    destination = find_destination(str(place), library)
    options = ExportOptions("soak", now.links, sync=True)
    result = write_export(prepare_export(plan_of(now), (), destination, library, options))
    failed = [outcome for outcome in result.outcomes if outcome.reason]
    if result.ended or failed:
        sys.exit(f"the export failed: {result.ended} {failed[:3]}")


def begin(now: Round, library: Library, place: Path) -> int:
    """Start one. Forked, because a new interpreter would mostly be killed while it starts."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        export(now, library, place)
        status = 0
    finally:
        os._exit(status)


def exported(place: Path) -> dict[str, Path]:
    """Every file that an export has made there, by its path."""
    return {
        path.relative_to(place).as_posix(): path
        for path in place.rglob("*")
        if (path.is_symlink() or path.is_file())
        and path.relative_to(place).parts[0] not in (FOLDER, "mine")
    }


def check(place: Path, contents: set[bytes]) -> None:
    """Nothing is half-written, and what is somebody else's is as it was."""
    for name, path in exported(place).items():
        if path.read_bytes() not in contents:
            sys.exit(f"{name} is not complete")
    if (place / "mine" / "notes.txt").read_text() != "mine":
        sys.exit("a file of somebody else has changed")


def kill_one(now: Round, library: Library, place: Path, seconds: float) -> str:
    """One round; returns how far the export came."""
    contents = {path.read_bytes() for path in library.top.glob("*.mp3")}
    child = begin(now, library, place)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        sys.exit("the export itself failed")
    check(place, contents)
    done = len(exported(place).keys() & now.sources.keys())
    export(now, library, place)
    check(place, contents)
    there = exported(place)
    if there.keys() != now.sources.keys():
        sys.exit(f"not what was wanted: {sorted(there.keys() ^ now.sources.keys())[:5]}")
    for name, source in now.sources.items():
        if there[name].read_bytes() != source.read_bytes():
            sys.exit(f"{name} has the content of another file")
    if list((place / FOLDER).glob("*.part")):
        sys.exit("parts of files are left")
    if os.WIFEXITED(status):
        return "ended before it was killed"
    return "killed when some were there" if done else "killed when none was there"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", metavar="N", type=int)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--disk", type=Path, help="the folder that is written to")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    draw = random.Random(chosen.seed)
    with (
        tempfile.TemporaryDirectory(prefix="mcfs-kill-") as folder,
        tempfile.TemporaryDirectory(prefix="mcfs-kill-", dir=chosen.disk) as disk,
    ):
        library = make_library(Path(folder, "library"), chosen.files, draw)
        place = Path(disk, "out")
        links = find_destination(str(place), library).file_system.has_links
        start = time.monotonic()
        export(next_round(library, chosen.files, draw, links=links), library, place)
        longest = time.monotonic() - start
        (place / "mine").mkdir()
        (place / "mine" / "notes.txt").write_text("mine")
        counted: Counter[str] = Counter()
        for number in range(1, chosen.rounds + 1):
            if draw.random() < 0.1:
                shutil.rmtree(place / FOLDER)
                for path in exported(place).values():
                    path.unlink()
            now = next_round(library, chosen.files, draw, links=links)
            counted[kill_one(now, library, place, draw.uniform(0, longest))] += 1
            if number % 50 == 0 or number == chosen.rounds:
                print(number, dict(sorted(counted.items())), flush=True)


if __name__ == "__main__":
    main()
