#!/usr/bin/env python3
"""How long it takes after a commit until the kernel's cache is invalidated, to the last notification.

    python contrib/bench/live.py [--tracks 100000] [--folders 10000] [--rounds 5]

A library of realistic records is mounted, and many of its folders are listed, so that the kernel has their
names in its cache. Then ten tracks change, in ways that affect more and more names. The mount looks for
changes all the time, so that the usual half second between two looks is not measured.
"""

from __future__ import annotations

import argparse
import random
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import trio
from insert import tracks

from mcfs.annex.library import open_library
from mcfs.annex.process import environment
from mcfs.fuse.info_files import InfoFiles
from mcfs.fuse.invalidation import InvalidationOptions
from mcfs.fuse.operations import Operations
from mcfs.fuse.session import connect, disconnect, serve
from mcfs.fuse.track_content import TrackContent
from mcfs.mounting.options import identifying_options
from mcfs.store import Store, TrackRecord, open_store
from mcfs.tree.tree import Tree

Change = Callable[[TrackRecord, int], TrackRecord]


def _with(record: TrackRecord, **values: str) -> TrackRecord:
    return replace(record, values={**record.values, **{n: (v,) for n, v in values.items()}})


CHANGES: dict[str, Change] = {
    "a comment": lambda record, n: _with(record, comment=f"note {n}"),
    "a rating": lambda record, n: _with(record, rating=str(n % 5 + 1)),
    "genre, title and name": lambda record, n: replace(
        _with(record, genre="Techno", title=f"Renamed {n}"), name=f"Renamed {n}.flac"
    ),
    "artist and album": lambda record, n: _with(record, artist=f"Somebody {n}", album="Something"),
    "a new field": lambda record, n: _with(record, **{f"field{n}": "x"}),
}


def folders(mnt: Path, draw: random.Random) -> Iterator[Path]:
    """Folders of all kinds."""
    for base in ("", "bpm:120-130/", "rating:>=4/", "year:1990..1999/"):
        for view in (
            "{{ genre }}",
            "{{ year }}",
            "{{ key }}",
            "{{ crate }}",
            "{{ genre }}/{{ year }}",
        ):
            yield mnt / f"{base}{view}"
            for value in (mnt / f"{base}{view}").iterdir():
                yield value
                if "}}/{{" in view:
                    yield from value.iterdir()
    yield from (mnt / f"bpm:>{n}/limit:100" for n in range(100, 200))
    artists = list((mnt / "artist").iterdir())
    draw.shuffle(artists)
    for artist in artists:
        yield artist
        yield from artist.iterdir()


def _serve(top: Path, mnt: Path) -> None:
    """Mount, and print when the kernel was notified, and of how many names and inodes."""

    def report(names: int, inodes: int) -> None:
        print(time.monotonic(), names, inodes, flush=True)

    library = open_library(top)
    with open_store(library.store_dir) as store:
        operations = Operations(
            Tree(store),
            TrackContent(library.top, library.common_dir),
            InfoFiles(lambda _: ""),
            invalidation=InvalidationOptions(poll_interval=0.01, repeat_after=0.01, on_sent=report),
        )
        connect(operations, mnt, identifying_options(library.top))
        try:
            trio.run(serve, operations)
        finally:
            disconnect()


def measure(
    store: Store, records: list[TrackRecord], mount: subprocess.Popen[str], rounds: int
) -> None:
    """Make each change in several rounds, of other tracks each time."""
    assert mount.stdout is not None
    draw = random.Random(3)
    number = 0
    for what, change in CHANGES.items():
        taken = []
        counts = ""
        for _ in range(rounds):
            number += 1
            some = [change(record, number) for record in draw.sample(records, 10)]
            with store.cache.writing() as write:
                write.update(some)
            start = time.monotonic()
            # The kernel is notified twice; the first time counts.
            at, counts = mount.stdout.readline().strip().split(" ", 1)
            mount.stdout.readline()
            taken.append(float(at) - start)
        seconds = ", ".join(f"{each:.3f}" for each in sorted(taken))
        print(
            f"{what}: invalidated after {seconds} s; names and inodes of the last round: {counts}",
            flush=True,
        )
    start = time.monotonic()
    store.cache.replace_all(records)
    committed = time.monotonic()
    at, counts = mount.stdout.readline().strip().split(" ", 1)
    print(
        f"all tracks replaced in {committed - start:.1f} s:"
        f" invalidated after {float(at) - committed:.3f} s: {counts}"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--folders", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", nargs=2, type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        _serve(*chosen.serve)
        return
    with tempfile.TemporaryDirectory(prefix="mcfs-bench-") as folder:
        top, mnt = Path(folder, "library"), Path(folder, "mnt")
        top.mkdir()
        mnt.mkdir()
        for words in (["git", "init", "-q"], ["git-annex", "init", "-q"]):
            subprocess.run(words, cwd=top, env=environment(), check=True)
        with open_store(open_library(top).store_dir) as store:
            records = list(tracks(chosen.tracks))
            store.cache.replace_all(records)
            command = [sys.executable, __file__, "--serve", str(top), str(mnt)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mount:
                try:
                    while not mnt.is_mount():
                        time.sleep(0.05)
                    start, listed = time.monotonic(), 0
                    for listed, place in enumerate(folders(mnt, random.Random(1)), 1):
                        list(place.iterdir())
                        if listed == chosen.folders:
                            break
                    print(
                        f"{listed} folders listed in {time.monotonic() - start:.1f} s", flush=True
                    )
                    while select.select([mount.stdout], [], [], 0)[0]:
                        assert mount.stdout
                        mount.stdout.readline()
                    measure(store, records, mount, chosen.rounds)
                finally:
                    subprocess.run(["fusermount3", "-u", mnt], check=True)


if __name__ == "__main__":
    main()
