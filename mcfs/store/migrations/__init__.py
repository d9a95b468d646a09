"""Migrates `user.db` from version to version, without losing anything that the user made.

Owns which revision is the newest. `steps.py` runs the revisions in `versions/`; it is imported only when
there is something to do, because importing Alembic takes a tenth of a second.
"""

from __future__ import annotations

from sqlalchemy import Connection

# The newest revision, with the tables of `schema/user.py`.
HEAD = "0007"


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at; None when it has no tables yet."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    rows = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
    return rows.scalar_one_or_none()
