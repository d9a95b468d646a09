"""The full load: all tracks at once, in one transaction, in memory bounded by batches.

Owns the order of a load, which is what makes it quick: tables are made anew rather than emptied, rows
arrive in the order of their keys, and the secondary indexes and the trigram index are built once, at
the end. Small changes are `changes.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, or_, select, update

from mcfs.schema.cache import CacheBase, SyncState, Track
from mcfs.store import inodes
from mcfs.store.records import TrackRecord
from mcfs.store.row_encoder import RowEncoder
from mcfs.store.track_names import NameClaims
from mcfs.text.fold import fold

# Tracks per batch. More make nothing quicker, and whoever brings them would have to wait while SQLite has
# them all.
_BATCH = 1000

_CONTENT = [table for table in CacheBase.metadata.sorted_tables if table is not SyncState.__table__]
# In an order, so that two contradictions are always found in the same one.
_INDEXES = sorted(
    (index for table in _CONTENT for index in table.indexes), key=lambda index: str(index.name)
)

# What the trigrams are gathered in before they are written: what does not fit is merged later, which
# costs as much again.
_HASH_SIZE = 64 << 20
# In the order of the ids, which is the only quick one: left to itself ('rebuild'), SQLite may go by an
# index of the texts, and takes ten times as long.
FILL_FTS = [
    statement
    for table in ("value", "track_file")
    for statement in (
        f"INSERT INTO {table}_fts({table}_fts, rank) VALUES ('hashsize', {_HASH_SIZE})",  # noqa: S608
        f"INSERT INTO {table}_fts(rowid, folded) SELECT id, folded FROM {table} ORDER BY id",  # noqa: S608
    )
]


def load(connection: Connection, records: Iterable[TrackRecord]) -> None:
    """Put these tracks in the place of all there are.

    Foreign keys need no checking meanwhile: every id that is written was handed out here.
    """
    CacheBase.metadata.drop_all(connection, _CONTENT)
    CacheBase.metadata.create_all(connection, _CONTENT)
    for index in _INDEXES:
        index.drop(connection)
    claims = _insert(connection, records)
    for statement in FILL_FTS:
        connection.exec_driver_sql(statement)
    for index in _INDEXES:
        index.create(connection)
    claims.settle(connection)


def _insert(connection: Connection, records: Iterable[TrackRecord]) -> NameClaims:
    encoder = RowEncoder()
    claims = NameClaims()
    taken = {0}
    contested: list[str] = []
    for track_id, record in enumerate(records, 1):
        inode = inodes.candidate_inode(record.annex_key)
        low = inode & inodes.LOW_BITS
        if low in taken:
            # Whose it is depends on the keys, not on who comes first: settled at the end.
            contested.append(record.annex_key)
            inode = _provisional(track_id)
        taken.add(low)
        folded = fold(record.name)
        name = claims.name_of(record.annex_key, record.name, folded)
        encoder.add(track_id, inode, record, name, folded)
        if track_id % _BATCH == 0:
            encoder.flush(connection)
    encoder.flush(connection)
    if contested:
        _settle(connection, contested, taken)
    return claims


def _provisional(track_id: int) -> int:
    return 1 << inodes.BITS | track_id


def _settle(connection: Connection, contested: list[str], taken: set[int]) -> None:
    """Give the tracks whose inodes collide the ones they would have had in any other order."""
    lows = {inodes.candidate_inode(annex_key) & inodes.LOW_BITS for annex_key in contested}
    members = {
        row.annex_key: row.id
        for row in connection.execute(
            select(Track.id, Track.annex_key).where(
                or_(
                    Track.inode.op("&")(inodes.LOW_BITS).in_(lows),
                    Track.annex_key.in_(contested),
                )
            )
        )
    }
    settled = inodes.assign_inodes(members, taken - lows)
    change = (
        update(Track).where(Track.id == bindparam("track")).values(inode=bindparam("new_inode"))
    )
    # First out of each other's way: no two may have the same inode even for a moment.
    for wanted in (
        {annex_key: _provisional(track_id) for annex_key, track_id in members.items()},
        settled,
    ):
        connection.execute(
            change,
            [{"track": members[key], "new_inode": inode} for key, inode in wanted.items()],
        )
