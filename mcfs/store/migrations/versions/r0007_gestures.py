"""Gestures of edits that are made through a mount, and values that no track has yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "gesture",
        sa.Column("edit_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("mount_path", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("edit_id", "position"),
        sa.ForeignKeyConstraint(["edit_id"], ["edit.id"], ondelete="CASCADE"),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.create_table(
        "begun_value",
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("field", "value"),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )


def downgrade() -> None:
    # An older version reads neither table, so both stay, and the next upgrade finds everything as it was.
    # They are dropped together with the journal.
    pass
