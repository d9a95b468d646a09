#!/usr/bin/env python3
"""Changes a store under a mount again and again, and checks every name that the kernel has cached.

    python contrib/soak/live_mount.py ROUNDS [--folders 1000] [--seed 1] [--names portable] [--old]

About a thousand folders of all kinds are listed through a real mount, and absent names looked up. Each round
changes the store at random, as a sync does. A few seconds later every name must be what a fresh tree of the
same store says. Stops at the first wrong name.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from mcfs.annex.library import open_library
from mcfs.config.settings import Names, Settings
from mcfs.store import open_store
from tests.kernel_check import check_under_changes
from tests.mounts import instrumented_mount
from tests.prerequisites import git_annex_environment


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", metavar="ROUNDS", type=int)
    parser.add_argument("--folders", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", choices=[kind.value for kind in Names], default="plain")
    parser.add_argument("--old", action="store_true", help="as on a Linux before 6.2")
    chosen = parser.parse_args()
    options = ["--names", chosen.names, *(["--as-before-6.2"] if chosen.old else [])]
    with tempfile.TemporaryDirectory(prefix="mcfs-live-") as folder:
        top = Path(folder, "library")
        top.mkdir()
        for words in (["git", "init", "-q"], ["git-annex", "init", "-q"]):
            subprocess.run(words, cwd=top, env=git_annex_environment(top), check=True)
        library = open_library(top)
        with (
            open_store(library.store_dir) as store,
            instrumented_mount(top, Path(folder, "mnt"), *options) as mount,
        ):
            for line in check_under_changes(
                store,
                mount.path,
                random.Random(chosen.seed),
                rounds=chosen.rounds,
                folders=chosen.folders,
                some=chosen.folders,
                settings=Settings(names=Names(chosen.names)),
            ):
                print(line, flush=True)


if __name__ == "__main__":
    main()
