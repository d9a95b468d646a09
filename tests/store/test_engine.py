"""Errors of SQLite and SQLAlchemy become store errors of one sentence."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from mcfs.errors import ExitCode, StoreBusyError, StoreDamagedError, StoreError
from mcfs.store import CacheRepository, TrackRecord, open_store
from mcfs.store.engine import open_engine, path_of, reading, writing
from tests.cache_access import generation_of, get_track, insert_tracks
from tests.prerequisites import needs_root
from tests.store.cache_contents import query, track
from tests.store.conftest import Disk, make_read_only


def crowd() -> Iterator[TrackRecord]:
    for number in range(100, 20_000):
        yield track(number, title=f"A title of some length, number {number}", genre="Techno")


def one_line(caught: pytest.ExceptionInfo[StoreError]) -> str:
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "sqlalche" not in sentence
    assert "[SQL" not in sentence
    return sentence


def test_nothing_is_opened_before_it_is_needed(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "no folder" / "cache.db")
    assert path_of(engine) == tmp_path / "no folder" / "cache.db"
    assert not (tmp_path / "no folder").exists()


def test_no_folder(tmp_path: Path) -> None:
    cache = CacheRepository(open_engine(tmp_path / "gone" / "cache.db"))
    with pytest.raises(StoreError) as caught:
        cache.prepare()
    assert one_line(caught) == (
        f"{tmp_path}/gone/cache.db cannot be opened: there is no folder {tmp_path}/gone"
    )
    assert caught.value.exit_code is ExitCode.FAILED


def test_full_disk(disk: Disk) -> None:
    place = disk("2m")
    with open_store(place / "mcfs") as store:
        store.cache.replace_all([track(1, genre="Dub")])
        store.user.add_pin("kept", "genre:dub")
        before = generation_of(store.cache)
        with pytest.raises(StoreError) as caught:
            store.cache.replace_all(crowd())
        assert one_line(caught) == (
            f"{place}/mcfs/cache.db cannot be written: no space left on its disk; "
            "make some and try again"
        )
        assert generation_of(store.cache) == before
        assert get_track(store.cache, track(1).annex_key) == track(1, genre="Dub")
        with pytest.raises(StoreError, match="no space left"):
            insert_tracks(store.cache, crowd())
        assert store.cache.count() == 1
        # What filled the disk is given back, and there is room for what fits.
        insert_tracks(store.cache, [track(2)])
        assert store.cache.count() == 2
    with open_store(place / "mcfs") as store:
        assert store.cache.count() == 2
        assert [pin.name for pin in store.user.pins()] == ["kept"]


def test_a_disk_that_is_full_from_the_start(disk: Disk) -> None:
    place = disk("1m")
    with suppress(OSError), (place / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))
    with pytest.raises(StoreError) as caught:
        open_store(place)
    assert "cannot be " in one_line(caught)
    assert "no space left on its disk" in one_line(caught)


def test_disk_that_cannot_be_written(disk: Disk) -> None:
    place = disk("4m")
    with open_store(place / "mcfs") as store:
        insert_tracks(store.cache, [track(1)])
    make_read_only(place)
    with pytest.raises(StoreError) as caught:
        open_store(place / "mcfs")
    assert one_line(caught).endswith(f": the folder {place}/mcfs is read-only")
    with pytest.raises(StoreError) as caught:
        open_store(place / "another")
    assert one_line(caught) == f"{place}/another cannot be made: Read-only file system"
    with pytest.raises(StoreError) as caught:
        CacheRepository(open_engine(place / "new.db")).prepare()
    assert one_line(caught) == f"{place}/new.db cannot be opened: the folder {place} is read-only"


@pytest.mark.parametrize(("mode", "cannot"), [(0o600, "opened"), (0o644, "written")])
def test_a_file_without_read_permission(mode: int, cannot: str) -> None:
    """Run as another user: permissions mean nothing to root."""
    needs_root("to become somebody else")
    nobody = 65534
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        path = folder / "cache.db"
        path.touch()
        path.chmod(mode)
        os.setresuid(nobody, nobody, 0)
        try:
            with pytest.raises(StoreError) as caught:
                CacheRepository(open_engine(path)).prepare()
            folder.joinpath("closed").mkdir(0o000)
            with pytest.raises(StoreError) as made:
                open_store(folder / "closed" / "mcfs")
        finally:
            os.setresuid(0, 0, 0)
    assert one_line(caught) == f"{path} cannot be {cannot}: its permissions do not allow it"
    assert one_line(made) == f"{folder}/closed/mcfs cannot be made: Permission denied"


Transaction = Callable[[Engine], AbstractContextManager[Connection]]


@pytest.mark.parametrize("transaction", [reading, writing])
def test_exceptions_of_sqlite_become_store_errors(tmp_path: Path, transaction: Transaction) -> None:
    engine = open_engine(tmp_path / "x.db")

    def ask() -> None:
        with transaction(engine) as connection:
            connection.exec_driver_sql("SELECT * FROM nowhere")

    with pytest.raises(StoreError, match=r"x\.db: no such table: nowhere$"):
        ask()
    engine.dispose()


def test_busy_and_damaged_are_different_errors(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all, but long enough for a header" * 10)
    engine = open_engine(tmp_path / "x.db")
    with pytest.raises(StoreDamagedError, match=r"x\.db is not a database$"), reading(engine):
        pass
    engine.dispose()
    (tmp_path / "x.db").unlink()
    engine = open_engine(tmp_path / "x.db", patience=0)
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusyError) as caught, writing(engine):
            pass
    assert caught.value.exit_code is ExitCode.BUSY
    with writing(engine):
        pass
    engine.dispose()


def test_interrupted_transaction_is_rolled_back(cache: CacheRepository) -> None:
    def interrupted() -> Iterator[TrackRecord]:
        yield track(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        insert_tracks(cache, interrupted())
    assert cache.count() == 0


WRITER = """
import sys
from pathlib import Path
from mcfs.errors import McfsError
from mcfs.store import open_store
from tests.cache_access import insert_tracks
from tests.store.cache_contents import track
first = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
try:
    with open_store(Path(sys.argv[1])) as store:
        for number in range(first, first + 30):
            store.user.add_pin(f"pin {number}", "")
            insert_tracks(store.cache, [track(number, genre="Techno", title=f"t{number}")])
except McfsError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def test_two_processes_that_write_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "mcfs"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in (100, 200, 300)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    outcomes = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, complaint = process.communicate(timeout=60)
        outcomes.append((process.returncode, complaint))
    assert outcomes == [(0, "")] * 3
    with open_store(folder) as store:
        assert store.cache.count() == 90
        assert generation_of(store.cache).counter == 90
        assert len(store.user.pins()) == 90
    assert query(folder / "cache.db", "PRAGMA integrity_check") == [("ok",)]
    query(
        folder / "cache.db", "INSERT INTO value_fts(value_fts, rank) VALUES ('integrity-check', 1)"
    )


def test_killed_in_the_middle_of_a_load(tmp_path: Path) -> None:
    with open_store(tmp_path / "mcfs") as store:
        store.cache.replace_all([track(1, genre="Dub")])
    script = """
import os, signal, sys
from pathlib import Path
from mcfs.store import open_store
from tests.store.cache_contents import track
def records():
    for number in range(2, 9000):
        if number == 8500:
            os.kill(os.getpid(), signal.SIGKILL)
        yield track(number)
open_store(Path(sys.argv[1])).cache.replace_all(records())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "mcfs")], check=False, capture_output=True
    )
    assert done.returncode == -9
    with open_store(tmp_path / "mcfs") as store:
        assert store.cache.count() == 1
        assert generation_of(store.cache).counter == 1
        insert_tracks(store.cache, [track(2)])
