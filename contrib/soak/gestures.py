#!/usr/bin/env python3
"""Ordinary programs change a mount that edits at random, and git-annex must have what a model says.

    python contrib/soak/gestures.py ROUNDS [--tracks 200] [--seed 1] [--check-every 100]

Each round is one gesture of `mv`, `ln -s`, `cp -P`, `cp -a`, `rsync -l`, `rm`, `mkdir`, `rmdir` or `cp`. What
a program sees is checked at once; every so many rounds the values of all tracks and the listings of all
folders are compared with the model. At the end `mcfs undo` takes everything back, and git-annex has what it
had before. Stops at the first difference.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from mcfs.annex.process import environment
from tests.edit_model import EditModel, git_annex_values
from tests.mounts import mounted

_SAYS = "can be edited"
_MCFS = (sys.executable, "-m", "mcfs")


def run(rounds: int, tracks: int, seed: int, check_every: int, place: Path) -> None:
    """Make a library, change it, and take all changes back."""
    library, mount_point = place / "library", place / "mnt"
    subprocess.run(
        [*_MCFS, "demo", library, "--tracks", str(tracks)],
        check=True,
        capture_output=True,
        env=environment(),
    )
    options = ("--edit", "crate,genre,rating", "--edit-bulk")
    with mounted(library, mount_point, _SAYS, options) as mount:
        before = git_annex_values(library)
        model = EditModel(library, mount.path, seed)
        started = time.monotonic()
        for number in range(1, rounds + 1):
            model.step()
            if number % check_every == 0 or number == rounds:
                if differences := list(model.differences()):
                    sys.exit("\n".join([f"after {number} rounds:", *differences, *model.made[-5:]]))
                rate = number / (time.monotonic() - started)
                print(f"{number} rounds, {rate:.1f} in a second", flush=True)
    undo = [*_MCFS, "undo", "--library", str(library), "--since", "1970-01-01"]
    subprocess.run(undo, check=True, capture_output=True)
    if git_annex_values(library) != before:
        sys.exit("undo has not restored everything")
    print("undo has restored everything")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", type=int)
    parser.add_argument("--tracks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check-every", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcfs-gestures-") as folder:
        try:
            run(
                arguments.rounds,
                arguments.tracks,
                arguments.seed,
                arguments.check_every,
                Path(folder),
            )
        finally:
            # git-annex removes write permission from contents.
            subprocess.run(["chmod", "-R", "u+w", folder], check=False)


if __name__ == "__main__":
    main()
