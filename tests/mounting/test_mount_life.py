"""The life of a mount: how it follows its library, `.mcfs/`, options, log, systemd."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.store import Store
from tests.inotify import watcher
from tests.mounts import REPOSITORY, RunningMount, is_mounted, mcfs, mounted, wait_until
from tests.prerequisites import needs_root
from tests.tracks import run_in_library

pytestmark = pytest.mark.usefixtures("synced")


class TestFollows:
    """A mount notices changes by itself: no test here runs `mcfs sync`."""

    def test_metadata(self, library: Library, served: RunningMount) -> None:
        folder = served.path / "genre:house"
        assert os.listdir(folder) == []
        assert not (served.path / "genre" / "House").exists()
        run_in_library(library, "git annex metadata -q -s genre=House kino.mp3")
        wait_until(lambda: os.listdir(folder) != [])
        wait_until((served.path / "genre" / "House").is_dir)
        wait_until(lambda: not (served.path / "genre" / "рок").exists())

    def test_a_new_field(self, library: Library, served: RunningMount) -> None:
        assert not (served.path / "mood:dark").exists()
        run_in_library(library, "git annex metadata -q -s mood=dark kino.mp3")
        wait_until((served.path / "mood:dark").is_dir)
        run_in_library(library, "git annex metadata -q -r mood kino.mp3")
        wait_until(lambda: not (served.path / "mood:dark").exists())

    def test_drop_add_and_rm(self, library: Library, served: RunningMount) -> None:
        every = served.path / "all"
        assert len(os.listdir(every)) == 11
        run_in_library(library, "git annex drop -q --force kino.mp3")
        wait_until(lambda: len(os.listdir(every)) == 10)
        # A listing is right at once; cached names are invalidated a moment later.
        wait_until(lambda: not (every / "Кино - Группа крови.mp3").is_symlink())
        (library.top / "new.mp3").write_bytes(b"new")
        run_in_library(library, "git annex add -q new.mp3")
        wait_until((every / "new.mp3").is_symlink)
        run_in_library(library, "git mv new.mp3 newer.mp3")
        wait_until((every / "newer.mp3").is_symlink)
        run_in_library(library, "git rm -q --cached newer.mp3 && rm -f newer.mp3")
        wait_until(lambda: not (every / "newer.mp3").is_symlink())

    def test_settings(self, library: Library, served: RunningMount) -> None:
        settings = library.top / "mcfs.toml"
        settings.write_text('[view."Peak time"]\nquery = "bpm:>=127"\n')
        wait_until((served.path / "Peak time").is_dir)
        settings.write_text('entries = "files"\n')
        wait_until(lambda: not (served.path / "Peak time").exists())
        file = served.path / "all" / "Beyoncé - Halo.mp3"
        wait_until(lambda: file.is_file() and not file.is_symlink())
        assert file.read_bytes() == (library.top / "beyonce.mp3").read_bytes()


def test_root_has_the_kernel_read_further_ahead(shared: Path) -> None:
    needs_root("to raise the read-ahead of a mount")
    device = shared.stat().st_dev
    setting = Path(f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb")
    if not setting.exists():
        pytest.skip("this part of /sys is not here")
    wait_until(lambda: int(setting.read_text()) >= 1024)


class TestInfoFiles:
    def test_status_errors_help(self, shared: Path) -> None:
        info = shared / ".mcfs"
        assert sorted(os.listdir(info)) == ["edit", "errors", "help", "kernel", "status"]
        assert ".mcfs" not in os.listdir(shared)
        assert f"mounts   {shared}" in (info / "status").read_text()
        assert (info / "errors").read_text() == "no errors\n"
        assert not (shared / "gnere:techno").exists()
        # A text is kept for a second.
        wait_until(lambda: 'did you mean "genre"?' in (info / "errors").read_text())
        help_text = (info / "help").read_text()
        assert max(map(len, help_text.splitlines())) <= 90
        assert (info / "help").stat().st_size == len(help_text.encode())

    def test_every_path_in_the_help_exists(self, shared: Path) -> None:
        of_library = ("--library", shared.parent / "library")
        assert mcfs("snapshot", "take", "Friday", "genre:techno", *of_library).returncode == 0
        wait_until((shared / "snapshots" / "Friday").is_dir)
        for line in (shared / ".mcfs" / "help").read_text().splitlines():
            name = line.strip().split("  ")[0].rstrip("/ ")
            if line[:2] == "  " != line[2:4] and not name.startswith("mkdir"):
                for part in name.split("   "):
                    assert (shared / part.strip().rstrip("/")).exists(), part
        assert mcfs("snapshot", "drop", "Friday", "--yes", *of_library).returncode == 0

    @pytest.mark.logs
    def test_settings_with_an_error(self, library: Library, synced: Store, place: Path) -> None:
        with mounted(library.top, place, says="mcfs.toml:1") as served:
            before = os.listdir(served.path)
            (library.top / "mcfs.toml").write_text('entries = "fils"\n')
            errors = served.path / ".mcfs" / "errors"
            wait_until(lambda: "mcfs.toml:1" in errors.read_text())
            assert os.listdir(served.path) == before

    def test_a_library_that_disappears(self, library: Library, synced: Store, place: Path) -> None:
        with mounted(library.top, place, says="is gone") as served:
            before = os.listdir(served.path / "genre")
            away = library.top.with_name("away")
            library.top.rename(away)
            errors = served.path / ".mcfs" / "errors"
            wait_until(lambda: "is gone" in errors.read_text())
            assert os.listdir(served.path / "genre") == before
            assert "shows what it last read" in (served.path / ".mcfs" / "status").read_text()
            away.rename(library.top)
            run_in_library(library, "git annex metadata -q -s genre=House kino.mp3")
            wait_until((served.path / "genre" / "House").is_dir)


class TestOptions:
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root has /etc/fstab")
    def test_called_as_mount_calls_it(self, library: Library, synced: Store, place: Path) -> None:
        place.mkdir()
        done = mcfs(library.top, place, "-o", "rw,dev,suid,entries=files")
        assert (done.returncode, done.stderr) == (0, "")
        try:
            file = place / "all" / "Beyoncé - Halo.mp3"
            assert file.is_file()
            assert not file.is_symlink()
        finally:
            assert mcfs("umount", place).returncode == 0

    @pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("mount.fuse3"), reason="needs root and mount.fuse3"
    )
    def test_called_by_mount_fuse(
        self, library: Library, synced: Store, place: Path, tmp_path: Path
    ) -> None:
        place.mkdir()
        ours = tmp_path / "bin" / "mcfs"
        ours.parent.mkdir()
        ours.write_text(f'#!/bin/sh\ncd {REPOSITORY}\nexec {sys.executable} -m mcfs "$@"\n')
        ours.chmod(0o755)
        path = f"{ours.parent}:{os.environ['PATH']}"
        subprocess.run(
            ["mount.fuse3", library.top, place, "-t", "fuse.mcfs", "-o", "rw,user"],
            env={**os.environ, "PATH": path},
            check=True,
        )
        wait_until(lambda: is_mounted(place))
        assert (place / "all").is_dir()
        assert mcfs("umount", place).returncode == 0

    def test_read_only(self, library: Library, synced: Store, place: Path) -> None:
        place.mkdir()
        assert mcfs("mount", library.top, place, "-o", "ro").returncode == 0
        try:
            with pytest.raises(OSError, match="Read-only"):
                (place / "pins" / "genre:techno").mkdir()
            house = place / "genre:house"
            assert os.listdir(house) == []
            with watcher() as heard:
                heard.watch(house, set())
                run_in_library(library, "git annex metadata -q -s genre=House kino.mp3")
                wait_until(lambda: os.listdir(house) != [])
                heard.listen(0.2)
                assert heard.count == 0, (
                    "the kernel lets nobody make a name, so it is not announced"
                )
        finally:
            assert mcfs("umount", place).returncode == 0

    def test_an_error_is_reported_and_nothing_mounted(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        place.mkdir()
        done = mcfs("mount", library.top, place, "-o", "nonsense")
        assert (done.returncode, done.stdout) == (2, "")
        assert "no such option" in done.stderr
        done = mcfs("mount", library.top, place, "--log", place / "no" / "log")
        assert done.returncode == 1
        assert "cannot be written" in done.stderr
        (library.top / "mcfs.toml").write_text("entries = 3\n")
        done = mcfs("mount", library.top, place)
        assert done.returncode == 2
        assert "mcfs.toml:1" in done.stderr
        assert not is_mounted(place)


def test_the_log(library: Library, synced: Store, place: Path, tmp_path: Path) -> None:
    place.mkdir()
    log = tmp_path / "log"
    assert mcfs("mount", library.top, place, "--log", log, "-vv").returncode == 0
    try:
        run_in_library(library, "git annex metadata -q -s genre=House kino.mp3")
        wait_until((place / "genre" / "House").is_dir)
        os.readlink(place / "artist:beyonce" / "Beyoncé - Halo.mp3")
        assert not (place / "artist:beyonce" / "two\nlines").exists()
        (place / "pins" / "bpm:120").mkdir()
        with pytest.raises(OSError, match="Read-only"):
            (place / "pins" / "bpm:120").rename(place / "elsewhere")
    finally:
        assert mcfs("umount", place).returncode == 0
    text = log.read_text()
    assert "synced: 12 tracks" in text
    by_us = re.escape(f" by {threading.get_native_id()} (")
    for request, answer in (
        ("lookup '/artist:beyonce'", "inode [0-9]+"),
        ("lookup '/artist:beyonce/Beyoncé - Halo.mp3'", "inode [0-9]+"),
        ("readlink 'Beyoncé - Halo.mp3'", f"{len(os.fsencode(library.top)) + 12} bytes"),
        ("lookup '/artist:beyonce/two\\nlines'", "ENOENT"),
        ("mkdir '/pins/bpm:120'", "inode [0-9]+"),
        ("rename '/pins/bpm:120' '/elsewhere'", "EROFS"),
    ):
        line = rf"DEBUG {re.escape(request)}{by_us}.*\): {answer}, [0-9.]+ ms\n"
        assert re.search(line, text), f"{line} is not in {text}"


def test_systemd_is_notified(library: Library, synced: Store, place: Path, tmp_path: Path) -> None:
    place.mkdir()
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(address))
        line.settimeout(20)
        process = subprocess.Popen(
            [sys.executable, "-m", "mcfs", "mount", "--foreground", library.top, place],
            cwd=REPOSITORY,
            env={**os.environ, "NOTIFY_SOCKET": str(address)},
        )
        try:
            assert line.recv(1000).startswith(b"READY=1")
            assert (place / "all").is_dir()
            run_in_library(library, "git annex metadata -q -s genre=House kino.mp3")
            assert line.recv(1000) == b"STATUS=12 tracks, 11 of them here"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert line.recv(1000) == b"STOPPING=1"


def test_a_library_never_synced_is_synced_first(library: Library, place: Path) -> None:
    shutil.rmtree(library.store_dir)
    place.mkdir()
    assert mcfs("mount", library.top, place).returncode == 0
    try:
        assert len(os.listdir(place / "all")) == 11
    finally:
        assert mcfs("umount", place).returncode == 0
