"""Folders, inodes and pins on real mounts, as programs see them."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.errors import SyncRunningError
from mcfs.query import parse
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store, open_store
from mcfs.store.clock import today
from mcfs.sync.run import sync
from tests.mounts import (
    RunningMount,
    instrumented_mount,
    mcfs,
    mounted,
    wait_until,
)
from tests.prerequisites import git_annex_environment
from tests.taken_snapshots import frozen, take
from tests.tracks import ABSENT


@pytest.fixture
def mnt(served: RunningMount) -> Path:
    """The samples, mounted by `mcfs mount`."""
    return served.path


def sync_beside_the_mount(library: Library, store: Store) -> None:
    """Sync, unless the mount has noticed the change first and syncs already."""
    with suppress(SyncRunningError):
        sync(library, store)


@pytest.fixture
def shared_top(shared: Path) -> Path:
    """The library of the shared mount."""
    return shared.parent / "library"


@pytest.fixture
def no_pins(shared: Path) -> Iterator[Path]:
    """The shared mount; its pins are removed afterwards."""
    yield shared
    for pin in os.listdir(shared / "pins"):
        (shared / "pins" / pin).rmdir()


@pytest.fixture
def watched(library: Library, synced: Store, place: Path) -> Iterator[RunningMount]:
    """The samples, on a mount that counts its requests."""
    with instrumented_mount(library.top, place, says="") as served:
        yield served


def run(*words: str | Path, cwd: Path | None = None) -> str:
    """What a program prints."""
    done = subprocess.run(words, cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout


class TestWalk:
    def test_ls_find_and_cat(self, shared: Path, shared_top: Path) -> None:
        assert set(run("ls", shared).split()) >= {"all", "artist", "genre", "new", "pins"}
        folder = shared / "genre:techno" / "bpm:120-130"
        assert run("ls", folder).count("\n") == 4
        found = run("find", shared / "genre:techno", "-name", "*.wav").splitlines()
        assert found == [str(shared / "genre:techno" / "Underworld - Rez.wav")]
        assert run("cat", found[0]) == (shared_top / "underworld.wav").read_text()

    def test_a_query_in_any_folder_of_tracks(self, shared: Path) -> None:
        names = set(os.listdir(shared / "genre:techno bpm:120-130"))
        assert names == set(os.listdir(shared / "all/bpm:120-130/genre:techno"))
        assert names == set(os.listdir(shared / "genre:techno/bpm:120-130"))

    def test_globs(self, shared: Path) -> None:
        output = run("sh", "-c", "echo genre:techno/*.wav", cwd=shared)
        assert output == "genre:techno/Underworld - Rez.wav\n"

    def test_listed_means_statable_and_readable(self, shared: Path) -> None:
        for name in os.listdir(shared / "all"):
            file = shared / "all" / name
            assert stat.S_ISLNK(file.lstat().st_mode)
            assert file.lstat().st_size == len(os.readlink(file).encode())
            assert file.read_bytes().startswith(b"sound of ")

    def test_links_are_absolute(self, shared: Path, shared_top: Path) -> None:
        link = os.readlink(shared / "all" / "Кино - Группа крови.mp3")
        assert link == str(shared_top / "kino.mp3")

    def test_absent_content_is_hidden(self, shared: Path) -> None:
        assert ABSENT.endswith(".flac")
        assert not list((shared / "all").glob("*Phylyps*"))

    def test_dots_types_and_links(self, shared: Path) -> None:
        assert run("ls", "-a", shared).split()[:3] == [".", "..", "all"]
        assert all(entry.is_dir() for entry in os.scandir(shared))
        assert all(entry.is_symlink() for entry in os.scandir(shared / "all"))
        assert shared.stat().st_nlink == 1, "2 would tell find that there are no folders inside"

    def test_du_and_statfs(self, shared: Path, shared_top: Path) -> None:
        assert shutil.disk_usage(shared).total == shutil.disk_usage(shared_top).total
        assert run("du", "-s", shared / "all").startswith("0\t")


class TestInodes:
    def test_a_folders_inode_belongs_to_its_literal_path(self, shared: Path) -> None:
        """If one inode had two names, the kernel would move the folder, and `pwd` would change."""
        script = """
            cd 'all/genre:techno' && before=$(/bin/pwd) &&
            stat -c %n '{mnt}/bpm:100-140/genre:techno' >/dev/null &&
            ls '{mnt}/bpm:100-140/genre:techno' >/dev/null &&
            after=$(/bin/pwd) && [ "$before" = "$after" ] && echo "$after"
        """
        output = run("sh", "-c", script.format(mnt=shared), cwd=shared)
        assert output == f"{shared}/all/genre:techno\n"
        assert _inode(shared / "all/genre:techno") != _inode(shared / "bpm:100-140/genre:techno")

    def test_a_folder_has_the_same_inode_after_remounting(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        seen = []
        for _ in range(2):
            with mounted(library.top, place) as served:
                seen.append(
                    {path: _inode(served.path / path) for path in ("all", "genre:techno", "pins")}
                )
        assert seen[0] == seen[1]

    def test_a_tracks_inode_is_the_same_in_every_folder(self, shared: Path) -> None:
        name = "Underworld - Rez.wav"
        folders = ("all", "genre:techno", "bpm:126", "genre:techno/bpm:126")
        assert len({_inode(shared / folder / name) for folder in folders}) == 1

    def test_track_inodes_survive_a_rebuild_of_the_cache(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        with mounted(library.top, place) as served:
            before = {entry.name: entry.inode() for entry in os.scandir(served.path / "all")}
        synced.close()
        for file in library.store_dir.glob("cache.db*"):
            file.unlink()
        with open_store(library.store_dir) as store:
            sync(library, store)
        with mounted(library.top, place) as served:
            after = {entry.name: entry.inode() for entry in os.scandir(served.path / "all")}
        assert before == after
        assert (
            len(set(before.values()))
            == len(before)
            == len({i & 0xFFFFFFFF for i in before.values()})
        )


class TestAbsence:
    def test_a_plain_name_is_looked_up_once(self, watched: RunningMount) -> None:
        before = watched.requests()["lookup"]
        for _ in range(3):
            for name in ("HEAD", ".git", ".hidden", "*.mp3", "node_modules"):
                assert not (watched.path / name).exists()
        assert watched.requests()["lookup"] - before == 5

    def test_an_invalid_query_is_looked_up_again_after_a_second(
        self, watched: RunningMount
    ) -> None:
        before = watched.requests()["lookup"]
        assert not (watched.path / "mood:dark").exists()
        assert not (watched.path / "mood:dark").exists()
        assert watched.requests()["lookup"] - before == 1
        time.sleep(1.1)
        assert not (watched.path / "mood:dark").exists()
        assert watched.requests()["lookup"] - before == 2

    def test_a_sync_makes_an_absent_name_appear(
        self, library: Library, synced: Store, mnt: Path
    ) -> None:
        file = mnt / "all" / "Кино - Перемен.mp3"
        assert not file.is_symlink()
        subprocess.run(
            ["git", "annex", "metadata", "-q", "-s", "title=Перемен", "kino.mp3"],
            cwd=library.top,
            env=git_annex_environment(library.top),
            check=True,
        )
        sync_beside_the_mount(library, synced)
        wait_until(file.is_symlink)
        wait_until(lambda: not (mnt / "all" / "Кино - Группа крови.mp3").is_symlink())


class TestPins:
    def test_mkdir_mv_rmdir(self, no_pins: Path) -> None:
        pins = no_pins / "pins"
        run("mkdir", pins / "genre:techno bpm:120-130")
        assert len(os.listdir(pins / "genre:techno bpm:120-130")) == 4
        run("mv", pins / "genre:techno bpm:120-130", pins / "Peak time")
        assert os.listdir(pins) == ["Peak time"]
        assert len(os.listdir(pins / "Peak time" / "bpm:126")) == 1
        run("rmdir", pins / "Peak time")
        assert os.listdir(pins) == []

    def test_new_folder_as_a_file_manager_makes_one(self, no_pins: Path) -> None:
        pins = no_pins / "pins"
        run("mkdir", pins / "New folder")
        assert os.listdir(pins / "New folder") == []
        run("mv", "-T", pins / "New folder", pins / "genre:ambient")
        assert os.listdir(pins / "genre:ambient") == ["Orbital - Halcyon.mp3"]

    def test_a_pin_cannot_be_renamed_to_a_query_with_a_mistake(self, no_pins: Path) -> None:
        (no_pins / "pins" / "New folder").mkdir()
        with pytest.raises(OSError, match="Invalid argument"):
            (no_pins / "pins" / "New folder").rename(no_pins / "pins" / "gnere:techno")
        assert os.listdir(no_pins / "pins") == ["New folder"]
        assert (
            'gnere:techno: unknown field "gnere"; did you mean'
            in (no_pins / ".mcfs/errors").read_text()
        )

    def test_a_new_pin_is_not_the_removed_one_that_is_still_a_cwd(self, no_pins: Path) -> None:
        script = """
            mkdir pins/genre:techno && cd pins/genre:techno &&
            rmdir ../genre:techno && mkdir ../genre:techno && ls ../genre:techno | wc -l
        """
        assert run("sh", "-c", script, cwd=no_pins) == "6\n"

    def test_a_pins_new_name_need_not_parse(self, no_pins: Path) -> None:
        pins = no_pins / "pins"
        run("mkdir", pins / "genre:techno")
        run("mv", "-T", pins / "genre:techno", pins / "(best of, bpm: fast")
        assert len(os.listdir(pins / "(best of, bpm: fast")) == 6

    def test_a_pin_of_another_mount_appears_within_a_second(
        self, library: Library, synced: Store, tmp_path: Path
    ) -> None:
        with (
            mounted(library.top, tmp_path / "one") as one,
            mounted(library.top, tmp_path / "two") as two,
        ):
            assert not (two.path / "pins" / "Friday").exists()
            (one.path / "pins" / "Friday").mkdir()
            wait_until((two.path / "pins" / "Friday").is_dir)

    def test_pins_are_still_there_after_remounting(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        with mounted(library.top, place) as served:
            (served.path / "pins" / "genre:techno").mkdir()
        with mounted(library.top, place) as served:
            assert os.listdir(served.path / "pins") == ["genre:techno"]

    def test_a_cwd_moves_with_its_pin(self, no_pins: Path) -> None:
        script = """
            mkdir 'pins/New folder' && cd 'pins/New folder'
            mv -T '{mnt}/pins/New folder' '{mnt}/pins/genre:techno' && mkdir '{mnt}/pins/New folder'
            sleep 1.1; stat -c %n '{mnt}/pins/genre:techno' >/dev/null
            /bin/pwd; ls | wc -l; ls '{mnt}/pins/New folder'
        """
        output = run("sh", "-c", script.format(mnt=no_pins), cwd=no_pins)
        assert output == f"{no_pins}/pins/genre:techno\n6\n"
        pins = {entry.name: entry.inode() for entry in os.scandir(no_pins / "pins")}
        assert len(set(pins.values())) == 2

    @pytest.mark.parametrize(
        ("command", "complaint"),
        [
            ("mkdir pins/bpm:12x", "Invalid argument"),
            ("mkdir pins/gnere:techno", "Invalid argument"),
            ("mkdir pins/a && mkdir pins/a", "File exists"),
            ("rmdir pins/nothing", "No such file"),
            ("mkdir pins/a pins/b && mv -T pins/a pins/b", "File exists"),
            ("mkdir pins/.Trash-1000", "Read-only file system"),
            ("mkdir pins/a && mv -T pins/a pins/.a", "Read-only file system"),
            ("mkdir other", "Read-only file system"),
            ("mkdir all/other", "Read-only file system"),
            ("mkdir genre:techno", "File exists"),
            ("rmdir all", "Read-only file system"),
            ("mkdir pins/a && mv -T pins/a a", "Read-only file system"),
            ("mv -T all pins/all", "Read-only file system"),
            ("touch new", "Read-only file system"),
            ("touch pins/new", "Read-only file system"),
            ("touch all", "Read-only file system"),
            ("chmod 700 all", "Read-only file system"),
            ("ln -s x y", "Read-only file system"),
            ("ln all/Underworld* pins/x", "Read-only file system"),
            ("rm -f all/Underworld*", "Read-only file system"),
            ("mkfifo pipe", "Read-only file system"),
        ],
    )
    def test_forbidden_changes(self, no_pins: Path, command: str, complaint: str) -> None:
        before = run("find", no_pins / "all")
        done = subprocess.run(
            ["sh", "-c", command], cwd=no_pins, capture_output=True, text=True,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode != 0
        assert complaint in done.stderr
        assert run("find", no_pins / "all") == before

    @pytest.mark.parametrize("command", ["rmdir", "rm -r", "rm -rf", "rm -d -r --"])
    def test_a_pin_is_deleted_in_one_step(self, no_pins: Path, command: str) -> None:
        pins = no_pins / "pins"
        for name in ("genre:techno", "bpm:120-130", "Peak (late)"):
            (pins / name).mkdir()
        tracks = os.listdir(pins / "genre:techno")
        assert tracks
        assert (
            run("sh", "-c", f"{command} ./pins/genre:techno 'pins/Peak (late)/'", cwd=no_pins) == ""
        )
        assert os.listdir(pins) == ["bpm:120-130"]
        assert set(os.listdir(no_pins / "genre:techno")) == set(tracks)

    def test_a_pin_is_deleted_by_another_path(self, no_pins: Path, tmp_path: Path) -> None:
        (no_pins / "pins/genre:techno").mkdir()
        (tmp_path / "link").symlink_to(no_pins / "pins")
        assert run("rm", "-r", "link/genre:techno", cwd=tmp_path) == ""
        assert os.listdir(no_pins / "pins") == []

    @pytest.mark.parametrize(
        "command",
        ["rm -r pins", "rm -r ../mnt", "rm -r pins/*/*", "rm -rf /nowhere/genre:techno pins"],
    )
    def test_a_pin_that_is_not_named_stays(self, no_pins: Path, command: str) -> None:
        (no_pins / "pins/genre:techno").mkdir()
        before = os.listdir(no_pins / "pins/genre:techno")
        done = subprocess.run(["sh", "-c", command], cwd=no_pins, capture_output=True)
        assert b"Read-only file system" in done.stderr
        assert os.listdir(no_pins / "pins/genre:techno") == before

    def test_the_trash_as_file_managers_use_it(self, no_pins: Path) -> None:
        pins, trash = no_pins / "pins", no_pins / f".Trash-{os.getuid()}"
        (pins / "genre:techno").mkdir()
        what = trash.lstat()
        assert (what.st_uid, stat.S_IMODE(what.st_mode)) == (os.getuid(), 0o700)
        note = trash / "info" / "genre:techno.trashinfo"
        # As GLib does it: reserve the name, write beside it, rename.
        with note.open("x"):
            pass
        assert not note.read_bytes()
        text = "[Trash Info]\nPath=pins/genre%3Atechno\nDeletionDate=2026-01-02T03:04:05\n"
        (trash / "info" / "new").write_text(text)
        (trash / "info" / "new").replace(note)
        assert note.read_text() == text
        assert note.stat().st_size == len(text)
        (pins / "genre:techno").rename(trash / "files" / "genre:techno")
        assert os.listdir(pins) == os.listdir(trash / "files" / "genre:techno") == []
        assert os.listdir(trash / "info") == [note.name]
        (trash / "files" / "genre:techno").rename(pins / "genre:techno")
        note.unlink()
        assert len(os.listdir(pins / "genre:techno")) == 6
        # Emptying it.
        (pins / "genre:techno").rename(trash / "files" / "genre:techno")
        (trash / "files" / "genre:techno").rename(trash / "expunged" / "1")
        shutil.rmtree(trash / "expunged" / "1")
        assert [*os.walk(trash)][1:] == [
            (str(trash / part), [], []) for part in ("files", "info", "expunged")
        ]

    def test_the_trash_takes_nothing_but_pins_and_short_notes(self, no_pins: Path) -> None:
        trash = no_pins / f".Trash-{os.getuid()}"
        for change in (
            lambda: next((no_pins / "all").iterdir()).rename(trash / "files" / "x"),
            lambda: (trash / "files" / "x").write_text("x"),
            lambda: (trash / "x").write_text("x"),
            (trash / "x").mkdir,
            lambda: (trash / "info" / "x").symlink_to("y"),
        ):
            with pytest.raises(OSError, match="Read-only file system"):
                change()
        note = trash / "info" / "long"
        with pytest.raises(OSError, match="File too large"):
            note.write_bytes(b"x" * 100_000)
        note.unlink()

    def test_access_reports_what_can_be_changed(self, no_pins: Path) -> None:
        assert os.access(no_pins / "pins", os.W_OK)
        assert not os.access(no_pins / "all", os.W_OK)
        assert os.access(no_pins / "all", os.R_OK | os.X_OK)
        assert not os.access(no_pins / ".mcfs/help", os.X_OK), "not even root may run it"

    @pytest.mark.parametrize(
        "command",
        [
            "cp -r {source} {copy}",
            "cp -a {source} {copy}",
            "rsync -a {source}/ {copy}/",
            "mkdir {copy} && tar -C {source} -c . | tar -C {copy} -xp",
        ],
    )
    def test_a_copy_can_be_changed(self, shared: Path, tmp_path: Path, command: str) -> None:
        if command.startswith("rsync") and shutil.which("rsync") is None:
            pytest.skip("rsync is not installed")
        copy = tmp_path / "copy"
        run("sh", "-c", command.format(source=shared / "genre", copy=copy))
        folder = next(path for path in copy.iterdir() if path.is_dir())
        # Of the permissions, because root may write anywhere.
        assert {stat.S_IMODE(path.stat().st_mode) for path in (copy, folder)} == {0o755}
        (folder / "new.mp3").write_bytes(b"added")
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_what_file_managers_do_loses_no_snapshot(shared: Path, shared_top: Path) -> None:
    with open_store(shared_top / ".git/mcfs") as store, store.cache.reading() as read:
        records = read.records_of(
            select_tracks(bind_without_values(parse("genre:techno present:yes"), today()))
        )
        take(store, "Friday", map(frozen, records))
    wait_until(lambda: os.listdir(shared / "snapshots") == ["Friday"])
    listed = run("ls", shared / "snapshot:friday")
    for command in (
        "rm -r snapshots/Friday", "rmdir snapshots/Friday", "rm snapshots/Friday/00*", "mkdir snapshots/x",
        "mkdir snapshots/Friday/x", "mv snapshots/Friday pins/", "touch snapshots/Friday/x",
        "mv -T snapshots/Friday .Trash-$(id -u)/files/Friday", "ln -s x snapshots/Friday/x",
        "mv -T snapshots/Friday all/x", "mkdir pins/rating:5; mv pins/rating:5 snapshots/x",
    ):  # fmt: skip
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=shared,
            capture_output=True,
            text=True,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode != 0, command
        assert "Read-only file system" in done.stderr
    assert "mcfs snapshot drop Friday" in (shared / ".mcfs/errors").read_text()
    (shared / "pins/rating:5").rmdir()
    (shared / "snapshots/Friday").rename(shared / "snapshots/Late night")
    assert os.listdir(shared / "snapshots") == ["Late night"]
    assert run("ls", shared / "snapshots/Late night") == listed != ""
    assert run("ls", shared / 'snapshot:"late night"') == listed
    with open_store(shared_top / ".git/mcfs") as store:
        store.user.snapshots.drop("Late night")
    wait_until(lambda: os.listdir(shared / "snapshots") == [])


class TestRobust:
    def test_a_handler_that_raises_answers_eio_and_the_mount_lives(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        with instrumented_mount(library.top, place, says="a bug in the tree") as served:
            with pytest.raises(OSError, match="Input/output error"):
                (served.path / "boom").stat()
            assert len(os.listdir(served.path / "genre:techno")) == 6
            with pytest.raises(OSError, match="Input/output error"):
                os.listdir(served.path / "all" / "boom")
            assert len(os.listdir(served.path / "genre:techno")) == 6

    def test_who_is_killed_while_a_file_is_written_does_not_wait_for_it(
        self, library: Library, synced: Store, place: Path
    ) -> None:
        with instrumented_mount(library.top, place) as served:
            client = subprocess.Popen(["stat", served.path / "title:slow.json"])
            wait_until(lambda: _waits_in(client.pid) == "request_wait_answer")
            client.kill()
            assert client.wait(timeout=30) == -signal.SIGKILL
            assert len(os.listdir(served.path / "genre:techno")) == 6

    def test_an_open_listing_does_not_change(
        self, library: Library, synced: Store, mnt: Path
    ) -> None:
        with os.scandir(mnt / "all") as entries:
            first = next(entries).name
            subprocess.run(
                ["git", "annex", "metadata", "-q", "--all", "-s", "artist=Everybody"],
                cwd=library.top,
                env=git_annex_environment(library.top),
                check=True,
            )
            sync_beside_the_mount(library, synced)
            names = [first, *(entry.name for entry in entries)]
        assert len(names) == len(set(names)) == 11

    def test_an_open_export_is_read_to_its_end(
        self, library: Library, synced: Store, watched: RunningMount
    ) -> None:
        export = watched.path / "all.json"
        before = export.read_bytes()
        with export.open("rb", buffering=0) as file:
            begun = file.read(10)
            synced.cache.replace_all([])
            wait_until(lambda: export.read_bytes() == b"[]\n")
            # A listing, a stat and another reader do not cut it off.
            os.listdir(watched.path)
            assert export.stat().st_size == 3
            assert os.fstat(file.fileno()).st_size == len(before)
            assert begun + file.read() == before
        assert export.read_bytes() == b"[]\n"

    def test_the_library_is_not_touched(self, library: Library, place: Path) -> None:
        before = _fingerprint(library.top)
        mcfs("sync", "--library", library.top)
        with mounted(library.top, place) as served:
            run("find", served.path, "-ls")
            run("cp", "-rL", served.path / "genre:techno", place.parent / "copied")
        assert _fingerprint(library.top) == before
        environment = git_annex_environment(library.top)
        for command in (["git", "status", "--porcelain"], ["git", "annex", "fsck", "--quiet"]):
            done = subprocess.run(
                command, cwd=library.top, env=environment, capture_output=True, text=True
            )
            lost = [line for line in done.stderr.splitlines() if "basic channel" in line]
            assert done.stdout == ""
            assert (done.returncode == 0) is not bool(lost)


def _waits_in(pid: int) -> str:
    """The function of the kernel that a process waits in."""
    return Path(f"/proc/{pid}/wchan").read_text()


def _inode(path: Path) -> int:
    return path.lstat().st_ino


def _fingerprint(top: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time and content of every file in the library, except the store."""
    found = {}
    for folder, folders, files in os.walk(top):
        if Path(folder).name == ".git":
            folders.remove("mcfs") if "mcfs" in folders else None
        for name in files:
            file = Path(folder, name)
            what = file.lstat()
            content = b"" if file.is_symlink() else file.read_bytes()
            found[str(file)] = (what.st_mode, what.st_mtime_ns, content)
    return found
