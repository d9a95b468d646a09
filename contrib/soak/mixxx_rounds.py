#!/usr/bin/env python3
"""Random rounds of rating, renaming, scanning and importing, against a model: nothing of a DJ's is ever lost.

    python -m contrib.soak.mixxx_rounds N [--tracks 12] [--seed 1]

What a round is, and the model, is in tests/imports/mixxx_rounds.py. Stops at the first import after which
git-annex does not have what the model has.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.imports.mixxx_rounds import rounds_in


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", metavar="N", type=int)
    parser.add_argument("--tracks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="mcfs-rounds-") as folder,
        rounds_in(Path(folder) / "rounds", chosen.tracks, chosen.seed) as rounds,
    ):
        for number in range(1, chosen.rounds + 1):
            rounds.round()
            if number % 50 == 0 or number == chosen.rounds:
                print(number, dict(sorted(rounds.done.items())), flush=True)


if __name__ == "__main__":
    main()
