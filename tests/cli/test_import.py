"""`mcfs import`: output and exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.cli import run
from tests.cli.running import CommandRunner
from tests.imports.mixxx_database import REAL, MixxxDatabase, commits, fields_of
from tests.mounts import REPOSITORY
from tests.prerequisites import git_annex_environment


@pytest.fixture
def mixxx(tmp_path: Path) -> MixxxDatabase:
    """An empty database of Mixxx 2.3."""
    return MixxxDatabase(tmp_path / "mixxxdb.sqlite")


def test_a_summary(mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase) -> None:
    mixxx.add(library.top / "kino.mp3", ("Some",), rating=4)
    mixxx.add(library.top / "gone.mp3")
    result = mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert result.code == 0
    assert result.lines == [
        "imported      1",
        "unchanged     0",
        "skipped       1  there is no such file (1)",
        "failed        0",
    ]
    assert result.err.startswith(
        f"mcfs: skipped {library.top}/gone.mp3: there is no such file\nmcfs: Mixxx looks for music in "
    )
    result = mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert result.code == 0
    assert result.lines[:3] == ["No changes to import", "imported      0", "unchanged     1"]


def test_the_library_option_may_stand_in_both_places(
    library: Library, mixxx: MixxxDatabase, mcfs: CommandRunner
) -> None:
    mixxx.add(library.top / "kino.mp3", ("Some",))
    assert run(["import", "mixxx", "--db", str(mixxx.path), "--library", str(library.top)]) == 0
    assert fields_of(library, "kino.mp3")["crate"] == ["Some"]


def test_a_dry_run(mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase) -> None:
    mixxx.add(library.top / "orbital.mp3", ("B", "A"), rating=5, genre="Ambient\x1b[31m")
    mixxx.add(library.top / "kino.mp3", artist="Кино", datetime_added=None)
    before = commits(library)
    result = mcfs("import", "mixxx", "--dry-run", "--prefer", "mixxx", "--db", str(mixxx.path))
    assert result.code == 0
    lines = [line for line in result.lines if not line.startswith("  added: (none) → ")]
    assert lines[0] == "best of/orbital again.mp3"
    assert sorted(lines[1:4]) == [
        "  crate: (none) → A; B",
        "  genre: Ambient; Techno → Ambient␛[31m",
        "  rating: 4 → 5",
    ]
    assert lines[4:] == [
        "would change  1",
        "unchanged     1",
        "skipped       0",
        "failed        0",
        "replaced      2  genre: 1, rating: 1",
    ]
    assert commits(library) == before


def test_json(mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase) -> None:
    mixxx.add(library.top / "kino.mp3", rating=4, datetime_added=None)
    mixxx.add(library.top / "acdc.mp3", rating=4, datetime_added=None)
    mixxx.add(library.top / "gone.mp3")
    for options in (["--dry-run"], []):
        result = mcfs("import", "mixxx", "--json", "--db", str(mixxx.path), *options)
        imported = json.loads(result.out)
        assert sorted(change["file"] for change in imported["changes"]) == ["acdc.mp3", "kino.mp3"]
        for change in imported["changes"]:
            assert change["fields"] == {"rating": {"old": [], "new": ["4"]}}
            assert change["annex_key"]
        assert {name: imported[name] for name in list(imported)[1:] if name != "seconds"} == {
            "source": "mixxx",
            "dry_run": bool(options),
            "imported": 2,
            "unchanged": 0,
            "skipped": [{"file": str(library.top / "gone.mp3"), "reason": "there is no such file"}],
            "failed": [],
            "lost_folders": ["/home/dj/Music", "/home/dj/mnt"],
            "missing_mounts": [],
            "missing": 0,
            "replaced": {},
            "kept": {},
            "undecided": {},
            "disagreements": [],
            "total_requested": 3,
            "success": True,
        }
    result = mcfs("import", "mixxx", "--json", "--db", str(mixxx.path))
    imported = json.loads(result.out)
    assert (imported["changes"], imported["unchanged"]) == ([], 2)


def test_failed_tracks_are_named(
    mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase
) -> None:
    mixxx.add(library.top / "kino.mp3", rating=4)
    mixxx.add(library.top / "acdc.mp3", rating=4)
    journal = library.common_dir / "annex" / "journal"
    dry = json.loads(mcfs("import", "mixxx", "--json", "--dry-run", "--db", str(mixxx.path)).out)
    (key,) = (c["annex_key"] for c in dry["changes"] if c["file"] == "kino.mp3")
    from mcfs.annex.keys import lower_folders

    (journal / f"{lower_folders(key, 2).replace('/', '_')}_{key}.log.met" / "x").mkdir(parents=True)
    result = mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert result.code == 3
    assert "imported      1" in result.lines
    assert "failed        1" in result.lines
    assert result.err.startswith("mcfs: failed kino.mp3: git-annex")
    assert "--music-dir" not in result.err
    assert fields_of(library, "acdc.mp3")["rating"] == ["4"]


def test_very_many_skipped_tracks_do_not_fill_the_screen(
    mcfs: CommandRunner, library: Library
) -> None:
    result = mcfs("import", "mixxx", "--db", str(REAL))
    assert result.code == 0
    complaints = result.err.splitlines()
    assert len(complaints) == 22
    assert complaints[-2:] == [
        "mcfs: and 71 more were skipped; --json names all",
        "mcfs: Mixxx looks for music in /home/dj/Music and /home/dj/mnt, where there is nothing; "
        "if the library was there before: --music-dir /home/dj/Music",
    ]
    assert "skipped       91  there is no such file (91)" in result.lines
    imported = json.loads(mcfs("import", "mixxx", "--json", "--db", str(REAL)).out)
    assert len(imported["skipped"]) == 91


def test_the_database_is_found(
    mcfs: CommandRunner, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    result = mcfs("import", "mixxx")
    assert result.code == 1
    assert result.err.startswith(f"mcfs: there is no Mixxx database in {tmp_path}/.mixxx, ")
    place = tmp_path / ".var" / "app" / "org.mixxx.Mixxx" / ".mixxx"
    place.mkdir(parents=True)
    shutil.copyfile(REAL, place / "mixxxdb.sqlite")
    assert mcfs("import", "mixxx").code == 0


def test_wrong_command_lines(
    mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase, tmp_path: Path
) -> None:
    result = mcfs("import", "mixxx", "--db", str(library.top / "notes.txt"))
    assert (result.code, result.err) == (
        1,
        f"mcfs: {library.top}/notes.txt is not a Mixxx database\n",
    )
    result = mcfs("import", "mixxx", "--db", str(mixxx.path), str(tmp_path / "gone"))
    assert (result.code, result.err) == (2, f"mcfs: {tmp_path}/gone is not there\n")
    assert mcfs("import", "mixxx", "--batch-size", "0").code == 2
    assert mcfs("import", "rekordbox").code == 2
    assert run(["import", "mixxx", "--db", str(mixxx.path), "--library", str(tmp_path)]) == 69


def test_help_lists_both_sources(mcfs: CommandRunner) -> None:
    result = mcfs("import", "--help")
    assert result.code == 0
    assert "mixxx" in result.out
    result = mcfs("import", "mixxx", "--help")
    for option in ("--db", "--all", "--dry-run", "--batch-size", "--music-dir", "PATHS", "--json"):
        assert option in result.out


def test_status_shows_the_last_import(
    mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase
) -> None:
    assert "import" not in mcfs("status").out.replace("--", "")
    mixxx.add(library.top / "kino.mp3", rating=4)
    mixxx.add(library.top / "gone.mp3")
    mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert "import   from mixxx, just now: 1 imported, 1 skipped" in mcfs("status").lines
    result = json.loads(mcfs("status", "--json").out)["last_import"]
    assert result["outcome"] == "done"
    assert result["detail"]["imported"] == 1
    mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert "import   from mixxx, just now: 1 skipped" in mcfs("status").lines
    mcfs("import", "mixxx", "--db", str(mixxx.path) + "x")
    (line,) = (line for line in mcfs("status").lines if line.startswith("import "))
    assert line.endswith("mixxxdb.sqlitex is not there; it can be run again")


def test_tags(mcfs: CommandRunner, library: Library) -> None:
    result = mcfs("import", "tags", str(library.top / "kino.mp3"))
    assert result.code == 3
    assert result.err.startswith("mcfs: failed kino.mp3: it is broken: ")
    assert result.lines[-1] == "failed        1"
    for options in (["--dry-run"], ["--overwrite"], ["--json"]):
        assert mcfs("import", "tags", *options, str(library.top / "kino.mp3")).code == 3
    assert mcfs("import", "tags", str(library.top / "gone")).code == 2
    result = mcfs("import", "tags", str(library.top / "basic channel.flac"))
    assert result.code == 0
    assert result.lines[0] == "No changes to import"
    assert result.err == "mcfs: skipped basic channel.flac: absent: its content is not here\n"


def test_a_library_that_was_never_synced(
    library: Library, mixxx: MixxxDatabase, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    mixxx.add(library.top / "kino.mp3", rating=4)
    assert run(["import", "mixxx", "--db", str(mixxx.path), "--library", str(library.top)]) == 0
    assert fields_of(library, "kino.mp3")["rating"] == ["4"]


def test_fields_and_whose_value_to_take(
    mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase
) -> None:
    mixxx.add(library.top / "orbital.mp3", ("Crate",), rating=5, color=255)
    words = ("import", "mixxx", "--db", str(mixxx.path))
    assert mcfs(*words, "--fields", "rating,crat").err.splitlines()[-1] == (
        'Error: Invalid value for \'--fields\': Mixxx has no "crat"; did you mean "crate"?'
    )
    assert mcfs(*words, "--prefer", "both").code == 2
    result = mcfs(*words, "--fields", "rating, crate", "--prefer", "annex")
    assert (result.code, result.lines[0]) == (0, "imported      1")
    fields = fields_of(library, "orbital.mp3")
    assert (fields["rating"], fields["crate"], "color" in fields) == (["4"], ["Crate"], False)
    result = mcfs(*words, "--prefer", "mixxx")
    assert (result.code, result.lines[-1]) == (0, "replaced      1  rating: 1")
    fields = fields_of(library, "orbital.mp3")
    assert (fields["rating"], fields["color"]) == (["5"], ["#0000FF"])


def test_without_a_terminal_the_first_import_replaces_nothing(
    mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase
) -> None:
    mixxx.add(library.top / "orbital.mp3", ("Crate",), rating=5)
    words = ("import", "mixxx", "--db", str(mixxx.path))
    result = mcfs(*words)
    assert (result.code, result.lines[-1]) == (3, "kept          1  rating: 1")
    assert "they were kept (rating: 1): --yes replaces them, --prefer annex keeps" in result.err
    fields = fields_of(library, "orbital.mp3")
    assert (fields["rating"], fields["crate"]) == (["4"], ["Crate"])
    result = mcfs(*words, "--yes")
    assert (result.code, result.lines[-1]) == (0, "replaced      1  rating: 1")
    assert fields_of(library, "orbital.mp3")["rating"] == ["5"]


@pytest.mark.parametrize(("answer", "code", "rating"), [("n", 1, "4"), ("y", 0, "5")])
def test_on_a_terminal_the_first_import_asks(
    library: Library, mixxx: MixxxDatabase, answer: str, code: int, rating: str
) -> None:
    mixxx.add(library.top / "orbital.mp3", ("Crate",), rating=5)
    words = ["import", "mixxx", "--db", str(mixxx.path), "--library", str(library.top)]
    ours, terminal = pty.openpty()
    with os.fdopen(ours, "rb+", buffering=0) as screen:
        process = subprocess.Popen(
            [sys.executable, "-m", "mcfs", *words],
            cwd=REPOSITORY,
            env=git_annex_environment(library.top),
            stdin=terminal,
            stdout=subprocess.DEVNULL,
            stderr=terminal,
        )
        os.close(terminal)
        shown = b""
        while b"[y/N]" not in shown:
            shown += screen.read(1000)
        screen.write(f"{answer}\n".encode())
        with contextlib.suppress(OSError):  # the end of a terminal
            while more := screen.read(1000):
                shown += more
        assert process.wait(60) == code
    assert b"It would replace rating: 1 (field: tracks)." in shown
    assert (b"nothing was changed" in shown) is (answer == "n")
    fields = fields_of(library, "orbital.mp3")
    assert (fields["rating"], "crate" in fields) == ([rating], answer == "y")


def test_a_mount_that_is_down_is_named(
    mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase, tmp_path: Path
) -> None:
    (tmp_path / "mnt").mkdir()
    mixxx.add(tmp_path / "mnt" / "all" / "Кино - Группа крови.mp3", rating=4)
    result = mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert result.code == 3
    place = tmp_path / "mnt"
    assert f"skipped       1  nothing is mounted at {place} (1)" in result.lines
    assert f"mcfs: nothing is mounted at {place}: mount what belongs there" in result.err


def test_differences_within_mixxx_are_shown(
    mcfs: CommandRunner, library: Library, mixxx: MixxxDatabase, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(library.top)
    mixxx.add(library.top / "kino.mp3", rating=4, timesplayed=2)
    mixxx.add(tmp_path / "link" / "kino.mp3", rating=3)
    result = mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert "mcfs: kino.mp3 is in Mixxx twice, and rating differs: 3 was taken, not 4" in result.err
