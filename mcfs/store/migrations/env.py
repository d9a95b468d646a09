"""Alembic runs this to get the database: connection and transaction come from the caller."""

from __future__ import annotations

from alembic import context

from mcfs.schema.user import UserBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=UserBase.metadata,
)
context.run_migrations()
