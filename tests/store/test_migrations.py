"""Migrations of user.db, up and down, lose nothing that the user made."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from mcfs.errors import StoreError
from mcfs.schema.user import USER_TABLES
from mcfs.store.engine import open_engine, reading, writing
from mcfs.store.migrations import HEAD, revision_of, steps
from mcfs.store.records import Change, Generation, ImportedRow, JournalledGesture, TrackChange
from mcfs.store.snapshot_records import FrozenTrack, OutputMode, TakenSnapshot
from mcfs.store.user_repository import UserRepository
from tests.store.cache_contents import query

TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name"


@pytest.fixture
def engine(user: UserRepository, user_engine: Engine) -> Engine:
    """The engine of a user.db with a pin, and a snapshot of it."""
    user.add_pin("p", "genre:techno")
    tracks = (FrozenTrack("k1", "n1", (("Dub",),), {"genre": ("Dub",)}), FrozenTrack("k2", "n2"))
    user.snapshots.take("s", taken(tracks), output_mode=OutputMode.FILES, pin="p")
    user.snapshots.done("s", datetime(2025, 6, 12, tzinfo=UTC))
    return user_engine


def taken(tracks: tuple[FrozenTrack, ...]) -> TakenSnapshot:
    """A snapshot in which everything is set."""
    return TakenSnapshot(
        query_text="genre:dub",
        folder="pins/p",
        template="{{ genre }}",
        hides_absent=False,
        taken_at=datetime(2025, 6, 1, tzinfo=UTC),
        generation=Generation("store", 7),
        library_uuid="library",
        input_hash="hash",
        metadata_changed_at=datetime(2025, 5, 1, tzinfo=UTC),
        presence_changed_at=datetime(2025, 5, 2, tzinfo=UTC),
        configuration_changed_at=datetime(2025, 5, 3, tzinfo=UTC),
        tracks=tracks,
    )


def downgrade(engine: Engine, revision: str) -> None:
    """Bring user.db to an older revision."""
    with writing(engine) as connection:
        steps.downgrade(connection, revision)


def tables(path: Path) -> list[str]:
    return [name for name, _ in query(path, TABLES)]


def check_contents(path: Path) -> None:
    """The pin and the snapshot of the fixture are still there."""
    assert query(path, "SELECT name, query_text FROM pin") == [("p", "genre:techno")]
    assert query(path, "SELECT name, query_text FROM snapshot") == [("s", "genre:dub")]
    assert query(path, "SELECT position, annex_key, name FROM snapshot_track") == [
        (1, "k1", "n1"),
        (2, "k2", "n2"),
    ]


def test_head_is_the_newest_script() -> None:
    assert steps.scripts().get_heads() == [HEAD]


def test_models_are_what_migrations_make(engine: Engine, tmp_path: Path) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, USER_TABLES) == []
        assert revision_of(connection) == HEAD
    # Alembic does not compare constraints: the statements themselves must say the same.
    models = open_engine(tmp_path / "models.db")
    with writing(models) as connection:
        USER_TABLES.create_all(connection)
    models.dispose()
    migrated = {
        name: sorted(line.strip().rstrip(",") for line in sql.splitlines())
        for name, sql in query(tmp_path / "user.db", TABLES)
        if name != "alembic_version"
    }
    assert migrated == {
        name: sorted(line.strip().rstrip(",") for line in sql.splitlines())
        for name, sql in query(tmp_path / "models.db", TABLES)
    }


def test_down_and_up_again_keeps_pins_and_snapshots(
    engine: Engine, user: UserRepository, tmp_path: Path
) -> None:
    path = tmp_path / "user.db"
    before = query(path, TABLES)
    user.start_run("sync")
    user.remember_imported_rows([ImportedRow("k1", 1, 7, {"rating": ("5",)}, {})])
    downgrade(engine, "0003")
    assert query(path, "SELECT * FROM imported") == []
    assert "imported_row" not in tables(path)
    downgrade(engine, "0002")
    assert "imported" not in tables(path)
    assert user.last_run("sync") is not None
    downgrade(engine, "0001")
    assert "run" not in tables(path)
    check_contents(path)
    user.prepare()
    assert query(path, TABLES) == before
    check_contents(path)
    assert user.last_run("sync") is None
    assert user.imported_rows(["k1"]) == {}


def test_an_older_version_keeps_gestures_and_begun_values(
    user: UserRepository, user_engine: Engine
) -> None:
    edit = user.journal.start("mv a b", "me")
    gesture = JournalledGesture(0, datetime(2026, 11, 28, 14, 30, tzinfo=UTC), "mv a b", "a")
    user.journal.plan(edit, 0, [TrackChange("k1", {"crate": Change((), ("b",))})], [gesture])
    user.begun_values.begin("crate", "Peak")
    for _ in range(2):
        downgrade(user_engine, "0006")
        user.prepare()
    assert user.journal.gestures(edit) == [gesture]
    assert user.begun_values.of("crate") == ["Peak"]


def test_up_from_the_revision_before_keeps_the_log(
    engine: Engine, user: UserRepository, tmp_path: Path
) -> None:
    downgrade(engine, "0002")
    number = user.start_run("import")
    user.prepare()
    last = user.last_run("import")
    assert last is not None
    assert last.id == number
    check_contents(tmp_path / "user.db")


def test_old_records_of_imports_name_no_row(
    engine: Engine, user: UserRepository, tmp_path: Path
) -> None:
    """So they tell what an import has seen, and supplied nothing that could be removed."""
    downgrade(engine, "0003")
    with writing(engine) as connection:
        connection.exec_driver_sql(
            """INSERT INTO imported VALUES ('k1', '{"rating": ["5"], "crate": ["a", "é"]}', 1)"""
        )
    for _ in range(2):
        user.prepare()
        assert user.imported_rows(["k1"]) == {
            "k1": [ImportedRow("k1", 0, 0, {"rating": ("5",), "crate": ("a", "é")}, {})]
        }
    assert "imported" not in tables(tmp_path / "user.db")


def test_down_from_the_journal_and_up_again_keeps_everything_else(
    engine: Engine, user: UserRepository, tmp_path: Path
) -> None:
    path = tmp_path / "user.db"
    before = query(path, TABLES)
    seen = ImportedRow("k1", 1, 7, {"rating": ("5",)}, {})
    user.remember_imported_rows([seen])
    edit = user.journal.start("import mixxx", "me")
    user.journal.plan(edit, 0, [TrackChange("k1", {"rating": Change((), ("5",))})])
    user.journal.finish(edit)
    downgrade(engine, "0004")
    assert not {"edit", "edited_track"} & set(tables(path))
    user.prepare()
    assert query(path, TABLES) == before
    check_contents(path)
    assert user.imported_rows(["k1"]) == {"k1": [seen]}
    assert user.journal.edits() == []


def test_down_and_up_again_keeps_all_of_a_snapshot(
    engine: Engine, user: UserRepository, tmp_path: Path
) -> None:
    path = tmp_path / "user.db"

    def contents() -> tuple[object, ...]:
        snapshots = user.snapshots
        return snapshots.get("s"), snapshots.tracks("s"), snapshots.named_tracks("s")

    before = contents()
    tables_before = query(path, TABLES)
    for revision in ("0005", "0001", "0005"):
        downgrade(engine, revision)
        check_contents(path)
        user.prepare()
        assert contents() == before
        assert query(path, TABLES) == tables_before


def test_down_and_up_again_keeps_a_snapshot_whose_result_is_lost(
    engine: Engine, user: UserRepository
) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM snapshot_result")
    before = user.snapshots.annex_keys("s")
    downgrade(engine, "0005")
    user.prepare()
    assert user.snapshots.annex_keys("s") == before
    assert [track.annex_key for track in user.snapshots.tracks("s")] == before
    assert user.snapshots.get("s").template == "{{ genre }}"


def test_a_snapshot_stays_when_an_older_version_has_deleted_its_pin(
    engine: Engine, user: UserRepository
) -> None:
    downgrade(engine, "0005")
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM pin")
    user.prepare()
    snapshot = user.snapshots.get("s")
    assert (snapshot.pin, snapshot.template) == (None, "{{ genre }}")
    assert len(user.snapshots.tracks("s")) == 2


def test_a_snapshot_of_an_older_version_has_its_tracks(
    engine: Engine, user: UserRepository
) -> None:
    downgrade(engine, "0005")
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM snapshot")
        connection.exec_driver_sql("INSERT INTO snapshot VALUES (1, 'old', 'genre:dub', 1, 2)")
        connection.exec_driver_sql(
            "INSERT INTO snapshot_track VALUES (1, 2, 'k2', 'n2'), (1, 1, 'k1', x'e9')"
        )
    user.prepare()
    snapshot = user.snapshots.get("old")
    assert (snapshot.query_text, snapshot.input_hash, snapshot.checked) == ("genre:dub", "", None)
    assert user.snapshots.tracks("old") == (FrozenTrack("k1", "\udce9"), FrozenTrack("k2", "n2"))
    assert user.snapshots.annex_keys("old") == ["k1", "k2"]


def test_each_direction_twice_is_harmless(
    engine: Engine, user: UserRepository, tmp_path: Path
) -> None:
    for _ in range(2):
        downgrade(engine, "0001")
        check_contents(tmp_path / "user.db")
    for _ in range(2):
        with writing(engine) as connection:
            steps.upgrade(connection)
        user.prepare()
        check_contents(tmp_path / "user.db")


@pytest.mark.parametrize("revision", [None, "0001", "0002"])
def test_an_interrupted_upgrade_is_completed(
    engine: Engine, user: UserRepository, tmp_path: Path, revision: str | None
) -> None:
    """The tables of a newer revision exist already, but the version number is the old one."""
    path = tmp_path / "user.db"
    before = query(path, TABLES)
    with writing(engine) as connection:
        if revision is None:
            connection.exec_driver_sql("DROP TABLE alembic_version")
            connection.exec_driver_sql("DROP TABLE run")
        else:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    user.prepare()
    assert query(path, TABLES) == before
    check_contents(path)


def test_an_interrupted_downgrade_is_completed(
    user: UserRepository, user_engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "user.db"
    with writing(user_engine) as connection:
        for table in ("edited_track", "imported_row", "run", "snapshot_track", "pin"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
    downgrade(user_engine, "base")
    assert tables(path) == ["alembic_version"]
    user.prepare()
    assert tables(path) == [
        "alembic_version",
        "begun_value",
        "edit",
        "edited_track",
        "gesture",
        "import_source",
        "imported_row",
        "pin",
        "run",
        "snapshot",
        "snapshot_result",
        "snapshot_track",
    ]


def test_a_failed_migration_is_rolled_back(
    engine: Engine, user: UserRepository, tmp_path: Path
) -> None:
    path = tmp_path / "user.db"
    before = query(path, TABLES)

    def broken() -> None:
        with writing(engine) as connection:
            steps.downgrade(connection, "0001")
            assert "run" not in connection.dialect.get_table_names(connection)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        broken()
    assert query(path, TABLES) == before
    assert query(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]


@pytest.mark.parametrize(
    ("forget", "sentence"),
    [("nothing", "no older version could keep the pins"), ("pins", "could keep the snapshots")],
)
def test_downgrade_that_would_lose_something_is_refused(
    engine: Engine, user: UserRepository, tmp_path: Path, forget: str, sentence: str
) -> None:
    if forget == "pins":
        with writing(engine) as connection:
            connection.exec_driver_sql("UPDATE snapshot SET pin_id = NULL")
        user.remove_pin("p")
    user.start_run("sync")
    with pytest.raises(StoreError, match=sentence):
        downgrade(engine, "base")
    # Not even the step that could have been done was.
    assert user.last_run("sync") is not None
    assert query(tmp_path / "user.db", "SELECT count(*) FROM snapshot_track") == [(2,)]
    assert query(tmp_path / "user.db", "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_down_to_no_tables_and_up_again(
    user: UserRepository, user_engine: Engine, tmp_path: Path
) -> None:
    for _ in range(2):
        downgrade(user_engine, "base")
        assert tables(tmp_path / "user.db") == ["alembic_version"]
    user.prepare()
    user.add_pin("p", "")


def test_file_of_a_newer_version_is_refused(
    engine: Engine, user: UserRepository, tmp_path: Path
) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0042'")
    sentence = (
        f"{tmp_path}/user.db was written by a newer mcfs"
        f" (its revision is 0042, ours {HEAD}): update this one"
    )
    with pytest.raises(StoreError) as caught:
        user.prepare()
    assert str(caught.value) == sentence
    with pytest.raises(StoreError, match="newer mcfs"):
        downgrade(engine, "0001")
    check_contents(tmp_path / "user.db")


def test_several_processes_migrate_at_once(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom mcfs.store import open_store\n"
        "open_store(Path(sys.argv[1])).close()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert query(tmp_path / "user.db", "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_alembic_is_not_imported_when_there_is_nothing_to_do(
    user: UserRepository, tmp_path: Path
) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom mcfs.store import open_store\n"
        "open_store(Path(sys.argv[1])).close()\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)


def test_migrations_from_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    folder = tmp_path / "50% of é\udce9 #?"
    folder.mkdir()
    repository = UserRepository(open_engine(folder / "user.db"))
    repository.prepare()
    repository.add_pin("p", "")
    assert (folder / "user.db").stat().st_size > 0
    assert [file.name for file in tmp_path.iterdir()] == [folder.name]
    repository.close()


def test_revision_of_an_empty_database(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "x.db")
    with reading(engine) as connection:
        assert revision_of(connection) is None
    engine.dispose()
