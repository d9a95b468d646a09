#!/usr/bin/env python3
"""How long exports take, beside a loop of os.symlink and `cp`.

    python contrib/bench/export.py LIBRARY [--links 14000] [--megabytes 256] [--disk FOLDER] [--rounds 5]

LIBRARY was made by `annex_library.py`, and is synced. Its links go to FOLDER, and so do copies of files that
are made there: some large ones, and many small ones. FOLDER may be on a stick. Every round runs what is
compared in turn; the figures are medians.

`cp` ends before its files are on the disk, so it is measured with and without a `sync` of that disk
after it. "fsync of each" is a loop that copies, forces to the disk and renames one file after the other.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mcfs.annex.library import Library, open_library
from mcfs.config.settings import DEFAULTS
from mcfs.export.destination import find_destination
from mcfs.export.plan import PlannedFile, PlannedFolder
from mcfs.export.prepared import ExportOptions, prepare_export
from mcfs.export.writing import write_export
from mcfs.inspect.export_source import plan_source
from mcfs.store import open_store

MEGABYTE = 1 << 20


def seconds(work: Callable[[], object], place: Path) -> float:
    """How long it takes to fill a folder that is not there before."""
    shutil.rmtree(place, ignore_errors=True)
    os.sync()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def export(plan: PlannedFolder, library: Library, place: Path, *, links: bool) -> None:
    """What the command does once it knows what to export."""
    destination = find_destination(str(place), library)
    prepared = prepare_export(plan, (), destination, library, ExportOptions("bench", links))
    result = write_export(prepared)
    if result.ended or any(outcome.reason for outcome in result.outcomes):
        sys.exit(f"the export failed: {result.ended}")


def symlink_loop(links: dict[str, str], place: Path) -> None:
    """The least that has to be done."""
    place.mkdir()
    for name, target in links.items():
        os.symlink(target, f"{place}/{name}")  # noqa: PTH211  (a Path would take most of the time)


def fsync_loop(source: Path, place: Path) -> None:
    """One file after the other, each forced to the disk."""
    place.mkdir()
    for file in source.iterdir():
        part = place / "part"
        shutil.copyfile(file, part)
        with part.open("rb") as copied:
            os.fsync(copied.fileno())
        part.rename(place / file.name)


def median_of(rounds: int, works: dict[str, Callable[[], object]], place: Path) -> dict[str, float]:
    """The median of each, of as many rounds in which they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(seconds(work, place))
    return {name: statistics.median(times) for name, times in taken.items()}


def report(what: str, medians: dict[str, float]) -> None:
    """One line for what mcfs is compared with."""
    ours = medians["mcfs"]
    for name, theirs in medians.items():
        if name != "mcfs":
            print(
                f"{what}: {ours:.3f} s; {name} {theirs:.3f} s; ratio {ours / theirs:.2f}",
                flush=True,
            )


def measure_links(top: Path, count: int, folder: Path, rounds: int) -> None:
    """Links into a library, and the whole command when there is nothing to do."""
    library = open_library(top)
    query = f"present:yes limit:{count}"
    start = time.perf_counter()
    with open_store(library.store_dir) as store:
        plan = plan_source(query, None, store, DEFAULTS, all_tracks=False).plan
    print(f"planning {count} links: {time.perf_counter() - start:.3f} s")
    links = {path: f"{top}/{file.work_path}" for path, file in plan.files()}
    place = folder / "links"
    works: dict[str, Callable[[], object]] = {
        "mcfs": lambda: export(plan, library, place, links=True),
        "a loop of os.symlink": lambda: symlink_loop(links, place),
    }
    report(f"{len(links)} links", median_of(rounds, works, place))
    shutil.rmtree(place)
    command = [sys.executable, "-m", "mcfs"]
    again = [*command, "export", "present:yes limit:10000", place, "--link", "--library", top]
    listed = [*command, "ls", "present:yes limit:10000", "--library", top]
    subprocess.run(again, stdout=subprocess.DEVNULL, check=True)
    taken: dict[str, list[float]] = {"mcfs": [], "`mcfs ls` of the same": []}
    for _ in range(rounds):
        for name, words in zip(taken, (again, listed), strict=True):
            start = time.perf_counter()
            subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
            taken[name].append(time.perf_counter() - start)
    report(
        "again, nothing to do, 10000 links",
        {name: statistics.median(times) for name, times in taken.items()},
    )


def measure_copies(count: int, size: int, folder: Path, rounds: int) -> None:
    """Copies of files that git-annex knows nothing of: only copying is measured."""
    source, place = folder / "source", folder / "copies"
    shutil.rmtree(source, ignore_errors=True)
    subprocess.run(["git", "init", "-q", source], check=True)
    subprocess.run(["git", "-C", source, "config", "annex.uuid", "bench"], check=True)
    files = source / "files"
    files.mkdir()
    for number in range(count):
        (files / f"{number}.flac").write_bytes(os.urandom(size))
    library = open_library(source)
    plan = PlannedFolder(
        "",
        tuple(
            PlannedFile(f"{number}.flac", "", f"files/{number}.flac", None, size)
            for number in range(count)
        ),
    )

    def cp() -> None:
        subprocess.run(["cp", "-r", "--preserve=timestamps", files, place], check=True)

    def cp_and_sync() -> None:
        cp()
        subprocess.run(["sync", "-f", place], check=True)

    works: dict[str, Callable[[], object]] = {
        "mcfs": lambda: export(plan, library, place, links=False),
        "cp and sync": cp_and_sync,
        "cp alone": cp,
        "fsync of each": lambda: fsync_loop(files, place),
    }
    report(f"{count} copies of {size / MEGABYTE:.2g} MB", median_of(rounds, works, place))
    shutil.rmtree(source)
    shutil.rmtree(place)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--links", type=int, default=14_000)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--disk", type=Path, help="the folder that is written to")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcfs-export-", dir=chosen.disk) as folder:
        measure_links(chosen.library.resolve(), chosen.links, Path(folder), chosen.rounds)
        measure_copies(chosen.megabytes // 8, 8 * MEGABYTE, Path(folder), chosen.rounds)
        measure_copies(chosen.megabytes * 4, MEGABYTE // 8, Path(folder), chosen.rounds)


if __name__ == "__main__":
    main()
