"""Values that somebody has begun and that no track has yet: `mkdir` in a mount that edits makes one.

Owns the table `begun_value` of `user.db`. A value leaves it when a track gets it, and is then like any other:
it ends with its last track.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, insert, select

from mcfs.schema.user import BegunValue
from mcfs.store import engine as sqlite
from mcfs.text.fold import fold


class BegunValues:
    """The begun values behind one engine. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, field: str, value: str) -> None:
        """Keep a value of a field; one that is kept already stays as it is."""
        row = {"field": field, "value": value, "begun_at": datetime.now(UTC)}
        with sqlite.writing(self._engine) as connection:
            connection.execute(insert(BegunValue).prefix_with("OR IGNORE").values(row))

    def end(self, field: str, value: str) -> bool:
        """Keep it no longer; False if it was not kept."""
        row = BegunValue.c
        those = delete(BegunValue).where(row.field == field, row.value == value)
        with sqlite.writing(self._engine) as connection:
            return connection.execute(those).rowcount > 0

    def of(self, field: str) -> list[str]:
        """The values of a field that are kept, sorted."""
        statement = select(BegunValue.c.value).where(BegunValue.c.field == field)
        with sqlite.reading(self._engine) as connection:
            return sorted(connection.execute(statement).scalars())


def end_values(connection: Connection, given: Iterable[tuple[str, str]]) -> None:
    """Keep those values no longer that tracks were given: pairs of field and value, in any spelling."""
    folded = {(field, fold(value)) for field, value in given}
    if not folded:
        return
    row = BegunValue.c
    kept = connection.execute(select(row.field, row.value)).all()
    for field, value in kept:
        if (field, fold(value)) in folded:
            connection.execute(delete(BegunValue).where(row.field == field, row.value == value))
