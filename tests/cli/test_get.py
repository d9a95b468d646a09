"""`mcfs get`: git-annex fetches content from real remotes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.errors import ExitCode
from mcfs.store.locks import sync_lock
from tests.cli.running import CommandRunner, in_terminal
from tests.mounts import REPOSITORY, mounted, wait_until
from tests.prerequisites import git_annex_environment, needs_fuse
from tests.remotes import SLOW_REMOTE, annex
from tests.tracks import UNLOCKED

_NOT_THERE = "Unable to access these remotes: origin"


@pytest.fixture
def mcfs(
    clone: Library, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> CommandRunner:
    """Runs commands on a clone that has no content."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("HOME", str(clone.top.parent))
    for name, text in git_annex_environment(clone.top).items():
        if name.startswith("GIT_"):
            monkeypatch.setenv(name, text)
    return CommandRunner(clone, capsysbinary)


def here(mcfs: CommandRunner) -> set[str]:
    """The titles of the tracks that are present according to the store."""
    tracks = json.loads(mcfs("search", "--json", "present:yes").out)
    return {track["fields"].get("title", ["?"])[0] for track in tracks}


class TestFetching:
    def test_fetches_only_tracks_of_the_query(self, mcfs: CommandRunner) -> None:
        result = mcfs("get", "year:<1993")
        assert (result.code, result.out, result.err) == (ExitCode.DONE, "3 fetched\n", "")
        # `get` syncs at the end.
        assert here(mcfs) == {"Halcyon", "T.N.T.", "戦場 🎹"}
        assert (mcfs.library.top / "best of/orbital again.mp3").read_bytes()
        assert not (mcfs.library.top / "kino.mp3").exists()

    def test_does_nothing_the_second_time(self, mcfs: CommandRunner) -> None:
        mcfs("get", "artist:orbital")
        result = mcfs("get", "artist:orbital")
        assert (result.code, result.out, result.err) == (ExitCode.DONE, "it is here\n", "")
        assert mcfs("get", "year:<1993").out == "2 fetched, 1 here before\n"
        assert mcfs("get", "year:<1993").out == "all 3 are here\n"

    def test_a_limit_counts_all_tracks(self, mcfs: CommandRunner) -> None:
        assert mcfs("get", "sort:-rating", "limit:1").out == "1 fetched\n"
        assert here(mcfs) == {"Remnants"}
        assert mcfs("get", "sort:-rating", "limit:1").out == "it is here\n"

    def test_the_disk_decides_what_is_here(self, mcfs: CommandRunner) -> None:
        mcfs("sync")
        annex(mcfs.library.top, "get", "-q", "orbital.mp3")
        assert mcfs("get", "artist:orbital", "present:no").out == "it is here\n"
        annex(mcfs.library.top, "drop", "-q", "orbital.mp3")
        assert mcfs("get", "artist:orbital").out == "1 fetched\n"

    def test_an_unlocked_file_gets_its_content(self, mcfs: CommandRunner, library: Library) -> None:
        assert mcfs("get", "artist:underworld").code == ExitCode.DONE
        content = (mcfs.library.top / UNLOCKED).read_bytes()
        assert content == (library.top / UNLOCKED).read_bytes()
        status = ["git", "status", "--porcelain"]
        result = subprocess.run(status, cwd=mcfs.library.top, capture_output=True, check=True)
        assert result.stdout == b""

    def test_a_track_without_a_file_in_the_work_tree(self, mcfs: CommandRunner) -> None:
        annex(mcfs.library.top, "adjust", "-q", "--hide-missing")
        assert not os.path.lexists(mcfs.library.top / "kino.mp3")
        assert mcfs("get", "artist:кино").out == "1 fetched\n"
        assert here(mcfs) == {"Группа крови"}

    def test_json(self, mcfs: CommandRunner) -> None:
        result = mcfs("get", "--json", "artist:orbital", "OR", "artist:basic")
        assert result.code == ExitCode.PARTLY_DONE
        lost, got = json.loads(result.out)
        assert (got["file"], got["present"], got["error"]) == (
            "best of/orbital again.mp3",
            True,
            None,
        )
        assert lost["present"] is False
        assert lost["error"]["message"] in result.err
        assert json.loads(mcfs("get", "--json", "artist:orbital").out) == []

    def test_a_key_that_is_not_utf_8(
        self, library: Library, clone: Library, mcfs: CommandRunner
    ) -> None:
        sound = library.top.parent / "sound"
        sound.write_bytes(b"sound")
        key = os.fsdecode(b"URL--file:caf\xe9.mp3")
        for folder in (library.top, clone.top):
            annex(folder, "fromkey", "-q", "--force", key, "cafe.mp3")
        annex(library.top, "setkey", "-q", key, str(sound))
        annex(clone.top, "setpresentkey", key, library.uuid, "1")
        assert mcfs("get", "file:cafe").out == "1 fetched\n"


class TestFailing:
    def test_failed_tracks_are_named(self, mcfs: CommandRunner) -> None:
        result = mcfs("get", "artist:orbital", "OR", "artist:basic")
        assert (result.code, result.out) == (ExitCode.PARTLY_DONE, "1 fetched, 1 failed\n")
        assert result.err.startswith("mcfs: Basic Channel - Phylyps.flac: ")
        assert len(result.err) > len("mcfs: Basic Channel - Phylyps.flac: \n")
        assert here(mcfs) == {"Halcyon"}

    def test_a_remote_that_is_gone(self, mcfs: CommandRunner, library: Library) -> None:
        unplugged = library.top.rename(library.top.parent / "unplugged")
        result = mcfs("get", "rating:4")
        unplugged.rename(library.top)
        assert (result.code, result.out) == (ExitCode.FAILED, "2 failed\n")
        assert result.err.splitlines() == [
            f"mcfs: Beyoncé - Halo.mp3: {_NOT_THERE}",
            f"mcfs: Orbital - Halcyon.mp3: {_NOT_THERE}",
        ]

    def test_an_unknown_remote(self, mcfs: CommandRunner) -> None:
        result = mcfs("get", "--from", "usb", "artist:orbital")
        assert (result.code, result.out) == (ExitCode.USAGE, "")
        assert result.err == "mcfs: no remote of the name usb; there are origin\n"
        remote = ["git", "-C", str(mcfs.library.top), "remote"]
        subprocess.run([*remote, "add", "backup", "/nowhere"], check=True)
        assert "; there are backup, origin\n" in mcfs("get", "--from=usb", "artist:orbital").err
        for name in ("backup", "origin"):
            subprocess.run([*remote, "remove", name], check=True)
        result = mcfs("get", "--from", "usb", "artist:orbital")
        assert result.code == ExitCode.USAGE
        assert result.err == "mcfs: no remote of the name usb; the library has none\n"

    def test_from_one_remote(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        top = mcfs.library.top
        (tmp_path / "disk").mkdir()
        place = f"directory={tmp_path / 'disk'}"
        annex(top, "initremote", "-q", "usb", "type=directory", place, "encryption=none")
        annex(top, "copy", "-q", "--from=origin", "--to=usb", "orbital.mp3")
        result = mcfs("get", "--from=usb", "rating:4")
        assert (result.code, result.out) == (ExitCode.PARTLY_DONE, "1 fetched, 1 failed\n")
        assert result.err.startswith("mcfs: Beyoncé - Halo.mp3: ")
        assert here(mcfs) == {"Halcyon"}

    def test_a_wrong_query(self, mcfs: CommandRunner) -> None:
        result = mcfs("get", "gnere:techno")
        assert result.code == ExitCode.USAGE
        assert result.err.splitlines()[1:] == ["  gnere:techno", "  ^"]

    def test_a_query_that_finds_nothing(self, mcfs: CommandRunner) -> None:
        result = mcfs("get", "artist:orbitel")
        assert (result.code, result.out) == (ExitCode.DONE, "")
        assert result.err == "mcfs: no tracks; did you mean artist:orbital?\n"

    def test_a_query_is_required(self, mcfs: CommandRunner) -> None:
        result = mcfs("get")
        assert result.code == ExitCode.USAGE
        assert "QUERY" in result.err
        assert mcfs("get", "").out == "11 fetched, 1 failed\n"


class TestAround:
    def test_waits_for_a_running_sync(self, mcfs: CommandRunner) -> None:
        mcfs("sync")
        taken, over = threading.Event(), threading.Event()

        def hold() -> None:
            with sync_lock(mcfs.library.store_dir):
                taken.set()
                over.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        taken.wait(20)
        threading.Timer(1, over.set).start()
        result = mcfs("get", "artist:orbital")
        assert over.is_set()
        holder.join()
        assert (result.code, result.out) == (ExitCode.DONE, "1 fetched\n")
        assert here(mcfs) == {"Halcyon"}

    def test_a_mount_shows_the_fetched_tracks(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        needs_fuse()
        mcfs("sync")
        with mounted(mcfs.library.top, tmp_path / "mnt") as served:
            file = served.path / "genre:ambient" / "Orbital - Halcyon.mp3"
            assert not file.exists()
            assert mcfs("get", "genre:ambient").code == ExitCode.DONE
            wait_until(file.exists)

    def test_a_progress_bar_on_a_terminal(self, mcfs: CommandRunner) -> None:
        mcfs("sync")
        environment = _slow_remote(mcfs, pause="2")
        command = [sys.executable, "-m", "mcfs", "get", "artist:orbital", "--from=slow"]
        sent = in_terminal(command, columns=100, folder=mcfs.library.top, environment=environment)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent).replace("\r", "\n")
        assert re.search(r"0/1 Orbital - Halcyon.mp3 ━.* 500/840 bytes ", text)
        assert sent.endswith("\x1b[2K1 fetched\n"), "the bar must be gone"

    @pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["a signal", "Ctrl-C"])
    def test_an_interrupted_fetch_continues_next_time(
        self, mcfs: CommandRunner, kill: Callable[[int, int], None]
    ) -> None:
        mcfs("sync")
        environment = _slow_remote(mcfs, pause="300")
        command = [sys.executable, "-m", "mcfs", "get", "artist:orbital", "--from=slow"]
        process = subprocess.Popen(
            command,
            cwd=mcfs.library.top,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            wait_until(lambda: "sleep" in _names_below(process.pid))
            below = list(_below(process.pid))
            kill(process.pid, signal.SIGINT)
            _, result = process.communicate(timeout=20)
        finally:
            process.kill()
        assert (process.returncode, result) == (130, b"\nmcfs: interrupted\n")
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
        assert mcfs("get", "--from=origin", "artist:orbital").out == "1 fetched\n"


def _slow_remote(mcfs: CommandRunner, pause: str) -> dict[str, str]:
    """A remote `slow` with one track, and the environment in which it works."""
    place = mcfs.library.top.parent / "slow"
    place.mkdir()
    (place / "pause").write_text(pause)
    program = place / "git-annex-remote-slow"
    program.write_text(SLOW_REMOTE)
    program.chmod(0o755)
    environment = git_annex_environment(mcfs.library.top)
    environment |= {
        "PATH": f"{place}:{environment['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "TERM": "xterm",
    }
    words = ["type=external", "externaltype=slow", "encryption=none"]
    for command in (
        ["initremote", "-q", "slow", *words],
        ["copy", "-q", "--from=origin", "--to=slow", "orbital.mp3"],
    ):
        subprocess.run(["git-annex", *command], cwd=mcfs.library.top, env=environment, check=True)
    return environment


def _below(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield child
            yield from _below(child)


def _names_below(pid: int) -> list[str]:
    return [Path(f"/proc/{child}/comm").read_text().strip() for child in _below(pid)]
