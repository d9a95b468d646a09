"""`mcfs status` in all states of library, store and mounts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcfs.annex.library import Library
from mcfs.cli import run
from mcfs.cli.text_layout import cell_width
from mcfs.config.load import load_settings
from mcfs.errors import ExitCode, LibraryError
from mcfs.mounting.unmount import unmount
from mcfs.store import Store, open_store
from mcfs.store.locks import sync_lock
from mcfs.sync.run import sync
from tests.cache_access import generation_of
from tests.cli.running import CommandRunner
from tests.mounts import REPOSITORY, is_mounted, mounted, wait_until
from tests.prerequisites import needs_fuse, needs_root
from tests.tracks import run_in_library


def status(mcfs: CommandRunner) -> dict[str, Any]:
    """The output of `--json`."""
    result = mcfs("status", "--json")
    assert (result.code, result.err) == (ExitCode.DONE, "")
    shown: dict[str, Any] = json.loads(result.out)
    return shown


def rows(mcfs: CommandRunner) -> dict[str, list[str]]:
    """The sentences by their label."""
    result = mcfs("status")
    assert (result.code, result.err) == (ExitCode.DONE, "")
    found: dict[str, list[str]] = {}
    label = ""
    for line in result.lines:
        label = line[:9].strip() or label
        found.setdefault(label, []).append(line[9:])
    return found


def everything_below(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and folder, with what a change would change."""
    return {
        os.fspath(path): (found.st_mtime_ns, found.st_size, found.st_ino)
        for path in [folder, *folder.rglob("*")]
        for found in [path.lstat()]
    }


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """As on a read-only disk."""
    needs_root("to make a folder read-only")
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_one_screen(mcfs: CommandRunner, library: Library, synced: Store) -> None:
    sync(library, synced, full=True)
    synced.user.add_pin("Peak time", "genre:techno")
    synced.user.add_pin("戦場", "")
    result = rows(mcfs)
    assert list(result) == ["library", "tracks", "sync", "mounts", "pins", "runs"]
    assert result["library"] == [str(library.top), library.uuid]
    assert result["tracks"] == [
        "12, 11 of them here, 1 without metadata",
        "values that cannot be read as numbers: bpm (1)",
    ]
    (last,) = result["sync"]
    assert last.startswith("just now, took ")
    assert result["mounts"] == ["none"]
    assert result["pins"] == ["2: Peak time, 戦場"]
    assert all(line.startswith("sync (full), ") for line in result["runs"])


def test_for_programs(mcfs: CommandRunner, library: Library, synced: Store) -> None:
    sync(library, synced)
    run_in_library(library, "git annex metadata -q kino.mp3 -s mood=dark")
    sync(library, synced)
    synced.user.add_pin("Peak time", "genre:techno")
    shown = status(mcfs)
    assert shown["library"] == {"path": str(library.top), "uuid": library.uuid}
    assert shown["store"] == str(synced.folder)
    assert shown["generation"]["counter"] == generation_of(synced.cache).counter
    counted = {name: shown[name] for name in ("tracks", "present", "without_metadata", "broken")}
    assert counted == {"tracks": 12, "present": 11, "without_metadata": 1, "broken": {"bpm": 1}}
    last = shown["last_sync"]
    assert (last["kind"], last["added"], last["changed"], last["removed"]) == (
        "difference", 0, 1, 0,
    )  # fmt: skip
    at = datetime.fromisoformat(last["at"])
    assert at.utcoffset() == timedelta()
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)
    assert shown["pins"] == ["Peak time"]
    assert [run["detail"]["kind"] for run in shown["runs"]][:1] == ["difference"]
    for name in ("failure", "syncing", "branch", "basis", "config_error"):
        assert shown[name] is None
    for name in ("mounts", "problems", "store_errors", "unmerged"):
        assert shown[name] == []
    assert (shown["stale"], shown["changed_since"]) == (False, False)


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_fits_the_terminal(
    mcfs: CommandRunner, library: Library, synced: Store, columns: int
) -> None:
    (library.top / "mcfs.toml").write_text("[view.Peak]\nlimit = 'a'\nquery = 3")
    for name in ("Peak time", "戦場" * 30, "two words"):
        synced.user.add_pin(name, "genre:techno")
    sent = mcfs.in_terminal("status", columns=columns, NO_COLOR="1")
    lines = sent.splitlines()
    assert max(map(cell_width, lines)) <= columns
    assert lines[0].startswith("library  /")
    whole = "".join(line[9:] for line in lines)
    assert str(library.top).replace("/", "") in whole.replace("/", "")
    assert "戦場" * 30 in whole
    # Lines in a pipe are not wrapped, so that grep finds them.
    assert str(library.top) in mcfs.in_shell("mcfs status | grep -F /").lines[0]


class TestNeverSynced:
    def test_says_what_to_do_and_creates_nothing(
        self, library: Library, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        before = everything_below(library.top)
        for words in (["status"], ["status", "--json"]):
            assert run([*words, "--library", str(library.top)]) == ExitCode.DONE
            out = capsysbinary.readouterr().out.decode()
            if "--json" in words:
                shown = json.loads(out)
                assert (shown["last_sync"], shown["generation"]) == (None, None)
                assert shown["changed_since"] is None
            else:
                assert "sync     never synced\n         to read the library: mcfs sync\n" in out
                assert "tracks" not in out
        assert everything_below(library.top) == before

    def test_a_store_that_is_still_empty(self, mcfs: CommandRunner, library: Library) -> None:
        shutil.rmtree(library.store_dir)
        open_store(library.store_dir).close()
        assert rows(mcfs)["sync"] == ["never synced", "to read the library: mcfs sync"]

    def test_a_store_of_another_library(
        self, mcfs: CommandRunner, library: Library, synced: Store
    ) -> None:
        run_in_library(library, "git config annex.uuid 11111111-2222-3333-4444-555555555555")
        result = rows(mcfs)
        assert result["sync"] == [
            "the store belongs to another library",
            "to read the library: mcfs sync",
        ]
        assert "tracks" not in result


class TestNothingIsChanged:
    def test_when_no_process_has_the_store_open(
        self, mcfs: CommandRunner, library: Library, synced: Store
    ) -> None:
        sync(library, synced)
        synced.close()
        before = everything_below(library.top)
        assert status(mcfs)["tracks"] == 12
        assert everything_below(library.top) == before

    def test_on_a_disk_that_cannot_be_written(
        self, mcfs: CommandRunner, library: Library, synced: Store
    ) -> None:
        synced.close()
        shutil.rmtree(library.other_store_dir, ignore_errors=True)
        with read_only(library.top):
            # The store is then in the user's data folder.
            assert status(mcfs)["last_sync"] is None
            mcfs("sync")
            shown = status(mcfs)
        assert (shown["tracks"], shown["changed_since"], shown["store_errors"]) == (12, False, [])

    @pytest.mark.parametrize("left", [("-wal", "-shm"), ("-wal",)])
    def test_on_a_read_only_disk_after_a_process_was_killed(
        self,
        mcfs: CommandRunner,
        library: Library,
        synced: Store,
        left: tuple[str, ...],
    ) -> None:
        sync(library, synced, full=True)
        # The store of a library that cannot be written; its own disk cannot be written either.
        folder = library.other_store_dir
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # As after a kill: a write-ahead log that is not in the database yet.
        for name in ("cache.db", "user.db"):
            for suffix in ("", *left):
                shutil.copy(synced.folder / f"{name}{suffix}", folder)
        synced.close()
        with read_only(library.top), read_only(folder):
            shown = status(mcfs)
            assert shown["store"] == str(folder)
        shutil.rmtree(folder)
        assert shown["store_errors"] == []
        assert shown["generation"] is not None
        if "-shm" in left:
            assert (shown["tracks"], shown["last_sync"]["kind"]) == (12, "full")


class TestWhileSyncing:
    def test_shows_the_progress(self, mcfs: CommandRunner, synced: Store) -> None:
        with sync_lock(synced.folder) as lock:
            lock.report_progress(0, 0)
            assert rows(mcfs)["sync"][-1].startswith(f"syncing (pid {os.getpid()}, for ")
            lock.report_progress(5, 12)
            with synced.cache.writing() as write:
                write.remove([next(iter(synced.cache.state().fingerprint or {}))])
                assert re.fullmatch(
                    rf"syncing, 41 % \(pid {os.getpid()}, for \d+ s\)", rows(mcfs)["sync"][-1]
                )
            shown = status(mcfs)["syncing"]
            assert (shown["pid"], shown["done"], shown["total"]) == (os.getpid(), 5, 12)
            assert datetime.fromisoformat(shown["started_at"]).utcoffset() == timedelta()
        assert status(mcfs)["syncing"] is None

    def test_another_process(self, mcfs: CommandRunner, library: Library, synced: Store) -> None:
        sync(library, synced)
        script = (
            "import sys; from pathlib import Path; from mcfs.store.locks import sync_lock\n"
            "with sync_lock(Path(sys.argv[1])) as lock:\n"
            "    lock.report_progress(43, 100); print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script, synced.folder],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            assert f"syncing, 43 % (pid {holder.pid}, for " in rows(mcfs)["sync"][-1]
            assert len(rows(mcfs)["sync"]) == 2
            assert holder.stdin is not None
            holder.stdin.close()


class TestLastSync:
    def test_nothing_had_changed(
        self, mcfs: CommandRunner, library: Library, synced: Store
    ) -> None:
        sync(library, synced)
        run_in_library(library, "git annex metadata -q kino.mp3 -s mood=dark")
        sync(library, synced)
        assert rows(mcfs)["sync"][0].endswith(": 1 changed")
        sync(library, synced)
        assert rows(mcfs)["sync"] == ["just now; nothing had changed"]
        assert status(mcfs)["last_sync"]["kind"] == "nothing"

    def test_failed(
        self, mcfs: CommandRunner, library: Library, synced: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync(library, synced)

        def fail(*_: object) -> None:
            raise LibraryError("the disk is gone")

        with monkeypatch.context() as patch:
            patch.setattr("mcfs.sync.run.fingerprint_and_journal", fail)
            # Each of them tries again after a pause.
            patch.setattr("time.sleep", lambda _: None)
            for _ in range(6):
                with pytest.raises(LibraryError):
                    sync(library, synced)
        result = rows(mcfs)
        assert result["sync"] == [
            "just now; nothing had changed",
            "sync failed just now: the disk is gone; to try again: mcfs sync",
        ]
        assert len(result["runs"]) == 5
        for logged in result["runs"]:
            assert re.fullmatch(r"sync, just now: failed after \d+\.\d s: the disk is gone", logged)
        assert status(mcfs)["failure"]["error"]["message"] == "the disk is gone"
        sync(library, synced)
        assert rows(mcfs)["sync"] == ["just now; nothing had changed"]
        assert status(mcfs)["failure"] is None

    def test_was_killed_at_its_end(
        self, mcfs: CommandRunner, library: Library, synced: Store
    ) -> None:
        sync(library, synced, full=True)
        # The state of the database between the commit and the end of a sync.
        with synced.cache.writing() as write:
            state = synced.cache.state()
            write.set_state(type(state)(state.library_uuid, state.fingerprint, state.started_at))
        shown = status(mcfs)
        assert (shown["tracks"], shown["present"], shown["broken"]) == (12, 11, {"bpm": 1})
        assert shown["last_sync"] is not None

    def test_is_long_ago(self, mcfs: CommandRunner, library: Library, synced: Store) -> None:
        sync(library, synced)
        with synced.cache.reading() as read:
            counts = read.counts()
        for hours, stale in ((23, False), (25, True)):
            synced.cache.record_finish(datetime.now(UTC) - timedelta(hours=hours), counts)
            result = rows(mcfs)["sync"]
            assert result[0].startswith("23 hours ago" if hours == 23 else "1 day ago")
            assert (
                result[1:] == ["that is more than a day; to check for changes: mcfs sync"]
            ) is stale
            assert status(mcfs)["stale"] is stale

    @pytest.mark.parametrize(
        "change",
        [
            "git annex metadata -q kino.mp3 -s mood=dark",
            "git -c annex.alwayscommit=false annex metadata -q kino.mp3 -s mood=dark",
            "git mv kino.mp3 elsewhere.mp3",
            "git annex drop -q --force kino.mp3",
            "echo 'extensions = [\"mp3\"]' > mcfs.toml",
        ],
    )
    def test_is_out_of_date(
        self, mcfs: CommandRunner, library: Library, synced: Store, change: str
    ) -> None:
        sync(library, synced)
        assert status(mcfs)["changed_since"] is False
        run_in_library(library, change)
        assert status(mcfs)["changed_since"] is True
        assert rows(mcfs)["sync"][-1] == "the library has changed since; to read it: mcfs sync"
        assert mcfs("sync").code == ExitCode.DONE
        assert status(mcfs)["changed_since"] is False


def test_unmerged_metadata(
    mcfs: CommandRunner, library: Library, synced: Store, tmp_path: Path
) -> None:
    run_in_library(
        library,
        f"git clone -q . '{tmp_path}/other' && cd '{tmp_path}/other' && git annex init -q other"
        " && git annex metadata -q kino.mp3 -s mood=dark",
    )
    run_in_library(library, f"git remote add other '{tmp_path}/other' && git fetch -q other")
    assert rows(mcfs)["remotes"] == [
        "metadata of other is not merged yet",
        "to merge it: mcfs sync --merge",
    ]
    assert status(mcfs)["unmerged"] == ["other"]
    assert mcfs("sync", "--merge").code == ExitCode.DONE
    assert status(mcfs)["unmerged"] == []


@pytest.mark.parametrize(
    ("command", "branch", "basis", "says"),
    [
        ("git annex view -q 'genre=*'", "views/", "main", "tracks are the files of main"),
        (
            "git annex adjust -q --hide-missing",
            "adjusted/main(",
            "main",
            "tracks are all files of main",
        ),
        ("git annex adjust -q --unlock", "adjusted/main(", None, "its files are tracks like any"),
    ],
)
def test_a_branch_of_git_annex(
    mcfs: CommandRunner,
    library: Library,
    synced: Store,
    command: str,
    branch: str,
    basis: str | None,
    says: str,
) -> None:
    run_in_library(library, command)
    shown = status(mcfs)
    assert shown["branch"].startswith(branch)
    assert shown["basis"] == basis
    (result,) = rows(mcfs)["branch"]
    assert says in result
    assert shown["branch"] in result


class TestMounts:
    @pytest.mark.parametrize("name", ["mnt", "two words, a comma\\ é 戦"])
    def test_only_mounts_of_this_library(
        self, mcfs: CommandRunner, library: Library, synced: Store, tmp_path: Path, name: str
    ) -> None:
        needs_fuse()
        other = tmp_path / f"another {name}"
        subprocess.run(["cp", "-a", library.top, other], check=True)
        place = tmp_path / name
        with mounted(other, tmp_path / "others"), mounted(library.top, place):
            kernel = (place / ".mcfs" / "kernel").read_text().splitlines()
            assert kernel[0].startswith("kernel caches: ")
            assert rows(mcfs)["mounts"] == [str(place), *kernel]
            assert status(mcfs)["mounts"] == [
                {"path": str(place), "dead": False, "answers": True, "kernel": kernel, "edit": []}
            ]
            assert f"mounts   {tmp_path / 'others'}\n" in _status_output(other)
        assert rows(mcfs)["mounts"] == ["none"]
        subprocess.run(["chmod", "-R", "u+w", other], check=True)

    def test_dead_mounts(
        self, mcfs: CommandRunner, library: Library, synced: Store, tmp_path: Path
    ) -> None:
        needs_fuse()
        place = tmp_path / "a mount"
        place.mkdir()
        command = [sys.executable, "-m", "mcfs", "mount", "--foreground"]
        with subprocess.Popen([*command, library.top, place], cwd=REPOSITORY) as process:
            try:
                wait_until(lambda: is_mounted(place))
                place.stat()
            finally:
                process.send_signal(signal.SIGKILL)
        try:
            (result,) = rows(mcfs)["mounts"]
            assert result == f"{place} is dead; to remove it: mcfs umount '{place}'"
            assert status(mcfs)["mounts"] == [
                {"path": str(place), "dead": True, "answers": False, "kernel": [], "edit": []}
            ]
        finally:
            unmount(place)


class TestSettings:
    def test_broken_views(self, mcfs: CommandRunner, library: Library, synced: Store) -> None:
        file = library.top / "mcfs.toml"
        file.write_text("[view.Peak]\nlimit = 'a'\n[view.good]\nquery = 'genre:x'\n")
        assert rows(mcfs)["config"] == [
            "mcfs.toml:2: view.Peak.limit: write how many tracks, for example 50; "
            "the view is left out"
        ]
        assert status(mcfs)["problems"] == [
            {
                "file": str(file),
                "line": 2,
                "key": "view.Peak.limit",
                "message": "write how many tracks, for example 50",
            }
        ]

    def test_settings_that_cannot_be_read(
        self, mcfs: CommandRunner, library: Library, synced: Store
    ) -> None:
        (library.top / "mcfs.toml").write_text("absent = 1\n")
        says = 'mcfs.toml:1: absent: write "hide" or "show"'
        assert rows(mcfs)["config"] == [says]
        assert status(mcfs)["config_error"]["message"] == says
        assert status(mcfs)["changed_since"] is None
        result = mcfs("sync")
        assert (result.code, result.err) == (ExitCode.USAGE, f"mcfs: {says}\n")

    def test_changed_settings_need_a_sync(self, mcfs: CommandRunner, library: Library) -> None:
        shutil.rmtree(library.store_dir)
        (library.top / "mcfs.toml").write_text('extensions = ["wav"]')
        assert load_settings(library.top).extensions == {"wav"}
        assert mcfs("search", "type:wav").err == "2 tracks\n"
        assert status(mcfs)["tracks"] == 2
        (library.top / "mcfs.toml").write_text('extensions = ["wav", "flac"]')
        assert mcfs("sync", "--dry-run").out == "would change: 2 added\n"
        assert mcfs("sync").out == "4 tracks, 1 of them not here; 2 added\n"
        shutil.rmtree(library.store_dir)
        assert mcfs("fields").code == ExitCode.DONE
        assert status(mcfs)["tracks"] == 4


class TestTrouble:
    def test_a_missing_library(
        self, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        for place in (tmp_path / "nowhere", tmp_path):
            assert run(["status", "--library", str(place)]) == ExitCode.UNREACHABLE
            out, err = capsysbinary.readouterr()
            assert out == b""
            assert err.startswith(f"mcfs: {place} is not ".encode())

    def test_a_damaged_cache(self, mcfs: CommandRunner, library: Library, synced: Store) -> None:
        synced.user.add_pin("Peak time", "genre:techno")
        synced.close()
        path = library.store_dir / "cache.db"
        path.write_bytes(b"no database" * 1000)
        before = everything_below(library.store_dir)
        result = rows(mcfs)
        assert result["sync"][-1] == f"{path} is not a database"
        assert result["pins"] == ["1: Peak time"]
        assert everything_below(library.store_dir) == before

    @pytest.mark.parametrize(
        ("name", "change", "says"),
        [
            ("cache.db", "PRAGMA user_version = 7", "a sync rebuilds it"),
            (
                "user.db",
                "UPDATE alembic_version SET version_num = '0001'",
                "a sync carries it over",
            ),
            ("user.db", "DROP TABLE alembic_version", "a sync carries it over"),
        ],
    )
    def test_another_version(
        self,
        mcfs: CommandRunner,
        library: Library,
        synced: Store,
        name: str,
        change: str,
        says: str,
    ) -> None:
        synced.close()
        path = library.store_dir / name
        connection = sqlite3.connect(path)
        connection.execute(change)
        connection.commit()
        connection.close()
        assert rows(mcfs)["sync"][-1] == f"{path} is of another version of mcfs; {says}"


def _status_output(library_top: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mcfs", "status", "--library", library_top],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()
