"""The full load: replaces all tracks in one transaction, a batch at a time.

Owns the order of a load, which makes it quick: tables are dropped and created, not emptied, rows are inserted
in the order of their keys, and the secondary indexes and the trigram indexes are built once, at the end.
`cache_writer.py` makes small changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, or_, select, update

from mcfs.schema.cache import CACHE_TABLES, SyncState, Track
from mcfs.store import inodes
from mcfs.store.field_kinds import find_kinds
from mcfs.store.records import TrackRecord
from mcfs.store.row_encoder import RowEncoder
from mcfs.store.track_names import NameClaims
from mcfs.text.fold import fold

# Tracks per batch. Larger batches are not quicker, and the process that reads the library would have to
# wait while SQLite inserts one.
_BATCH = 1000

_TABLES = [table for table in CACHE_TABLES.sorted_tables if table is not SyncState]
# Sorted, so that data that violates two unique indexes always fails at the same one.
_INDEXES = sorted(
    (index for table in _TABLES for index in table.indexes), key=lambda index: str(index.name)
)

# The memory in which SQLite collects trigrams before it writes them: what does not fit has to be merged
# later, which takes as long again.
_HASH_SIZE = 64 << 20
# In the order of the ids: FTS5's own 'rebuild' may read the texts through an index of theirs, which takes
# ten times as long.
FILL_FTS = [
    statement
    for table in ("value", "track_file")
    for statement in (
        f"INSERT INTO {table}_fts({table}_fts, rank) VALUES ('hashsize', {_HASH_SIZE})",  # noqa: S608
        f"INSERT INTO {table}_fts(rowid, folded) SELECT id, folded FROM {table} ORDER BY id",  # noqa: S608
    )
]


def load(connection: Connection, records: Iterable[TrackRecord]) -> None:
    """Replace all tracks by these.

    Foreign keys need not be checked: every id that is written was given out here.
    """
    CACHE_TABLES.drop_all(connection, _TABLES)
    CACHE_TABLES.create_all(connection, _TABLES)
    for index in _INDEXES:
        index.drop(connection)
    claims = _insert(connection, records)
    for statement in FILL_FTS:
        connection.exec_driver_sql(statement)
    for index in _INDEXES:
        index.create(connection)
    find_kinds(connection)
    claims.resolve(connection)


def _insert(connection: Connection, records: Iterable[TrackRecord]) -> NameClaims:
    encoder = RowEncoder()
    claims = NameClaims()
    taken = {0}
    collisions: list[str] = []
    for track_id, record in enumerate(records, 1):
        inode = inodes.candidate_inode(record.annex_key)
        low = inode & inodes.LOW_BITS
        if low in taken:
            # Which track gets it depends on the keys, not on the order: resolved at the end.
            collisions.append(record.annex_key)
            inode = _placeholder_inode(track_id)
        taken.add(low)
        folded = fold(record.name)
        name = claims.claim(record.annex_key, record.name, folded)
        encoder.add(track_id, inode, record, name, folded)
        if track_id % _BATCH == 0:
            encoder.flush(connection)
    encoder.flush(connection)
    if collisions:
        _resolve_inodes(connection, collisions, taken)
    return claims


def _placeholder_inode(track_id: int) -> int:
    return 1 << inodes.BITS | track_id


def _resolve_inodes(connection: Connection, collisions: list[str], taken: set[int]) -> None:
    """Give tracks whose inodes collide the inodes that they would have had in any other order."""
    lows = {inodes.candidate_inode(annex_key) & inodes.LOW_BITS for annex_key in collisions}
    members = {
        row.annex_key: row.id
        for row in connection.execute(
            select(Track.c.id, Track.c.annex_key).where(
                or_(
                    Track.c.inode.op("&")(inodes.LOW_BITS).in_(lows),
                    Track.c.annex_key.in_(collisions),
                )
            )
        )
    }
    final = inodes.assign_inodes(members, taken - lows)
    change = (
        update(Track).where(Track.c.id == bindparam("track")).values(inode=bindparam("new_inode"))
    )
    # Through placeholders: no two tracks may have the same inode even for a moment.
    for numbers in (
        {annex_key: _placeholder_inode(track_id) for annex_key, track_id in members.items()},
        final,
    ):
        connection.execute(
            change,
            [{"track": members[key], "new_inode": inode} for key, inode in numbers.items()],
        )
