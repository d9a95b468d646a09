"""The tables of the cache, and why each index is there.

Owns the shape of `cache.db` as tables of SQLAlchemy Core. (Its ORM would take a third of the time in which a
command starts.) It stands below `store/` because `sql/` compiles queries against these tables and must not
know an engine; nothing here opens or executes anything.

    field 1──n value n──m track 1──n track_file
                     (track_value)

Every value of every field is stored once, in `value`, with its folded text and its number. The rows of
`track_value` are a track's metadata, and the folders and types of its files. **Filters use only
`track_value`, and `track_file` for work paths**; the columns of `track` that repeat one value of a field
are for sorting and showing, so that a listing needs no join.
"""

from __future__ import annotations

import zlib

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    event,
)
from sqlalchemy import (
    text as sql_text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from mcfs.schema.column_types import RawText, UtcTime

# Raise this when the same tables are to hold other contents (a new `fold`, another inode hash).
DERIVATION = 4


# Of `cache.db` alone: `user.db` has its own, and is never created from this.
CACHE_TABLES = MetaData()


# One annexed audio file, by annex key.
#
# Indexes: `annex_key` finds a track whose log changed, `name` answers the kernel's lookup of one name in a
# folder, `inode` keeps the inodes of two tracks distinct. `track_by_base_name` finds the namesakes of a
# track that is added or removed; `track_absent`, `track_bare` and `track_incomplete` are
# counted after every sync.
# Sorting reads the rows of one folder and sorts them in memory, so no display column has an index.
Track = Table(
    "track",
    CACHE_TABLES,
    Column("id", Integer, primary_key=True),
    Column("annex_key", RawText, nullable=False),
    Column("name", RawText, nullable=False),
    # The name without the mark that makes it unique; also folded, because folded names collide.
    Column("base_name", RawText, nullable=False),
    Column("base_name_folded", RawText, nullable=False),
    # A hash of the annex key, so that it survives a rebuild of the cache (see store/inodes.py).
    Column("inode", BigInteger, nullable=False),
    # The first of its work paths; NULL when no file of the checked-out tree has this key.
    Column("work_path", RawText),
    # The annex object, relative to the common git directory; of absent content, where it would be.
    Column("content_path", RawText, nullable=False),
    Column("present", Boolean, nullable=False),
    Column("size", BigInteger),
    Column("changed_at", UtcTime),
    Column("added_at", UtcTime),
    Column("artist", RawText),
    Column("title", RawText),
    Column("album", RawText),
    Column("genre", RawText),
    Column("bpm", Double),
    Column("rating", Integer),
    Column("key_text", RawText),
    Column("key_number", Integer),
    Column("year", Integer),
    Column("tracknumber", Integer),
    Column("decade", RawText),
    Column("is_live", Boolean, default=False, nullable=False),
    # Whether it has any value that does not come from its work path.
    Column("has_metadata", Boolean, nullable=False),
    # What of its metadata the cache cannot keep, in words; NULL for nearly every track.
    Column("left_out", RawText),
    CheckConstraint("length(annex_key) > 0", name="annex_key_not_empty"),
    CheckConstraint("length(name) > 0", name="name_not_empty"),
    CheckConstraint("inode > 0", name="inode_positive"),
    CheckConstraint("size >= 0", name="size_not_negative"),
    CheckConstraint("key_number BETWEEN 1 AND 24", name="key_number_is_a_key"),
    CheckConstraint("present IN (0, 1)", name="present_is_boolean"),
    CheckConstraint("is_live IN (0, 1)", name="is_live_is_boolean"),
    CheckConstraint("has_metadata IN (0, 1)", name="has_metadata_is_boolean"),
    # Not `unique` columns: their indexes cannot be dropped, and a full load would have to fill them
    # in random order.
    Index("track_by_annex_key", "annex_key", unique=True),
    Index("track_by_name", "name", unique=True),
    Index("track_by_inode", "inode", unique=True),
    Index("track_by_base_name", "base_name_folded"),
    Index("track_absent", "id", sqlite_where=sql_text("present IS 0")),
    Index("track_bare", "id", sqlite_where=sql_text("has_metadata IS 0")),
    Index("track_incomplete", "id", sqlite_where=sql_text("left_out IS NOT NULL")),
)


# Every file of the checked-out tree, by its work path: several may be the same track.
#
# The work path is a value like any other to a query, but two tracks rarely share one: stored here, it
# needs no row in `value` and none in `track_value`. `track_file_fts` indexes its substrings.
#
# Indexes: the unique one, because a file belongs to one track; and `track_id`, for the files of a track
# and for SQLite's own check when a track is deleted. `track_file_present` is for folders that show only
# what is here: it leads from one name in such a folder to the next, past everything below the first.
TrackFile = Table(
    "track_file",
    CACHE_TABLES,
    Column("id", Integer, primary_key=True),
    Column("work_path", RawText, nullable=False),
    Column("folded", RawText, nullable=False),
    Column("track_id", Integer, ForeignKey("track.id", ondelete="CASCADE"), nullable=False),
    # The git object that names the key; while it is the same, a sync need not read it again.
    Column("blob", RawText, default="", nullable=False),
    # False for a file that the checked-out branch hides (see annex/files.py).
    Column("in_work_tree", Boolean, default=True, nullable=False),
    # The track's, repeated for the index.
    Column("present", Boolean, nullable=False),
    Index("track_file_by_work_path", "work_path", unique=True),
    Index("track_file_by_track", "track_id"),
    Index("track_file_present", "work_path", sqlite_where=sql_text("present IS 1")),
)


# An image beside tracks, such as `cover.jpg`: only shown, never asked for, and so not searched.
#
# The primary key reads those of one folder.
Cover = Table(
    "cover",
    CACHE_TABLES,
    Column("directory", RawText, primary_key=True),
    Column("name", RawText, primary_key=True),
    # The git object: while it is the same, the content is the same.
    Column("blob", RawText, nullable=False),
    # NULL for a file that git itself keeps.
    Column("annex_key", RawText),
    Column("size", BigInteger),
    # Of an annexed one: relative to the common git directory; NULL where it is not here.
    Column("content_path", RawText),
    Column("in_work_tree", Boolean, nullable=False),
    sqlite_with_rowid=False,
)


# A metadata field by its folded name, which git-annex compares without regard to case.
Field = Table(
    "field",
    CACHE_TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", RawText, unique=True, nullable=False),
    # The newest spelling, for people.
    Column("shown", RawText, nullable=False),
    # Whether its values are dates (store/field_kinds.py).
    Column("is_date", Boolean, default=False, nullable=False),
    CheckConstraint("length(name) > 0", name="name_not_empty"),
    CheckConstraint("is_date IN (0, 1)", name="is_date_is_boolean"),
)


# One distinct value of one field.
#
# `value_by_text` finds a value when a track gains it. `value_by_folded` answers whole values and
# prefixes, and groups case variants. `value_by_number` answers ranges; it is partial: most values
# are not numbers. `value_by_date` does so for dates. `value_fts` indexes substrings.
Value = Table(
    "value",
    CACHE_TABLES,
    Column("id", Integer, primary_key=True),
    Column("field_id", Integer, ForeignKey("field.id", ondelete="CASCADE"), nullable=False),
    Column("text", RawText, nullable=False),
    Column("folded", RawText, nullable=False),
    # What a range compares: a number, a year, the number of a musical key; else NULL.
    Column("number", Double),
    # What a range of days compares, in fields of dates and in those that only the library has: days from one
    # midnight to another, as if in UTC, or a moment, which has no end.
    Column("begins", UtcTime),
    Column("ends", UtcTime),
    Index("value_by_text", "field_id", "text", unique=True),
    Index("value_by_folded", "field_id", "folded"),
    Index("value_by_number", "field_id", "number", sqlite_where=sql_text("number IS NOT NULL")),
    Index("value_by_date", "field_id", "begins", sqlite_where=sql_text("begins IS NOT NULL")),
)


# Which track has which value: a million rows, so WITHOUT ROWID and two integers a row.
#
# The primary key reads one track's values; `track_value_by_value` the tracks of one value, which
# is how a filter with few matches is answered.
TrackValue = Table(
    "track_value",
    CACHE_TABLES,
    Column("track_id", Integer, ForeignKey("track.id", ondelete="CASCADE"), primary_key=True),
    Column("value_id", Integer, ForeignKey("value.id", ondelete="CASCADE"), primary_key=True),
    Index("track_value_by_value", "value_id", "track_id"),
    sqlite_with_rowid=False,
)


# Which tracks each of the last generations added, changed, renamed or removed.
#
# A mount invalidates the names of these and of no others. An empty key stands for all tracks: the cache
# was filled again, or so much changed that listing it does not pay.
ChangedTrack = Table(
    "changed_track",
    CACHE_TABLES,
    Column("generation", Integer, primary_key=True),
    Column("annex_key", RawText, primary_key=True),
    sqlite_with_rowid=False,
)


# Which covers each of the last generations added, changed or removed, by work path.
ChangedCover = Table(
    "changed_cover",
    CACHE_TABLES,
    Column("generation", Integer, primary_key=True),
    Column("work_path", RawText, primary_key=True),
    sqlite_with_rowid=False,
)


# Which state of the library the cache has. Always one row, with `id` 1.
#
# `(store_uuid, generation)` names one state of the cache and is never reused: a rebuild draws a new
# uuid, every sync that changed something adds one. The progress of a running sync is in its lock file
# (store/locks.py): its transaction shows nothing before it commits.
SyncState = Table(
    "sync_state",
    CACHE_TABLES,
    Column("id", Integer, primary_key=True),
    Column("store_uuid", RawText, nullable=False),
    Column("generation", Integer, default=0, nullable=False),
    Column("library_uuid", RawText),
    # The fingerprint of the library when it was read (annex/fingerprint.py).
    Column("fingerprint", JSON(none_as_null=True)),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("counts", JSON(none_as_null=True)),
    # When a sync last found that other tracks are here than before.
    Column("presence_changed_at", UtcTime),
    CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("generation >= 0", name="generation_not_negative"),
)


# Substrings of the distinct folded values and of the folded work paths, in any script.
# `case_sensitive`: they are folded already. External content: the index stores no second copy, and
# `store/` updates both. `columnsize`: only ranking would need the length of each text.
_FTS = [
    f"CREATE VIRTUAL TABLE {table}_fts USING fts5(folded, content='{table}', content_rowid='id', "
    "tokenize='trigram case_sensitive 1', columnsize=0)"
    for table in ("value", "track_file")
]
for _statement in _FTS:
    event.listen(CACHE_TABLES, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]  # DDL has no annotations
for _table in ("value_fts", "track_file_fts"):
    event.listen(
        CACHE_TABLES,
        "before_drop",
        DDL(f"DROP TABLE IF EXISTS {_table}"),  # type: ignore[no-untyped-call]  # DDL has no annotations
    )


def schema_stamp() -> int:
    """A number that changes with the tables, so that no version has to be raised by hand."""
    dialect = sqlite.dialect()
    statements = [*_FTS, str(DERIVATION)]
    for table in CACHE_TABLES.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements += sorted(str(CreateIndex(i).compile(dialect=dialect)) for i in table.indexes)
    return zlib.crc32("\n".join(statements).encode()) & 0x7FFFFFFF
