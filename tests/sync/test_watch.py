"""Watching a library: every change by git-annex wakes the watcher, other writes do not."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from mcfs.store import Store
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from mcfs.sync.watch import Change, watch
from tests.annex.git_annex_oracle import Repository
from tests.mounts import REPOSITORY, wait_until
from tests.prerequisites import git_annex_environment

LIBRARY, CONFIG, _ = (frozenset({change}) for change in Change)
TRACK = "acdc.mp3"


class Watched:
    """A library, and a thread that watches it."""

    def __init__(self, library: Library, config: Path) -> None:
        self.library = library
        self.config = config
        self.stop = threading.Event()
        self.changes: queue.Queue[frozenset[Change]] = queue.Queue()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        for changes in watch(
            self.library, [self.library.top / "mcfs.toml", self.config], self.stop
        ):
            self.changes.put(changes)

    def next(self) -> frozenset[Change]:
        """The next change, sooner than the watcher would wake by itself."""
        return self.changes.get(timeout=30)

    def until(self, change: Change) -> None:
        """Wait for a change of this kind; others may come before it."""
        while change not in self.next():
            pass

    def settle(self) -> int:
        """Wait until all changes so far have come; returns how many came."""
        count = 0
        with contextlib.suppress(queue.Empty):
            while True:
                self.changes.get(timeout=0.7)
                count += 1
        return count

    def nothing(self) -> None:
        """Check that nothing has woken the watcher: the next change is one that is made now."""
        self.config.write_text(f"# {time.monotonic()}")
        assert self.next() == CONFIG


@contextlib.contextmanager
def watching(library: Library, config: Path) -> Iterator[Watched]:
    """Watch a library in a thread; at the end the thread must end too."""
    before = _event_descriptors()
    watched = Watched(library, config)
    watched.thread.start()
    try:
        assert watched.next() == LIBRARY | CONFIG
        yield watched
    finally:
        watched.stop.set()
        watched.thread.join(30)
    assert not watched.thread.is_alive()
    # watchfiles closes them in a thread of its own.
    wait_until(lambda: _event_descriptors() <= before)


def _event_descriptors() -> set[str]:
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            if "anon_inode" in os.readlink(f"/proc/self/fd/{descriptor}"):
                found.add(descriptor)
    return found


@pytest.fixture
def watched(library: Library, tmp_path: Path) -> Iterator[Watched]:
    """The library of the test, and a thread that watches it."""
    # An index that git would refresh in passing is one that changes.
    _shell(library, "git status -s")
    with watching(library, tmp_path / "config.toml") as watched:
        watched.settle()
        yield watched


def _shell(library: Library, line: str) -> None:
    subprocess.run(
        ["bash", "-ec", line],
        cwd=library.top,
        env=git_annex_environment(library.top),
        check=True,
        capture_output=True,
    )


ARCHIVE = (
    "git clone -q . ../archive; cd ../archive; git annex init -q archive; cd -; "
    "git remote add archive ../archive; git annex sync -q --no-content archive"
)


@pytest.mark.parametrize(
    ("before", "operation"),
    [
        ("", f"git annex metadata -q -s mood=dark {TRACK}"),
        ("", f"git -c annex.alwayscommit=false annex metadata -q -s mood=dark {TRACK}"),
        ("", f"git annex drop -q --force {TRACK}"),
        (f"{ARCHIVE}; git annex copy -q --to archive {TRACK}", f"git annex drop -q {TRACK}"),
        (f"{ARCHIVE}; git annex move -q --to archive {TRACK}", f"git annex get -q {TRACK}"),
        (ARCHIVE, f"git annex move -q --to archive {TRACK}"),
        (f"{ARCHIVE}; git annex move -q --to archive {TRACK}", f"git annex move -q --from archive {TRACK}"),
        ("", f"git annex unlock -q {TRACK}"),
        ("", "git annex lock -q underworld.wav"),
        ("echo new > new.mp3", "git annex add -q new.mp3"),
        ("", f"git mv {TRACK} moved.mp3"),
        ("", f"git rm -q {TRACK}"),
        (f"git mv {TRACK} moved.mp3", "git commit -qm moved"),
        (
            f"{ARCHIVE}; cd ../archive; git annex metadata -q -s mood=dark {TRACK}",
            "git annex sync -q --no-content archive",
        ),
        (f"{ARCHIVE}; cd ../archive; git annex metadata -q -s mood=dark {TRACK}", "git fetch -q archive"),
        (
            "git clone -q . ../archive; cd ../archive; git annex init -q archive; cd -; "
            "git remote add archive ../archive",
            "git fetch -q archive",
        ),
        (
            f"{ARCHIVE}; cd ../archive; git annex metadata -q -s mood=dark {TRACK}",
            "cd ../archive; git annex sync -q --no-content origin",
        ),
        ("", "git annex adjust -q --unlock"),
        ("", "git annex adjust -q --hide-missing"),
        ("", "git annex view -q 'genre=*'"),
        ("", "git annex forget -q --force"),
        (f"git annex drop -q --force {TRACK}", f"git annex dead -q --key=$(git annex lookupkey {TRACK})"),
        ("git config annex.private true", f"git annex drop -q --force {TRACK}"),
        ("git checkout -q -b other", "git checkout -q main"),
        ("git pack-refs --all", f"git annex metadata -q -s mood=dark {TRACK}"),
    ],
)  # fmt: skip
def test_a_change_wakes_it(library: Library, tmp_path: Path, before: str, operation: str) -> None:
    if before:
        _shell(library, before)
    with watching(library, tmp_path / "config.toml") as watched:
        watched.settle()
        _shell(library, operation)
        assert Change.LIBRARY in watched.next()


@pytest.mark.parametrize(
    "operation",
    [
        "echo loud > new.mp3; mkdir new; mv new.mp3 new/",
        "rm acdc.mp3; touch white",
        "echo any | git hash-object -w --stdin",
        "git repack -qd",
        "touch .git/config.lock .git/index.lock; rm .git/*.lock",
        "touch .git/refs/heads/git-annex.lock; rm .git/refs/heads/git-annex.lock",
        "mkdir -p .git/annex/objects/aa/bb; echo any > .git/annex/objects/aa/bb/c",
        "mkdir -p .git/mcfs; touch .git/mcfs/cache.db",
        "git ls-files; git for-each-ref; git cat-file -p HEAD",
        "git annex find; git annex metadata acdc.mp3; git annex whereis acdc.mp3",
    ],
)
def test_other_writes_do_not_wake_it(watched: Watched, operation: str) -> None:
    _shell(watched.library, operation)
    watched.nothing()


def test_our_own_syncs_do_not_wake_it(watched: Watched, synced: Store) -> None:
    sync(watched.library, synced, full=True)
    sync(watched.library, synced)
    watched.nothing()


def test_after_it_wakes_a_sync_finds_what_changed(watched: Watched, synced: Store) -> None:
    sync(watched.library, synced)
    for change in (f"git annex drop -q --force {TRACK}", f"git annex metadata -q -t x {TRACK}"):
        _shell(watched.library, change)
        assert watched.next() == LIBRARY
        assert sync(watched.library, synced).kind is SyncKind.DIFFERENCE
        watched.settle()


def test_a_burst_wakes_it_a_few_times(watched: Watched) -> None:
    loop = f"for n in $(seq 50); do git annex metadata -q -s n=$n {TRACK}; done"
    _shell(watched.library, loop)
    assert 1 <= watched.settle() <= 20


def test_a_stream_that_never_pauses_wakes_it(watched: Watched) -> None:
    journal = watched.library.common_dir / "annex" / "journal"
    journal.mkdir(exist_ok=True)
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.wait(0.02):
            number += 1
            (journal / f"{number}.log.met").touch()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert watched.next() == LIBRARY
        assert watched.next() == LIBRARY
    finally:
        over.set()
        writer.join()


def test_config(watched: Watched, tmp_path: Path) -> None:
    (watched.library.top / "mcfs.toml").write_text("")
    assert watched.next() == CONFIG
    (tmp_path / "new").write_text("")
    (tmp_path / "new").rename(watched.config)
    assert watched.next() == CONFIG
    watched.config.unlink()
    assert watched.next() == CONFIG


def test_config_that_is_a_link(library: Library, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "mcfs.toml"
    target.parent.mkdir()
    target.touch()
    (tmp_path / "config.toml").symlink_to(target)
    with watching(library, tmp_path / "config.toml") as watched:
        target.write_text("# changed")
        assert watched.next() == CONFIG


def test_config_in_folders_that_are_not_there_yet(library: Library, tmp_path: Path) -> None:
    config = tmp_path / "deep" / "mcfs" / "config.toml"
    with watching(library, config) as watched:
        config.parent.mkdir(parents=True)
        assert Change.CONFIG in watched.next()
        watched.settle()
        config.write_text("# changed")
        assert watched.next() == CONFIG


@pytest.mark.parametrize("name", ["journal", "journal-private"])
def test_a_journal_that_comes_and_goes(watched: Watched, name: str) -> None:
    journal = watched.library.common_dir / "annex" / name
    for _ in range(2):
        shutil.rmtree(journal, ignore_errors=True)
        journal.mkdir()
        assert Change.LIBRARY in watched.next()
        watched.settle()
        (journal / "aaa_bbb_SHA256--x.log").touch()
        assert watched.next() == LIBRARY


def test_a_disk_that_goes_and_comes_back(watched: Watched) -> None:
    top = watched.library.top
    away = top.with_name("away")
    # Its mount point is gone with it, or stays behind as an empty folder.
    for stays in (False, True):
        top.rename(away)
        if stays:
            top.mkdir()
        watched.until(Change.GONE)
        if stays:
            top.rmdir()
        away.rename(top)
        watched.until(Change.LIBRARY)
        watched.settle()
        _shell(watched.library, f"git annex metadata -q -s x+=$RANDOM {TRACK}")
        assert watched.next() == LIBRARY


def test_a_disk_that_is_not_there_at_the_start(library: Library, tmp_path: Path) -> None:
    away = library.top.rename(tmp_path / "away")
    watched = Watched(library, tmp_path / "config.toml")
    watched.thread.start()
    assert watched.next() == frozenset({Change.GONE})
    away.rename(library.top)
    assert watched.next() == LIBRARY | CONFIG
    watched.stop.set()
    watched.thread.join(30)


def test_another_library_in_its_place_is_noticed(watched: Watched) -> None:
    top = watched.library.top
    subprocess.run(["cp", "-a", top, top.with_name("other")], check=True)
    top.rename(top.with_name("away"))
    top.with_name("other").rename(top)
    watched.until(Change.CONFIG)
    watched.settle()
    _shell(watched.library, f"git annex metadata -q -s mood=dark {TRACK}")
    assert watched.next() == LIBRARY


def test_it_ends_while_the_library_is_gone(library: Library, tmp_path: Path) -> None:
    with watching(library, tmp_path / "config.toml") as watched:
        away = library.top.rename(tmp_path / "away")
        watched.until(Change.GONE)
    away.rename(library.top)


def test_a_linked_work_tree(library: Library, tmp_path: Path) -> None:
    repository = Repository(library.top)
    repository.git("worktree", "add", "-q", "-b", "other", os.fspath(tmp_path / "linked"))
    linked = open_library(tmp_path / "linked")
    with watching(linked, tmp_path / "config.toml") as watched:
        watched.settle()
        repository.describe(TRACK, "mood=dark")
        assert watched.next() == LIBRARY
        watched.settle()
        Repository(linked.top).git("rm", "-q", TRACK)
        assert watched.next() == LIBRARY


def test_names_that_are_not_utf8_do_not_end_it(watched: Watched) -> None:
    (watched.library.top / os.fsdecode(b"latin \xe9.mp3")).touch()
    assert watched.next() == LIBRARY | CONFIG
    # The watcher could not report this name; it wakes again because it starts watching again.
    assert watched.next() == LIBRARY | CONFIG
    _shell(watched.library, f"git annex metadata -q -s mood=dark {TRACK}")
    assert watched.next() == LIBRARY


@pytest.mark.logs("cannot be watched for changes")
def test_a_library_path_that_is_not_utf8(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcfs.sync.watch.WAKE_EVERY_UNWATCHED", 0.1)
    moved = library.top.rename(tmp_path / os.fsdecode(b"latin \xe9"))
    with watching(open_library(moved), tmp_path / "config.toml") as watched:
        assert watched.next() == LIBRARY | CONFIG
    moved.rename(library.top)


_SCRIPT = """
import logging, sys, threading
from pathlib import Path
from mcfs.annex.library import open_library
from mcfs.sync.watch import watch
logging.basicConfig(format="%(message)s")
for changes in watch(open_library(Path(sys.argv[1])), [], threading.Event()):
    print(*sorted(change.value for change in changes), flush=True)
"""


@pytest.mark.parametrize("limit", ["watches", "instances"])
def test_no_more_files_can_be_watched(library: Library, limit: str) -> None:
    # In a user namespace of its own, so that the limit applies to no other process.
    lower = f"echo 0 >/proc/sys/user/max_inotify_{limit}"
    namespace = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    if subprocess.run([*namespace, lower], check=False, capture_output=True).returncode:
        pytest.skip("no namespaces for users here")
    script = [
        "sh",
        "-c",
        f'{lower}; exec "$@"',
        "-",
        sys.executable,
        "-c",
        _SCRIPT,
        str(library.top),
    ]
    with subprocess.Popen(
        [*namespace[:3], *script],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline() == "config library\n"
            _shell(library, f"git annex metadata -q -s mood=dark {TRACK}")
            assert process.stdout.readline() == "library\n"
        finally:
            process.kill()
        error_output = process.stderr.read()
    assert error_output.count("\n") == 1
    assert f"{library.top} cannot be watched for changes" in error_output
    assert "looking every 2 s instead" in error_output


def test_changes_are_not_logged(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        _shell(watched.library, f"git annex metadata -q -s mood=dark {TRACK}")
        assert watched.next() == LIBRARY
    assert not caplog.records


def test_it_wakes_from_time_to_time(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcfs.sync.watch.WAKE_EVERY", 1.0)
    with watching(library, tmp_path / "config.toml") as watched:
        assert watched.next() == LIBRARY | CONFIG
        assert watched.next() == LIBRARY | CONFIG
