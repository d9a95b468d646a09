"""The journal of edits: what each changed of which track, from what, to what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "edit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("changed", sa.Integer),
        sa.Column("failed", sa.Integer),
        sa.Column("undoes", sa.Integer),
        sa.Column("detail", sa.JSON),
        sa.ForeignKeyConstraint(["undoes"], ["edit.id"]),
        if_not_exists=True,
    )
    op.create_table(
        "edited_track",
        sa.Column("edit_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("annex_key", sa.Text, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("applied", sa.Boolean),
        sa.Column("failure", sa.Text),
        sa.Column("imported_before", sa.JSON),
        sa.Column("imported_after", sa.JSON),
        sa.PrimaryKeyConstraint("edit_id", "position"),
        sa.ForeignKeyConstraint(["edit_id"], ["edit.id"], ondelete="CASCADE"),
        sa.CheckConstraint("applied IN (0, 1)", name="applied_is_boolean"),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )


def downgrade() -> None:
    # An older version can take nothing back. The metadata stays in git-annex as it is.
    # Revision 0007 leaves its tables to this one.
    for name in ("begun_value", "gesture", "edited_track", "edit"):
        op.drop_table(name, if_exists=True)
