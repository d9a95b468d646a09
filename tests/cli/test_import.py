"""`mcfs import mixxx`: what it says, and with which code it leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.cli import run
from tests.cli.running import Mcfs
from tests.imports.mixxx_database import REAL, MixxxDatabase, commits, fields_of


@pytest.fixture
def mixxx(tmp_path: Path) -> MixxxDatabase:
    """Of Mixxx 2.3, with no tracks in it."""
    return MixxxDatabase(tmp_path / "mixxxdb.sqlite")


def test_a_summary(mcfs: Mcfs, library: Library, mixxx: MixxxDatabase) -> None:
    mixxx.add(library.top / "kino.mp3", ("Some",), rating=4)
    mixxx.add(library.top / "gone.mp3")
    said = mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert said.code == 0
    assert said.lines == [
        "imported      1",
        "unchanged     0",
        "skipped       1  there is no such file (1)",
        "failed        0",
    ]
    assert said.err.startswith(
        f"mcfs: skipped {library.top}/gone.mp3: there is no such file\nmcfs: Mixxx looks for music in "
    )
    said = mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert said.code == 0
    assert said.lines[:3] == ["No changes to import", "imported      0", "unchanged     1"]


def test_the_library_may_be_named_where_one_likes(
    library: Library, mixxx: MixxxDatabase, mcfs: Mcfs
) -> None:
    mixxx.add(library.top / "kino.mp3", ("Some",))
    assert run(["import", "mixxx", "--db", str(mixxx.path), "--library", str(library.top)]) == 0
    assert fields_of(library, "kino.mp3")["crate"] == ["Some"]


def test_a_dry_run(mcfs: Mcfs, library: Library, mixxx: MixxxDatabase) -> None:
    mixxx.add(library.top / "orbital.mp3", ("B", "A"), rating=5, genre="Ambient\x1b[31m")
    mixxx.add(library.top / "kino.mp3", artist="Кино", datetime_added=None)
    before = commits(library)
    said = mcfs("import", "mixxx", "--dry-run", "--db", str(mixxx.path))
    assert said.code == 0
    lines = [line for line in said.lines if not line.startswith("  added: (none) → ")]
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
    ]
    assert commits(library) == before


def test_json(mcfs: Mcfs, library: Library, mixxx: MixxxDatabase) -> None:
    mixxx.add(library.top / "kino.mp3", rating=4, datetime_added=None)
    mixxx.add(library.top / "acdc.mp3", rating=4, datetime_added=None)
    mixxx.add(library.top / "gone.mp3")
    for options in (["--dry-run"], []):
        said = mcfs("import", "mixxx", "--json", "--db", str(mixxx.path), *options)
        result = json.loads(said.out)
        assert sorted(change["file"] for change in result["changes"]) == ["acdc.mp3", "kino.mp3"]
        for change in result["changes"]:
            assert change["fields"] == {"rating": {"old": [], "new": ["4"]}}
            assert change["annex_key"]
        assert {name: result[name] for name in list(result)[1:] if name != "seconds"} == {
            "source": "mixxx",
            "dry_run": bool(options),
            "imported": 2,
            "unchanged": 0,
            "skipped": [{"file": str(library.top / "gone.mp3"), "reason": "there is no such file"}],
            "failed": [],
            "lost_folders": ["/home/dj/Music", "/home/dj/mnt"],
            "total_requested": 3,
            "success": True,
        }
    said = mcfs("import", "mixxx", "--json", "--db", str(mixxx.path))
    result = json.loads(said.out)
    assert (result["changes"], result["unchanged"]) == ([], 2)


def test_some_failed(mcfs: Mcfs, library: Library, mixxx: MixxxDatabase) -> None:
    mixxx.add(library.top / "kino.mp3", rating=4)
    mixxx.add(library.top / "acdc.mp3", rating=4)
    journal = library.common_dir / "annex" / "journal"
    dry = json.loads(mcfs("import", "mixxx", "--json", "--dry-run", "--db", str(mixxx.path)).out)
    (key,) = (c["annex_key"] for c in dry["changes"] if c["file"] == "kino.mp3")
    from mcfs.annex.keys import lower_folders

    (journal / f"{lower_folders(key, 2).replace('/', '_')}_{key}.log.met" / "x").mkdir(parents=True)
    said = mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert said.code == 3
    assert "imported      1" in said.lines
    assert "failed        1" in said.lines
    assert said.err.startswith("mcfs: failed kino.mp3: git-annex")
    assert "--music-dir" not in said.err
    assert fields_of(library, "acdc.mp3")["rating"] == ["4"]


def test_very_many_skipped_tracks_do_not_fill_the_screen(mcfs: Mcfs, library: Library) -> None:
    said = mcfs("import", "mixxx", "--db", str(REAL))
    assert said.code == 0
    complaints = said.err.splitlines()
    assert len(complaints) == 22
    assert complaints[-2:] == [
        "mcfs: and 71 more were skipped; --json names all",
        "mcfs: Mixxx looks for music in /home/dj/Music and /home/dj/mnt, and nothing is there; "
        "if the library was there once: --music-dir /home/dj/Music",
    ]
    assert "skipped       91  there is no such file (91)" in said.lines
    result = json.loads(mcfs("import", "mixxx", "--json", "--db", str(REAL)).out)
    assert len(result["skipped"]) == 91


def test_the_database_is_found(
    mcfs: Mcfs, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    said = mcfs("import", "mixxx")
    assert said.code == 1
    assert said.err.startswith(f"mcfs: there is no Mixxx database in {tmp_path}/.mixxx, ")
    place = tmp_path / ".var" / "app" / "org.mixxx.Mixxx" / ".mixxx"
    place.mkdir(parents=True)
    shutil.copyfile(REAL, place / "mixxxdb.sqlite")
    assert mcfs("import", "mixxx").code == 0


def test_mistakes(mcfs: Mcfs, library: Library, mixxx: MixxxDatabase, tmp_path: Path) -> None:
    said = mcfs("import", "mixxx", "--db", str(library.top / "notes.txt"))
    assert (said.code, said.err) == (1, f"mcfs: {library.top}/notes.txt is not a Mixxx database\n")
    said = mcfs("import", "mixxx", "--db", str(mixxx.path), str(tmp_path / "gone"))
    assert (said.code, said.err) == (2, f"mcfs: {tmp_path}/gone is not there\n")
    assert mcfs("import", "mixxx", "--batch-size", "0").code == 2
    assert mcfs("import", "rekordbox").code == 2
    assert run(["import", "mixxx", "--db", str(mixxx.path), "--library", str(tmp_path)]) == 69


def test_help_says_what_there_is(mcfs: Mcfs) -> None:
    said = mcfs("import", "--help")
    assert said.code == 0
    assert "mixxx" in said.out
    said = mcfs("import", "mixxx", "--help")
    for option in ("--db", "--all", "--dry-run", "--batch-size", "--music-dir", "PATHS", "--json"):
        assert option in said.out


def test_status_shows_the_last_import(mcfs: Mcfs, library: Library, mixxx: MixxxDatabase) -> None:
    assert "import" not in mcfs("status").out.replace("--", "")
    mixxx.add(library.top / "kino.mp3", rating=4)
    mixxx.add(library.top / "gone.mp3")
    mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert "import   from mixxx, just now: 1 imported, 1 skipped" in mcfs("status").lines
    said = json.loads(mcfs("status", "--json").out)["last_import"]
    assert said["outcome"] == "done"
    assert said["detail"]["imported"] == 1
    mcfs("import", "mixxx", "--db", str(mixxx.path))
    assert "import   from mixxx, just now: 1 skipped" in mcfs("status").lines
    mcfs("import", "mixxx", "--db", str(mixxx.path) + "x")
    (line,) = (line for line in mcfs("status").lines if line.startswith("import "))
    assert line.endswith("mixxxdb.sqlitex is not there; it can be run again")


def test_tags(mcfs: Mcfs, library: Library) -> None:
    said = mcfs("import", "tags", str(library.top / "kino.mp3"))
    assert said.code == 3
    assert said.err.startswith("mcfs: failed kino.mp3: it is broken: ")
    assert said.lines[-1] == "failed        1"
    for options in (["--dry-run"], ["--overwrite"], ["--json"]):
        assert mcfs("import", "tags", *options, str(library.top / "kino.mp3")).code == 3
    assert mcfs("import", "tags", str(library.top / "gone")).code == 2
    said = mcfs("import", "tags", str(library.top / "basic channel.flac"))
    assert said.code == 0
    assert said.lines[0] == "No changes to import"
    assert said.err == "mcfs: skipped basic channel.flac: its content is not here\n"


def test_a_library_that_was_never_synced(
    library: Library, mixxx: MixxxDatabase, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    mixxx.add(library.top / "kino.mp3", rating=4)
    assert run(["import", "mixxx", "--db", str(mixxx.path), "--library", str(library.top)]) == 0
    assert fields_of(library, "kino.mp3")["rating"] == ["4"]
