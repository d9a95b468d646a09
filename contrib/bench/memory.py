#!/usr/bin/env python3
"""How much memory a mount takes after all of it was walked, again and again.

    python contrib/bench/memory.py LIBRARY [--walks 3] [--views all genre …]

LIBRARY was made by `annex_library.py`, and is synced. Every walk is an `ls -lRU` of each view that the root
lists, so that each folder is read and the target of each link, too. A line for each walk says how much of the
mount's memory is resident, and as root how many inodes the kernel holds of all FUSE mounts of the machine.
The first line is the mount before anything was walked.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SLABS = Path("/proc/slabinfo")
# After a walk, the kernel still forgets what is too much.
SECONDS_TO_REST = 3.0
SECONDS_TO_MOUNT = 60.0


@contextlib.contextmanager
def mounted(library: Path, place: Path) -> Iterator[int]:
    """The library, mounted by a process of this number."""
    command = [sys.executable, "-m", "mcfs", "mount", "--foreground", library, place]
    process = subprocess.Popen(command)
    try:
        end = time.monotonic() + SECONDS_TO_MOUNT
        while not place.is_mount() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        (place / "all").stat()
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def resident(pid: int) -> dict[str, float]:
    """Megabytes of a process that are in memory: now, and the most at any time."""
    status = Path(f"/proc/{pid}/status").read_text()
    return {
        name: int(match[1]) / 1024
        for name in ("VmRSS", "VmHWM")
        if (match := re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE))
    }


def kernel_inodes() -> str:
    """How many FUSE inodes the kernel holds; only root may know."""
    if not os.access(SLABS, os.R_OK):
        return "?"
    match = re.search(r"^fuse_inode +(\d+)", SLABS.read_text(), re.MULTILINE)
    return match[1] if match else "?"


def show(what: str, seconds: float, pid: int) -> None:
    """One line."""
    memory = resident(pid)
    print(
        f"{what:8} {seconds:6.0f} s {memory['VmRSS']:6.0f} MB resident,"
        f" at most {memory['VmHWM']:.0f} MB so far, {kernel_inodes()} inodes",
        flush=True,
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--walks", type=int, default=3)
    parser.add_argument("--views", nargs="+", help="instead of all that the root lists")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="mcfs-bench-") as folder,
        mounted(chosen.library, Path(folder)) as pid,
    ):
        views = chosen.views or sorted(os.listdir(folder))
        time.sleep(SECONDS_TO_REST)  # the mount syncs in the background
        show("mounted", 0, pid)
        for number in range(1, chosen.walks + 1):
            start = time.monotonic()
            for view in views:
                subprocess.run(
                    ["ls", "-lRU", view], cwd=folder, check=True, stdout=subprocess.DEVNULL
                )
            seconds = time.monotonic() - start
            time.sleep(SECONDS_TO_REST)
            show(f"walk {number}", seconds, pid)


if __name__ == "__main__":
    main()
