#!/usr/bin/env python3
"""How long programs take to list a folder of links, beside ext4 and a FUSE file system in C.

    python contrib/bench/listing.py LIBRARY [--folder bpm:118-122.2] [--rounds 7]

LIBRARY was made by `annex_library.py`, and is synced. The same names and targets are made on an ext4 image
and a tmpfs, when root runs this, else in the folder of temporary files. libfuse's example `passthrough_ll`
shows those on ext4 through FUSE, where Debian's `libfuse3-dev` and a C compiler are installed. Every round
runs each command on each of them in turn. The figures are medians in milliseconds, and their ratios to ext4.

As root, it also measures cold listings: before each, the kernel drops the names and inodes that it has
cached, of the whole machine. What was on disk stays in memory, and mcfs keeps its own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

EXAMPLE = Path("/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c")
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
SECONDS_TO_FORGET = 0.2
NAMES_AND_INODES = "2\n"

WARM = {
    "ls -U": ["ls", "-U"],
    "find": ["find", ".", "-maxdepth", "1"],
    "ls -l": ["ls", "-l"],
    "glob": ["sh", "-c", "echo *"],
}
COLD = {"ls -U, cold": WARM["ls -U"], "ls -l, cold": WARM["ls -l"]}


def _run(*words: str | Path) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def mcfs_mount(library: Path, place: Path) -> Iterator[None]:
    """The library, mounted by mcfs."""
    place.mkdir()
    command = [sys.executable, "-m", "mcfs"]
    _run(*command, "mount", library, place)
    try:
        print(f"mcfs: {(place / '.mcfs' / 'kernel').read_text().splitlines()[0]}")
        yield
    finally:
        _run(*command, "umount", place)


@contextlib.contextmanager
def plain_copy(links: dict[str, str], folder: Path, kind: str) -> Iterator[Path]:
    """A folder of the same links: on "ext4" or "tmpfs", which only root can mount, or on what is there."""
    place = folder / kind
    place.mkdir()
    if kind == "ext4":
        image = folder / "ext4.img"
        with image.open("wb") as file:
            file.truncate(64_000_000 + 8_000 * len(links))
        _run("mkfs.ext4", "-q", "-i", "4096", image)
        _run("mount", "-o", "loop", image, place)
    elif kind == "tmpfs":
        _run("mount", "-t", "tmpfs", "tmpfs", place)
    try:
        inside = place / "links"
        inside.mkdir()
        for name, target in links.items():
            (inside / name).symlink_to(target)
        os.sync()
        yield inside
    finally:
        if kind != "plain":
            _run("umount", place)


@contextlib.contextmanager
def passthrough(source: Path, folder: Path) -> Iterator[Path | None]:
    """The same through a FUSE file system in C, if it can be compiled here."""
    program, place = folder / "passthrough_ll", folder / "through"
    if not EXAMPLE.exists() or shutil.which("cc") is None:
        yield None
        return
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True, check=True
    ).stdout.split()
    _run("cc", "-O2", "-o", program, EXAMPLE, *flags)
    place.mkdir()
    # It holds a descriptor of every name that the kernel knows.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _run(program, "-o", f"source={source},cache=always,timeout=86400", place)
    try:
        yield place
    finally:
        _run("fusermount3", "-u", place)


def milliseconds(command: list[str], folder: Path, *, cold: bool) -> float:
    """How long one run of a command takes."""
    if cold:
        DROP_CACHES.write_text(NAMES_AND_INODES)
        # Forgetting what was dropped is not what is measured.
        time.sleep(SECONDS_TO_FORGET)
        # The path to the folder is not what is measured.
        folder.stat()
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)


def measure(places: dict[str, Path], rounds: int) -> None:
    """Print a table: a line for each command, and a column for each file system."""
    first = next(iter(places))
    print(f"{'ms':14}" + "".join(f"{name:>16}" for name in places) + "   ratios")
    for what, command in {**WARM, **(COLD if os.geteuid() == 0 else {})}.items():
        taken: dict[str, list[float]] = {name: [] for name in places}
        cold = what in COLD
        for number in range(rounds + 2):
            for name, place in places.items():
                each = milliseconds(command, place, cold=cold)
                if number >= 2:  # the first two make everything warm
                    taken[name].append(each)
        medians = {name: statistics.median(each) for name, each in taken.items()}
        ratios = ", ".join(
            f"{name} {median / medians[first]:.2f}" for name, median in medians.items()
        )
        print(
            f"{what:14}"
            + "".join(f"{median:16.1f}" for median in medians.values())
            + f"   {ratios}",
            flush=True,
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--folder", default="bpm:118-122.2", help="the folder of the mount to list")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcfs-bench-") as temporary:
        folder = Path(temporary)
        mnt = folder / "mnt"
        with mcfs_mount(chosen.library, mnt):
            ours = mnt / chosen.folder
            links = {
                entry.name: os.fspath(Path(entry.path).readlink()) for entry in os.scandir(ours)
            }
            print(f"{len(links)} links")
            kinds = ["ext4", "tmpfs"] if os.geteuid() == 0 else ["plain"]
            with contextlib.ExitStack() as stack:
                places = {
                    kind: stack.enter_context(plain_copy(links, folder, kind)) for kind in kinds
                }
                through = stack.enter_context(passthrough(places[kinds[0]], folder))
                places["mcfs"] = ours
                if through is not None:
                    places["passthrough_ll"] = through
                measure(places, chosen.rounds)


if __name__ == "__main__":
    main()
