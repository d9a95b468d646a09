"""`mcfs export` to real disks that are small, limited, or gone: tmpfs, FAT, exFAT, btrfs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.config.settings import DEFAULTS
from mcfs.errors import ExitCode
from mcfs.export.destination import find_destination
from mcfs.export.prepared import ExportOptions, prepare_export
from mcfs.export.writing import write_export
from mcfs.inspect.export_source import plan_source
from mcfs.store import open_store
from mcfs.sync.run import sync
from tests.cli.running import CommandRunner
from tests.cli.test_export import MANIFESTS, SURGEON, files
from tests.mounts import REPOSITORY, wait_until
from tests.prerequisites import git_annex_environment, needs_root
from tests.tracks import copy_of_library, run_in_library

MEGABYTE = 1 << 20


def run(*words: str | Path) -> str:
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@contextmanager
def disk(place: Path, *mount: str | Path) -> Iterator[Path]:
    place.mkdir()
    run(*mount, place)
    try:
        yield place
    finally:
        # Not there any more if a test has pulled it.
        subprocess.run(["umount", place], capture_output=True)


def program(name: str) -> str:
    """Where a program is that makes or mounts a disk. Where it is missing, the test is skipped."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def tmpfs(place: Path, size: int) -> Iterator[Path]:
    needs_root("to mount a tmpfs")
    with disk(place, "mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs") as mounted:
        yield mounted


@contextmanager
def fat(folder: Path) -> Iterator[Path]:
    """A FAT file system in an image, by the kernel's driver, or else by fusefat."""
    make = program("mkfs.vfat")
    needs_root("to mount a FAT image")
    image = folder / "fat.img"
    with open(image, "wb") as file:
        file.truncate(32 * MEGABYTE)
    run(make, image)
    if "vfat" in Path("/proc/filesystems").read_text():
        command: list[str | Path] = ["mount", "-o", "loop", image]
    else:
        command = [program("fusefat"), "-o", "rw+", image]
    with disk(folder / "stick", *command) as mounted:
        yield mounted


@contextmanager
def exfat(folder: Path) -> Iterator[Path]:
    needs_root("to mount an exFAT image")
    in_kernel = "\texfat\n" in Path("/proc/filesystems").read_text()
    make, attach = program("mkfs.exfat"), program("losetup")
    command = [program("mount") if in_kernel else program("mount.exfat-fuse")]
    image = folder / "exfat.img"
    with open(image, "wb") as file:
        file.truncate(32 * MEGABYTE)
    run(make, image)
    try:
        device = run(attach, "--find", "--show", image)
    except subprocess.CalledProcessError:
        pytest.skip("no loop device can be used here")
    try:
        with disk(folder / "stick", *command, device) as mounted:
            yield mounted
    finally:
        run(attach, "--detach", device)


@pytest.fixture(scope="module")
def large_library(
    pristine_library: Path, pristine_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    """With eight files of a megabyte, in the genre Large. What changes, is the crate of some."""
    folder = tmp_path_factory.mktemp("large") / "library"
    with copy_of_library(pristine_library, folder) as library:
        shutil.copytree(pristine_store, library.store_dir)
        for number in range(8):
            (library.top / f"large{number}.mp3").write_bytes(os.urandom(MEGABYTE))
        run_in_library(
            library,
            "git annex add -q large*.mp3; git commit -qm large; "
            "git annex metadata -q large*.mp3 -s genre=Large; "
            "git annex metadata -q large[0-3].mp3 -s crate=Stick",
        )
        with open_store(library.store_dir) as store:
            sync(library, store)
        yield library


@pytest.fixture
def large(large_library: Library, capsysbinary: pytest.CaptureFixture[bytes]) -> CommandRunner:
    return CommandRunner(large_library, capsysbinary)


def parts(folder: Path) -> list[Path]:
    return list((folder / MANIFESTS).glob("*.part"))


def assert_whole(mcfs: CommandRunner, folder: Path) -> None:
    """Every file that is there is complete."""
    for name in files(folder):
        assert (folder / name).read_bytes() == (mcfs.library.top / name).read_bytes()


class TestFullDisks:
    def test_too_little_space_is_said_before_anything_is_written(
        self, large: CommandRunner, tmp_path: Path
    ) -> None:
        with tmpfs(tmp_path / "stick", 3 * MEGABYTE) as stick:
            result = large("export", "crate:stick", str(stick))
            assert result.code == ExitCode.FAILED
            assert result.err == (
                f"mcfs: {stick} has 3.1 MB free, and the export needs 4.2 MB; nothing was written\n"
            )
            assert os.listdir(stick) == []
            # What is to be removed makes room.
            best = "crate:stick limit:2"
            assert large("export", best, str(stick)).code == ExitCode.DONE
            run_in_library(large.library, "git annex metadata -q large[01].mp3 -s crate-=Stick")
            large("sync")
            result = large("export", best, str(stick), "--sync")
            assert result.out == f"2 copied (2.1 MB), 2 removed; in {stick}\n"

    def test_a_disk_that_becomes_full_has_only_whole_files_and_another_run_goes_on(
        self, large: CommandRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Somebody else fills it meanwhile: there seemed to be room.
        monkeypatch.setattr("mcfs.export.prepared._NOTE_BYTES", -2 * MEGABYTE)
        with tmpfs(tmp_path / "stick", int(2.5 * MEGABYTE)) as stick:
            result = large("export", "genre:large", str(stick))
            assert result.code == ExitCode.PARTLY_DONE
            assert result.out == f"2 copied (2.1 MB); in {stick}\n"
            assert result.err == (
                "mcfs: the destination is full; what is there is complete, 6 files to go: "
                "run it again\n"
            )
            assert len(files(stick)) == 2
            assert_whole(large, stick)
            assert parts(stick) == []
            shown = json.loads(large("export", "genre:large", str(stick), "--json").out)
            assert sorted(each["action"] for each in shown) == ["failed"] * 6 + ["kept"] * 2
            run("mount", "-o", "remount,size=12M", stick)
            result = large("export", "genre:large", str(stick))
            assert result.out == f"6 copied (6.3 MB), 2 there before; in {stick}\n"
            assert_whole(large, stick)

    def test_a_full_disk_takes_no_links(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        with tmpfs(tmp_path / "stick", MEGABYTE) as stick:
            mcfs("export", "artist:surgeon", str(stick), "--link")
            run("mount", "-o", "remount,nr_inodes=6", stick)
            result = mcfs("export", "present:yes", str(stick), "--link")
            assert result.code == ExitCode.PARTLY_DONE
            assert "the destination is full" in result.err
            run("mount", "-o", "remount,nr_inodes=100", stick)
            assert mcfs("export", "present:yes", str(stick), "--link").code == ExitCode.DONE
            assert len(files(stick)) == 11


class TestFat:
    def test_names_and_links(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        top = mcfs.library.top
        (top / "white/A.mp3").write_bytes(b"another")
        (top / "white/50:50?.mp3").write_bytes(b"odd name")
        run_in_library(mcfs.library, "git annex add -q white; git commit -qm more")
        mcfs("sync")
        with fat(tmp_path) as stick:
            result = mcfs("export", "library/white", str(stick), "--link")
            assert result.code == ExitCode.USAGE
            assert "FAT has no symbolic links; export with --copy" in result.err
            result = mcfs("export", "library/white", str(stick))
            said = "mcfs: A.mp3 differs from another name only in case; it becomes A ["
            assert result.err.startswith(said)
            (marked,) = (name for name in files(stick) if name.startswith("A ["))
            assert (stick / marked).read_bytes() == b"another"
            if "vfat" in Path("/proc/filesystems").read_text():
                assert "50：50？.mp3" in files(stick)
            else:  # fusefat knows only ASCII names
                assert "50：50？.mp3: Operation not permitted" in result.err
                assert result.code == ExitCode.PARTLY_DONE
            result = mcfs("export", "library/white", str(stick), "--sync")
            assert "copied" not in result.out
            assert "removed" not in result.out

    def test_a_name_that_changes_its_case(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        file = "Surgeon/Force + Form/01.flac"
        with fat(tmp_path) as stick:
            mcfs("export", "year:1998", str(stick))
            run_in_library(mcfs.library, f"git annex metadata -q '{file}' -s title=REMNANTS")
            mcfs("sync")
            result = mcfs("export", "year:1998", str(stick), "--sync")
            assert (result.code, result.out) == (ExitCode.DONE, f"1 there before; in {stick}\n")
            (name,) = files(stick)
            assert (stick / name).read_bytes() == (mcfs.library.top / file).read_bytes()
            # It is still known as its own.
            run_in_library(mcfs.library, f"git annex metadata -q '{file}' -s year=2000")
            mcfs("sync")
            assert "1 removed" in mcfs("export", "year:1998", str(stick), "--sync").out
            assert files(stick) == set()

    def test_a_file_that_is_too_large_is_named_before_the_others_are_copied(
        self, mcfs: CommandRunner, tmp_path: Path
    ) -> None:
        # A key tells the size; a sparse file of that size takes no space.
        large = mcfs.library.top / "large.mp3"
        with open(large, "wb") as file:
            file.truncate(4 << 30)
        run_in_library(
            mcfs.library,
            "git annex add -q --backend=WORM large.mp3; git commit -qm large; "
            "git annex metadata -q large.mp3 -s artist=Large",
        )
        mcfs("sync")
        with fat(tmp_path) as stick:
            result = mcfs("export", "artist:large|artist:surgeon", str(stick))
            assert result.code == ExitCode.PARTLY_DONE
            assert result.err == (
                "mcfs: large.mp3: it is too large for FAT, where a file has less than 4 GiB\n"
            )
            assert result.out == f"1 copied (1.5 kB), 1 failed; in {stick}\n"
            assert files(stick) == {SURGEON}


def test_exfat(mcfs: CommandRunner, tmp_path: Path) -> None:
    with exfat(tmp_path) as stick:
        run_in_library(mcfs.library, "git annex metadata -q beyonce.mp3 -s title='Halo: What?'")
        mcfs("sync")
        result = mcfs("export", "genre", str(stick))
        assert "Pop/Beyoncé - Halo： What？.mp3" in files(stick)
        assert "copied" in result.out
        assert "copied" not in mcfs("export", "genre", str(stick)).out


def test_btrfs_shares_the_blocks(mcfs: CommandRunner, tmp_path: Path) -> None:
    """A copy on the library's own file system takes no space where files can share blocks."""
    needs_root("to mount a btrfs image")
    make = program("mkfs.btrfs")
    image = tmp_path / "btrfs.img"
    with open(image, "wb") as file:
        file.truncate(128 * MEGABYTE)
    run(make, image)
    with disk(tmp_path / "disk", "mount", "-o", "loop", image) as place:
        top = place / "library"
        run("cp", "-a", mcfs.library.top, top)
        large = os.urandom(16 * MEGABYTE)
        (top / "large.mp3").write_bytes(large)
        subprocess.run(
            ["git", "-c", f"safe.directory={top}", "annex", "add", "-q", "large.mp3"],
            cwd=top,
            env=git_annex_environment(tmp_path),
            check=True,
        )
        mcfs.anywhere("sync", "--library", str(top))
        run("sync", "-f", place)
        free = shutil.disk_usage(place).free
        out = place / "out"
        result = mcfs.anywhere(
            "export", "title:large|ext:mp3", str(out), "--copy", "--library", str(top)
        )
        assert result.code == ExitCode.DONE
        assert (out / "large.mp3").read_bytes() == large
        run("sync", "-f", place)
        assert free - shutil.disk_usage(place).free < 8 * MEGABYTE


class TestInterrupted:
    """What a stick has after Ctrl-C, after it was pulled, and after SIGKILL."""

    @contextmanager
    def _exporting(self, mcfs: CommandRunner, stick: Path) -> Iterator[subprocess.Popen[str]]:
        """An export that has begun to copy."""
        process = subprocess.Popen(
            [sys.executable, "-m", "mcfs", "export", "genre:large", str(stick)],
            cwd=mcfs.library.top,
            env=git_annex_environment(mcfs.library.top) | {"PYTHONPATH": str(REPOSITORY)},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until(lambda: bool(parts(stick)) or process.poll() is not None)
            yield process
        finally:
            process.kill()
            process.communicate()

    def test_another_run_goes_on(self, large: CommandRunner, tmp_path: Path) -> None:
        with tmpfs(tmp_path / "stick", 32 * MEGABYTE) as stick:
            with self._exporting(large, stick) as process:
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=30)
                if process.returncode:  # else it was quicker
                    assert process.returncode == 130
                    assert "run it again to go on" in err
            assert_whole(large, stick)
            # contrib/soak/kill_export.py does more of this.
            shutil.rmtree(stick / MANIFESTS)
            for name in files(stick):
                (stick / name).unlink()
            with self._exporting(large, stick) as process:
                process.kill()
                process.wait()
            assert_whole(large, stick)
            (stick / "mine.txt").write_text("mine")
            result = large("export", "genre:large", str(stick), "--sync")
            assert result.code == ExitCode.DONE
            assert len(files(stick)) == 8 + 1
            assert parts(stick) == []

    def test_what_somebody_else_puts_there_meanwhile_stays(
        self, large: CommandRunner, tmp_path: Path
    ) -> None:
        place = tmp_path / "stick"
        with open_store(large.library.store_dir) as store:
            planned = plan_source("genre:large", None, store, DEFAULTS, all_tracks=False)
        prepared = prepare_export(
            planned.plan,
            (),
            find_destination(str(place), large.library),
            large.library,
            ExportOptions("genre:large", links=False),
        )

        def on_progress(_size: int, _count: int, _name: str) -> None:
            (place / "large7.mp3").write_text("mine")

        (failed,) = (each for each in write_export(prepared, on_progress).outcomes if each.reason)
        assert failed.path == "large7.mp3"
        assert failed.reason == "somebody else has made a file of this name meanwhile"
        assert (place / "large7.mp3").read_text() == "mine"
        assert len(files(place)) == 8
        assert parts(place) == []

    def test_a_pulled_stick_never_lets_it_write_below_the_mount_point(
        self, large: CommandRunner, tmp_path: Path
    ) -> None:
        with tmpfs(tmp_path / "stick", 32 * MEGABYTE) as stick:
            with self._exporting(large, stick) as process:
                run("umount", "--lazy", stick)
                process.wait(timeout=30)
            assert os.listdir(stick) == []


def test_an_empty_mount_point_is_refused(
    mcfs: CommandRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "stick"
    place.mkdir()
    monkeypatch.setattr("mcfs.export.destination.fstab_mount_points", lambda: [place])
    result = mcfs("export", "artist:surgeon", str(place / "out"))
    assert result.code == ExitCode.USAGE
    assert f"nothing is mounted at {place}; mount its disk first" in result.err
    # One that is used as a folder is none.
    (place / "notes.txt").write_text("")
    assert mcfs("export", "artist:surgeon", str(place / "out")).code == ExitCode.DONE
    assert find_destination(str(place), mcfs.library).exists
