"""The life of a cache: making its tables, concurrent access, rollback, other versions, damage."""

from __future__ import annotations

import errno
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from mcfs.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
)
from mcfs.fuse.guard import errno_of
from mcfs.schema.cache import schema_stamp
from mcfs.store import CacheRepository, Counts, SyncState, TrackRecord, open_cache, open_store
from mcfs.store.engine import open_engine, open_immutable
from mcfs.store.quarantine import quarantine
from mcfs.store.user_repository import UserRepository
from tests.cache_access import fields_of, generation_of, get_track, insert_tracks, update_tracks
from tests.store.cache_contents import contents, query, track, values_with
from tests.store.conftest import Disk, make_read_only


def another_process(path: Path, patience: float = 0.3) -> CacheRepository:
    """Another repository with the same file, as another process would have it."""
    repository = CacheRepository(open_engine(path, patience))
    repository.prepare()
    return repository


def records_then_error(*records: TrackRecord) -> Iterator[TrackRecord]:
    yield from records
    raise RuntimeError("the library is gone")


def test_settings(cache: CacheRepository, cache_engine: Engine, path: Path) -> None:
    assert query(path, "PRAGMA journal_mode") == [("wal",)]
    with cache_engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for setting, value in (("foreign_keys", 1), ("synchronous", 1), ("temp_store", 2)):
            cursor = driver.execute(f"PRAGMA {setting}")
            assert cursor.fetchone() == (value,)
            cursor.close()


def test_the_file_is_marked_as_a_cache_of_mcfs(cache: CacheRepository, path: Path) -> None:
    assert query(path, "PRAGMA application_id") == [(int.from_bytes(b"mcfs"),)]
    assert query(path, "PRAGMA user_version") != [(0,)]


def test_preparing_again_changes_nothing(cache: CacheRepository) -> None:
    cache.replace_all([track(1)])
    before = generation_of(cache)
    assert cache.prepare() is None
    assert generation_of(cache) == before
    assert cache.count() == 1


def test_using_a_cache_that_was_not_prepared(path: Path) -> None:
    repository = CacheRepository(open_engine(path))
    with pytest.raises(StoreError, match="start this one again"):
        generation_of(repository)
    repository.close()


CHANGES: dict[str, Callable[[CacheRepository, Iterator[TrackRecord]], None]] = {
    "replace_all": CacheRepository.replace_all,
    "insert": insert_tracks,
    "update": update_tracks,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_failed_change_is_rolled_back(cache: CacheRepository, path: Path, change: str) -> None:
    cache.replace_all(
        [track(1, genre="Techno"), track(2, genre="House")], SyncState(counts={"n": 2})
    )
    before, generation, state = contents(path), generation_of(cache), cache.state()
    new = [track(1, genre="Ambient")] if change == "update" else [track(3), track(4, genre="Dub")]
    with pytest.raises(RuntimeError, match="gone"):
        CHANGES[change](cache, records_then_error(*new))
    assert contents(path) == before
    assert generation_of(cache) == generation
    assert cache.state() == state
    assert values_with(path, "tech") == [("genre", "Techno")]
    assert values_with(path, "dub") == []
    insert_tracks(cache, [track(3)])
    assert cache.count() == 3


def test_several_changes_are_rolled_back_together(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1, genre="Techno")])
    before = contents(path)

    def fail() -> None:
        with cache.writing() as write:
            write.insert([track(2)])
            write.remove([track(1).annex_key])
            raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        fail()
    assert contents(path) == before


def test_a_duplicate_in_the_middle_of_a_load(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1)])
    before = contents(path)
    with pytest.raises(StoreError, match=r"cache\.db: UNIQUE constraint failed: track\.annex_key$"):
        cache.replace_all([track(2), track(3), track(2)])
    assert contents(path) == before


def test_readers_during_a_load_see_the_old_state(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1)])
    before = generation_of(cache)
    reader = another_process(path)

    def records() -> Iterator[TrackRecord]:
        for number in range(2, 9000):
            if number % 4000 == 0:
                assert reader.count() == 1
                assert generation_of(reader) == before
            yield track(number)

    cache.replace_all(records())
    assert reader.count() == 8998
    assert generation_of(reader).counter == before.counter + 1
    reader.close()


def test_reading_sees_one_state_while_others_write(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1)])
    writer = another_process(path)
    with cache.reading() as read:
        # The state is that of the beginning, not of the first question.
        insert_tracks(writer, [track(2)])
        assert read.count() == 1
        writer.replace_all([])
        assert read.count() == 1
        assert read.generation().counter == 1
    assert cache.count() == 0
    writer.close()


def test_several_threads_at_once(cache: CacheRepository, path: Path) -> None:
    patient = another_process(path, patience=60)
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(5):
                insert_tracks(patient, [track(number * 10 + step, title=f"t{number}")])
                with patient.reading() as read:
                    assert read.generation().counter == read.count()
        except BaseException as error:  # noqa: BLE001
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    patient.close()
    assert problems == []
    assert cache.count() == 40


def test_writer_waits_for_a_writer(cache: CacheRepository, path: Path) -> None:
    patient = another_process(path, patience=20)
    held = threading.Event()

    def hold() -> None:
        with cache.writing() as write:
            write.insert([track(1)])
            held.set()
            time.sleep(0.5)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    insert_tracks(patient, [track(2)])
    thread.join()
    assert patient.count() == 2
    patient.close()


def test_writer_gives_up_waiting(cache: CacheRepository, path: Path) -> None:
    impatient = another_process(path, patience=0.3)
    with cache.writing() as write:
        write.insert([track(1)])
        began = time.monotonic()
        with pytest.raises(StoreBusyError) as caught:
            insert_tracks(impatient, [track(2)])
        assert 0.3 <= time.monotonic() - began < 5
        assert impatient.count() == 0
    assert str(caught.value) == f"{path} is being written by another process; try again in a moment"
    insert_tracks(impatient, [track(2)])
    assert cache.count() == 2
    impatient.close()


def make_old(path: Path) -> None:
    """Change a cache as if an older version had made it: other tables, another stamp."""
    for statement in (
        "CREATE TABLE 'older \" table' (x REFERENCES track (id))",
        "CREATE VIRTUAL TABLE older_fts USING fts5(x)",
        "INSERT INTO older_fts VALUES ('text')",
        "DROP TABLE track_file",
        "PRAGMA user_version = 7",
    ):
        query(path, statement)


def test_cache_of_another_version_is_rebuilt(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1, genre="Techno")])
    before = generation_of(cache)
    inode = path.stat().st_ino
    make_old(path)
    with pytest.raises(StoreError, match="another version"):
        cache.count()
    with pytest.raises(StoreError, match="another version"):
        insert_tracks(cache, [])
    with pytest.raises(StoreError, match="another version"):
        cache.replace_all([])
    with pytest.raises(StoreError, match="another version"):
        cache.record_finish(datetime(2026, 1, 1, tzinfo=UTC), Counts(0, 0, 0, {}))
    assert cache.prepare() is None
    assert cache.count() == 0
    assert generation_of(cache).counter == 0
    assert generation_of(cache).store_uuid != before.store_uuid
    assert path.stat().st_ino == inode
    assert not query(path, "SELECT name FROM sqlite_master WHERE name LIKE 'older%'")
    cache.replace_all([track(1, genre="Techno")])
    assert values_with(path, "tech") == [("genre", "Techno")]


def test_a_reader_keeps_its_state_during_a_rebuild(cache: CacheRepository, path: Path) -> None:
    cache.replace_all([track(1, genre="Techno")])
    before = generation_of(cache)
    with cache.reading() as read:
        newer = CacheRepository(open_engine(path), stamp=schema_stamp() + 1)
        newer.prepare()
        assert newer.count() == 0
        newer.replace_all([track(5), track(6)])
        assert read.generation() == before
        assert list(read.records([track(1).annex_key]).values()) == [track(1, genre="Techno")]
    with pytest.raises(StoreError, match="another version"):
        cache.count()
    assert newer.count() == 2
    newer.close()


def test_several_processes_prepare_at_once(path: Path) -> None:
    repositories = [CacheRepository(open_engine(path)) for _ in range(4)]
    found: list[object] = []

    def prepare(repository: CacheRepository) -> None:
        found.append((repository.prepare(), generation_of(repository)))

    threads = [threading.Thread(target=prepare, args=(each,)) for each in repositories]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    for repository in repositories:
        repository.close()


def test_another_process_prepares_first(cache: CacheRepository, path: Path) -> None:
    """It does so after this one has seen the old stamp and before it has the lock."""
    make_old(path)
    engine = open_engine(path)
    checkouts = itertools.count(1)

    def another_process(*_: object) -> None:
        if next(checkouts) == 2:  # the first looks at the stamp, the second is to take the lock
            cache.prepare()
            cache.replace_all([track(1)])

    event.listen(engine, "checkout", another_process)
    late = CacheRepository(engine)
    late.prepare()
    assert late.count() == 1
    late.close()


@pytest.mark.parametrize(
    "damage",
    [
        b"this is a letter to my aunt and no database, although it is longer than a header\n" * 99,
        b"short",
        b"SQLite format 3\0" + b"\xff" * 8000,
    ],
)
def test_a_file_that_is_not_a_database_is_quarantined(path: Path, damage: bytes) -> None:
    path.write_bytes(damage)
    repository = CacheRepository(open_engine(path))
    notice = repository.prepare()
    (renamed,) = path.parent.glob("cache.db.damaged-*")
    assert renamed.read_bytes() == damage
    assert notice is not None
    assert notice.startswith(f"{path} is ")
    assert notice.endswith(
        f"; it is set aside as {renamed.name}, and the next sync fills a new one"
    )
    repository.replace_all([track(1)])
    assert repository.count() == 1
    assert repository.prepare() is None
    repository.close()


def test_a_database_of_another_program_is_quarantined(path: Path) -> None:
    query(path, "CREATE TABLE precious (x)")
    repository = CacheRepository(open_engine(path))
    notice = repository.prepare()
    assert notice is not None
    assert "is no cache of mcfs" in notice
    (renamed,) = path.parent.glob("cache.db.damaged-*[0-9]")
    assert query(renamed, "SELECT name FROM sqlite_master") == [("precious",)]
    repository.close()


def test_damage_found_while_reading_is_reported_in_one_line(
    cache: CacheRepository, path: Path
) -> None:
    cache.replace_all(track(n, title=f"t{n}") for n in range(1, 3000))
    cache.close()
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (path.stat().st_size - 8192))
    with pytest.raises(StoreDamagedError, match=r"cache\.db is damaged$"):
        fields_of(cache)


def test_damaged_cache_that_another_process_has_open_is_left_alone(
    cache: CacheRepository, path: Path
) -> None:
    cache.close()
    script = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute('SELECT count(*) FROM track').fetchone()\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
        "connection.close()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with path.open("r+b") as file:
            file.write(b"nonsense" * 12)
        assert cache.prepare() is None
        assert cache.damage is not None
        assert cache.damage.endswith("is not a database")
        assert not list(path.parent.glob("*damaged*"))
        assert holder.stdin is not None
        holder.stdin.close()
        holder.wait()
    assert not list(path.parent.glob("*damaged*"))
    notice = cache.prepare()
    assert notice is not None
    assert "set aside" in notice


def test_a_damaged_cache_that_cannot_be_renamed(path: Path) -> None:
    path.symlink_to(path.parent / "elsewhere" / "cache.db")
    repository = CacheRepository(open_engine(path))
    with pytest.raises(StoreError, match=r"cache\.db cannot be opened: unable to open"):
        repository.prepare()
    with pytest.raises(StoreError, match="cannot be renamed: No such file"):
        quarantine(path)
    repository.close()


def test_open_store_makes_everything_and_leaves_nothing_open(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mcfs"
    with open_store(folder) as store:
        store.cache.replace_all([track(1)])
        store.user.add_pin("p", "genre:techno")
        assert store.notice is None
    # The last to close tidies up: the databases are whole without their logs.
    assert sorted(file.name for file in folder.iterdir()) == ["cache.db", "user.db"]
    (folder / "cache.db").write_bytes(b"nonsense" * 100)
    with open_store(folder) as store:
        assert store.notice is not None
        assert "set aside" in store.notice
        assert [pin.name for pin in store.user.pins()] == ["p"]


def test_reading_on_a_full_disk(cache: CacheRepository, path: Path) -> None:
    insert_tracks(cache, [track(1, genre="Techno")])
    assert open_immutable(path) is None, "there is a log, and what is in it counts"
    cache.close()
    engine = open_immutable(path)
    assert engine is not None
    still = CacheRepository(engine)
    assert still.prepare() is None
    assert get_track(still, track(1).annex_key) == track(1, genre="Techno")
    with pytest.raises(StoreError, match=r"cache\.db cannot be written"):
        insert_tracks(still, [track(2)])
    still.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_disk_that_is_full_or_read_only(disk: Disk) -> None:
    place = disk("400k")
    user = UserRepository(open_engine(place / "user.db"))
    user.prepare()

    def fill() -> None:
        for number in range(100_000):
            user.add_pin(str(number), "genre:techno " * 1000)

    with pytest.raises(StoreFullError, match="no space left") as full:
        fill()
    user.close()
    make_read_only(place)
    with pytest.raises(StoreReadOnlyError, match="cannot be written") as read_only:
        user.add_pin("new", "")
    user.close()
    assert [errno_of(raised.value) for raised in (full, read_only)] == [errno.ENOSPC, errno.EROFS]


def test_a_first_search_on_a_full_disk(disk: Disk) -> None:
    place = disk("64k")
    (place / "cache.db").touch()
    with suppress(OSError), (place / "fill").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    with pytest.raises(StoreFullError, match="no space left"):
        open_cache(place)


def test_too_many_open_files(path: Path, cache: CacheRepository) -> None:
    cache.close()
    script = """
import os, resource, sys
from pathlib import Path
from mcfs.errors import TooManyFilesError
from mcfs.fuse.guard import errno_of
from mcfs.store import CacheRepository
from mcfs.store.engine import open_engine
repository = CacheRepository(open_engine(Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
files = []
try:
    while True:
        files.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
try:
    repository.count()
except TooManyFilesError as error:
    print(os.strerror(errno_of(error)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "Too many open files\n"


def test_store_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "mcfs").write_text("a file")
    with pytest.raises(StoreError, match=r"mcfs cannot be made: File exists$"):
        open_store(tmp_path / "mcfs")
    (tmp_path / "store" / "user.db").mkdir(parents=True)
    with open_store(tmp_path / "store") as store:
        assert store.notice is not None
        assert (
            "user.db cannot be opened: it is a folder; until then there are no pins" in store.notice
        )
        with pytest.raises(StoreError, match=r"user\.db cannot be opened: it is a folder$"):
            store.user.pins()
