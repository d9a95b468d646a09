"""Pins and snapshots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mcfs.errors import StoreError

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "pin",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("query_text", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("length(name) > 0", name="name_not_empty"),
        if_not_exists=True,
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("query_text", sa.Text, nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("length(name) > 0", name="name_not_empty"),
        if_not_exists=True,
    )
    op.create_table(
        "snapshot_track",
        sa.Column("snapshot_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("annex_key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", "position"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], ondelete="CASCADE"),
        sa.CheckConstraint("position > 0", name="position_positive"),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )


def downgrade() -> None:
    connection = op.get_bind()
    present = sa.inspect(connection).get_table_names()
    for name in ("pin", "snapshot"):
        rows = sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)
        if name in present and connection.execute(rows).first() is not None:
            raise StoreError(f"no older version could keep the {name}s: nothing was changed")
    for name in ("snapshot_track", "snapshot", "pin"):
        op.drop_table(name, if_exists=True)
