#!/usr/bin/env python3
"""Kills mounts that edit, and git-annex, at random moments; checks that nothing is lost or doubled.

    python contrib/soak/kill_edits.py N [--tracks 60] [--seed 1]

Each round starts two processes. One makes random gestures from three threads, as a mount does for programs;
the other runs edits of many tracks, as `mcfs tag` does. At a random moment one of them, or the git-annex of
one of them, is ended with SIGKILL. Then git-annex must have every gesture that was answered, and at most one
more of each thread; the journal must have exactly what git-annex has; a sync must find the same; and when
everything is taken back, all metadata must be as before the round. Stops at the first that is not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mcfs.annex.library import Library, open_library
from mcfs.annex.process import environment
from mcfs.editing.chosen_edits import edits_since
from mcfs.editing.editor import editing
from mcfs.editing.gesture_editor import gesture_editor
from mcfs.editing.gestures import Gesture, TrackEdit
from mcfs.editing.tag import tag
from mcfs.editing.undo import undo
from mcfs.editing.value_changes import ValueEdit
from mcfs.errors import EditFailedError
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store, open_store
from mcfs.store.clock import today
from mcfs.sync.edited_tracks import update_edited_tracks
from mcfs.sync.run import sync

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from annex_library import make_library

VICTIMS = ("mount", "git-annex of the mount", "tag", "git-annex of tag")
THREADS = 3
LONGEST = 1.5

# Annex key → field → values.
Metadata = dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Step:
    """One gesture of a thread: a track gets a crate of this thread, or loses it."""

    annex_key: str
    crate: str
    is_added: bool


def metadata(library: Library) -> Metadata:
    """What git-annex says about all tracks."""
    words = ["git-annex", "metadata", "--json", "--all"]
    shown = subprocess.run(
        words, cwd=library.top, env=environment(), stdout=subprocess.PIPE, check=True
    )
    rows = map(json.loads, shown.stdout.splitlines())
    return {
        row["key"]: {
            name: sorted(values)
            for name, values in row["fields"].items()
            if "lastchanged" not in name
        }
        for row in rows
    }


def steps(keys: list[str], seed: int) -> Iterator[Step]:
    """The gestures of a thread, without end."""
    draw = random.Random(seed)
    while True:
        yield Step(draw.choice(keys), f"{seed}", draw.random() < 0.7)


def be_mount(library: Library, keys: list[str], seed: int, out: int) -> None:
    """Make gestures until killed, or for a while; what was answered is written to `out`."""
    ends = time.monotonic() + 2 * LONGEST
    with (
        open_store(library.store_dir) as store,
        gesture_editor(
            library, store, partial(update_edited_tracks, library, store), on_problem=_ignore
        ) as editor,
    ):

        def work(number: int) -> None:
            for count, step in enumerate(steps(keys, seed + number)):
                if time.monotonic() > ends:
                    return
                values = (step.crate,)
                edit = (
                    ValueEdit("crate", added=values)
                    if step.is_added
                    else ValueEdit("crate", values)
                )
                try:
                    editor.apply(
                        Gesture("mv", "crate", "soak", (TrackEdit(step.annex_key, (edit,)),))
                    )
                except EditFailedError:
                    return  # a git-annex that was killed twice
                os.write(out, f"{number} {count}\n".encode())

        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def be_tag(library: Library, keys: list[str], _seed: int, out: int) -> None:
    """Tag half of the tracks again and again, until killed or for a while."""
    ends = time.monotonic() + 2 * LONGEST
    count = 0
    with open_store(library.store_dir) as store:
        while time.monotonic() < ends:
            edit = ValueEdit("mood", added=(f"{count}",), replaces=True)
            with editing(library, store) as editor:
                tag(
                    editor,
                    keys[::2],
                    [edit],
                    [f"mood={count}"],
                    "",
                    on_progress=_ignore,
                    while_committing=lambda: None,
                )
            os.write(out, f"{count}\n".encode())
            count += 1
            time.sleep(0.1)


def _ignore(_: object) -> None:
    """What an editor reports while it is being killed."""


def start(work: object, library: Library, keys: list[str], seed: int) -> tuple[int, int]:
    """Fork a process that does this work; its pid, and where it writes what was answered."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    status = 1
    try:
        os.close(reading)
        assert callable(work)
        work(library, keys, seed, writing)
        status = 0
    finally:
        os._exit(status)


def git_annex_of(pid: int) -> int | None:
    """The git-annex that a process has started."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            if b"git-annex" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None


def read_all(descriptor: int) -> list[str]:
    """All lines that a process has written."""
    with os.fdopen(descriptor) as file:
        return file.read().splitlines()


def one_round(library: Library, keys: list[str], draw: random.Random, number: int) -> str:
    """Returns what was killed, and whether it was there to be killed."""
    before, began = metadata(library), datetime.now(UTC)
    seed = number * THREADS
    victim = draw.choice(VICTIMS)
    mount, mount_output = start(be_mount, library, keys, seed)
    tagging, tag_output = start(be_tag, library, keys, seed)
    time.sleep(draw.uniform(0.2, LONGEST))
    pid: int | None = mount if victim.endswith("mount") else tagging
    if victim.startswith("git-annex"):
        pid = git_annex_of(pid or 0)
    if pid is not None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pid = None
    answered = read_all(mount_output)
    read_all(tag_output)
    for process in (mount, tagging):
        os.waitpid(process, 0)
    with open_store(library.store_dir) as store:
        _settle(library, store)
        now = metadata(library)
        _check_gestures(before, now, keys, seed, answered)
        _check_journal(store, before, now, began)
        _check_store(library, store)
        _take_back(library, store, began)
    if (after := metadata(library)) != before:
        different = [key for key in before if before[key] != after[key]]
        sys.exit(f"after undo {len(different)} tracks differ, such as {different[0]}")
    return victim if pid is not None else f"{victim}, which was not there"


def _settle(library: Library, store: Store) -> None:
    """Wait until nothing is unfinished: a git-annex whose mcfs was killed may take a moment to end."""
    for _ in range(100):
        with editing(library, store):
            if not store.user.journal.unfinished():
                return
        time.sleep(0.1)
    sys.exit("the journal has edits that are not finished")


def _check_gestures(
    before: Metadata, now: Metadata, keys: list[str], seed: int, answered: list[str]
) -> None:
    """Everything that was answered is there, and at most one gesture of each thread that was not."""
    for thread in range(THREADS):
        done = sum(line.split()[0] == str(thread) for line in answered)
        crate = str(seed + thread)
        expected = {key for key in keys if crate in before[key].get("crate", [])}
        found = {key for key in keys if crate in now[key].get("crate", [])}
        made = steps(keys, seed + thread)
        for _ in range(done):
            step = next(made)
            (expected.add if step.is_added else expected.discard)(step.annex_key)
        last = next(made)
        if found not in (
            expected,
            expected | {last.annex_key} if last.is_added else expected - {last.annex_key},
        ):
            sys.exit(f"thread {thread}: {done} gestures were answered, and git-annex has others")


def _check_journal(store: Store, before: Metadata, now: Metadata, began: datetime) -> None:
    """The applied changes of the journal, one after the other, make of `before` what is there now."""
    state = {key: dict(fields) for key, fields in before.items()}
    changes = [
        track.change
        for edit in reversed(store.user.journal.edits())
        if edit.started_at >= began
        for some in store.user.journal.applied_tracks(edit.id)
        for track in some
    ]
    for change in changes:
        for name, values in change.changes.items():
            fields = state[change.annex_key]
            if tuple(sorted(fields.get(name, []))) != values.old:
                sys.exit(f"the journal has another value of {name} than was there")
            fields[name] = list(values.new)
    kept = {
        key: {name: values for name, values in fields.items() if values}
        for key, fields in state.items()
    }
    if kept != now:
        sys.exit("the journal has other changes than git-annex")


def _check_store(library: Library, store: Store) -> None:
    sync(library, store)
    by_difference = _stored(store)
    sync(library, store, full=True)
    if _stored(store) != by_difference:
        sys.exit("the store differs from one that was read in full")


def _stored(store: Store) -> dict[str, object]:
    with store.cache.reading() as read:
        rows = read.records_of(select_tracks(bind_without_values(ALL, today())))
        return {record.annex_key: record for record in rows}


def _take_back(library: Library, store: Store, began: datetime) -> None:
    with editing(library, store) as editor:
        for chosen in edits_since(store.user.journal, began):
            if not undo(editor, store.user, chosen.edit).success:
                sys.exit("an undo could not take back everything")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", metavar="N", type=int)
    parser.add_argument("--tracks", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    draw = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="mcfs-kill-") as folder:
        make_library(Path(folder, "library"), chosen.tracks, chosen.seed)
        library = open_library(Path(folder, "library"))
        with open_store(library.store_dir) as store:
            sync(library, store)
            keys = sorted(_stored(store))
        counted: Counter[str] = Counter()
        for number in range(1, chosen.rounds + 1):
            counted[one_round(library, keys, draw, number)] += 1
            if number % 10 == 0 or number == chosen.rounds:
                print(number, dict(sorted(counted.items())), flush=True)
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


if __name__ == "__main__":
    main()
