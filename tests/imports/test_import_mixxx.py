"""Importing from Mixxx's database; git-annex says what was written."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcfs.annex.keys import key_file_name, lower_folders
from mcfs.annex.library import Library
from mcfs.errors import EditRunningError, MixxxError, NotInLibraryError
from mcfs.imports.import_mixxx import import_mixxx
from mcfs.imports.result import Event, Failed, Imported, ImportResult, Skipped
from mcfs.imports.track_matching import NOT_A_TRACK, NOT_IN_LIBRARY, NOT_THERE
from mcfs.store import Store
from mcfs.store.edit_lock import edit_lock
from mcfs.store.records import Change
from mcfs.sync.report import SyncKind
from mcfs.sync.run import sync
from tests.cache_access import select_rows
from tests.imports.mixxx_database import MixxxDatabase, annex, commits, fields_of
from tests.mounts import REPOSITORY, mounted, wait_until
from tests.prerequisites import git_annex_environment, needs_fuse
from tests.tracks import ABSENT, SECOND_PATH, UNLOCKED

UNKNOWN = "unsorted/nothing known.wav"


@pytest.fixture
def run(library: Library, synced: Store, mixxx: MixxxDatabase) -> Any:
    """A function that imports the database into the library."""

    def imported(**options: Any) -> ImportResult:
        return import_mixxx(library, synced, mixxx.path, **options)

    return imported


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.imported, result.unchanged, len(result.skipped), len(result.failed)


def test_everything_that_mixxx_knows(library: Library, mixxx: MixxxDatabase, run: Any) -> None:
    mixxx.add(
        library.top / UNKNOWN,
        ("Peak: a | b", "{{ x }}/é"),
        artist="AC/DC",
        album_artist="Various",
        title="'T.N.T.' \"live\"\n2nd line",
        album="=+-!",
        genre="Dub; Techno",
        composer="Кино",
        grouping="🎹",
        year="1997-05-12",
        tracknumber="07",
        comment="x" * 100_000,
        key="F♯m",
        rating=4,
        bpm=126.908,
        color=0xFF8800,
        timesplayed=12,
        datetime_added="2026-11-20T07:03:49.579Z",
        duration=254.4321,
    )
    result = run()
    assert counts(result) == (1, 0, 0, 0)
    assert result.success
    assert result.total_requested == 1
    assert fields_of(library, UNKNOWN) == {
        "artist": ["AC/DC"],
        "albumartist": ["Various"],
        "title": ["'T.N.T.' \"live\"\n2nd line"],
        "album": ["=+-!"],
        "genre": ["Dub; Techno"],
        "composer": ["Кино"],
        "grouping": ["🎹"],
        "year": ["1997-05-12"],
        "tracknumber": ["07"],
        "comment": ["x" * 100_000],
        "key": ["F♯m"],
        "rating": ["4"],
        "bpm": ["126.91"],
        "color": ["#FF8800"],
        "played": ["12"],
        "added": ["2026-11-20"],
        "duration": ["254.43"],
        "crate": ["Peak: a | b", "{{ x }}/é"],
    }


def test_a_second_import_changes_nothing(library: Library, mixxx: MixxxDatabase, run: Any) -> None:
    mixxx.add(library.top / "kino.mp3", ("One", "Two"), rating=3, title="\t x  ", comment="a\nb")
    mixxx.add(library.top / UNKNOWN)
    assert counts(run()) == (2, 0, 0, 0)
    before = commits(library)
    assert counts(run()) == (0, 2, 0, 0)
    assert commits(library) == before


def test_only_what_differs_is_written(library: Library, mixxx: MixxxDatabase, run: Any) -> None:
    mixxx.add(
        library.top / "kino.mp3", artist="Кино", title="Группа крови", rating=5, datetime_added=None
    )
    events: list[Event] = []
    run(on_event=events.append)
    (event,) = events
    assert isinstance(event, Imported)
    assert event.file == "kino.mp3"
    assert event.changes == {"rating": Change((), ("5",))}
    assert fields_of(library, "kino.mp3")["genre"] == ["рок"]
    (line,) = _log(library, event.annex_key).splitlines()[1:]
    assert line.split(" ", 1)[1] == "rating +5"


def _log(library: Library, key: str) -> str:
    """The metadata log: one line for each write."""
    shown = subprocess.run(
        ["git", "show", f"git-annex:{lower_folders(key, 2)}/{key_file_name(key)}.log.met"],
        cwd=library.top,
        stdout=subprocess.PIPE,
        check=True,
    )
    return shown.stdout.decode()


def test_everything_also_writes_unchanged_values(
    library: Library, mixxx: MixxxDatabase, run: Any
) -> None:
    mixxx.add(library.top / "kino.mp3", artist="Кино", datetime_added=None)
    assert counts(run()) == (0, 1, 0, 0)
    before = commits(library)
    events: list[Event] = []
    assert counts(run(everything=True, on_event=events.append)) == (1, 0, 0, 0)
    assert commits(library) == before + 1
    assert isinstance(events[0], Imported)
    assert events[0].changes == {"artist": Change(("Кино",), ("Кино",))}
    assert fields_of(library, "kino.mp3")["artist"] == ["Кино"]


def test_values_that_mixxx_lost_are_removed(
    library: Library, mixxx: MixxxDatabase, run: Any
) -> None:
    number = mixxx.add(
        library.top / UNKNOWN, ("Left", "Stays"), rating=4, color=255, key="8A", bpm=120.0
    )
    run()
    mixxx.put(number, "Stays", "New")
    mixxx.change(number, rating=0, color=None, key="", bpm=121.0)
    assert counts(run()) == (1, 0, 0, 0)
    after = fields_of(library, UNKNOWN)
    assert after == {"crate": ["New", "Stays"], "bpm": ["121.00"], "added": after["added"]}
    mixxx.put(number)
    run()
    assert "crate" not in fields_of(library, UNKNOWN)
    assert counts(run()) == (0, 1, 0, 0)


def test_values_from_elsewhere_stay(library: Library, mixxx: MixxxDatabase, run: Any) -> None:
    """The sample library has a rating, a key, and two crates that no import wrote."""
    file = "Surgeon/Force + Form/01.flac"
    annex(library, "metadata", "-q", "-s", "mood=dark", "-s", "crate+=Mine", file)
    before = fields_of(library, file)
    number = mixxx.add(library.top / file, ("Festival", "Mixxx"), datetime_added=None)
    assert counts(run()) == (1, 0, 0, 0)
    assert fields_of(library, file) == {
        **before,
        "crate": ["Festival", "Mine", "Mixxx", "Peak time"],
    }
    mixxx.put(number)
    run()
    assert fields_of(library, file) == before


def test_a_value_changed_by_hand_stays_if_mixxx_has_none(
    library: Library, mixxx: MixxxDatabase, run: Any
) -> None:
    number = mixxx.add(library.top / UNKNOWN, rating=4, datetime_added=None)
    run()
    annex(library, "metadata", "-q", "-s", "rating=2", UNKNOWN)
    mixxx.change(number, rating=0)
    assert counts(run()) == (0, 1, 0, 0)
    assert fields_of(library, UNKNOWN) == {"rating": ["2"]}


def test_tracks_that_mixxx_no_longer_has_stay_unchanged(
    library: Library, mixxx: MixxxDatabase, run: Any
) -> None:
    number = mixxx.add(library.top / UNKNOWN, rating=4, datetime_added=None)
    run()
    mixxx.change(number, mixxx_deleted=1)
    assert counts(run()) == (0, 0, 0, 0)
    assert fields_of(library, UNKNOWN) == {"rating": ["4"]}


def test_absent_unlocked_and_twofold_files(
    library: Library, mixxx: MixxxDatabase, run: Any
) -> None:
    for number, file in enumerate((ABSENT, UNLOCKED, *SECOND_PATH)):
        mixxx.add(library.top / file, (f"crate {number}",))
    assert counts(run()) == (3, 0, 0, 0)
    assert fields_of(library, ABSENT)["crate"] == ["crate 0"]
    assert fields_of(library, UNLOCKED)["crate"] == ["crate 1"]
    for file in SECOND_PATH:
        assert fields_of(library, file)["crate"] == ["crate 2", "crate 3"]
    assert counts(run()) == (0, 3, 0, 0)


def test_a_track_that_mixxx_knows_through_a_mount(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    needs_fuse()
    with mounted(library.top, tmp_path / "mnt") as mount:
        mixxx.add(mount.path / "genre:techno" / "Underworld - Rez.wav", rating=5)
        mixxx.add(mount.path / "all" / "Кино - Группа крови.mp3", rating=4)
        assert counts(run()) == (2, 0, 0, 0)
    assert fields_of(library, UNLOCKED)["rating"] == ["5"]
    assert fields_of(library, "kino.mp3")["rating"] == ["4"]


@pytest.mark.parametrize("paths", [["Surgeon", "kino.mp3"], ["./Surgeon/", "white/../kino.mp3"]])
def test_only_some_files_and_folders(
    library: Library,
    mixxx: MixxxDatabase,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    paths: list[str],
) -> None:
    for file in ("Surgeon/Force + Form/01.flac", "kino.mp3", "beyonce.mp3", "elsewhere.mp3"):
        mixxx.add(library.top / file, ("Some",))
    monkeypatch.chdir(library.top)
    assert counts(run(paths=[Path(path) for path in paths])) == (2, 0, 0, 0)
    assert "crate" not in fields_of(library, "beyonce.mp3")
    assert fields_of(library, "kino.mp3")["crate"] == ["Some"]


def test_a_path_selects_a_track_by_any_of_its_files(
    library: Library, mixxx: MixxxDatabase, run: Any
) -> None:
    mixxx.add(library.top / SECOND_PATH[0], ("Some",))
    assert counts(run(paths=[library.top / SECOND_PATH[1]])) == (1, 0, 0, 0)
    assert counts(run(paths=[library.top])) == (0, 1, 0, 0)
    assert counts(run(paths=[library.top / "white"])) == (0, 0, 0, 0)


def test_a_path_in_a_mount_selects_its_track(
    library: Library, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    needs_fuse()
    for file in ("kino.mp3", UNLOCKED, "beyonce.mp3"):
        mixxx.add(library.top / file, ("Some",))
    with mounted(library.top, tmp_path / "mnt") as mount:
        names = ("Кино - Группа крови.mp3", "Underworld - Rez.wav")
        assert counts(run(paths=[mount.path / "all" / name for name in names])) == (2, 0, 0, 0)
    assert counts(run(paths=[(library.top / "kino.mp3").resolve()])) == (0, 1, 0, 0)
    assert "crate" not in fields_of(library, "beyonce.mp3")


def test_a_path_outside_the_library(library: Library, run: Any, tmp_path: Path) -> None:
    with pytest.raises(NotInLibraryError, match="gone is not there"):
        run(paths=[library.top / "gone"])
    with pytest.raises(NotInLibraryError, match=r"is not in the library /.*/library$"):
        run(paths=[tmp_path])


def test_skipped_tracks_have_reasons(
    library: Library, mixxx: MixxxDatabase, run: Any, tmp_path: Path, caplog: Any
) -> None:
    (tmp_path / "elsewhere.mp3").touch()
    mixxx.add(tmp_path / "elsewhere.mp3", rating=1)
    mixxx.add(library.top / "gone.mp3", rating=1)
    mixxx.add(library.top / "cover.jpg", rating=1)
    mixxx.add(library.top / "kino.mp3", rating=1)
    with caplog.at_level(logging.INFO, "mcfs.imports"):
        result = run()
    assert counts(result) == (1, 0, 3, 0)
    assert result.total_requested == 4
    assert result.success
    assert result.skipped == [
        Skipped(str(tmp_path / "elsewhere.mp3"), NOT_IN_LIBRARY),
        Skipped(str(library.top / "gone.mp3"), NOT_THERE),
        Skipped(str(library.top / "cover.jpg"), NOT_A_TRACK),
    ]
    assert result.reasons() == {NOT_IN_LIBRARY: 1, NOT_THERE: 1, NOT_A_TRACK: 1}
    assert f"skipped {library.top}/gone.mp3: {NOT_THERE}" in caplog.messages


def test_a_prefix_that_has_moved(library: Library, mixxx: MixxxDatabase, run: Any) -> None:
    mixxx.add("/old/Music/kino.mp3", rating=1)
    assert counts(run()) == (0, 0, 1, 0)
    assert counts(run(music_dir="/old/Music")) == (1, 0, 0, 0)
    assert fields_of(library, "kino.mp3")["rating"] == ["1"]


def test_a_dry_run_writes_nothing(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any
) -> None:
    mixxx.add(library.top / "orbital.mp3", ("New",), rating=5)
    before = commits(library)
    events: list[Event] = []
    result = run(dry_run=True, on_event=events.append)
    assert counts(result) == (1, 0, 0, 0)
    assert isinstance(events[0], Imported)
    assert events[0].changes["rating"] == Change(("4",), ("5",))
    assert events[0].changes["crate"] == Change((), ("New",))
    assert commits(library) == before
    assert not list((library.common_dir / "annex" / "journal").glob("*"))
    assert fields_of(library, "orbital.mp3")["rating"] == ["4"]
    assert synced.user.last_run("import") is None
    assert synced.user.imported_rows([events[0].annex_key]) == {}
    run()
    assert fields_of(library, "orbital.mp3")["rating"] == ["5"]


@pytest.mark.parametrize(
    ("commit_every", "expected"), [(None, 1), (1, 7), (3, 3), (7, 1), (100, 1)]
)
def test_commits(
    library: Library, mixxx: MixxxDatabase, run: Any, commit_every: int | None, expected: int
) -> None:
    files = ["kino.mp3", "white/a.mp3", "white/b.mp3", "acdc.mp3", ABSENT, UNLOCKED, UNKNOWN]
    for file in files:
        mixxx.add(library.top / file, ("Some",))
    before = commits(library)
    run(commit_every=commit_every)
    assert commits(library) - before == expected
    assert not list((library.common_dir / "annex" / "journal").glob("*"))
    assert all(fields_of(library, file)["crate"] == ["Some"] for file in files)


def test_a_track_that_fails_does_not_stop_the_rest(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any
) -> None:
    files = ["acdc.mp3", "kino.mp3", "beyonce.mp3"]
    for file in files:
        mixxx.add(library.top / file, ("Some",))
    with synced.cache.reading() as read:
        (key,) = (file.annex_key for file in read.work_files() if file.work_path == "kino.mp3")
    # A folder is where git-annex wants to write the log of this key.
    log = f"{lower_folders(key, 2)}/{key_file_name(key)}.log.met"
    blocked = library.common_dir / "annex" / "journal" / log.replace("_", "__").replace("/", "_")
    (blocked / "in the way").mkdir(parents=True)
    result = run()
    assert counts(result) == (2, 0, 0, 1)
    assert not result.success
    (failed,) = result.failed
    assert isinstance(failed, Failed)
    assert (failed.file, failed.annex_key) == ("kino.mp3", key)
    assert "inappropriate type" in failed.reason or "directory" in failed.reason
    last = synced.user.last_run("import")
    assert last is not None
    assert last.outcome == "partly"
    assert last.detail is not None
    assert last.detail["failed"] == 1
    # It was not written, so it is not recorded as imported; and the import can be run again.
    assert synced.user.imported_rows([key]) == {}
    (blocked / "in the way").rmdir()
    blocked.rmdir()
    assert counts(run()) == (1, 2, 0, 0)
    assert fields_of(library, "kino.mp3")["crate"] == ["Some"]


def test_a_key_that_is_not_utf8(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any
) -> None:
    odd, key = "odd.mp3", "WORM-s1--caf\udce9.mp3"
    (library.top / odd).symlink_to(f".git/annex/objects/aa/bb/{key}/{key}")
    subprocess.run(["git", "add", odd], cwd=library.top, check=True)
    for file in (odd, "kino.mp3"):
        mixxx.add(library.top / file, ("Some",))
    result = run()
    assert result.skipped == []
    assert counts(result) == (1, 0, 0, 1)
    assert result.failed[0].file == odd
    assert result.failed[0].reason == "git-annex takes no key in JSON that is not UTF-8"
    assert fields_of(library, "kino.mp3")["crate"] == ["Some"]


def test_the_store_is_synced_before_and_after(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any
) -> None:
    annex(library, "metadata", "-q", "-s", "rating=1", "kino.mp3")
    mixxx.add(library.top / "kino.mp3", rating=1)
    mixxx.add(library.top / "acdc.mp3", ("Some",))
    assert counts(run()) == (2, 0, 0, 0)
    assert sync(library, synced).kind is SyncKind.NOTHING
    assert len(select_rows(synced.cache, _in_crate("Some"))) == 1


def _in_crate(crate: str) -> Any:
    from mcfs.fields import Vocabulary
    from mcfs.query import parse
    from mcfs.sql import bind_without_values, select_tracks
    from mcfs.store.clock import today

    query = parse(f"crate:={crate}", Vocabulary(frozenset({"crate"})))
    return select_tracks(bind_without_values(query, today()))


def test_an_import_is_recorded(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any
) -> None:
    mixxx.add(library.top / "kino.mp3", rating=1)
    mixxx.add("/nowhere/x.mp3", rating=1)
    run()
    last = synced.user.last_run("import")
    assert last is not None
    assert last.outcome == "done"
    assert last.finished_at is not None
    assert last.detail is not None
    assert last.detail["seconds"] > 0
    assert {**last.detail, "seconds": 0} == {
        "source": "mixxx",
        "database": str(mixxx.path),
        "imported": 1,
        "unchanged": 0,
        "skipped": {NOT_THERE: 1},
        "replaced": {},
        "kept": {},
        "failed": 0,
        "seconds": 0,
    }


def test_a_failure_is_recorded(library: Library, synced: Store, tmp_path: Path) -> None:
    with pytest.raises(MixxxError):
        import_mixxx(library, synced, tmp_path / "gone")
    last = synced.user.last_run("import")
    assert last is not None
    assert last.outcome == "failed"
    assert last.detail is not None
    assert last.detail["error"] == f"{tmp_path}/gone is not there"
    assert last.detail["seconds"] > 0


def test_two_at_once(
    library: Library,
    synced: Store,
    mixxx: MixxxDatabase,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mcfs.editing.editor.PATIENCE", 0.1)
    mixxx.add(library.top / "kino.mp3", rating=1)
    with (
        edit_lock(synced.folder),
        pytest.raises(
            EditRunningError,
            match=rf"is editing this library \(pid {os.getpid()}, for 0 s",
        ),
    ):
        run()
    assert counts(run()) == (1, 0, 0, 0)


def test_while_a_mount_syncs_too(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any, tmp_path: Path
) -> None:
    """A mount syncs as soon as it sees what git-annex wrote, so both sync at the same time."""
    needs_fuse()
    with mounted(library.top, tmp_path / "mnt") as mount:
        for number in range(5):
            mixxx.add(library.top / "kino.mp3" if not number else f"/x{number}", ("Live",))
        assert counts(run()) == (1, 0, 4, 0)
        wait_until(lambda: os.path.exists(mount.path / "crate:live"))  # noqa: PTH110
        wait_until(lambda: os.listdir(mount.path / "crate:live") == ["Кино - Группа крови.mp3"])


def _many(library: Library, count: int) -> list[str]:
    files = [f"many/{number}.mp3" for number in range(count)]
    (library.top / "many").mkdir()
    for file in files:
        (library.top / file).write_text(file)
    annex(library, "add", "-q", "many")
    subprocess.run(
        ["git", "commit", "-qm", "many"],
        cwd=library.top,
        env=git_annex_environment(library.top),
        check=True,
    )
    return files


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_killed_in_the_middle_and_run_again(
    library: Library, synced: Store, mixxx: MixxxDatabase, run: Any, how: signal.Signals
) -> None:
    files = _many(library, 100)
    numbers = [mixxx.add(library.top / file, ("First",), rating=3) for file in files[:5]]
    run()
    for number in numbers:
        mixxx.put(number, "Second")
    for file in files[5:]:
        mixxx.add(library.top / file, ("Second",), rating=3)
    command = ["import", "mixxx", "--db", str(mixxx.path), "--library", str(library.top)]
    process = subprocess.Popen(
        [sys.executable, "-m", "mcfs", *command],
        cwd=REPOSITORY,
        env=git_annex_environment(library.top),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    journal = library.common_dir / "annex" / "journal"
    wait_until(lambda: len(os.listdir(journal)) > 20)
    process.send_signal(how)
    assert process.wait(60) != 0
    # Its git-annex process ends when its input is closed.
    wait_until(lambda: not _annexes(library))
    result = run()
    assert result.success
    assert result.imported + result.unchanged == len(files)
    # The journal knows of each change whether git-annex had made it.
    newest, killed, first = synced.user.journal.edits()
    assert synced.user.journal.unfinished() == []
    assert (newest.changed, first.changed) == (result.imported, 5)
    assert killed.changed == len(files) - result.imported
    assert counts(run()) == (0, len(files), 0, 0)
    output = annex(library, "metadata", "--json", "many")
    for line in output.splitlines():
        fields = json.loads(line)["fields"]
        assert (fields["crate"], fields["rating"]) == (["Second"], ["3"])
    # Values that Mixxx then removes are removed, whichever of the two imports wrote them.
    for number in range(numbers[0], numbers[0] + len(files)):
        mixxx.put(number)
    assert run().success
    assert '"crate"' not in annex(library, "metadata", "--json", "many")


def _annexes(library: Library) -> list[str]:
    """git-annex processes whose current folder is the library."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").samefile(library.top):
                found.append(process.name)
        except OSError:
            continue
    return found
