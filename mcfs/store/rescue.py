"""Rescues what can be read of a damaged `user.db` into a new one, which takes its place.

Owns how a damaged table is read: from both ends, up to the page that cannot be read. The damaged file is
kept, and nothing happens where there is no room for that: it has what exists nowhere else.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from mcfs.errors import StoreFullError
from mcfs.schema.user import USER_TABLES
from mcfs.store import engine as sqlite
from mcfs.store import replacing
from mcfs.store.migrations import HEAD, revision_of

# Table → what its rows are, for the user. Those of an edit go with the edits.
_CALLED = {
    "pin": "pins", "snapshot": "snapshots", "snapshot_track": "tracks of snapshots",
    "snapshot_result": "metadata of snapshots",
    "run": "runs in the log", "edit": "edits", "edited_track": "changes of tracks in edits",
    "gesture": "gestures in edits", "begun_value": "values that no track has yet",
    "import_source": "sources of imports", "imported_row": "records of imports",
}  # fmt: skip
_HEADER_BYTES = 100
_PAGE = 16384  # as `engine.py` sets it
_OLDEST_TIME = 10**15  # in microseconds since 1970: 2001


def rescue(path: Path) -> str | None:
    """Put a new `user.db` in the place of a damaged one; what was rescued. None if it is whole after all."""
    if _is_whole(path):
        return None  # another process was quicker
    copy = replacing.copy_aside(path)
    if copy is None:
        raise StoreFullError(
            f"{path} is damaged, and there is no room to keep a copy of it; make some and try again"
        )
    new = replacing.new_file(path)
    try:
        counts, incomplete = _rescue_into(new, copy)
        replacing.replace_content(path, new)
    finally:
        replacing.remove_database(new)
    rescued = ", ".join(f"{count} {_CALLED[table]}" for table, count in counts.items() if count)
    lost = ", ".join(_CALLED[table] for table in incomplete)
    return (
        f"{path} is damaged; rescued: {rescued or 'nothing'}; "
        + (f"some may be lost of: {lost}; " if lost else "all of it could be read; ")
        + f"the damaged file is kept as {copy.name}"
    )


def _is_whole(path: Path) -> bool:
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=1)) as connection:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        return bool(answer == "ok")
    return False


def _rescue_into(new: Path, copy: Path) -> tuple[Counter[str], list[str]]:
    """How many rows of each table were rescued, and the tables of which some may be lost."""
    counts = Counter[str]()
    tables = [table.name for table in USER_TABLES.sorted_tables]
    with _readable(new, copy) as (damaged, revision, has_own_schema):
        _make(new, revision)
        with closing(sqlite3.connect(new, isolation_level=None)) as target:
            target.execute("PRAGMA foreign_keys = ON")
            target.execute("BEGIN")
            incomplete = []
            for table in tables if has_own_schema else ["pin"]:
                count, complete = _copy_table(damaged, target, table)
                counts[table] = count
                if not complete:
                    incomplete.append(table)
            if "imported_row" in incomplete:
                # A row without its record is as new: the next import must ask before it replaces values.
                target.execute("UPDATE import_source SET may_replace = '[]'")
            target.execute("COMMIT")
        _make(new, HEAD)
    return counts, incomplete if has_own_schema else tables


@contextmanager
def _readable(new: Path, copy: Path) -> Iterator[tuple[sqlite3.Connection | None, str, bool]]:
    """The damaged copy as a connection, None where no way leads into it; its revision, and whether its own
    list of tables could be read.

    A lost header, or a lost first page, is replaced by that of a new database. That page has the list of
    tables, so then it is only likely that a table begins where the list says.
    """
    scratch = copy.with_name(f"{copy.name}.reading")
    connection = None
    try:
        for first_bytes in (0, _HEADER_BYTES, _PAGE):
            connection = _open(scratch, copy, _start_of_new(new)[:first_bytes])
            if connection is not None:
                own = first_bytes < _PAGE
                yield connection, _revision(connection) if own else HEAD, own
                return
        yield None, HEAD, False
    finally:
        if connection is not None:
            connection.close()
        replacing.remove_database(scratch)


def _start_of_new(new: Path) -> bytes:
    """The first page of a database that has no rows yet."""
    _make(new, HEAD)
    start = new.read_bytes()[:_PAGE]
    replacing.remove_database(new)
    return start


def _open(scratch: Path, copy: Path, start: bytes) -> sqlite3.Connection | None:
    """A copy of the copy, which may be written; its first bytes are replaced by these."""
    replacing.remove_database(scratch)
    for suffix in ("", "-wal"):
        source = copy.with_name(copy.name + suffix)
        if source.exists():
            shutil.copyfile(source, scratch.with_name(scratch.name + suffix))
    if start:
        pages = scratch.stat().st_size // _PAGE
        start = start[:28] + pages.to_bytes(4) + bytes(8) + start[40:]  # and no free pages
        with scratch.open("r+b") as file:
            file.write(start)
    connection = sqlite3.connect(scratch)
    try:
        connection.execute("SELECT name FROM sqlite_master").fetchall()
        connection.execute("SELECT 1 FROM pin LIMIT 0").fetchall()
    except sqlite3.Error:
        connection.close()
        return None
    return connection


def _revision(damaged: sqlite3.Connection) -> str:
    try:
        row = damaged.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return HEAD
    return str(row[0]) if row else HEAD


def _make(path: Path, revision: str) -> None:
    """Make the tables of a revision, or bring them to it."""
    from mcfs.store.migrations import steps

    engine = sqlite.open_engine(path)
    try:
        with sqlite.writing(engine) as connection:
            if revision_of(connection) != revision:
                steps.upgrade(connection, revision)
    finally:
        engine.dispose()


def _copy_table(
    damaged: sqlite3.Connection | None, target: sqlite3.Connection, table: str
) -> tuple[int, bool]:
    """How many rows could be copied, and whether these are all."""
    information = target.execute(f"PRAGMA table_info({table})").fetchall()
    if damaged is None or not information:
        return 0, damaged is not None
    columns = ", ".join(column[1] for column in information)
    if table == "snapshot_result":
        return _copy_results(damaged, target, columns)
    key = [name for _, name, *_, place in sorted(information, key=lambda c: c[5]) if place]
    count, complete = 0, False
    insert = (
        f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({', '.join('?' * len(information))})"  # noqa: S608
    )
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{name} {direction}" for name in key)
        rows = _readable_rows(damaged, f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608
        for row in rows:
            if row is None:
                break
            if table == "pin" and not _is_pin(row):
                continue
            count += _insert(target, table, insert, row, columns)
        else:
            complete = True
            break
    return count, complete


def _insert(
    target: sqlite3.Connection, table: str, insert: str, row: tuple[object, ...], columns: str
) -> int:
    """How many rows that has inserted: none where another row is missing that this one belongs to."""
    with suppress(sqlite3.IntegrityError):
        return target.execute(insert, row).rowcount
    if table == "snapshot":
        # Its pin is lost; the snapshot itself is not.
        names = columns.split(", ")
        orphan = tuple(None if n == "pin_id" else v for n, v in zip(names, row, strict=True))
        with suppress(sqlite3.IntegrityError):
            return target.execute(insert, orphan).rowcount
    return 0


def _copy_results(
    damaged: sqlite3.Connection, target: sqlite3.Connection, columns: str
) -> tuple[int, bool]:
    """The results of the snapshots that were rescued, each by itself: one may fill many pages.

    Where one is lost, the keys and names of its tracks stand in for it, which are another table.
    """
    count, complete = 0, True
    statement = (
        f"SELECT {columns} FROM snapshot_result WHERE snapshot_id = %d AND json_valid(result)"  # noqa: S608
    )
    insert = f"INSERT INTO snapshot_result ({columns}) VALUES (?, ?)"  # noqa: S608
    for (number,) in target.execute("SELECT id FROM snapshot").fetchall():
        row = next(_readable_rows(damaged, statement % number), None)
        complete &= row is not None
        if row is not None:
            count += target.execute(insert, row).rowcount
    return count, complete


def _readable_rows(
    damaged: sqlite3.Connection, statement: str
) -> Iterator[tuple[object, ...] | None]:
    """Rows until one cannot be read, which is None."""
    try:
        yield from damaged.execute(statement)
    except sqlite3.Error:
        yield None


def _is_pin(row: tuple[object, ...]) -> bool:
    _, name, query_text, created_at, updated_at = row
    return (
        isinstance(name, str | bytes)
        and isinstance(query_text, str | bytes)
        and all(isinstance(at, int) and at > _OLDEST_TIME for at in (created_at, updated_at))
    )
