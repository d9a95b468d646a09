"""Runs the revisions, up and down, in the transaction of the caller.

Each revision may run twice without harm: a migration that was interrupted is completed by the next.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from mcfs.errors import StoreError
from mcfs.store.migrations import HEAD, revision_of


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    """To the newest revision, or to an older one."""
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """To an older revision, or to "base", where there are no tables; refused where pins or snapshots
    would be lost."""
    command.downgrade(_config(connection), revision)


def scripts() -> ScriptDirectory:
    """The revisions there are."""
    # The folder as a path: works from a wheel, with no alembic.ini, in any working directory.
    return ScriptDirectory(str(Path(__file__).parent))


def _config(connection: Connection) -> Config:
    revision = revision_of(connection)
    if revision is not None and revision not in {s.revision for s in scripts().walk_revisions()}:
        raise StoreError(
            f"{connection.engine.url.database} was written by a newer mcfs"
            f" (its revision is {revision}, ours {HEAD}): update this one"
        )
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
