#!/usr/bin/env python3
"""How long it takes from `mcfs mount` to the end of the first `ls`.

    python contrib/bench/mount.py LIBRARY [--rounds 7]

LIBRARY has been synced. Mounts run in turn with processes that only import the libraries that mcfs uses; a
mount should take at most twice as long as those.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMPORTS = "import sqlalchemy, trio, lark, jinja2, pyfuse3"


def imports() -> float:
    """Seconds of a process that only imports."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - start


def first_ls(library: Path, place: Path) -> float:
    """Seconds until `ls` of the root has ended."""
    command = [sys.executable, "-m", "mcfs"]
    start = time.perf_counter()
    subprocess.run([*command, "mount", library, place], check=True)
    try:
        subprocess.run(["ls", place], check=True, capture_output=True)
        return time.perf_counter() - start
    finally:
        time.sleep(1)  # the mount syncs in the background
        subprocess.run([*command, "umount", place], check=True)


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description="From `mcfs mount` to the first `ls`.")
    arguments.add_argument("library", type=Path)
    arguments.add_argument("--rounds", type=int, default=7)
    chosen = arguments.parse_args()
    # An installed mcfs has compiled modules.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    bare: list[float] = []
    ours: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(chosen.rounds):
            bare.append(imports())
            ours.append(first_ls(chosen.library, Path(place)))
    unit, median = statistics.median(bare), statistics.median(ours)
    print(f"imports alone        {unit:.3f} s")
    print(f"mount, first ls      {median:.3f} s   {median / unit:.2f} × the imports")


if __name__ == "__main__":
    main()
