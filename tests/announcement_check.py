"""Checks what watchers of a mount's folders hear while its library changes at random.

A watcher lists each folder once and then only listens: at every rest, what it knows must be what the folder
lists. `Watcher` fails when an event is untrue or comes twice.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from mcfs.store import Store
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.inotify import Watcher
from tests.mounts import wait_until
from tests.random_changes import RandomChanges

# Folders of every kind. None ever goes: nobody can be told what happens in a folder that is gone.
WATCHED = (
    "all", "genre", "genre:techno", "library", "{{ artist }}", "{{ title }}.{{ ext }}", "rating:>=4",
    "sort:title limit:7", "added:>-1d", "genre:techno/{{ bpm | round_to(5) }}",
)  # fmt: skip


def check_announcements(
    store: Store,
    mnt: Path,
    heard: Watcher,
    changes: RandomChanges,
    draw: random.Random,
    *,
    rounds: int,
) -> Iterator[str]:
    """Change the store of a mount at random; yield what each round did, once watchers know all of it.

    `changes` were made before the mount, which would otherwise announce the first tracks, too.
    """
    for mount_path in WATCHED:
        heard.watch(mnt / mount_path, _names(store, mount_path))
    for number in range(rounds):
        made = []
        for _ in range(draw.choice((1, 3, 10))):
            made.append(changes.make())
            # Some changes come together, and some folders are looked at just then.
            time.sleep(draw.choice((0, 0, 0.05, 0.15)))
            os.listdir(mnt / draw.choice(WATCHED[:3]))
            heard.listen()
        _wait_until_heard(store, mnt, heard)
        for folder, names in heard.names.items():
            assert set(os.listdir(folder)) == names, folder
        yield f"{number}: {', '.join(made)}; {heard.count} events"


def _wait_until_heard(store: Store, mnt: Path, heard: Watcher) -> None:
    expected = {folder: _names(store, str(folder.relative_to(mnt))) for folder in heard.names}

    def all_heard() -> bool:
        heard.listen(0.05)
        return heard.names == expected

    try:
        wait_until(all_heard)
    finally:
        for folder, names in heard.names.items():
            assert names == expected[folder], folder


def _names(store: Store, mount_path: str) -> set[str]:
    tree = Tree(store)
    return set(tree.children(tree.resolve(Route.parse(mount_path))).entries)
