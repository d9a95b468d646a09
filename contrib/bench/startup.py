#!/usr/bin/env python3
"""How long commands take that have nearly nothing to do: starting is most of it.

    python contrib/bench/startup.py LIBRARY [--rounds 9]

LIBRARY was made by `annex_library.py`, and is synced. Prints the median of each command in turn: what is
measured, and what it is compared with. Importing SQLAlchemy is what mcfs cannot change about its start.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

# An installed mcfs has compiled modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_MCFS = [sys.executable, "-m", "mcfs"]
COMMANDS = {
    "mcfs --version": [*_MCFS, "--version"],
    "mcfs status": [*_MCFS, "status"],
    "mcfs sync, nothing changed": [*_MCFS, "sync"],
    "mcfs search, nothing found": [*_MCFS, "search", "title:=nothing is called this"],
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import sqlalchemy'": [sys.executable, "-c", "import sqlalchemy"],
    "git annex version": ["git", "annex", "version"],
    "git annex metadata": ["git", "annex", "metadata", "--json", "--key=SHA256E-s1--nothing.mp3"],
    "git status": ["git", "status"],
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    # Round by round, so that whatever else the machine does falls on all of them; the first one warms up.
    for _ in range(chosen.rounds + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, cwd=chosen.library, check=False, capture_output=True)
            taken[name].append(time.perf_counter() - start)
    for name, seconds in taken.items():
        print(f"{name:32} {statistics.median(seconds[1:]) * 1000:7.1f} ms")


if __name__ == "__main__":
    main()
