"""Which row of which database supplied a value: without that, nothing is removed.

What earlier versions recorded names no row. It is kept as row 0 of source 0, which tells what an import has
seen before, and never removes anything.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "import_source",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("identity", sa.Text, nullable=False, unique=True),
        sa.Column("change_count", sa.Integer, nullable=False),
        sa.Column("may_replace", sa.JSON, nullable=False),
        sa.Column("mount_points", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "imported_row",
        sa.Column("annex_key", sa.Text, primary_key=True),
        sa.Column("source_id", sa.Integer, primary_key=True),
        sa.Column("row_id", sa.Integer, primary_key=True),
        sa.Column("seen", sa.JSON, nullable=False),
        sa.Column("supplied", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    if op.get_bind().dialect.has_table(op.get_bind(), "imported"):
        op.execute(
            "INSERT OR IGNORE INTO imported_row"
            " SELECT annex_key, 0, 0, fields, '{}', updated_at FROM imported"
        )
        op.drop_table("imported")


def downgrade() -> None:
    op.drop_table("imported_row", if_exists=True)
    op.drop_table("import_source", if_exists=True)
    # Empty: the older version would remove values by it, of whichever row they are. Values that are in
    # git-annex stay there.
    op.create_table(
        "imported",
        sa.Column("annex_key", sa.Text, primary_key=True),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
