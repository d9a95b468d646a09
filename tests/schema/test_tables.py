"""The tables of the cache: every column, every constraint, every index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mcfs.schema import cache
from mcfs.schema.cache import CACHE_TABLES, schema_stamp
from mcfs.store import CacheRepository
from tests.store.cache_contents import query, track


@pytest.fixture
def connection(cache: CacheRepository, path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a cache with one track and one value."""
    cache.replace_all([track(1, genre="Techno")])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


def columns(path: Path, table: str) -> dict[str, tuple[str, bool]]:
    """Column → type, and whether it is NOT NULL."""
    # SQLAlchemy 2.1 says DOUBLE where 2.0 said FLOAT; it is one affinity to SQLite.
    return {
        name: (kind.replace("DOUBLE", "FLOAT"), bool(not_null))
        for _, name, kind, not_null, *_ in query(path, f"PRAGMA table_info({table})")
    }


def test_columns(connection: sqlite3.Connection, path: Path) -> None:
    text, number = ("TEXT", False), ("INTEGER", False)
    assert columns(path, "track") == {
        "id": ("INTEGER", True),
        "annex_key": ("TEXT", True),
        "name": ("TEXT", True),
        "base_name": ("TEXT", True),
        "base_name_folded": ("TEXT", True),
        "inode": ("BIGINT", True),
        "work_path": text,
        "content_path": ("TEXT", True),
        "present": ("BOOLEAN", True),
        "size": ("BIGINT", False),
        "changed_at": ("BIGINT", False),
        "added_at": ("BIGINT", False),
        "artist": text,
        "title": text,
        "album": text,
        "genre": text,
        "bpm": ("FLOAT", False),
        "rating": number,
        "key_text": text,
        "key_number": number,
        "year": number,
        "tracknumber": number,
        "decade": text,
        "is_live": ("BOOLEAN", True),
        "has_metadata": ("BOOLEAN", True),
        "left_out": text,
    }
    assert columns(path, "track_file") == {
        "id": ("INTEGER", True),
        "work_path": ("TEXT", True),
        "folded": ("TEXT", True),
        "track_id": ("INTEGER", True),
        "blob": ("TEXT", True),
        "in_work_tree": ("BOOLEAN", True),
        "present": ("BOOLEAN", True),
    }
    assert columns(path, "field") == {
        "id": ("INTEGER", True),
        "name": ("TEXT", True),
        "shown": ("TEXT", True),
        "is_date": ("BOOLEAN", True),
    }
    assert columns(path, "value") == {
        "id": ("INTEGER", True),
        "field_id": ("INTEGER", True),
        "text": ("TEXT", True),
        "folded": ("TEXT", True),
        "number": ("FLOAT", False),
        "begins": ("BIGINT", False),
        "ends": ("BIGINT", False),
    }
    assert columns(path, "track_value") == {
        "track_id": ("INTEGER", True),
        "value_id": ("INTEGER", True),
    }
    assert columns(path, "sync_state") == {
        "id": ("INTEGER", True),
        "store_uuid": ("TEXT", True),
        "generation": ("INTEGER", True),
        "library_uuid": text,
        "fingerprint": ("JSON", False),
        "started_at": ("BIGINT", False),
        "finished_at": ("BIGINT", False),
        "counts": ("JSON", False),
        "presence_changed_at": ("BIGINT", False),
    }


def test_indexes_are_there_after_a_load(connection: sqlite3.Connection, path: Path) -> None:
    found = query(path, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    assert {name for (name,) in found} == {
        "track_absent",
        "track_bare",
        "track_by_annex_key",
        "track_by_inode",
        "track_by_name",
        "track_by_base_name",
        "value_by_date",
        "track_incomplete",
        "track_file_by_track",
        "track_file_present",
        "track_file_by_work_path",
        "track_value_by_value",
        "value_by_folded",
        "value_by_number",
        "value_by_text",
    }


TRACK = (
    "INSERT INTO track (annex_key, name, inode, content_path, present, size, key_number, is_live,"
    " has_metadata, base_name, base_name_folded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'n', 'n')"
)
GOOD = ["key", "name", 12345, "objects/key", 1, 0, 24, 0, 1]


def test_good_track(connection: sqlite3.Connection) -> None:
    connection.execute(TRACK, GOOD)


@pytest.mark.parametrize(
    ("at", "value", "broken"),
    [
        (0, None, "NOT NULL constraint failed: track.annex_key"),
        (0, "", "annex_key_not_empty"),
        (0, track(1).annex_key, "UNIQUE constraint failed: track.annex_key"),
        (1, None, "NOT NULL constraint failed: track.name"),
        (1, "", "name_not_empty"),
        (1, "1.mp3", "UNIQUE constraint failed: track.name"),
        (2, None, "NOT NULL constraint failed: track.inode"),
        (2, 0, "inode_positive"),
        (2, -1, "inode_positive"),
        (3, None, "NOT NULL constraint failed: track.content_path"),
        (4, None, "NOT NULL constraint failed: track.present"),
        (4, 2, "present_is_boolean"),
        (5, -1, "size_not_negative"),
        (6, 0, "key_number_is_a_key"),
        (6, 25, "key_number_is_a_key"),
        (7, None, "NOT NULL constraint failed: track.is_live"),
        (7, 2, "is_live_is_boolean"),
        (8, None, "NOT NULL constraint failed: track.has_metadata"),
        (8, 2, "has_metadata_is_boolean"),
    ],
)
def test_bad_track(
    connection: sqlite3.Connection, at: int, value: str | int | None, broken: str
) -> None:
    row = [*GOOD[:at], value, *GOOD[at + 1 :]]
    with pytest.raises(sqlite3.IntegrityError, match=broken):
        connection.execute(TRACK, row)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        (
            "INSERT INTO track (annex_key, name, inode, content_path, present, is_live,"
            " has_metadata, base_name, base_name_folded)"
            " SELECT 'k', 'n', inode, 'c', 1, 0, 1, 'n', 'n' FROM track",
            "UNIQUE constraint failed: track.inode",
        ),
        (
            "INSERT INTO track_file VALUES (9, 'music/1.mp3', 'x', 1, '', 1, 1)",
            "track_file.work_path",
        ),
        ("INSERT INTO track_file VALUES (9, NULL, 'x', 1, '', 1, 1)", "NOT NULL"),
        ("INSERT INTO track_file VALUES (9, 'x', 'x', 99, '', 1, 1)", "FOREIGN KEY"),
        (
            "INSERT INTO field VALUES (9, 'genre', 'genre', 0)",
            "UNIQUE constraint failed: field.name",
        ),
        ("INSERT INTO field VALUES (9, '', 'x', 0)", "name_not_empty"),
        ("INSERT INTO field VALUES (9, 'x', NULL, 0)", "NOT NULL"),
        ("INSERT INTO field VALUES (9, 'x', 'x', 2)", "is_date_is_boolean"),
        (
            "INSERT INTO value VALUES (9, 1, 'Techno', 'x', NULL, NULL, NULL)",
            "value.field_id, value.text",
        ),
        ("INSERT INTO value VALUES (9, 99, 'x', 'x', NULL, NULL, NULL)", "FOREIGN KEY"),
        ("INSERT INTO value VALUES (9, 1, NULL, 'x', NULL, NULL, NULL)", "NOT NULL"),
        ("INSERT INTO value VALUES (9, 1, 'x', NULL, NULL, NULL, NULL)", "NOT NULL"),
        ("INSERT INTO track_value VALUES (1, 1)", "track_value.track_id, track_value.value_id"),
        ("INSERT INTO track_value VALUES (99, 1)", "FOREIGN KEY"),
        ("INSERT INTO track_value VALUES (1, 99)", "FOREIGN KEY"),
        ("INSERT INTO sync_state (id, store_uuid, generation) VALUES (2, 'u', 0)", "one_row"),
        ("UPDATE sync_state SET generation = -1", "generation_not_negative"),
        ("UPDATE sync_state SET store_uuid = NULL", "NOT NULL"),
    ],
)
def test_bad_row(connection: sqlite3.Connection, statement: str, broken: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=broken):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "emptied"),
    [
        ("DELETE FROM track", ["track_file", "track_value"]),
        ("DELETE FROM value", ["track_value"]),
        ("DELETE FROM field", ["value", "track_value"]),
    ],
)
def test_deleting_cascades(
    connection: sqlite3.Connection, statement: str, emptied: list[str]
) -> None:
    connection.execute(statement)
    for table in emptied:
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_the_stamp_changes_with_the_tables_or_their_meaning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stamp = schema_stamp()
    assert 0 < stamp < 2**31
    assert schema_stamp() == stamp
    monkeypatch.setattr(cache, "DERIVATION", cache.DERIVATION + 1)
    assert schema_stamp() != stamp
    monkeypatch.undo()
    column = CACHE_TABLES.tables["track"].columns["genre"]
    monkeypatch.setattr(column, "nullable", False)
    assert schema_stamp() != stamp
