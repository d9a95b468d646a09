"""Reading Mixxx's database: the values of each column, and every kind of unexpected file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mcfs.errors import ExitCode, MixxxBusyError, MixxxError
from mcfs.imports.mixxx_database import (
    Fields,
    MixxxRow,
    MixxxSnapshot,
    find_database,
    mixxx_fields,
    open_mixxx,
)
from tests.imports.mixxx_database import REAL, SCHEMAS, MixxxDatabase


def fields_by_location(path: Path) -> dict[str, Fields]:
    """Location → fields."""
    with open_mixxx(path, busy_seconds=0.2) as mixxx:
        return _all(mixxx)


def _all(mixxx: MixxxSnapshot) -> dict[str, Fields]:
    locations = {track.mixxx_id: track.location for track in mixxx.locations()}
    mixxx.remember_matches((number, number) for number in locations)
    return {locations[number]: rows[0].fields for number, rows in mixxx.matched_tracks()}


def test_what_a_real_mixxx_wrote() -> None:
    found = fields_by_location(REAL)
    assert len(found) == 91
    with open_mixxx(REAL) as mixxx:
        assert mixxx.count() == 91
        assert mixxx.folders() == ["/home/dj/Music", "/home/dj/mnt"]
    assert found["/home/dj/mnt/all/Track 20.wav"] == {
        "artist": ("Artist 0",),
        "title": ("Track 20",),
        "album": ("Album 2",),
        "genre": ("Techno",),
        "year": ("2010",),
        "tracknumber": ("20",),
        "rating": ("1",),
        "color": ("#FF0000",),
        "added": ("2026-11-20",),
        "duration": ("3",),
        "crate": ("Peak: a | b",),
    }
    odd = found["/home/dj/mnt/all/It's: a | {{t}} > 09.mp3"]
    assert odd["title"] == ("It's: a | {{t}} > 09",)
    assert odd["bpm"] == ("119.00",)
    assert [fields["rating"] for fields in found.values() if "rating" in fields] == [
        ("4",),
        ("5",),
        ("1",),
    ]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"rating": 5}, {"rating": "5"}),
        ({"rating": 1}, {"rating": "1"}),
        ({"rating": 0}, {}),
        ({"rating": None}, {}),
        ({"bpm": 126.908}, {"bpm": "126.91"}),
        ({"bpm": 128.0}, {"bpm": "128.00"}),
        ({"bpm": 128}, {"bpm": "128.00"}),
        ({"bpm": 0.0}, {}),
        ({"bpm": None}, {}),
        ({"color": 0xFF8800}, {"color": "#FF8800"}),
        ({"color": 0x0000FF}, {"color": "#0000FF"}),
        ({"color": 0}, {"color": "#000000"}),
        ({"color": 0xFFFF8800}, {"color": "#FF8800"}),
        ({"color": None}, {}),
        ({"key": "F♯m"}, {"key": "F♯m"}),
        ({"key": "B♭m"}, {"key": "B♭m"}),
        ({"key": "8A"}, {"key": "8A"}),
        ({"key": ""}, {}),
        ({"artist": "Beyoncé"}, {"artist": "Beyoncé"}),
        ({"album_artist": "Various"}, {"albumartist": "Various"}),
        ({"title": " two  spaces "}, {"title": " two  spaces "}),
        ({"title": " \t\n"}, {}),
        ({"album": "Force + Form"}, {"album": "Force + Form"}),
        ({"genre": "Dub; Techno"}, {"genre": "Dub; Techno"}),
        ({"composer": "J. S. Bach"}, {"composer": "J. S. Bach"}),
        ({"grouping": "a"}, {"grouping": "a"}),
        ({"year": "1997-05-12"}, {"year": "1997-05-12"}),
        ({"year": 1997}, {"year": "1997"}),
        ({"tracknumber": "07"}, {"tracknumber": "07"}),
        ({"tracknumber": "3/12"}, {"tracknumber": "3/12"}),
        ({"comment": "line\nline\ttab \"'!"}, {"comment": "line\nline\ttab \"'!"}),
        ({"timesplayed": 3}, {"played": "3"}),
        ({"timesplayed": 0}, {}),
        ({"datetime_added": "2026-11-20T07:03:49.579Z"}, {"added": "2026-11-20"}),
        ({"datetime_added": "2012-01-31 23:59:59"}, {"added": "2012-01-31"}),
        ({"datetime_added": "last summer"}, {}),
        ({"datetime_added": None}, {}),
        ({"duration": 4.0}, {"duration": "4"}),
        ({"duration": 254.4321}, {"duration": "254.43"}),
        ({"duration": 200.5}, {"duration": "200.5"}),
        ({"duration": 0.0}, {}),
    ],
)
def test_values_of_a_column(
    mixxx: MixxxDatabase, columns: dict[str, Any], expected: dict[str, str]
) -> None:
    mixxx.add("/a.mp3", **{"datetime_added": None, **columns})
    (fields,) = fields_by_location(mixxx.path).values()
    assert fields == {name: (text,) for name, text in expected.items()}
    assert set(fields) <= set(mixxx_fields())


def test_crates(mixxx: MixxxDatabase) -> None:
    names = ("Peak: a | b", "{{ x }}", "é 音", "a/b", " ", "x" * 3000, "\n", "!")
    mixxx.add("/a.mp3", crates=names)
    mixxx.add("/b.mp3", crates=("é 音",))
    mixxx.add("/c.mp3")
    found = fields_by_location(mixxx.path)
    assert found["/a.mp3"]["crate"] == tuple(sorted(name for name in names if name.strip()))
    assert found["/b.mp3"]["crate"] == ("é 音",)
    assert "crate" not in found["/c.mp3"]


def test_playlists(mixxx: MixxxDatabase) -> None:
    """What Auto DJ is to play and what was played are playlists too, which nobody made."""
    mixxx.enlist(mixxx.add("/a.mp3", ("Crate",)), "Warmup", "Peak", "Warmup")
    mixxx.enlist(mixxx.add("/b.mp3"), "Auto DJ", hidden=1)
    mixxx.enlist(mixxx.add("/c.mp3"), "2026-11-20", hidden=2)
    found = fields_by_location(mixxx.path)
    assert found["/a.mp3"]["playlist"] == ("Peak", "Warmup")
    assert found["/a.mp3"]["crate"] == ("Crate",)
    assert "playlist" not in found["/b.mp3"]
    assert "playlist" not in found["/c.mp3"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, False),
        ({"title": "x", "bpm": 120.0, "key": "Am", "duration": 3.0}, False),
        ({"rating": 1}, True),
        ({"color": 0}, True),
        ({"timesplayed": 1}, True),
        ({"bpm_lock": 1}, True),
    ],
)
def test_whether_a_row_has_a_history(
    mixxx: MixxxDatabase, columns: dict[str, Any], expected: bool
) -> None:
    number = mixxx.add("/a.mp3", **columns)
    assert _row(mixxx, number).has_history is expected
    assert _row(mixxx, number).is_locked is ("bpm_lock" in columns)


def test_lists_and_cues_are_a_history(mixxx: MixxxDatabase) -> None:
    crate, playlist, auto_dj, cue, main_cue = (mixxx.add(f"/{number}.mp3") for number in range(5))
    mixxx.put(crate, "Some")
    mixxx.enlist(playlist, "Warmup")
    mixxx.enlist(auto_dj, "Auto DJ", hidden=1)
    with mixxx.changing() as connection:
        connection.execute("INSERT INTO cues (track_id, hotcue) VALUES (?, 0)", [cue])
        connection.execute("INSERT INTO cues (track_id, hotcue) VALUES (?, -1)", [main_cue])
    histories = [
        _row(mixxx, number).has_history for number in (crate, playlist, auto_dj, cue, main_cue)
    ]
    assert histories == [True, True, True, True, False]


def _row(mixxx: MixxxDatabase, number: int) -> MixxxRow:
    with open_mixxx(mixxx.path) as opened:
        opened.remember_matches([(1, number)])
        ((_, (row,)),) = opened.matched_tracks()
    return row


def test_when_a_track_was_last_played(tmp_path: Path) -> None:
    """Mixxx 2.3 does not keep it."""
    database = MixxxDatabase(tmp_path / "m.sqlite", SCHEMAS["2.4"])
    database.add("/a.mp3", last_played_at="2026-11-20T23:03:49.579Z")
    database.add("/b.mp3")
    found = fields_by_location(database.path)
    assert found["/a.mp3"]["lastplayed"] == ("2026-11-20",)
    assert "lastplayed" not in found["/b.mp3"]


def test_a_database_keeps_its_identity(mixxx: MixxxDatabase, tmp_path: Path) -> None:
    """Moved, copied, upgraded, or changed."""
    with open_mixxx(mixxx.path) as opened:
        identity, changes = opened.identity, opened.change_count
    assert identity == "mixxx 1 2026-11-20 07:03:44"
    mixxx.add("/a.mp3", rating=4)
    copy = shutil.copyfile(mixxx.path, tmp_path / "elsewhere.sqlite")
    with open_mixxx(copy) as opened:
        assert opened.identity == identity
        assert opened.change_count > changes
    later = MixxxDatabase(tmp_path / "later.sqlite", SCHEMAS["2.6"])
    with open_mixxx(later.path) as opened:
        assert opened.identity == identity
    with mixxx.changing() as connection:
        connection.execute("DELETE FROM Playlists WHERE hidden = 1")
    with open_mixxx(mixxx.path) as opened:
        assert opened.identity is None


def test_hidden_and_missing_tracks_are_left_out(mixxx: MixxxDatabase) -> None:
    mixxx.add("/hidden.mp3", mixxx_deleted=1)
    mixxx.add("/missing.mp3", missing=1)
    mixxx.add("/there.mp3", mixxx_deleted=None)
    assert list(fields_by_location(mixxx.path)) == ["/there.mp3"]
    with open_mixxx(mixxx.path) as opened:
        assert (opened.count(), opened.count_missing()) == (1, 1)


def test_a_track_with_two_rows(mixxx: MixxxDatabase) -> None:
    """Mixxx has a track twice if it searches nested folders, or a mount and its library."""
    one = mixxx.add("/library/a.mp3", ("Here", "Both"), rating=3, title="Old")
    two = mixxx.add("/mnt/a.mp3", ("There", "Both"), title="New", color=1)
    with open_mixxx(mixxx.path) as opened:
        opened.remember_matches([(7, one), (7, two)])
        ((track_id, rows),) = opened.matched_tracks()
    assert track_id == 7
    assert [row.mixxx_id for row in rows] == [two, one]
    newer, older = (row.fields for row in rows)
    assert (newer["crate"], older["crate"]) == (("Both", "There"), ("Both", "Here"))
    assert (newer["title"], older["title"]) == (("New",), ("Old",))
    assert "rating" not in newer
    assert older["rating"] == ("3",)


def test_only_matched_tracks_are_returned(mixxx: MixxxDatabase) -> None:
    mixxx.add("/a.mp3")
    number = mixxx.add("/b.mp3")
    with open_mixxx(mixxx.path) as opened:
        opened.remember_matches([(7, number)])
        assert [track_id for track_id, _ in opened.matched_tracks()] == [7]


def test_bytes_that_are_not_utf8(mixxx: MixxxDatabase) -> None:
    mixxx.add("/caf\udce9.mp3", title="x")
    with mixxx.changing() as connection:
        connection.execute("UPDATE library SET artist = CAST(x'636166e9' AS TEXT)")
    assert fields_by_location(mixxx.path)["/caf\udce9.mp3"]["artist"] == (
        "caf\N{REPLACEMENT CHARACTER}",
    )


@pytest.mark.parametrize("schema", [*SCHEMAS.values(), 41, 99], ids=str)
def test_every_schema_from_2_3_on(tmp_path: Path, schema: int) -> None:
    database = MixxxDatabase(tmp_path / "m.sqlite", schema)
    database.add("/a.mp3", ("Crate",), artist="A", rating=4, color=255)
    fields = fields_by_location(database.path)["/a.mp3"]
    assert fields == {
        "artist": ("A",),
        "rating": ("4",),
        "color": ("#0000FF",),
        "crate": ("Crate",),
        "added": fields["added"],
    }


def test_a_database_of_an_older_mixxx(tmp_path: Path) -> None:
    database = MixxxDatabase(tmp_path / "m.sqlite", 28)
    with pytest.raises(MixxxError) as caught:
        fields_by_location(database.path)
    assert str(caught.value) == (
        f"{database.path} was made by a Mixxx older than 2.3 (schema 28): "
        "start a newer Mixxx once, which upgrades it"
    )
    assert caught.value.exit_code == ExitCode.FAILED


def test_a_database_without_a_column(tmp_path: Path) -> None:
    database = MixxxDatabase(tmp_path / "m.sqlite", 77)
    with database.changing() as connection:
        connection.execute("ALTER TABLE library RENAME COLUMN rating TO stars")
    with pytest.raises(MixxxError, match=r"\(schema 77\): its table library has no rating"):
        fields_by_location(database.path)


def _text(path: Path) -> None:
    path.write_text("no database at all, and longer than the header of one would be\n" * 40)


def _other(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE library (id)")


def _cut_short(path: Path) -> None:
    path.write_bytes(REAL.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_text, "is not a Mixxx database"),
        (_other, "is not a Mixxx database"),
        (Path.touch, "is not a Mixxx database"),
        (Path.mkdir, "is not a file"),
        (lambda _: None, "is not there"),
        (_cut_short, "cannot be read: database disk image is malformed"),
    ],
)
def test_files_that_are_not_mixxx_databases(tmp_path: Path, make: Any, sentence: str) -> None:
    path = tmp_path / "what ever?#%.sqlite"
    make(path)
    with pytest.raises(MixxxError) as caught:
        fields_by_location(path)
    assert str(caught.value) == f"{path} {sentence}"


def test_the_database_is_not_changed(tmp_path: Path) -> None:
    folder = tmp_path / "its own"
    folder.mkdir()
    path = folder / "mixxxdb.sqlite"
    shutil.copyfile(REAL, path)
    fields_by_location(path)
    assert path.read_bytes() == REAL.read_bytes()
    assert os.listdir(folder) == [path.name]


def test_while_mixxx_writes(mixxx: MixxxDatabase) -> None:
    """An open transaction of Mixxx does not block reading until it commits."""
    number = mixxx.add("/a.mp3", rating=2)
    with closing(sqlite3.connect(mixxx.path, isolation_level=None)) as dj:
        dj.execute("BEGIN IMMEDIATE")
        dj.execute("UPDATE library SET rating = 5 WHERE id = ?", [number])
        assert fields_by_location(mixxx.path)["/a.mp3"]["rating"] == ("2",)
        dj.execute("COMMIT")
    assert fields_by_location(mixxx.path)["/a.mp3"]["rating"] == ("5",)


def test_mixxx_does_not_wait_for_us(mixxx: MixxxDatabase) -> None:
    number = mixxx.add("/a.mp3", rating=2)
    with open_mixxx(mixxx.path) as opened:
        with closing(sqlite3.connect(mixxx.path, timeout=0, isolation_level=None)) as dj:
            dj.execute("UPDATE library SET rating = 5 WHERE id = ?", [number])
        assert _all(opened)["/a.mp3"]["rating"] == ("2",)


def test_a_database_that_stays_locked(mixxx: MixxxDatabase) -> None:
    with closing(sqlite3.connect(mixxx.path, isolation_level=None)) as dj:
        dj.execute("BEGIN EXCLUSIVE")
        with pytest.raises(MixxxBusyError, match=r"Mixxx keeps writing to .* try again") as caught:
            fields_by_location(mixxx.path)
    assert caught.value.exit_code == ExitCode.BUSY


def test_data_that_is_only_in_the_wal_is_read(mixxx: MixxxDatabase) -> None:
    with closing(sqlite3.connect(mixxx.path)) as dj:
        assert dj.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
        dj.execute("SELECT count(*) FROM library").fetchone()
        mixxx.add("/a.mp3", rating=2)
        assert Path(f"{mixxx.path}-wal").stat().st_size > 0
        assert fields_by_location(mixxx.path)["/a.mp3"]["rating"] == ("2",)


_CRASH = """
import os, sqlite3, sys
dj = sqlite3.connect(sys.argv[1], isolation_level=None)
dj.execute("PRAGMA cache_size = 1")
dj.execute("BEGIN")
dj.execute("UPDATE library SET comment = hex(randomblob(2000)), rating = 1")
os._exit(0)
"""


def test_a_mixxx_that_crashed_while_writing(tmp_path: Path) -> None:
    path = tmp_path / "mixxxdb.sqlite"
    shutil.copyfile(REAL, path)
    subprocess.run([sys.executable, "-c", _CRASH, str(path)], check=True)
    assert Path(f"{path}-journal").exists()
    before = path.read_bytes()
    with pytest.raises(MixxxError, match=r"was not closed properly; start Mixxx once and quit"):
        fields_by_location(path)
    assert path.read_bytes() == before


def _put(home: Path, place: str, modified: int) -> Path:
    path = home / place / "mixxxdb.sqlite"
    path.parent.mkdir(parents=True)
    path.touch()
    os.utime(path, (modified, modified))
    return path


@pytest.mark.parametrize(
    "place",
    [
        ".mixxx",
        ".var/app/org.mixxx.Mixxx/.mixxx",
        "Library/Containers/org.mixxx.mixxx/Data/Library/Application Support/Mixxx",
        "Library/Application Support/Mixxx",
    ],
)
def test_the_usual_folders_of_mixxx(tmp_path: Path, place: str) -> None:
    path = _put(tmp_path, place, 1000)
    assert find_database(tmp_path) == path


def test_of_several_databases_the_newest(tmp_path: Path) -> None:
    _put(tmp_path, ".mixxx", 1000)
    path = _put(tmp_path, ".var/app/org.mixxx.Mixxx/.mixxx", 2000)
    assert find_database(tmp_path) == path


def test_without_a_database_the_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(MixxxError, match=r"/\.mixxx, .*; name it with --db mixxxdb\.sqlite"):
        find_database(tmp_path)
