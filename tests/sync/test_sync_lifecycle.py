"""The life of a sync: waiting, failing, two at once. The store always keeps its last complete state."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from mcfs.errors import ExitCode, LibraryError, StoreBusyError, SyncRunningError
from mcfs.store import Store, open_store
from mcfs.store.locks import running_sync, sync_lock, wait_for_sync
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from tests.annex.git_annex_oracle import Repository, every_byte
from tests.cache_access import generation_of
from tests.mounts import REPOSITORY, wait_until
from tests.prerequisites import git_annex_environment
from tests.sync.test_sync import _contents

TRACK = "acdc.mp3"


def _mcfs(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the mcfs command."""
    return subprocess.run(
        [sys.executable, "-m", "mcfs", *words],
        cwd=REPOSITORY,
        env=git_annex_environment(Path("/nonexistent")) | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _last_error(store: Store) -> str:
    """Why the last sync failed, as the log has it."""
    failed = store.user.last_run("sync", "failed")
    assert failed is not None
    assert failed.detail is not None
    error: str = failed.detail["error"]
    return error


def _is_as_fresh(library: Library, store: Store, folder: Path) -> None:
    sync(library, store)
    with open_store(folder) as fresh:
        sync(library, fresh)
        assert _contents(store) == _contents(fresh)


@contextmanager
def _meanwhile(library: Library, script: str) -> Iterator[subprocess.Popen[bytes]]:
    """A shell that changes the library while the test syncs; it must succeed."""
    shell = subprocess.Popen(
        ["bash", "-ec", script], cwd=library.top, env=git_annex_environment(library.top)
    )
    try:
        yield shell
    finally:
        assert shell.wait(120) == 0


class TestWaits:
    @pytest.mark.parametrize("name", ["cache.db", "user.db"])
    def test_for_another_writer(self, library: Library, synced: Store, name: str) -> None:
        Repository(library.top).describe(TRACK, "mood=dark")
        other = sqlite3.connect(synced.folder / name, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(2, other.rollback)
        timer.start()
        assert sync(library, synced).kind is SyncKind.DIFFERENCE
        timer.join()
        other.close()

    def test_not_forever_for_another_writer(self, library: Library, synced: Store) -> None:
        from mcfs.store import CacheRepository
        from mcfs.store.engine import open_engine

        sync(library, synced)
        Repository(library.top).describe(TRACK, "mood=dark")
        impatient = CacheRepository(open_engine(synced.folder / "cache.db", patience=0.3))
        with synced.cache.writing(), pytest.raises(StoreBusyError):
            sync(library, Store(synced.folder, impatient, synced.user))
        impatient.close()
        assert synced.user.last_run("sync", "failed") is None, "nothing has failed"
        assert sync(library, synced).kind is SyncKind.DIFFERENCE

    def test_not_for_the_lock_of_the_index(self, library: Library, synced: Store) -> None:
        Repository(library.top).describe(TRACK, "mood=dark")
        (library.git_dir / "index.lock").touch()
        assert sync(library, synced).changed == 1

    @pytest.mark.parametrize(
        "script",
        [
            f"for n in 1 2 3 4 5 6 7 8; do git annex metadata -q -s mood=$n {TRACK}; done",
            "for n in 1 2 3 4 5 6; do git -c annex.alwayscommit=false annex metadata -q "
            f"-s mood=$n {TRACK}; git annex drop -q --force beyonce.mp3 || true; done",
            "for n in 1 2 3 4 5 6; do git annex metadata -q -s mood=$n kino.mp3; "
            "git repack -qad; git gc -q --prune=now; git pack-refs --all; done",
            "for n in 1 2 3 4; do git annex metadata -q -s mood=$n kino.mp3; "
            "git annex forget -q --force; git reflog expire --expire=now --all; "
            "git gc -q --prune=now; done",
        ],
        ids=["commits", "journal", "gc", "forget"],
    )
    def test_until_nothing_moves(
        self, library: Library, synced: Store, tmp_path: Path, script: str
    ) -> None:
        with _meanwhile(library, script) as shell:
            while shell.poll() is None:
                sync(library, synced, full=random.random() < 0.5)
        _is_as_fresh(library, synced, tmp_path / "fresh")


# Python itself, when interrupted before it has begun, is not ours to mend.
_STARTED = """
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("started", flush=True)
from mcfs.__main__ import main
main()
"""


class TestFails:
    def test_a_lost_object(self, library: Library, synced: Store, tmp_path: Path) -> None:
        sync(library, synced)
        before, contents = generation_of(synced.cache), _contents(synced)
        repository = Repository(library.top)
        repository.describe(TRACK, "mood=dark")
        key = repository.key(TRACK)
        tree = repository.git("ls-tree", "-r", "git-annex").decode().splitlines()
        (blob,) = [line.split()[2] for line in tree if line.endswith(f"{key}.log.met")]
        lost = library.common_dir / "objects" / blob[:2] / blob[2:]
        away = lost.rename(tmp_path / "lost")
        done = _mcfs("sync", "--library", library.top)
        assert done.returncode == ExitCode.UNREACHABLE
        assert done.stderr.count("\n") == 1
        assert "damaged" in done.stderr
        assert "git fsck" in done.stderr
        assert generation_of(synced.cache) == before
        assert _contents(synced) == contents
        assert done.stderr == f"mcfs: {_last_error(synced)}\n"
        away.rename(lost)
        sync(library, synced)
        _is_as_fresh(library, synced, tmp_path / "fresh")

    def test_a_bug_is_recorded(
        self, library: Library, synced: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError("x")

        monkeypatch.setattr("mcfs.sync.run.fingerprint_and_journal", fail)
        with pytest.raises(ZeroDivisionError):
            sync(library, synced)
        assert _last_error(synced) == "a bug in mcfs: ZeroDivisionError: x"

    def test_git_annex_is_needed_for_merging_only(
        self, library: Library, synced: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "bin").mkdir()
        git = shutil.which("git")
        assert git is not None
        (tmp_path / "bin" / "git").symlink_to(git)
        monkeypatch.setattr(
            "mcfs.annex.process.environment", lambda: {"PATH": str(tmp_path / "bin")}
        )
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        assert sync(library, synced, full=True).kind is SyncKind.FULL
        with pytest.raises(LibraryError, match="git-annex is not installed: install git-annex"):
            sync(library, synced, merge=True)
        assert "git-annex is not installed" in _last_error(synced)
        (tmp_path / "bin" / "git").unlink()
        with pytest.raises(LibraryError, match="git is not installed: install git"):
            sync(library, synced)

    @pytest.mark.parametrize("more", [["--full"], []])
    def test_interrupted_at_any_moment(
        self, library: Library, synced: Store, tmp_path: Path, more: list[str]
    ) -> None:
        sync(library, synced)
        codes = set()
        for number in range(6):
            Repository(library.top).describe(TRACK, f"mood={number}")
            before = generation_of(synced.cache).counter
            process = subprocess.Popen(
                [sys.executable, "-c", _STARTED, "sync", "--library", library.top, *more],
                cwd=REPOSITORY,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "started\n"
            time.sleep(number * 0.16)
            process.send_signal(signal.SIGINT)
            _, error_output = process.communicate()
            codes.add(process.returncode)
            # The signal itself ends the process if it comes before mcfs handles it, and sometimes Python
            # raises it again after mcfs has printed the message. A shell shows all of this as 130.
            match process.returncode:
                case 0:
                    assert "Traceback" not in error_output
                case 130:
                    assert error_output == "\nmcfs: interrupted\n"
                case code:
                    assert code == -signal.SIGINT, error_output
                    assert error_output in ("", "\nmcfs: interrupted\n")
            assert generation_of(synced.cache).counter in (before, before + 1)
        assert codes != {0}
        _is_as_fresh(library, synced, tmp_path / "fresh")

    def test_an_interruption_is_recorded(
        self, library: Library, synced: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("mcfs.sync.run.fingerprint_and_journal", interrupt)
        with pytest.raises(KeyboardInterrupt):
            sync(library, synced)
        assert _last_error(synced) == "interrupted"


class TestUnreachable:
    """Exit code 69, and the store is unchanged."""

    @pytest.mark.parametrize("how", ["gone", "empty", "no HEAD", "in another repository"])
    def test_library(self, library: Library, synced: Store, tmp_path: Path, how: str) -> None:
        sync(library, synced)
        # As on a disk that one cannot write: the store stays when the library goes.
        synced.close()
        shutil.copytree(synced.folder, tmp_path / "store")
        before = _texts(tmp_path / "store")
        away = tmp_path / "away"
        if how == "no HEAD":
            (library.git_dir / "HEAD").rename(away)
        else:
            library.top.rename(away)
        if how == "in another repository":
            subprocess.run(["git", "init", "-q", tmp_path], check=True)
        if how in ("empty", "in another repository"):
            library.top.mkdir()
        done = _mcfs("sync", "--library", library.top)
        assert done.returncode == ExitCode.UNREACHABLE
        assert done.stderr.count("\n") == 1
        with open_store(tmp_path / "store") as store:
            state = store.cache.state()
            with pytest.raises(LibraryError, match="is not there any more"):
                sync(library, store)
            assert store.cache.state() == state
        assert _texts(tmp_path / "store") == before
        if how == "no HEAD":
            away.rename(library.git_dir / "HEAD")
        else:
            shutil.rmtree(library.top, ignore_errors=True)
            away.rename(library.top)
        assert sync(library, synced).kind is SyncKind.NOTHING


def _texts(folder: Path) -> dict[str, bytes]:
    return {path: file[2] for path, file in every_byte(folder).items()}


class TestTwo:
    def test_the_second_names_the_first(self, library: Library, synced: Store) -> None:
        with sync_lock(synced.folder):
            done = _mcfs("sync", "--library", library.top)
        assert done.returncode == ExitCode.BUSY
        assert done.stderr.startswith("mcfs: already syncing (pid ")
        assert done.stderr.endswith(" s)\n")
        assert done.stderr.count("\n") == 1

    def test_a_command_that_needs_the_first_sync_waits_for_the_one_that_runs(
        self, library: Library
    ) -> None:
        library.store_dir.mkdir()
        words = [sys.executable, "-m", "mcfs", "search", "--library", str(library.top), "title:rez"]
        with sync_lock(library.store_dir):
            searching = subprocess.Popen(
                words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            assert searching.stderr is not None
            said = searching.stderr.readline()
            assert said.startswith("mcfs: already syncing (pid ")
            assert said.endswith("; waiting until that is done\n")
        found, rest = searching.communicate(timeout=60)
        assert (searching.returncode, rest) == (ExitCode.DONE, "1 track\n")
        assert "Rez" in found

    def test_a_lock_file_left_by_a_dead_process_is_free(
        self, library: Library, synced: Store
    ) -> None:
        (synced.folder / "sync.lock").write_text("[1, 2.0, 3, 4]")
        assert running_sync(synced.folder) is None
        assert _mcfs("sync", "--library", library.top).returncode == ExitCode.DONE

    def test_waiting_for_the_first(self, library: Library, synced: Store) -> None:
        stop = threading.Event()
        waited: list[bool] = []

        def wait() -> None:
            waited.append(wait_for_sync(synced.folder, stop))

        assert wait_for_sync(synced.folder, stop), "there is none"
        with sync_lock(synced.folder):
            waiting = threading.Thread(target=wait)
            waiting.start()
            waiting.join(0.3)
            assert waiting.is_alive()
        waiting.join(20)
        assert waited == [True]
        with sync_lock(synced.folder):
            waiting = threading.Thread(target=wait)
            waiting.start()
            stop.set()
            waiting.join(20)
        assert waited == [True, False]

    def test_looking_at_the_lock_disturbs_no_sync(self, synced: Store) -> None:
        over = threading.Event()

        def look() -> None:
            while not over.is_set():
                running_sync(synced.folder)

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(300):
                with sync_lock(synced.folder):
                    pass
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def test_many_at_once(self, library: Library, synced: Store, tmp_path: Path) -> None:
        sync(library, synced)
        Repository(library.top).describe(TRACK, "mood=dark")
        problems: list[BaseException] = []

        def work() -> None:
            try:
                with open_store(synced.folder) as store, suppress(SyncRunningError):
                    sync(library, store, full=True)
            except BaseException as error:  # noqa: BLE001
                problems.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        wait_until(lambda: running_sync(synced.folder) is None)
        _is_as_fresh(library, synced, tmp_path / "fresh")


def test_no_tracks_of_another_library_are_shown(library: Library, synced: Store) -> None:
    synced.close()
    repository = Repository(library.top)
    repository.git("config", "annex.uuid", "11111111-2222-3333-4444-555555555555")
    repository.git("rm", "-q", "--cached", TRACK)
    done = _mcfs("search", "--library", library.top, "--format", "paths", "artist:ac/dc")
    assert (done.returncode, done.stdout) == (0, "")
    with open_store(library.store_dir) as store:
        assert store.cache.state().library_uuid == open_library(library.top).uuid
        assert store.cache.count() == 11
