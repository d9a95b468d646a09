"""Alembic runs this to get the database: connection and transaction come from the caller."""

from __future__ import annotations

from alembic import context

from mcfs.schema.user import USER_TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=USER_TABLES,
)
context.run_migrations()
