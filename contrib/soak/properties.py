#!/usr/bin/env python3
"""Runs the tests of properties again and again: hypothesis makes up other examples each time.

    python contrib/soak/properties.py ROUNDS

The suite checks a few hundred examples of each property. This stops at the first round that fails, in which
hypothesis names the smallest example.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", metavar="ROUNDS", type=int)
    rounds: int = parser.parse_args().rounds
    files = sorted((REPOSITORY / "tests").glob("*/test_properties.py"))
    for number in range(1, rounds + 1):
        print(f"round {number}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *files], cwd=REPOSITORY, check=False
        )
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
