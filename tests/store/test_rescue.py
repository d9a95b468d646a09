"""A damaged user.db: what can be read is carried over, what could not is said, and the file is kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mcfs.errors import CacheDamagedError, StoreDamagedError
from mcfs.store import Counts, Store, open_store
from mcfs.store import engine as sqlite
from mcfs.store.engine import open_engine
from mcfs.store.migrations import steps
from mcfs.store.records import Change, ImportedRow, ImportSource, TrackChange
from mcfs.store.snapshot_records import FrozenTrack
from mcfs.store.user_repository import UserRepository
from tests.store.cache_contents import track
from tests.taken_snapshots import taken

PAGE = 16384
PINS = [f"pin {number:04}" for number in range(600)]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A user.db of several pages: pins, runs and an edit."""
    folder = tmp_path_factory.mktemp("good")
    with open_store(folder) as store:
        for number in range(20):
            store.user.finish_run(store.user.start_run("sync"), "done", {"number": number})
        for name in PINS:
            store.user.add_pin(name, "genre:techno")
        edit = store.user.journal.start("import tags", "me")
        changes = [TrackChange(f"KEY{n}", {"genre": Change((), ("x",))}) for n in range(500)]
        store.user.journal.plan(edit, 0, changes)
        store.user.journal.settle(edit, range(500), {})
        store.user.journal.finish(edit)
    path = folder / "user.db"
    return path.read_bytes()


def names(store: Store) -> list[str]:
    return [pin.name for pin in store.user.pins()]


def damaged_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("user.db.damaged-*[0-9]"))


def open_and_rescue(folder: Path) -> tuple[Store, str]:
    """The store, after the damage was met by whatever reads everything, and what was said about it."""
    store = open_store(folder)
    said = store.notice
    if said is None:
        try:
            everything(store)
        except StoreDamagedError:
            said = store.user.rescue()
    return store, said or ""


def everything(store: Store) -> int:
    store.user.runs(100)
    tracks = sum(
        len(some) for edit in store.user.journal.edits() for some in tracks_of(store, edit.id)
    )
    return tracks + len(store.user.pins())


def tracks_of(store: Store, edit: int) -> list[list[object]]:
    return [list(some) for some in store.user.journal.tracks(edit)]


def test_one_page_after_the_other(good: bytes, tmp_path: Path) -> None:
    lost = []
    for page in range(len(good) // PAGE):
        folder = tmp_path / str(page)
        folder.mkdir()
        at = page * PAGE
        (folder / "user.db").write_bytes(good[:at] + bytes(PAGE) + good[at + PAGE :])
        store, said = open_and_rescue(folder)
        with store:
            found = names(store)
            assert found == sorted(set(found) & set(PINS))
            store.user.add_pin("new", "")
            everything(store)
        if said:
            (kept,) = damaged_files(folder)
            assert kept.read_bytes()[at : at + PAGE] == bytes(PAGE)
            assert f"the damaged file is kept as {kept.name}" in said
            assert (f"{len(found)} pins" in said) or not found
        if len(found) < len(PINS):
            lost.append(page)
            assert "some may be lost of: pins" in said
        assert not list(folder.glob("*.new*")) + list(folder.glob("*.reading*"))
    # The first page is one of those that lose nothing; a page of pins loses its own pins alone.
    assert 0 not in lost
    assert 0 < len(lost) < 8


def test_snapshots_page_by_page(tmp_path: Path) -> None:
    """One page costs at most the snapshots of one page; a lost result leaves keys and names."""
    frozen = {
        name: tuple(
            FrozenTrack(f"{name}-{n}", f"{name} {n}.flac", fields={"genre": ("Dub",)})
            for n in range(300)
        )
        for name in ("a", "b", "c")
    }
    (tmp_path / "good").mkdir()
    with open_store(tmp_path / "good") as store:
        store.user.add_pin("p", "genre:dub")
        for name, tracks in frozen.items():
            store.user.snapshots.take(name, taken(tracks), pin="p")
    good = (tmp_path / "good" / "user.db").read_bytes()
    named_only = lost = 0
    for page in range(1, len(good) // PAGE):
        folder, at = tmp_path / str(page), page * PAGE
        folder.mkdir()
        (folder / "user.db").write_bytes(good[:at] + bytes(PAGE) + good[at + PAGE :])
        with open_store(folder) as store:
            said = store.user.rescue() or store.notice or ""
            snapshots = store.user.snapshots
            for name in snapshots.names():
                tracks = snapshots.tracks(name)
                if tracks != frozen[name]:
                    assert not said or "some may be lost of: metadata of snapshots" in said
                    assert all(not track.fields for track in tracks)
                    named_only += 1
                snapshots.rename(name, f"{name} again")
            lost += len(frozen) - len(snapshots.names())
    assert named_only > 0
    assert lost <= 2 * len(frozen)


def test_an_import_asks_again_where_its_records_are_lost(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        source = ImportSource("mixxx 1", may_replace=("rating",))
        number = store.user.save_import_source(source).id
        rating = {"rating": ("4",)}
        for chunk in range(10):
            rows = [ImportedRow(f"KEY{chunk}-{n}", number, n, rating, rating) for n in range(200)]
            store.user.remember_imported_rows(rows)
    path = tmp_path / "user.db"
    good = path.read_bytes()
    at = max(place for place in range(0, len(good), PAGE) if b"KEY5" in good[place : place + PAGE])
    path.write_bytes(good[:at] + bytes(PAGE) + good[at + PAGE :])
    with open_store(tmp_path) as store:
        said = store.notice or store.user.rescue() or ""
        assert "some may be lost of: records of imports" in said
        assert store.user.import_source("mixxx 1").may_replace == ()


@pytest.mark.parametrize(
    ("damage", "rescued"),
    [
        (lambda good: b"nonsense" * 10 + good[80:], True),
        (lambda good: good[: len(good) // PAGE // 2 * PAGE], None),
        (lambda _: b"a letter to my aunt", False),
        (lambda good: bytes(len(good)), False),
    ],
    ids=["header", "cut off", "letter", "zeros"],
)
def test_other_damage(good: bytes, tmp_path: Path, damage: object, rescued: bool | None) -> None:
    assert callable(damage)
    (tmp_path / "user.db").write_bytes(damage(good))
    store, said = open_and_rescue(tmp_path)
    with store:
        assert "user.db is" in said
        if rescued is not None:
            assert (names(store) == PINS) is rescued
        if rescued is False:
            assert "rescued: nothing" in said
        store.user.add_pin("new", "")
        assert "new" in names(store)
    assert len(damaged_files(tmp_path)) == 1


def test_another_process_goes_on_with_what_was_rescued(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "user.db"
    path.write_bytes(good)
    other = UserRepository(open_engine(path))
    assert len(other.pins()) == len(PINS)
    path.write_bytes(good[: PAGE * 3] + bytes(PAGE) + good[PAGE * 4 :])
    repository = UserRepository(open_engine(path))
    repository.rescue()
    repository.add_pin("new", "")
    assert "new" in [pin.name for pin in other.pins()]
    assert repository.rescue() is None, "it is whole now"
    repository.close()
    other.close()


def test_an_older_version_is_rescued_and_migrated(
    user: UserRepository, user_engine: Engine
) -> None:
    user.add_pin("p", "genre:techno")
    with sqlite.writing(user_engine) as connection:
        steps.downgrade(connection, "0003")
    path = sqlite.path_of(user_engine)
    user.close()
    path.write_bytes(b"nonsense" * 10 + path.read_bytes()[80:])
    with pytest.raises(StoreDamagedError):
        user.prepare()
    assert "1 pins" in (user.rescue() or "")
    assert [pin.name for pin in user.pins()] == ["p"]
    assert user.journal.edits() == []


@pytest.mark.parametrize(("how", "says"), [("empty", "is empty"), ("gone", "is gone")])
def test_a_file_that_was_there_before(tmp_path: Path, how: str, says: str) -> None:
    path = tmp_path / "user.db"
    path.touch()
    with open_store(tmp_path) as store:
        assert store.notice is None, "a library that was never synced has no pins yet"
        store.cache.replace_all([track(1)])
        store.cache.record_finish(datetime.now(UTC), Counts(1, 1, 0, {}))
    path.write_bytes(b"") if how == "empty" else path.unlink()
    with open_store(tmp_path) as store:
        assert store.notice is not None
        assert says in store.notice
        assert names(store) == []
    with open_store(tmp_path) as store:
        assert store.notice is None


def test_damage_met_while_the_cache_is_read_is_not_taken_for_damage_of_the_cache(
    tmp_path: Path,
) -> None:
    with open_store(tmp_path) as store:
        store.user.snapshots.take("s", taken([FrozenTrack("k", "n")]))
    with closing(sqlite3.connect(tmp_path / "user.db")) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'snapshot_result'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with (tmp_path / "user.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with open_store(tmp_path) as store:
        with pytest.raises(StoreDamagedError) as met, store.cache.reading():
            store.user.snapshots.tracks("s")
        assert not isinstance(met.value, CacheDamagedError)
        assert store.cache.damage is None
        assert "rescued: 1 snapshots" in str(store.user.rescue())
        assert store.user.snapshots.annex_keys("s") == ["k"]
