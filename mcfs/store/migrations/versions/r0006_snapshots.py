"""What a snapshot was taken of and when, its result with all fields, and whether it is still true.

A downgrade keeps in `snapshot_of_0006` what the older tables have no column for, and an upgrade brings it
back. Tables are made anew and never altered: then they are what the models say, word for word.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from alembic import op

from mcfs.text.raw_text import as_text

revision = "0006"
down_revision = "0005"

_KEPT = "snapshot_of_0006"
_OLD_TRACK = ("snapshot_id", "position", "annex_key", "name")
_OLD = ("id", "name", "query_text", "taken_at", "updated_at")
_NEW = (
    "id", "name", "query_text", "folder", "template", "output_mode", "hides_absent", "pin_id", "view",
    "taken_at", "store_uuid", "generation", "library_uuid", "input_hash", "metadata_changed_at",
    "presence_changed_at", "configuration_changed_at", "is_stale", "stale_reason", "checked_at",
    "checked_store_uuid", "checked_generation", "done_at", "updated_at",
)  # fmt: skip
# Of a snapshot that an older version made.
_UNKNOWN = {
    "folder": "",
    "template": "",
    "hides_absent": 1,
    "store_uuid": "",
    "generation": 0,
    "library_uuid": "",
    "input_hash": "",
    "is_stale": 0,
}

Rows = list[dict[str, Any]]


def upgrade() -> None:
    if "folder" in _columns("snapshot"):
        return  # an upgrade that was interrupted had come so far
    tracks = _rows("snapshot_track")
    kept = {row["id"]: row for row in _rows(_KEPT)}
    pins = {row["id"] for row in _rows("pin")}
    tracks_of = defaultdict[int, Rows](list)
    for track in tracks:
        tracks_of[track["snapshot_id"]].append(track)
    snapshots, results = [], []
    for row in _rows("snapshot"):
        was = kept.get(row["id"])
        if was is None or was["updated_at"] != row["updated_at"]:
            was = {**dict.fromkeys(_NEW), **_UNKNOWN, **row, "result": None}
        # NULL too where a result was lost.
        result = was["result"] or _result(tracks_of[row["id"]])
        absent = _absent(result)
        for track in tracks_of[row["id"]]:
            track["present"] = int(as_text(track["annex_key"]) not in absent)
        # An older version may have deleted the pin. The snapshot stays.
        pin_id = was["pin_id"] if was["pin_id"] in pins else None
        snapshots.append({**{name: was[name] for name in _NEW}, "pin_id": pin_id})
        results.append({"snapshot_id": row["id"], "result": result})
    for name in (_KEPT, "snapshot_result", "snapshot_track", "snapshot"):
        op.drop_table(name, if_exists=True)
    _make_snapshot()
    op.create_table(
        "snapshot_result",
        sa.Column("snapshot_id", sa.Integer, primary_key=True),
        sa.Column("result", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], ondelete="CASCADE"),
    )
    _make_snapshot_track(
        sa.Column("present", sa.Boolean, nullable=False),
        sa.CheckConstraint("present IN (0, 1)", name="present_is_boolean"),
    )
    op.create_index("ix_snapshot_output_mode", "snapshot", ["output_mode"])
    op.create_index("ix_snapshot_pin_id", "snapshot", ["pin_id"])
    op.create_index("ix_snapshot_track_annex_key", "snapshot_track", ["annex_key"])
    _insert("snapshot", snapshots)
    _insert("snapshot_result", results)
    _insert("snapshot_track", tracks)


def downgrade() -> None:
    snapshots, tracks = _rows("snapshot"), _rows("snapshot_track")
    is_new = "folder" in _columns("snapshot")
    results = {row["snapshot_id"]: row["result"] for row in _rows("snapshot_result")}
    for name in ("snapshot_result", "snapshot_track", "snapshot"):
        op.drop_table(name, if_exists=True)
    if is_new and snapshots:
        op.drop_table(_KEPT, if_exists=True)
        # Columns without a type keep everything as it is.
        op.execute(f"CREATE TABLE {_KEPT} ({', '.join(_NEW)}, result)")
        _insert(_KEPT, [{**row, "result": results.get(row["id"])} for row in snapshots])
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("query_text", sa.Text, nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("length(name) > 0", name="name_not_empty"),
    )
    _make_snapshot_track()
    _insert("snapshot", [{name: row[name] for name in _OLD} for row in snapshots])
    _insert("snapshot_track", [{name: row[name] for name in _OLD_TRACK} for row in tracks])


def _result(tracks: Rows) -> str:
    """What the older tables know of a result."""
    return json.dumps(
        [
            {
                "annex_key": as_text(track["annex_key"]),
                "name": as_text(track["name"]),
                "present": True,
                "folders": [[]],
                "fields": {},
            }
            for track in sorted(tracks, key=lambda track: track["position"])
        ]
    )


def _absent(result: str) -> set[str]:
    """The keys of the tracks whose content was not here, where the result can be read."""
    with suppress(ValueError, TypeError, KeyError):
        return {track["annex_key"] for track in json.loads(result) if not track["present"]}
    return set()


def _make_snapshot() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("query_text", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("output_mode", sa.String(8)),
        sa.Column("hides_absent", sa.Boolean, nullable=False),
        sa.Column("pin_id", sa.Integer),
        sa.Column("view", sa.Text),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("store_uuid", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("library_uuid", sa.Text, nullable=False),
        sa.Column("input_hash", sa.Text, nullable=False),
        sa.Column("metadata_changed_at", sa.BigInteger),
        sa.Column("presence_changed_at", sa.BigInteger),
        sa.Column("configuration_changed_at", sa.BigInteger),
        sa.Column("is_stale", sa.Boolean, nullable=False),
        sa.Column("stale_reason", sa.Text),
        sa.Column("checked_at", sa.BigInteger),
        sa.Column("checked_store_uuid", sa.Text),
        sa.Column("checked_generation", sa.Integer),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["pin_id"], ["pin.id"], ondelete="CASCADE"),
        sa.CheckConstraint("length(name) > 0", name="name_not_empty"),
        sa.CheckConstraint(
            "output_mode IN ('links', 'files', 'playlist')", name="output_mode_is_known"
        ),
        sa.CheckConstraint("hides_absent IN (0, 1)", name="hides_absent_is_boolean"),
        sa.CheckConstraint("is_stale IN (0, 1)", name="is_stale_is_boolean"),
    )


def _make_snapshot_track(*present: sa.Column[bool] | sa.CheckConstraint) -> None:
    op.create_table(
        "snapshot_track",
        sa.Column("snapshot_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("annex_key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        *present,
        sa.PrimaryKeyConstraint("snapshot_id", "position"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], ondelete="CASCADE"),
        sa.CheckConstraint("position > 0", name="position_positive"),
        sqlite_with_rowid=False,
    )


def _columns(table: str) -> set[str]:
    found = op.get_bind().exec_driver_sql(f"PRAGMA table_info({table})")
    return {row[1] for row in found}


def _rows(table: str) -> Rows:
    """All rows as SQLite has them; none where there is no such table."""
    columns = sorted(_columns(table))
    if not columns:
        return []
    found = op.get_bind().exec_driver_sql(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608
    return [dict(zip(columns, row, strict=True)) for row in found]


def _insert(table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        op.get_bind().exec_driver_sql(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
            tuple(row.values()),
        )
