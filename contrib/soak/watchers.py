#!/usr/bin/env python3
"""Changes a store under a mount again and again, and checks what inotify tells about the mount's folders.

    python contrib/soak/watchers.py ROUNDS [--seed 1] [--entries files] [--old] [--without-kernel-caches]

Stops at the first event that is untrue, comes twice or does not come.
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
from mcfs.config.settings import Entries
from mcfs.store import open_store
from tests.announcement_check import check_announcements
from tests.inotify import watcher
from tests.mounts import instrumented_mount
from tests.prerequisites import git_annex_environment
from tests.random_changes import RandomChanges


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", metavar="ROUNDS", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--entries", choices=[kind.value for kind in Entries], default="links")
    parser.add_argument("--old", action="store_true", help="as on a Linux before 6.2")
    parser.add_argument("--without-kernel-caches", action="store_true")
    chosen = parser.parse_args()
    options = ["--hurry", "--entries", chosen.entries, *(["--as-before-6.2"] if chosen.old else [])]
    with tempfile.TemporaryDirectory(prefix="mcfs-watchers-") as folder:
        top = Path(folder, "library")
        top.mkdir()
        for words in (["git", "init", "-q"], ["git-annex", "init", "-q"]):
            subprocess.run(words, cwd=top, env=git_annex_environment(top), check=True)
        library = open_library(top)
        mounting = instrumented_mount(
            top, Path(folder, "mnt"), *options, kernel_caches=not chosen.without_kernel_caches
        )
        with open_store(library.store_dir) as store:
            draw = random.Random(chosen.seed)
            changes = RandomChanges(store, draw)
            with mounting as mount, watcher() as heard:
                for line in check_announcements(
                    store, mount.path, heard, changes, draw, rounds=chosen.rounds
                ):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
