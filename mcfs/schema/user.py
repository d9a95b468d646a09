"""The tables of `user.db`: what the user made.

Owns their shape, as `cache.py` does. The migrations in `store/migrations/` bring older databases to this
shape; a test compares the two. The writer of a row sets its times.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    MetaData,
    Named,
    Table,
    TypedColumns,
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


class PinColumns(TypedColumns):
    """A saved query. Its name is the name of a folder, so it is unique."""

    id: Named[int] = Column(primary_key=True)
    name: Named[str] = Column(RawText, unique=True)
    # "" for a pin that has no query yet.
    query_text: Named[str] = Column(RawText, default="")
    created_at: Named[datetime] = Column(UtcTime)
    updated_at: Named[datetime] = Column(UtcTime)


Pin = Table(
    "pin",
    USER_TABLES,
    PinColumns,
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


class SnapshotColumns(TypedColumns):
    """A frozen result, and how it was found. Read by its name.

    Indexes: `output_mode` for those that are shown in one way; `pin_id` for SQLite's own check when a pin is
    deleted, which deletes its snapshots.
    """

    id: Named[int] = Column(primary_key=True)
    name: Named[str] = Column(RawText, unique=True)
    # The canonical text of the query; of a folder that no query text can express, only for people to read.
    query_text: Named[str] = Column(RawText)
    # The path of the folder in a mount that was taken; "" for a query text.
    folder: Named[str] = Column(RawText)
    # Levels of folders, and perhaps the names of files; "" for a plain list.
    template: Named[str] = Column(RawText)
    # NULL: as the mount shows everything else.
    output_mode: Named[OutputMode | None] = Column(_OUTPUT_MODE, index=True)
    # Whether tracks whose content was not here were left out.
    hides_absent: Named[bool]
    # What it belongs to: a pin, a view, or neither.
    pin_id: Named[int | None] = Column(ForeignKey("pin.id", ondelete="CASCADE"), index=True)
    view: Named[str | None] = Column(RawText)
    taken_at: Named[datetime] = Column(UtcTime)
    # The generation of the cache that it was taken from, and the library; empty where that is not known.
    store_uuid: Named[str] = Column(RawText)
    generation: Named[int]
    library_uuid: Named[str] = Column(RawText)
    # Of query, template, order and the rule of names; "" where it is not known.
    input_hash: Named[str] = Column(RawText)
    # When these had last changed at the time; NULL where that is not known.
    metadata_changed_at: Named[datetime | None] = Column(UtcTime)
    presence_changed_at: Named[datetime | None] = Column(UtcTime)
    configuration_changed_at: Named[datetime | None] = Column(UtcTime)
    # Whether the library has another result now, and in which way; as of the generation of the cache that it
    # was last compared to.
    is_stale: Named[bool]
    stale_reason: Named[str | None] = Column(RawText)
    checked_at: Named[datetime | None] = Column(UtcTime)
    checked_store_uuid: Named[str | None] = Column(RawText)
    checked_generation: Named[int | None]
    # When the set was last played.
    done_at: Named[datetime | None] = Column(UtcTime)
    # When its name or its result was last changed.
    updated_at: Named[datetime] = Column(UtcTime)


Snapshot = Table(
    "snapshot",
    USER_TABLES,
    SnapshotColumns,
    CheckConstraint("length(name) > 0", name="name_not_empty"),
    CheckConstraint("hides_absent IN (0, 1)", name="hides_absent_is_boolean"),
    CheckConstraint("is_stale IN (0, 1)", name="is_stale_is_boolean"),
)


class SnapshotResultColumns(TypedColumns):
    """What a snapshot froze: [{annex_key, name, present, folders, fields}], in order.

    In a table of its own: it may have megabytes, and SQLite would write them again with every other change.
    """

    snapshot_id: Named[int] = Column(
        ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True
    )
    result: Named[list[Any]] = Column(JSON(none_as_null=True))


SnapshotResult = Table("snapshot_result", USER_TABLES, SnapshotResultColumns)


class SnapshotTrackColumns(TypedColumns):
    """A track of a snapshot: what its result says too, as rows.

    So the keys of a snapshot are read in their order without its fields, and the index finds the snapshots
    that a changed track is in. Where a result is lost, these stand in for it.
    """

    snapshot_id: Named[int] = Column(
        ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True
    )
    position: Named[int] = Column(primary_key=True)
    annex_key: Named[str] = Column(RawText, index=True)
    # Its name when the snapshot was taken.
    name: Named[str] = Column(RawText)


SnapshotTrack = Table(
    "snapshot_track",
    USER_TABLES,
    SnapshotTrackColumns,
    CheckConstraint("position > 0", name="position_positive"),
    sqlite_with_rowid=False,
)


class RunColumns(TypedColumns):
    """The log of syncs and imports. Small, and read from its end: no index."""

    id: Named[int] = Column(primary_key=True)
    kind: Named[str] = Column(RawText)
    started_at: Named[datetime] = Column(UtcTime)
    finished_at: Named[datetime | None] = Column(UtcTime)
    outcome: Named[str | None] = Column(RawText)
    detail: Named[dict[str, Any] | None] = Column(JSON(none_as_null=True))
    updated_at: Named[datetime] = Column(UtcTime)


Run = Table(
    "run",
    USER_TABLES,
    RunColumns,
    CheckConstraint("kind IN ('sync', 'import')", name="kind_is_known"),
)


class EditColumns(TypedColumns):
    """The journal: one run that changed metadata in git-annex, such as an import, or the undo of one.

    Read from its end: no index.
    """

    id: Named[int] = Column(primary_key=True)
    # What was done, as a command: "import mixxx", "undo 3".
    command: Named[str] = Column(RawText)
    made_by: Named[str] = Column(RawText)
    started_at: Named[datetime] = Column(UtcTime)
    # NULL while it runs, and after it was killed until the next edit has found out what became of it.
    finished_at: Named[datetime | None] = Column(UtcTime)
    # How many tracks were changed, and how many could not be; NULL until it is finished.
    changed: Named[int | None]
    failed: Named[int | None]
    # The edit that this one takes back.
    undoes: Named[int | None] = Column(ForeignKey("edit.id"))
    detail: Named[dict[str, Any] | None] = Column(JSON(none_as_null=True))


Edit = Table(
    "edit",
    USER_TABLES,
    EditColumns,
)


class EditedTrackColumns(TypedColumns):
    """The journal: what an edit changed of one track. Written before git-annex is asked to change it.

    The primary key finds the tracks of an edit that git-annex has just answered, which are neighbours.
    """

    edit_id: Named[int] = Column(ForeignKey("edit.id", ondelete="CASCADE"), primary_key=True)
    position: Named[int] = Column(primary_key=True)
    annex_key: Named[str] = Column(RawText)
    # Field → [all values before, all values after].
    changes: Named[dict[str, Any]] = Column(JSON(none_as_null=True))
    # NULL: git-annex has not answered yet.
    applied: Named[bool | None]
    # Why git-annex refused the change.
    failure: Named[str | None] = Column(RawText)
    # Rows of `imported_row` before and after the change: [source, row, seen, supplied] of each. NULL where
    # the edit does not touch any.
    imported_before: Named[list[Any] | None] = Column(JSON(none_as_null=True))
    imported_after: Named[list[Any] | None] = Column(JSON(none_as_null=True))


EditedTrack = Table(
    "edited_track",
    USER_TABLES,
    EditedTrackColumns,
    CheckConstraint("applied IN (0, 1)", name="applied_is_boolean"),
    sqlite_with_rowid=False,
)


class GestureColumns(TypedColumns):
    """The journal: one gesture in a mount, such as a `mv`, of an edit that has a burst of them.

    Its tracks are those of the edit from `position` on, up to the next gesture's.
    """

    edit_id: Named[int] = Column(ForeignKey("edit.id", ondelete="CASCADE"), primary_key=True)
    position: Named[int] = Column(primary_key=True)
    made_at: Named[datetime] = Column(UtcTime)
    # What was done, as a command: "mv crate/A/x crate/B/".
    words: Named[str] = Column(RawText)
    mount_path: Named[str] = Column(RawText)


Gesture = Table(
    "gesture",
    USER_TABLES,
    GestureColumns,
    sqlite_with_rowid=False,
)


class BegunValueColumns(TypedColumns):
    """A value that no track has yet: the empty folder that `mkdir` makes in a mount that edits."""

    field: Named[str] = Column(RawText, primary_key=True)
    value: Named[str] = Column(RawText, primary_key=True)
    begun_at: Named[datetime] = Column(UtcTime)


BegunValue = Table(
    "begun_value",
    USER_TABLES,
    BegunValueColumns,
    sqlite_with_rowid=False,
)


class ImportSourceColumns(TypedColumns):
    """A database of another program that imports have read, known by what that program never changes."""

    id: Named[int] = Column(primary_key=True)
    identity: Named[str] = Column(RawText, unique=True)
    # SQLite's count of changes when it was last read: a smaller count is an older copy of the database.
    change_count: Named[int]
    # The fields in which an import from it may replace values that no import has written.
    may_replace: Named[list[Any]] = Column(JSON(none_as_null=True))
    # The mounts of mcfs through which it knows tracks.
    mount_points: Named[list[Any]] = Column(JSON(none_as_null=True))
    updated_at: Named[datetime] = Column(UtcTime)


ImportSource = Table(
    "import_source",
    USER_TABLES,
    ImportSourceColumns,
)


class ImportedRowColumns(TypedColumns):
    """What one row of a source had for one track at the last import, and what it supplied to git-annex.

    Read for many tracks at once, by their keys, and always replaced as a whole.
    """

    annex_key: Named[str] = Column(RawText, primary_key=True)
    # Both are 0 in the records of versions that did not know which row a value came from.
    source_id: Named[int] = Column(primary_key=True)
    row_id: Named[int] = Column(primary_key=True)
    # Field → its values; null where an import has left it undecided.
    seen: Named[dict[str, Any]] = Column(JSON(none_as_null=True))
    # Field → the values among them that git-annex did not have before.
    supplied: Named[dict[str, Any]] = Column(JSON(none_as_null=True))
    updated_at: Named[datetime] = Column(UtcTime)


ImportedRow = Table(
    "imported_row",
    USER_TABLES,
    ImportedRowColumns,
    sqlite_with_rowid=False,
)
