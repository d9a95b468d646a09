#!/usr/bin/env python3
"""Measures gestures of a mount that edits: how many a second, until git-annex and the store have each.

    python contrib/bench/editing.py LIBRARY [--gestures 1000] [--rounds 3]

LIBRARY is changed: every round puts tracks into a crate of its own, one gesture a track, first one after the
other as a `mv` does, then from eight threads as eight programs do. The same is done by system calls in a real
mount, one after the other: links are made, moved to another crate, and removed. Then it takes all back. The
commits are counted, too: one for each burst.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from mcfs.annex.library import Library, open_library
from mcfs.annex.metadata_process import MetadataChange
from mcfs.annex.metadata_session import MetadataSession
from mcfs.editing.chosen_edits import edits_since
from mcfs.editing.editor import editing
from mcfs.editing.gesture_editor import gesture_editor
from mcfs.editing.gestures import Gesture, TrackEdit
from mcfs.editing.undo import undo
from mcfs.editing.value_changes import ValueEdit
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store, open_store
from mcfs.store.clock import today
from mcfs.sync.edited_tracks import update_edited_tracks
from mcfs.sync.run import sync


def commits(library: Library) -> int:
    command = ["git", "rev-list", "--count", "git-annex"]
    return int(subprocess.run(command, cwd=library.top, stdout=subprocess.PIPE, check=True).stdout)


def burst(
    library: Library, store: Store, keys: list[str], crate: str, threads: int
) -> tuple[float, float, float]:
    """Seconds for all gestures, seconds of this process for them, seconds for the commit."""

    def put(key: str) -> None:
        edit = TrackEdit(key, (ValueEdit("crate", added=(crate,)),))
        editor.apply(Gesture(f"ln -s x crate/{crate}/", f"crate/{crate}/x", "bench", (edit,)))

    update_store = partial(update_edited_tracks, library, store)
    with gesture_editor(library, store, update_store, on_problem=print) as editor:
        put(keys[0])  # starts git-annex
        before = resource.getrusage(resource.RUSAGE_SELF)
        started = time.perf_counter()
        if threads == 1:
            for key in keys[1:]:
                put(key)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(put, keys[1:]))
        taken = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_SELF)
        started = time.perf_counter()
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken, busy, time.perf_counter() - started


def git_annex_alone(library: Library, keys: list[str]) -> float:
    """How many changes a second git-annex makes, when it is first asked what a track has, as we ask it."""
    session = MetadataSession(library)
    try:
        session.exchange([MetadataChange(keys[0], {})])
        started = time.perf_counter()
        for key in keys:
            (answer,) = session.exchange([MetadataChange(key, {})])
            crates = answer.values().get("crate", ())
            session.exchange([MetadataChange(key, {"crate": [*crates, "git-annex alone"]})])
        taken = time.perf_counter() - started
        session.exchange([MetadataChange(key, {"crate": without(session, key)}) for key in keys])
        session.commit()
        return len(keys) / taken
    finally:
        session.terminate()


def without(session: MetadataSession, key: str) -> list[str]:
    """The crates of a track, but for ours."""
    (answer,) = session.exchange([MetadataChange(key, {})])
    return [crate for crate in answer.values().get("crate", ()) if crate != "git-annex alone"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--gestures", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    library = open_library(arguments.library)
    with open_store(library.store_dir) as store:
        sync(library, store)
        with store.cache.reading() as read:
            rows = read.select(select_tracks(bind_without_values(ALL, today())))
        keys = [row.annex_key for row in rows][: arguments.gestures]
        print(f"git-annex alone: {git_annex_alone(library, keys):.1f} a second")
        for threads in (1, 8):
            _measure(library, store, keys, threads, arguments.rounds)
        through_a_mount(library, arguments.gestures)
        _take_back(library, store)


def _measure(library: Library, store: Store, keys: list[str], threads: int, rounds: int) -> None:
    before = commits(library)
    results = [burst(library, store, keys, f"{threads} {n}", threads) for n in range(rounds)]
    count = len(keys) - 1
    rate = statistics.median(count / taken for taken, _, _ in results)
    busy = statistics.median(1000 * used / count for _, used, _ in results)
    commit = statistics.median(end for _, _, end in results)
    made = (commits(library) - before) / rounds
    at_once = "one after the other" if threads == 1 else f"from {threads} threads"
    print(
        f"{len(keys)} gestures {at_once}: {rate:.1f} a second, {busy:.2f} ms of our processor each,"
    )
    print(f"  {commit:.2f} s to commit, {made:g} commits")


def through_a_mount(library: Library, most: int) -> None:
    """Measure what a program sees that calls symlink, rename and unlink in a mount."""
    mcfs = [sys.executable, "-m", "mcfs"]
    with tempfile.TemporaryDirectory(prefix="mcfs-editing-") as folder:
        mnt = Path(folder)
        options = ["--edit", "crate", "--edit-bulk"]
        subprocess.run([*mcfs, "mount", *options, library.top, mnt], check=True)
        try:
            first, second = mnt / "crate/Links", mnt / "crate/Moved"
            first.mkdir()
            second.mkdir()
            names = sorted(os.listdir(mnt / "all"))[:most]
            calls: dict[str, Callable[[str], None]] = {
                "symlink": lambda name: (first / name).symlink_to(mnt / "all" / name),
                "rename": lambda name: (first / name).replace(second / name),
                "unlink": lambda name: (second / name).unlink(),
            }
            for what, call in calls.items():
                started = time.perf_counter()
                for name in names:
                    call(name)
                rate = len(names) / (time.perf_counter() - started)
                print(f"{what} in a mount: {rate:.1f} a second")
        finally:
            subprocess.run([*mcfs, "umount", mnt], check=True)


def _take_back(library: Library, store: Store) -> None:
    journal = store.user.journal
    moment = min(edit.started_at for edit in journal.edits() if edit.made_by == "bench")
    chosen = edits_since(journal, moment)
    started = time.perf_counter()
    with editing(library, store) as editor:
        tracks = sum(undo(editor, store.user, one.edit).taken_back for one in chosen)
    taken = time.perf_counter() - started
    print(f"undo of {len(chosen)} bursts: {tracks / taken:.0f} changes a second")


if __name__ == "__main__":
    main()
