#!/usr/bin/env python3
"""How long it takes from `mcfs mount` to the first `ls`, beside what importing its libraries alone takes.

    python contrib/bench/mount.py LIBRARY [--rounds 7]

LIBRARY is one that was synced. Mounts and imports take turns; what is asked is at most twice the imports.
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
    """Seconds of a process that imports, and does nothing else."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - start


def first_ls(library: Path, place: Path) -> float:
    """Seconds until the root is listed."""
    command = [sys.executable, "-m", "mcfs"]
    start = time.perf_counter()
    subprocess.run([*command, "mount", library, place], check=True)
    try:
        subprocess.run(["ls", place], check=True, capture_output=True)
        return time.perf_counter() - start
    finally:
        time.sleep(1)  # it syncs behind
        subprocess.run([*command, "umount", place], check=True)


def main() -> None:
    """Measure, and print."""
    arguments = argparse.ArgumentParser(description="From `mcfs mount` to the first `ls`.")
    arguments.add_argument("library", type=Path)
    arguments.add_argument("--rounds", type=int, default=7)
    asked = arguments.parse_args()
    # As installed: with compiled modules.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    bare: list[float] = []
    ours: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(asked.rounds):
            bare.append(imports())
            ours.append(first_ls(asked.library, Path(place)))
    unit, median = statistics.median(bare), statistics.median(ours)
    print(f"imports alone        {unit:.3f} s")
    print(f"mount, first ls      {median:.3f} s   {median / unit:.2f} × the imports")


if __name__ == "__main__":
    main()
