"""Pins, the log of syncs and imports, and what imports wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mcfs.errors import NotFoundError, PinExistsError, StoreBusyError, StoreDamagedError, StoreError
from mcfs.store.engine import open_engine, writing
from mcfs.store.records import ImportedRow, ImportSource
from mcfs.store.user_repository import UserRepository
from tests.store.cache_contents import query

NEEDED = (
    "id, name, query_text, folder, template, output_mode, hides_absent, taken_at, store_uuid, generation, "
    "library_uuid, input_hash, is_stale, updated_at"
)
SNAPSHOT = f"""
    INSERT INTO snapshot ({NEEDED})
        VALUES (1, 's', '', '', '', NULL, 1, 0, '', 0, '', '', 0, 0);
    INSERT INTO snapshot_track VALUES (1, 1, 'k1', 'n1', 1), (1, 2, 'k2', 'n2', 0);
"""


def is_now(moment: datetime) -> bool:
    return moment.tzinfo is UTC and abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_pins(user: UserRepository) -> None:
    assert user.pins() == []
    user.add_pin("Peak time", "bpm:128-140 genre:techno")
    user.add_pin("New folder", "")
    assert [(pin.name, pin.query_text) for pin in user.pins()] == [
        ("New folder", ""),
        ("Peak time", "bpm:128-140 genre:techno"),
    ]
    pin = user.pin("Peak time")
    assert is_now(pin.created_at)
    assert is_now(pin.updated_at)


def test_pin_of_a_name_that_is_taken(user: UserRepository) -> None:
    user.add_pin("p", "genre:techno")
    with pytest.raises(PinExistsError, match="a pin of the name p exists already"):
        user.add_pin("p", "genre:house")
    user.add_pin("P", "genre:house")
    assert user.pin("p").query_text == "genre:techno"


def test_renaming_a_pin(user: UserRepository) -> None:
    user.add_pin("New folder", "")
    user.add_pin("other", "genre:house")
    before = user.pin("New folder")
    user.rename_pin("New folder", "genre:techno", "genre:techno")
    after = user.pin("genre:techno")
    assert after.query_text == "genre:techno"
    assert after.created_at == before.created_at
    assert after.updated_at > before.updated_at
    user.rename_pin("genre:techno", "genre:techno", "genre:dub")
    assert user.pin("genre:techno").query_text == "genre:dub"
    with pytest.raises(PinExistsError):
        user.rename_pin("genre:techno", "other", "x")
    with pytest.raises(NotFoundError, match="no pin of the name gone"):
        user.rename_pin("gone", "new", "x")
    assert {pin.name for pin in user.pins()} == {"genre:techno", "other"}


def test_removing_a_pin(user: UserRepository) -> None:
    user.add_pin("p", "")
    user.remove_pin("p")
    assert user.pins() == []
    with pytest.raises(NotFoundError):
        user.remove_pin("p")
    with pytest.raises(NotFoundError):
        user.pin("p")


def test_runs(user: UserRepository) -> None:
    assert user.last_run("sync") is None
    number = user.start_run("sync", {"pid": 1})
    running = user.last_run("sync")
    assert running is not None
    assert (running.id, running.kind, running.outcome) == (number, "sync", None)
    assert running.detail == {"pid": 1}
    assert running.finished_at is None
    assert is_now(running.started_at)
    user.finish_run(number, "done", {"tracks": 10, "of": [10, None, "é"]})
    user.start_run("import")
    finished = user.last_run("sync")
    assert finished is not None
    assert (finished.outcome, finished.detail) == ("done", {"tracks": 10, "of": [10, None, "é"]})
    assert finished.finished_at is not None
    assert finished.finished_at >= finished.started_at
    imported = user.last_run("import")
    assert imported is not None
    assert imported.detail is None
    user.finish_run(user.start_run("sync"), "failed", {"error": "é"})
    outcomes = [(run.kind, run.outcome) for run in user.runs(9)]
    assert outcomes == [("sync", "failed"), ("import", None), ("sync", "done")]
    assert user.runs(2) == user.runs(9)[:2]
    assert user.last_run("sync", "done") == user.runs(9)[2]
    assert user.last_run("sync") == user.last_run("sync", "failed") == user.runs(1)[0]
    assert user.last_run("import", "done") is None
    with pytest.raises(NotFoundError, match="no run 99"):
        user.finish_run(99, "done")
    with pytest.raises(StoreError, match="kind_is_known"):
        user.start_run("dance")


SNAPSHOT_ROW = f"INSERT INTO snapshot ({NEEDED}) VALUES ("


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("INSERT INTO pin VALUES (9, 'p', '', 0, 0)", "UNIQUE constraint failed: pin.name"),
        ("INSERT INTO pin VALUES (9, '', '', 0, 0)", "name_not_empty"),
        ("INSERT INTO pin VALUES (9, 'x', NULL, 0, 0)", "NOT NULL"),
        ("INSERT INTO pin VALUES (9, 'x', '', NULL, 0)", "NOT NULL"),
        ("INSERT INTO pin VALUES (9, 'x', '', 0, NULL)", "NOT NULL"),
        (
            SNAPSHOT_ROW + "9, 's', '', '', '', NULL, 1, 0, '', 0, '', '', 0, 0" + ")",
            "UNIQUE constraint failed: snapshot.name",
        ),
        (
            SNAPSHOT_ROW + "9, '', '', '', '', NULL, 1, 0, '', 0, '', '', 0, 0" + ")",
            "name_not_empty",
        ),
        (
            SNAPSHOT_ROW + "9, 'x', NULL, '', '', NULL, 1, 0, '', 0, '', '', 0, 0" + ")",
            "NOT NULL",
        ),
        (
            SNAPSHOT_ROW + "9, 'x', '', '', '', NULL, 1, NULL, '', 0, '', '', 0, 0" + ")",
            "NOT NULL",
        ),
        (
            SNAPSHOT_ROW + "9, 'x', '', '', '', 'disc', 1, 0, '', 0, '', '', 0, 0" + ")",
            "output_mode_is_known",
        ),
        (
            SNAPSHOT_ROW + "9, 'x', '', '', '', NULL, 2, 0, '', 0, '', '', 0, 0" + ")",
            "hides_absent_is_boolean",
        ),
        (
            SNAPSHOT_ROW + "9, 'x', '', '', '', NULL, 1, 0, '', 0, '', '', 2, 0" + ")",
            "is_stale_is_boolean",
        ),
        ("INSERT INTO snapshot_track VALUES (1, 1, 'k', 'n', 1)", "snapshot_track.position"),
        ("INSERT INTO snapshot_track VALUES (1, 0, 'k', 'n', 1)", "position_positive"),
        ("INSERT INTO snapshot_track VALUES (99, 1, 'k', 'n', 1)", "FOREIGN KEY"),
        ("INSERT INTO snapshot_track VALUES (1, 9, NULL, 'n', 1)", "NOT NULL"),
        ("INSERT INTO snapshot_track VALUES (1, 9, 'k', NULL, 1)", "NOT NULL"),
        ("INSERT INTO snapshot_track VALUES (1, 9, 'k', 'n', NULL)", "NOT NULL"),
        ("INSERT INTO snapshot_track VALUES (1, 9, 'k', 'n', 2)", "present_is_boolean"),
        ("INSERT INTO run VALUES (9, 'dance', 0, 0, '', '{}', 0)", "kind_is_known"),
        ("INSERT INTO run VALUES (9, NULL, 0, 0, '', '{}', 0)", "NOT NULL"),
        ("INSERT INTO run VALUES (9, 'sync', NULL, 0, '', '{}', 0)", "NOT NULL"),
        ("INSERT INTO run VALUES (9, 'sync', 0, 0, '', '{}', NULL)", "NOT NULL"),
    ],
)
def test_bad_row(user: UserRepository, tmp_path: Path, statement: str, broken: str) -> None:
    user.add_pin("p", "")
    with closing(sqlite3.connect(tmp_path / "user.db")) as connection:
        connection.executescript(SNAPSHOT)
        connection.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError, match=broken):
            connection.execute(statement)


def test_a_deleted_snapshot_deletes_its_tracks(
    user: UserRepository, user_engine: Engine, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "user.db")) as connection:
        connection.executescript(SNAPSHOT)
    with writing(user_engine) as connection:
        connection.exec_driver_sql("DELETE FROM snapshot")
    assert query(tmp_path / "user.db", "SELECT count(*) FROM snapshot_track") == [(0,)]


def test_writer_gives_up_waiting(user: UserRepository, tmp_path: Path) -> None:
    other = open_engine(tmp_path / "user.db")
    with writing(other):
        with pytest.raises(StoreBusyError, match=r"user\.db is being written"):
            user.add_pin("p", "")
        assert user.pins() == []
    user.add_pin("p", "")
    other.dispose()


def test_damaged_file_is_left_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "user.db"
    path.write_bytes(b"the pins of years, and a disk that failed\n" * 50)
    before = path.read_bytes()
    repository = UserRepository(open_engine(path))
    with pytest.raises(StoreDamagedError) as caught:
        repository.prepare()
    assert str(caught.value) == f"{path} is not a database"
    repository.close()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["user.db"]


def test_what_imports_have_seen(user: UserRepository) -> None:
    one = ImportedRow("k1", 1, 7, {"rating": ("4",), "crate": ("a", "b")}, {"crate": ("b",)})
    two = ImportedRow("k1", 1, 8, {"rating": None}, {})
    other = ImportedRow("k2", 2, 7, {"bpm": ("1",)}, {"bpm": ("1",)})
    user.remember_imported_rows([one, two, other])
    assert user.imported_rows(["k1", "k2", "k3"]) == {"k1": [one, two], "k2": [other]}
    user.remember_imported_rows([one._replace(seen={"rating": ("3",)})])
    assert user.imported_rows(["k1"])["k1"][0].seen == {"rating": ("3",)}
    user.remember_imported_rows([])


def test_what_imports_have_seen_of_very_many_tracks(user: UserRepository) -> None:
    odd = "WORM--caf\udce9"
    rows = [ImportedRow(odd, 1, 1, {"comment": ("é\n\x00🎹",)}, {})] + [
        ImportedRow(f"k{number}", 1, number, {"rating": (str(number),)}, {})
        for number in range(2500)
    ]
    user.remember_imported_rows(rows)
    found = user.imported_rows(row.annex_key for row in rows)
    assert found == {row.annex_key: [row] for row in rows}


def test_a_source_of_imports(user: UserRepository) -> None:
    unknown = user.import_source("mixxx 1")
    assert unknown == ImportSource("mixxx 1")
    assert user.import_source("mixxx 1").id == 0
    saved = user.save_import_source(unknown)
    assert saved.id > 0
    changed = replace(saved, change_count=9, may_replace=("rating",), mount_points=("/mnt",))
    assert user.save_import_source(changed) == changed == user.import_source("mixxx 1")
    assert user.save_import_source(ImportSource("mixxx 2")).id != saved.id
