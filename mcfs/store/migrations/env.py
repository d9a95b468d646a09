"""What Alembic runs to reach the database: connection and transaction are the caller's."""

from __future__ import annotations

from alembic import context

from mcfs.schema.user import UserBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=UserBase.metadata,
)
context.run_migrations()
