"""The only way to `user.db`: pins, the log of syncs and imports, what imports wrote, the journal of edits.

Owns what must never be lost. A damaged file stays where it is: the error names it, and no new one is made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, type_coerce, update
from sqlalchemy.types import NullType

from mcfs.errors import NotFoundError, PinExistsError
from mcfs.schema import user as rows
from mcfs.store import engine as sqlite
from mcfs.store.batches import chunks, column_in
from mcfs.store.edit_journal import EditJournal
from mcfs.store.migrations import HEAD, revision_of
from mcfs.store.records import Pin, Run
from mcfs.text.raw_text import as_text


class UserRepository:
    """The `user.db` behind one engine. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.journal = EditJournal(engine)

    def prepare(self) -> None:
        """Migrate the tables to the newest revision."""
        with sqlite.reading(self._engine) as connection:
            if revision_of(connection) == HEAD:
                return
        from mcfs.store.migrations import steps  # Alembic is slow to import

        with sqlite.writing(self._engine) as connection:
            steps.upgrade(connection)

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def pins(self) -> list[Pin]:
        """All pins, by name."""
        with sqlite.reading(self._engine) as connection:
            found = connection.execute(select(*_PIN).order_by(rows.Pin.name))
            return [Pin(*row) for row in found]

    def pin(self, name: str) -> Pin:
        """The pin of this name."""
        with sqlite.reading(self._engine) as connection:
            row = connection.execute(select(*_PIN).where(rows.Pin.name == name)).one_or_none()
        if row is None:
            raise _no_pin(name)
        return Pin(*row)

    def add_pin(self, name: str, query_text: str) -> None:
        """Save a query under a name; query text "" makes a pin that has no query yet."""
        with sqlite.writing(self._engine) as connection:
            _refuse_taken(connection, name)
            now = datetime.now(UTC)
            pin = {"name": name, "query_text": query_text, "created_at": now, "updated_at": now}
            connection.execute(insert(rows.Pin).values(pin))

    def rename_pin(self, name: str, new_name: str, query_text: str) -> None:
        """Change the name and the query of a pin, in one transaction."""
        with sqlite.writing(self._engine) as connection:
            if new_name != name:
                _refuse_taken(connection, new_name)
            becomes = {
                "name": new_name,
                "query_text": query_text,
                "updated_at": datetime.now(UTC),
            }
            change = update(rows.Pin).where(rows.Pin.name == name).values(becomes)
            if not connection.execute(change).rowcount:
                raise _no_pin(name)

    def remove_pin(self, name: str) -> None:
        """Delete a pin."""
        with sqlite.writing(self._engine) as connection:
            if not connection.execute(delete(rows.Pin).where(rows.Pin.name == name)).rowcount:
                raise _no_pin(name)

    def start_run(self, kind: str, detail: Mapping[str, Any] | None = None) -> int:
        """Log that a "sync" or an "import" began; returns its id."""
        now = datetime.now(UTC)
        run = {"kind": kind, "detail": detail, "started_at": now, "updated_at": now}
        with sqlite.writing(self._engine) as connection:
            return connection.execute(
                insert(rows.Run).values(run).returning(rows.Run.id)
            ).scalar_one()

    def finish_run(
        self, run_id: int, outcome: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Log that a run ended, and how."""
        now = datetime.now(UTC)
        ended = {"outcome": outcome, "detail": detail, "finished_at": now, "updated_at": now}
        with sqlite.writing(self._engine) as connection:
            change = update(rows.Run).where(rows.Run.id == run_id).values(ended)
            if not connection.execute(change).rowcount:
                raise NotFoundError(f"no run {run_id}")

    def last_run(self, kind: str, outcome: str | None = None) -> Run | None:
        """The newest run of a kind; with `outcome`, the newest that ended so."""
        newest = select(*_RUN).where(rows.Run.kind == kind).order_by(rows.Run.id.desc()).limit(1)
        if outcome is not None:
            newest = newest.where(rows.Run.outcome == outcome)
        with sqlite.reading(self._engine) as connection:
            row = connection.execute(newest).one_or_none()
        return None if row is None else Run(*row)

    def imported(self, annex_keys: Iterable[str]) -> dict[str, dict[str, tuple[str, ...]]]:
        """What earlier imports wrote: annex key → field → values, for the tracks that have any."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        with sqlite.reading(self._engine) as connection:
            for some in chunks(annex_keys):
                # An import reads every track: plain tuples from sqlite3, without a row object for each.
                cursor = connection.execute(
                    _IMPORTED.where(column_in(rows.Imported.annex_key, some))
                )
                assert cursor.cursor is not None
                kept = cursor.cursor.fetchall()
                decoded = json.loads(f"[{','.join(text for _, text in kept)}]")
                for (key, _), fields in zip(kept, decoded, strict=True):
                    found[key if key.__class__ is str else as_text(key)] = {
                        name: tuple(values) for name, values in fields.items()
                    }
        return found

    def remember_imported(self, tracks: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Record what imports have written to these tracks; {} deletes the record of a track."""
        now = datetime.now(UTC)
        kept = [
            {
                "annex_key": key,
                "fields": {name: list(values) for name, values in fields.items()},
                "updated_at": now,
            }
            for key, fields in tracks.items()
        ]
        with sqlite.writing(self._engine) as connection:
            for some in chunks(key for key, fields in tracks.items() if not fields):
                connection.execute(
                    delete(rows.Imported).where(column_in(rows.Imported.annex_key, some))
                )
            if filled := [row for row in kept if row["fields"]]:
                connection.execute(insert(rows.Imported).prefix_with("OR REPLACE"), filled)

    def runs(self, most: int) -> list[Run]:
        """The newest runs of all kinds, the newest first."""
        with sqlite.reading(self._engine) as connection:
            found = connection.execute(select(*_RUN).order_by(rows.Run.id.desc()).limit(most))
            return [Run(*row) for row in found]


_PIN = (rows.Pin.name, rows.Pin.query_text, rows.Pin.created_at, rows.Pin.updated_at)
_RUN = (
    rows.Run.id,
    rows.Run.kind,
    rows.Run.started_at,
    rows.Run.finished_at,
    rows.Run.outcome,
    rows.Run.detail,
)
_IMPORTED = select(
    type_coerce(rows.Imported.annex_key, NullType()),
    type_coerce(rows.Imported.fields, NullType()),
)


def _refuse_taken(connection: Connection, name: str) -> None:
    if connection.execute(select(rows.Pin.id).where(rows.Pin.name == name)).first() is not None:
        raise PinExistsError(f"a pin of the name {name} exists already")


def _no_pin(name: str) -> NotFoundError:
    return NotFoundError(f"no pin of the name {name}")
