"""The tables of `user.db`: what the user made.

Owns their shape as models. The migrations in `store/migrations/` bring older databases to this shape; a
test compares the two. The writer of a row sets its times.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from mcfs.schema.column_types import RawText, UtcTime


class UserBase(DeclarativeBase):
    """Metadata of `user.db` alone."""

    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it, and it is never changed)
        str: RawText,
        datetime: UtcTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


class Pin(UserBase):
    """A saved query. Its name is the name of a folder, so it is unique."""

    __tablename__ = "pin"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    # "" for a pin that has no query yet.
    query_text: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("length(name) > 0", name="name_not_empty"),)


class Snapshot(UserBase):
    """A frozen result, and the query it came from. Found by its name."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    query_text: Mapped[str]
    taken_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("length(name) > 0", name="name_not_empty"),)


class SnapshotTrack(UserBase):
    """A track of a snapshot, by annex key: the cache may forget it, the snapshot does not.

    The primary key reads a snapshot in its order, which is the only way it is read.
    """

    __tablename__ = "snapshot_track"

    snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("snapshot.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    annex_key: Mapped[str]
    # Its name when the snapshot was taken.
    name: Mapped[str]

    __table_args__ = (
        CheckConstraint("position > 0", name="position_positive"),
        {"sqlite_with_rowid": False},
    )


class Run(UserBase):
    """The log of syncs and imports. Small, and read from its end: no index."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    detail: Mapped[dict[str, Any] | None]
    updated_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("kind IN ('sync', 'import')", name="kind_is_known"),)


class Edit(UserBase):
    """The journal: one run that changed metadata in git-annex, such as an import, or the undo of one.

    Read from its end: no index.
    """

    __tablename__ = "edit"

    id: Mapped[int] = mapped_column(primary_key=True)
    # What was done, as a command: "import mixxx", "undo 3".
    command: Mapped[str]
    made_by: Mapped[str]
    started_at: Mapped[datetime]
    # NULL while it runs, and after it was killed until the next edit has found out what became of it.
    finished_at: Mapped[datetime | None]
    # How many tracks were changed, and how many could not be; NULL until it is finished.
    changed: Mapped[int | None]
    failed: Mapped[int | None]
    # The edit that this one takes back.
    undoes: Mapped[int | None] = mapped_column(ForeignKey("edit.id"))
    detail: Mapped[dict[str, Any] | None]


class EditedTrack(UserBase):
    """The journal: what an edit changed of one track. Written before git-annex is asked to change it.

    The primary key finds the tracks of an edit that git-annex has just answered, which are neighbours.
    """

    __tablename__ = "edited_track"

    edit_id: Mapped[int] = mapped_column(
        ForeignKey("edit.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    annex_key: Mapped[str]
    # Field → [all values before, all values after].
    changes: Mapped[dict[str, Any]]
    # NULL: git-annex has not answered yet.
    applied: Mapped[bool | None]
    # Why git-annex refused the change.
    failure: Mapped[str | None]
    # Rows of `imported_row` before and after the change: [source, row, seen, supplied] of each. NULL where
    # the edit does not touch any.
    imported_before: Mapped[list[Any] | None]
    imported_after: Mapped[list[Any] | None]

    __table_args__ = (
        CheckConstraint("applied IN (0, 1)", name="applied_is_boolean"),
        {"sqlite_with_rowid": False},
    )


class ImportSource(UserBase):
    """A database of another program that imports have read, known by what that program never changes."""

    __tablename__ = "import_source"

    id: Mapped[int] = mapped_column(primary_key=True)
    identity: Mapped[str] = mapped_column(unique=True)
    # SQLite's count of changes when it was last read: a smaller count is an older copy of the database.
    change_count: Mapped[int]
    # The fields in which an import from it may replace values that no import has written.
    may_replace: Mapped[list[Any]]
    # The mounts of mcfs through which it knows tracks.
    mount_points: Mapped[list[Any]]
    updated_at: Mapped[datetime]


class ImportedRow(UserBase):
    """What one row of a source had for one track at the last import, and what it supplied to git-annex.

    Read for many tracks at once, by their keys, and always replaced as a whole.
    """

    __tablename__ = "imported_row"

    annex_key: Mapped[str] = mapped_column(primary_key=True)
    # Both are 0 in the records of versions that did not know which row a value came from.
    source_id: Mapped[int] = mapped_column(primary_key=True)
    row_id: Mapped[int] = mapped_column(primary_key=True)
    # Field → its values; null where an import has left it undecided.
    seen: Mapped[dict[str, Any]]
    # Field → the values among them that git-annex did not have before.
    supplied: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]

    __table_args__ = ({"sqlite_with_rowid": False},)
