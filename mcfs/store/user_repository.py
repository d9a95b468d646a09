"""The only way to `user.db`: pins, snapshots, the log of syncs and imports, what imports saw, the journal.

Owns what must never be lost. Whoever meets damage notes it, and the next sync, or the command that met it,
calls `rescue`.
"""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, type_coerce, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.types import NullType, Text

from mcfs.errors import NotFoundError, PinExistsError, PinHasSnapshotsError
from mcfs.schema import user as rows
from mcfs.store import engine as sqlite
from mcfs.store.batches import chunks, column_in
from mcfs.store.begun_values import BegunValues
from mcfs.store.edit_journal import EditJournal
from mcfs.store.imported_rows import imported_row
from mcfs.store.migrations import HEAD, revision_of
from mcfs.store.records import ImportedRow, ImportSource, Pin, Run
from mcfs.store.snapshot_repository import (
    SnapshotRepository,
    adopt_snapshots,
    names_of_pin,
    release_snapshots,
)
from mcfs.text.raw_text import as_text


class UserRepository:
    """The `user.db` behind one engine. Safe to use from several threads."""

    def __init__(self, engine: Engine, met_damage: threading.Event | None = None) -> None:
        self._engine = engine
        # A sentence once damage was met; then the event is set, too.
        self.damage: str | None = None
        self._met_damage = met_damage or threading.Event()
        sqlite.call_on_damage(engine, self._note_damage)
        self.journal = EditJournal(engine)
        self.begun_values = BegunValues(engine)
        self.snapshots = SnapshotRepository(engine)

    def prepare(self) -> None:
        """Migrate the tables to the newest revision."""
        with sqlite.reading(self._engine) as connection:
            if revision_of(connection) == HEAD:
                return
        from mcfs.store.migrations import steps  # Alembic is slow to import

        with sqlite.writing(self._engine) as connection:
            steps.upgrade(connection)

    def rescue(self) -> str | None:
        """Carry what can be read of a damaged database over into a new one; a sentence about what that is.

        None if another process has done so already.
        """
        from mcfs.store.locks import rescue_lock
        from mcfs.store.rescue import rescue

        path = sqlite.path_of(self._engine)
        with rescue_lock(path.parent):
            self._engine.dispose()
            sentence = rescue(path)
        self.damage = None
        self.prepare()
        return sentence

    def _note_damage(self, sentence: str) -> None:
        # Only the first time: a failed rescue is tried again, but not without a pause.
        if self.damage is None:
            self.damage = sentence
            self._met_damage.set()

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def pins(self) -> list[Pin]:
        """All pins, by name."""
        with sqlite.reading(self._engine) as connection:
            found = connection.execute(select(*_PIN).order_by(rows.Pin.c.name))
            return [Pin(*row) for row in found]

    def pin_names(self) -> list[str]:
        """The names of all pins, in their order."""
        with sqlite.reading(self._engine) as connection:
            return list(
                connection.execute(select(rows.Pin.c.name).order_by(rows.Pin.c.name)).scalars()
            )

    def find_pin(self, name: str) -> Pin | None:
        """The pin of this name, if there is one."""
        with sqlite.reading(self._engine) as connection:
            row = connection.execute(select(*_PIN).where(rows.Pin.c.name == name)).one_or_none()
        return None if row is None else Pin(*row)

    def pin(self, name: str) -> Pin:
        """The pin of this name; a `NotFoundError` if there is none."""
        pin = self.find_pin(name)
        if pin is None:
            raise _no_pin(name)
        return pin

    def add_pin(self, name: str, query_text: str, snapshots: Collection[str] = ()) -> None:
        """Save a query under a name; query text "" makes a pin that has no query yet.

        Of these snapshots, those that belong to no pin belong to it from now on.
        """
        with sqlite.writing(self._engine) as connection:
            _refuse_taken(connection, name)
            now = datetime.now(UTC)
            pin = {"name": name, "query_text": query_text, "created_at": now, "updated_at": now}
            number = connection.execute(
                insert(rows.Pin).values(pin).returning(rows.Pin.c.id)
            ).scalar_one()
            if snapshots:
                adopt_snapshots(connection, number, snapshots)

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
            change = update(rows.Pin).where(rows.Pin.c.name == name).values(becomes)
            if not connection.execute(change).rowcount:
                raise _no_pin(name)

    def remove_pin(self, name: str, *, cascade: bool = False) -> None:
        """Delete a pin; with `cascade`, the snapshots that belong to it as well."""
        with sqlite.writing(self._engine) as connection:
            if not cascade and (names := names_of_pin(connection, name)):
                raise _has_snapshots(name, names)
            if not connection.execute(delete(rows.Pin).where(rows.Pin.c.name == name)).rowcount:
                raise _no_pin(name)

    def snapshots_of_pin(self, name: str) -> list[str]:
        """The names of the snapshots that belong to a pin."""
        with sqlite.reading(self._engine) as connection:
            return names_of_pin(connection, name)

    def remove_only_pin(self, name: str) -> None:
        """Delete a pin, and keep its snapshots, which belong to no pin then."""
        with sqlite.writing(self._engine) as connection:
            release_snapshots(connection, name)
            if not connection.execute(delete(rows.Pin).where(rows.Pin.c.name == name)).rowcount:
                raise _no_pin(name)

    def start_run(self, kind: str, detail: Mapping[str, Any] | None = None) -> int:
        """Log that a "sync" or an "import" began; returns its id."""
        now = datetime.now(UTC)
        run = {"kind": kind, "detail": detail, "started_at": now, "updated_at": now}
        with sqlite.writing(self._engine) as connection:
            begun = insert(rows.Run).values(run).returning(rows.Run.c.id)
            number: int = connection.execute(begun).scalar_one()
            return number

    def finish_run(
        self, run_id: int, outcome: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Log that a run ended, and how."""
        now = datetime.now(UTC)
        ended = {"outcome": outcome, "detail": detail, "finished_at": now, "updated_at": now}
        with sqlite.writing(self._engine) as connection:
            change = update(rows.Run).where(rows.Run.c.id == run_id).values(ended)
            if not connection.execute(change).rowcount:
                raise NotFoundError(f"no run {run_id}")

    def last_run(self, kind: str, outcome: str | None = None) -> Run | None:
        """The newest run of a kind; with `outcome`, the newest that ended so."""
        newest = (
            select(*_RUN).where(rows.Run.c.kind == kind).order_by(rows.Run.c.id.desc()).limit(1)
        )
        if outcome is not None:
            newest = newest.where(rows.Run.c.outcome == outcome)
        with sqlite.reading(self._engine) as connection:
            row = connection.execute(newest).one_or_none()
        return None if row is None else Run(*row)

    def import_source(self, identity: str) -> ImportSource:
        """What is known of a database of another program; a new record if no import has read it yet."""
        columns = [rows.ImportSource.c[item.name] for item in fields(ImportSource)]
        statement = select(*columns).where(rows.ImportSource.c.identity == identity)
        with sqlite.reading(self._engine) as connection:
            row = connection.execute(statement).mappings().one_or_none()
        if row is None:
            return ImportSource(identity)
        lists = {name: tuple(row[name]) for name in ("may_replace", "mount_points")}
        return ImportSource(**{**row, **lists})

    def save_import_source(self, source: ImportSource) -> ImportSource:
        """Record a source; returns it with its id."""
        values = {item.name: getattr(source, item.name) for item in fields(ImportSource)}
        del values["id"]
        values |= {
            "may_replace": list(source.may_replace),
            "mount_points": list(source.mount_points),
            "updated_at": datetime.now(UTC),
        }
        statement = upsert(rows.ImportSource).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=[rows.ImportSource.c.identity], set_=values
        )
        with sqlite.writing(self._engine) as connection:
            number = connection.execute(statement.returning(rows.ImportSource.c.id)).scalar_one()
        return replace(source, id=number)

    def set_source_aside(self, source: ImportSource) -> None:
        """Keep what imports have seen of a source, and let its identity be that of another one."""
        change = update(rows.ImportSource).where(rows.ImportSource.c.id == source.id)
        aside = f"{source.identity} (until source {source.id})"
        with sqlite.writing(self._engine) as connection:
            connection.execute(change.values(identity=aside, updated_at=datetime.now(UTC)))

    def ask_again(self, source_ids: Collection[int]) -> None:
        """Imports from these sources are to ask once more before they replace values of git-annex."""
        change = update(rows.ImportSource).where(rows.ImportSource.c.id.in_(source_ids))
        with sqlite.writing(self._engine) as connection:
            connection.execute(change.values(may_replace=[], updated_at=datetime.now(UTC)))

    def imported_rows(self, annex_keys: Iterable[str]) -> dict[str, list[ImportedRow]]:
        """Annex key → what rows of other programs' databases had at the last import, where any had."""
        found: dict[str, list[ImportedRow]] = {}
        with sqlite.reading(self._engine) as connection:
            for some in chunks(annex_keys):
                # An import reads every track: plain tuples from sqlite3, without a row object for each.
                cursor = connection.execute(
                    _IMPORTED_ROWS.where(column_in(rows.ImportedRow.c.annex_key, some))
                )
                assert cursor.cursor is not None
                kept = cursor.cursor.fetchall()
                decoded = json.loads(f"[{','.join(f'{seen},{got}' for *_, seen, got in kept)}]")
                pairs = zip(decoded[::2], decoded[1::2], strict=True)
                for (key, source_id, row_id, *_), (seen, supplied) in zip(kept, pairs, strict=True):
                    text = key if key.__class__ is str else as_text(key)
                    row = imported_row(text, source_id, row_id, seen, supplied)
                    found.setdefault(text, []).append(row)
        return found

    def keys_of_rows(self, source_id: int, row_ids: Iterable[int]) -> dict[int, str]:
        """Row of a source → the annex key of the track that it was at the last import."""
        row = rows.ImportedRow.c
        statement = select(row.row_id, row.annex_key).where(row.source_id == source_id)
        with sqlite.reading(self._engine) as connection:
            return {
                row_id: key
                for some in chunks(row_ids)
                for row_id, key in connection.execute(
                    statement.where(column_in(row.row_id, some)).order_by(row.updated_at)
                )
            }

    def records_of_rows(self, source_id: int, row_ids: Iterable[int]) -> dict[int, ImportedRow]:
        """Row of a source → what it had at the last import, for the track that it was then."""
        keys = self.keys_of_rows(source_id, row_ids)
        return {
            record.row_id: record
            for records in self.imported_rows(set(keys.values())).values()
            for record in records
            if record.source_id == source_id and keys.get(record.row_id) == record.annex_key
        }

    def newest_row(self, source_id: int) -> int:
        """The greatest id of a row that an import from this source has recorded; 0 without any."""
        row = rows.ImportedRow.c
        statement = select(func.coalesce(func.max(row.row_id), 0)).where(row.source_id == source_id)
        with sqlite.reading(self._engine) as connection:
            return int(connection.execute(statement).scalar_one())

    def seen_in_rows(self, source_id: int, field: str) -> dict[int, str]:
        """Row of a source → the first value of a field that it had at the last import, where it had any."""
        row = rows.ImportedRow.c
        value = func.json_extract(type_coerce(row.seen, Text), f"$.{field}[0]")
        statement = (
            select(row.row_id, value)
            .where(row.source_id == source_id, value.is_not(None))
            .order_by(row.updated_at)
        )
        with sqlite.reading(self._engine) as connection:
            return {row_id: str(text) for row_id, text in connection.execute(statement)}

    def remember_imported_rows(self, imported: Iterable[ImportedRow]) -> None:
        """Record what these rows had, instead of what was recorded before."""
        now = datetime.now(UTC)
        kept = [{**row._asdict(), "updated_at": now} for row in imported]
        if kept:
            with sqlite.writing(self._engine) as connection:
                connection.execute(insert(rows.ImportedRow).prefix_with("OR REPLACE"), kept)

    def runs(self, most: int) -> list[Run]:
        """The newest runs of all kinds, the newest first."""
        with sqlite.reading(self._engine) as connection:
            found = connection.execute(select(*_RUN).order_by(rows.Run.c.id.desc()).limit(most))
            return [Run(*row) for row in found]


_PIN = (rows.Pin.c.name, rows.Pin.c.query_text, rows.Pin.c.created_at, rows.Pin.c.updated_at)
_RUN = (
    rows.Run.c.id,
    rows.Run.c.kind,
    rows.Run.c.started_at,
    rows.Run.c.finished_at,
    rows.Run.c.outcome,
    rows.Run.c.detail,
)
_IMPORTED_ROWS = select(
    type_coerce(rows.ImportedRow.c.annex_key, NullType()),
    rows.ImportedRow.c.source_id,
    rows.ImportedRow.c.row_id,
    type_coerce(rows.ImportedRow.c.seen, NullType()),
    type_coerce(rows.ImportedRow.c.supplied, NullType()),
)


def _refuse_taken(connection: Connection, name: str) -> None:
    if connection.execute(select(rows.Pin.c.id).where(rows.Pin.c.name == name)).first() is not None:
        raise PinExistsError(f"a pin of the name {name} exists already")


def _has_snapshots(name: str, snapshots: Sequence[str]) -> PinHasSnapshotsError:
    which = "a snapshot belongs" if len(snapshots) == 1 else f"{len(snapshots)} snapshots belong"
    return PinHasSnapshotsError(
        f"{which} to the pin {name}: {', '.join(snapshots)}; to delete all of them: "
        f"mcfs unpin --cascade {shlex.quote(name)}"
    )


def _no_pin(name: str) -> NotFoundError:
    return NotFoundError(f"no pin of the name {name}")
