"""The tables of `user.db`: what the user made.

Owns their shape, as `cache.py` does. The migrations in `store/migrations/` bring older databases to this
shape; a test compares the two. The writer of a row sets its times.
"""

from __future__ import annotations

from enum import Enum

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
)
from sqlalchemy import Enum as EnumType

from mcfs.schema.column_types import RawText, UtcTime

# Of `user.db` alone.
USER_TABLES = MetaData()


class OutputMode(Enum):
    """How a mount shows a snapshot; the values are what is stored."""

    LINKS = "links"
    FILES = "files"
    # One playlist, and nothing else.
    PLAYLIST = "playlist"


# A saved query. Its name is the name of a folder, so it is unique.
Pin = Table(
    "pin",
    USER_TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", RawText, unique=True, nullable=False),
    # "" for a pin that has no query yet.
    Column("query_text", RawText, default="", nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    CheckConstraint("length(name) > 0", name="name_not_empty"),
)


_OUTPUT_MODE = EnumType(
    OutputMode,
    values_callable=lambda modes: [mode.value for mode in modes],
    native_enum=False,
    create_constraint=True,
    name="output_mode_is_known",
    length=8,
)


# A frozen result, and how it was found. Read by its name.
#
# Indexes: `output_mode` for those that are shown in one way; `pin_id` for SQLite's own check when a pin is
# deleted, which deletes its snapshots.
Snapshot = Table(
    "snapshot",
    USER_TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", RawText, unique=True, nullable=False),
    # The canonical text of the query; of a folder that no query text can express, only for people to read.
    Column("query_text", RawText, nullable=False),
    # The path of the folder in a mount that was taken; "" for a query text.
    Column("folder", RawText, nullable=False),
    # Levels of folders, and perhaps the names of files; "" for a plain list.
    Column("template", RawText, nullable=False),
    # NULL: as the mount shows everything else.
    Column("output_mode", _OUTPUT_MODE, index=True),
    # Whether tracks whose content was not here were left out.
    Column("hides_absent", Boolean, nullable=False),
    # What it belongs to: a pin, a view, or neither.
    Column("pin_id", Integer, ForeignKey("pin.id", ondelete="CASCADE"), index=True),
    Column("view", RawText),
    Column("taken_at", UtcTime, nullable=False),
    # The generation of the cache that it was taken from, and the library; empty where that is not known.
    Column("store_uuid", RawText, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("library_uuid", RawText, nullable=False),
    # Of query, template, order and the rule of names; "" where it is not known.
    Column("input_hash", RawText, nullable=False),
    # When these had last changed at the time; NULL where that is not known.
    Column("metadata_changed_at", UtcTime),
    Column("presence_changed_at", UtcTime),
    Column("configuration_changed_at", UtcTime),
    # Whether the library has another result now, and in which way; as of the generation of the cache that it
    # was last compared to.
    Column("is_stale", Boolean, nullable=False),
    Column("stale_reason", RawText),
    Column("checked_at", UtcTime),
    Column("checked_store_uuid", RawText),
    Column("checked_generation", Integer),
    # When the set was last played.
    Column("done_at", UtcTime),
    # When its name or its result was last changed.
    Column("updated_at", UtcTime, nullable=False),
    CheckConstraint("length(name) > 0", name="name_not_empty"),
    CheckConstraint("hides_absent IN (0, 1)", name="hides_absent_is_boolean"),
    CheckConstraint("is_stale IN (0, 1)", name="is_stale_is_boolean"),
)


# What a snapshot froze: [{annex_key, name, present, folders, fields}], in order.
#
# In a table of its own: it may have megabytes, and SQLite would write them again with every other change.
SnapshotResult = Table(
    "snapshot_result",
    USER_TABLES,
    Column("snapshot_id", Integer, ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True),
    Column("result", JSON(none_as_null=True), nullable=False),
)


# A track of a snapshot: what its result says too, as rows.
#
# So the keys of a snapshot are read in their order without its fields, and the index finds the snapshots
# that a changed track is in. Where a result is lost, these stand in for it.
SnapshotTrack = Table(
    "snapshot_track",
    USER_TABLES,
    Column("snapshot_id", Integer, ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("annex_key", RawText, index=True, nullable=False),
    # Its name when the snapshot was taken, and whether its content was here.
    Column("name", RawText, nullable=False),
    Column("present", Boolean, nullable=False),
    CheckConstraint("position > 0", name="position_positive"),
    CheckConstraint("present IN (0, 1)", name="present_is_boolean"),
    sqlite_with_rowid=False,
)


# The log of syncs and imports. Small, and read from its end: no index.
Run = Table(
    "run",
    USER_TABLES,
    Column("id", Integer, primary_key=True),
    Column("kind", RawText, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("outcome", RawText),
    Column("detail", JSON(none_as_null=True)),
    Column("updated_at", UtcTime, nullable=False),
    CheckConstraint("kind IN ('sync', 'import')", name="kind_is_known"),
)


# The journal: one run that changed metadata in git-annex, such as an import, or the undo of one.
#
# Read from its end: no index.
Edit = Table(
    "edit",
    USER_TABLES,
    Column("id", Integer, primary_key=True),
    # What was done, as a command: "import mixxx", "undo 3".
    Column("command", RawText, nullable=False),
    Column("made_by", RawText, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    # NULL while it runs, and after it was killed until the next edit has found out what became of it.
    Column("finished_at", UtcTime),
    # How many tracks were changed, and how many could not be; NULL until it is finished.
    Column("changed", Integer),
    Column("failed", Integer),
    # The edit that this one takes back.
    Column("undoes", Integer, ForeignKey("edit.id")),
    Column("detail", JSON(none_as_null=True)),
)


# The journal: what an edit changed of one track. Written before git-annex is asked to change it.
#
# The primary key finds the tracks of an edit that git-annex has just answered, which are neighbours.
EditedTrack = Table(
    "edited_track",
    USER_TABLES,
    Column("edit_id", Integer, ForeignKey("edit.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("annex_key", RawText, nullable=False),
    # Field → [all values before, all values after].
    Column("changes", JSON(none_as_null=True), nullable=False),
    # NULL: git-annex has not answered yet.
    Column("applied", Boolean),
    # Why git-annex refused the change.
    Column("failure", RawText),
    # Rows of `imported_row` before and after the change: [source, row, seen, supplied] of each. NULL where
    # the edit does not touch any.
    Column("imported_before", JSON(none_as_null=True)),
    Column("imported_after", JSON(none_as_null=True)),
    CheckConstraint("applied IN (0, 1)", name="applied_is_boolean"),
    sqlite_with_rowid=False,
)


# The journal: one gesture in a mount, such as a `mv`, of an edit that has a burst of them.
#
# Its tracks are those of the edit from `position` on, up to the next gesture's.
Gesture = Table(
    "gesture",
    USER_TABLES,
    Column("edit_id", Integer, ForeignKey("edit.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("made_at", UtcTime, nullable=False),
    # What was done, as a command: "mv crate/A/x crate/B/".
    Column("words", RawText, nullable=False),
    Column("mount_path", RawText, nullable=False),
    sqlite_with_rowid=False,
)


# A value that no track has yet: the empty folder that `mkdir` makes in a mount that edits.
BegunValue = Table(
    "begun_value",
    USER_TABLES,
    Column("field", RawText, primary_key=True),
    Column("value", RawText, primary_key=True),
    Column("begun_at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
)


# A database of another program that imports have read, known by what that program never changes.
ImportSource = Table(
    "import_source",
    USER_TABLES,
    Column("id", Integer, primary_key=True),
    Column("identity", RawText, unique=True, nullable=False),
    # SQLite's count of changes when it was last read: a smaller count is an older copy of the database.
    Column("change_count", Integer, nullable=False),
    # The fields in which an import from it may replace values that no import has written.
    Column("may_replace", JSON(none_as_null=True), nullable=False),
    # The mounts of mcfs through which it knows tracks.
    Column("mount_points", JSON(none_as_null=True), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)


# What one row of a source had for one track at the last import, and what it supplied to git-annex.
#
# Read for many tracks at once, by their keys, and always replaced as a whole.
ImportedRow = Table(
    "imported_row",
    USER_TABLES,
    Column("annex_key", RawText, primary_key=True),
    # Both are 0 in the records of versions that did not know which row a value came from.
    Column("source_id", Integer, primary_key=True),
    Column("row_id", Integer, primary_key=True),
    # Field → its values; null where an import has left it undecided.
    Column("seen", JSON(none_as_null=True), nullable=False),
    # Field → the values among them that git-annex did not have before.
    Column("supplied", JSON(none_as_null=True), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
)
