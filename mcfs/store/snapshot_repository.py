"""The snapshots in `user.db`: what was frozen, and whether it still agrees with the library.

Owns the tables `snapshot`, `snapshot_result` and `snapshot_track`. What is frozen, and when it no longer
agrees, is decided in `snapshots/`. Nothing here depends on the cache: a snapshot outlives every rebuild.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

from mcfs.errors import NotFoundError, SnapshotExistsError
from mcfs.schema.user import OutputMode, Pin, SnapshotResult, SnapshotTrack
from mcfs.schema.user import Snapshot as SnapshotRow
from mcfs.store import engine as sqlite
from mcfs.store.batches import chunks, column_in
from mcfs.store.records import Generation
from mcfs.store.snapshot_records import (
    FrozenTrack,
    Snapshot,
    TakenSnapshot,
    as_stored,
    from_stored,
)
from mcfs.text.fold import fold
from mcfs.text.similar import similar_words


class SnapshotRepository:
    """The snapshots behind one engine. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- reading

    def version(self) -> str:
        """Another one whenever a name or a result has changed; being stale or played makes no difference.

        A listing that was made from snapshots is true for as long as this is the same.
        """
        statement = select(SnapshotRow.c.id, SnapshotRow.c.updated_at).order_by(SnapshotRow.c.id)
        with sqlite.reading(self._engine) as connection:
            states = [f"{number} {at.isoformat()}" for number, at in connection.execute(statement)]
        return hashlib.sha256("\n".join(states).encode()).hexdigest()

    def names(self) -> list[str]:
        """The names of all snapshots, in their order."""
        with sqlite.reading(self._engine) as connection:
            names = connection.execute(select(SnapshotRow.c.name).order_by(SnapshotRow.c.name))
            return list(names.scalars())

    def all(self) -> list[Snapshot]:
        """All snapshots, by name."""
        with sqlite.reading(self._engine) as connection:
            found = connection.execute(_SNAPSHOTS.order_by(SnapshotRow.c.name))
            return list(map(_snapshot, found.mappings()))

    def get(self, name: str) -> Snapshot:
        """The snapshot of this name."""
        with sqlite.reading(self._engine) as connection:
            found = connection.execute(_SNAPSHOTS.where(SnapshotRow.c.name == name))
            row = found.mappings().one_or_none()
            if row is None:
                raise _no_snapshot(connection, name)
        return _snapshot(row)

    def tracks(self, name: str) -> tuple[FrozenTrack, ...]:
        """The tracks of a snapshot as they were, in the order in which they were taken.

        Of a snapshot whose result is lost, only their keys, names and presence are known.
        """
        with sqlite.reading(self._engine) as connection:
            number = _require(connection, name)
            stored = connection.execute(
                select(type_coerce(SnapshotResult.c.result, NullType())).where(
                    SnapshotResult.c.snapshot_id == number
                )
            ).scalar_one_or_none()
            # SQLite does not notice every damage inside a text.
            with suppress(ValueError, TypeError, KeyError):
                return from_stored(json.loads(str(stored)))
            return _named_tracks(connection, number)

    def named_tracks(self, name: str) -> tuple[FrozenTrack, ...]:
        """Only the keys, names and presence of these tracks, in the same order: many times as fast."""
        with sqlite.reading(self._engine) as connection:
            return _named_tracks(connection, _require(connection, name))

    def annex_keys(self, name: str) -> list[str]:
        """Only the annex keys of these tracks, in the same order."""
        keys = (
            select(SnapshotTrack.c.annex_key)
            .join(SnapshotRow, SnapshotRow.c.id == SnapshotTrack.c.snapshot_id)
            .where(SnapshotRow.c.name == name)
            .order_by(SnapshotTrack.c.position)
        )
        with sqlite.reading(self._engine) as connection:
            found = list(connection.execute(keys).scalars())
            if not found:
                _require(connection, name)
        return found

    def holding(self, annex_keys: Iterable[str]) -> dict[int, set[str]]:
        """Id of each snapshot that has some of these tracks → which of them."""
        found: dict[int, set[str]] = {}
        columns = select(SnapshotTrack.c.snapshot_id, SnapshotTrack.c.annex_key)
        with sqlite.reading(self._engine) as connection:
            for some in chunks(annex_keys):
                rows = connection.execute(columns.where(column_in(SnapshotTrack.c.annex_key, some)))
                for number, key in rows:
                    found.setdefault(number, set()).add(key)
        return found

    # --- changing

    def take(
        self,
        name: str,
        taken: TakenSnapshot,
        *,
        output_mode: OutputMode | None = None,
        pin: str | None = None,
        view: str | None = None,
    ) -> Snapshot:
        """Keep a new snapshot, which may belong to a pin or to a view."""
        with sqlite.writing(self._engine) as connection:
            _refuse_taken(connection, name)
            owner = {"output_mode": output_mode, "pin_id": _pin_id(connection, pin), "view": view}
            values = {"name": name, **owner, **_columns_of(taken)}
            statement = insert(SnapshotRow).values(values).returning(SnapshotRow.c.id)
            _insert_tracks(connection, connection.execute(statement).scalar_one(), taken.tracks)
        return self.get(name)

    def refresh(self, name: str, taken: TakenSnapshot) -> None:
        """Replace what a snapshot has by what was taken just now."""
        with sqlite.writing(self._engine) as connection:
            number = _require(connection, name)
            change = update(SnapshotRow).where(SnapshotRow.c.id == number)
            connection.execute(change.values(_columns_of(taken)))
            for table in (SnapshotTrack, SnapshotResult):
                connection.execute(delete(table).where(table.c.snapshot_id == number))
            _insert_tracks(connection, number, taken.tracks)

    def rename(self, name: str, new_name: str) -> None:
        """Change the name of a snapshot; everything else stays as it is."""
        with sqlite.writing(self._engine) as connection:
            number = _require(connection, name)
            _refuse_taken(connection, new_name, except_id=number)
            becomes = {"name": new_name, "updated_at": datetime.now(UTC)}
            change = update(SnapshotRow).where(SnapshotRow.c.id == number)
            connection.execute(change.values(becomes))

    def drop(self, name: str) -> None:
        """Delete a snapshot. Its tracks in the library stay as they are."""
        with sqlite.writing(self._engine) as connection:
            number = _require(connection, name)
            connection.execute(delete(SnapshotRow).where(SnapshotRow.c.id == number))

    def done(self, name: str, at: datetime) -> None:
        """Keep when the set was played."""
        with sqlite.writing(self._engine) as connection:
            number = _require(connection, name)
            change = update(SnapshotRow).where(SnapshotRow.c.id == number)
            connection.execute(change.values(done_at=at))

    def mark_checked(
        self, reasons: Mapping[int, str | None], generation: Generation, at: datetime
    ) -> None:
        """Keep what comparing some snapshots, by id, to a state of the cache has shown.

        A reason makes one stale, None says that it agrees with the library.
        """
        with sqlite.writing(self._engine) as connection:
            for number, reason in reasons.items():
                becomes = {
                    "is_stale": reason is not None,
                    "stale_reason": reason,
                    "checked_at": at,
                    "checked_store_uuid": generation.store_uuid,
                    "checked_generation": generation.counter,
                }
                change = update(SnapshotRow).where(SnapshotRow.c.id == number)
                connection.execute(change.values(becomes))

    def mark_unchanged(self, ids: Iterable[int], generation: Generation, at: datetime) -> None:
        """Keep that nothing which some snapshots depend on has changed up to a state of the cache."""
        becomes = {
            "checked_at": at,
            "checked_store_uuid": generation.store_uuid,
            "checked_generation": generation.counter,
        }
        with sqlite.writing(self._engine) as connection:
            for some in chunks(ids):
                change = update(SnapshotRow).where(column_in(SnapshotRow.c.id, some))
                connection.execute(change.values(becomes))


def names_of_pin(connection: Connection, pin: str) -> list[str]:
    """The names of the snapshots that belong to a pin."""
    statement = select(SnapshotRow.c.name).join(Pin, Pin.c.id == SnapshotRow.c.pin_id)
    found = connection.execute(statement.where(Pin.c.name == pin).order_by(SnapshotRow.c.name))
    return list(found.scalars())


def release_snapshots(connection: Connection, pin: str) -> None:
    """Let the snapshots of a pin belong to none."""
    owner = select(Pin.c.id).where(Pin.c.name == pin).scalar_subquery()
    change = update(SnapshotRow).where(SnapshotRow.c.pin_id == owner)
    connection.execute(change.values(pin_id=None))


def adopt_snapshots(connection: Connection, pin_id: int, names: Collection[str]) -> None:
    """Let snapshots of these names belong to a pin, where they belong to none."""
    for some in chunks(names):
        change = update(SnapshotRow).where(
            column_in(SnapshotRow.c.name, some), SnapshotRow.c.pin_id.is_(None)
        )
        connection.execute(change.values(pin_id=pin_id))


_TRACKS = (
    select(func.count())
    .where(SnapshotTrack.c.snapshot_id == SnapshotRow.c.id)
    .scalar_subquery()
    .label("tracks")
)
_SNAPSHOTS = select(
    *SnapshotRow.c,
    Pin.c.name.label("pin"),
    _TRACKS,
).outerjoin(Pin, Pin.c.id == SnapshotRow.c.pin_id)


def _named_tracks(connection: Connection, number: int) -> tuple[FrozenTrack, ...]:
    rows = connection.execute(
        select(SnapshotTrack.c.annex_key, SnapshotTrack.c.name, SnapshotTrack.c.present)
        .where(SnapshotTrack.c.snapshot_id == number)
        .order_by(SnapshotTrack.c.position)
    )
    return tuple(FrozenTrack(key, shown, present=present) for key, shown, present in rows)


def _snapshot(row: RowMapping) -> Snapshot:
    values = dict(row)
    del values["pin_id"]
    generation = Generation(values.pop("store_uuid"), values.pop("generation"))
    store_uuid, counter = values.pop("checked_store_uuid"), values.pop("checked_generation")
    checked = None if store_uuid is None else Generation(store_uuid, counter)
    return Snapshot(**values, generation=generation, checked=checked)


def _columns_of(taken: TakenSnapshot) -> dict[str, Any]:
    """Every column that another taking changes. What was just taken agrees with the library."""
    return {
        "query_text": taken.query_text,
        "folder": taken.folder,
        "template": taken.template,
        "hides_absent": taken.hides_absent,
        "taken_at": taken.taken_at,
        "store_uuid": taken.generation.store_uuid,
        "generation": taken.generation.counter,
        "library_uuid": taken.library_uuid,
        "input_hash": taken.input_hash,
        "metadata_changed_at": taken.metadata_changed_at,
        "presence_changed_at": taken.presence_changed_at,
        "configuration_changed_at": taken.configuration_changed_at,
        "is_stale": False,
        "stale_reason": None,
        "checked_at": taken.taken_at,
        "checked_store_uuid": taken.generation.store_uuid,
        "checked_generation": taken.generation.counter,
        "updated_at": datetime.now(UTC),
    }


def _insert_tracks(connection: Connection, number: int, tracks: Sequence[FrozenTrack]) -> None:
    result = {"snapshot_id": number, "result": as_stored(tracks)}
    connection.execute(insert(SnapshotResult).values(result))
    rows = [
        {
            "snapshot_id": number,
            "position": position,
            "annex_key": track.annex_key,
            "name": track.name,
            "present": track.present,
        }
        for position, track in enumerate(tracks, 1)
    ]
    if rows:
        connection.execute(insert(SnapshotTrack), rows)


def _pin_id(connection: Connection, pin: str | None) -> int | None:
    if pin is None:
        return None
    statement = select(Pin.c.id).where(Pin.c.name == pin)
    number: int | None = connection.execute(statement).scalar_one_or_none()
    if number is None:
        raise NotFoundError(f"no pin of the name {pin}")
    return number


def _refuse_taken(connection: Connection, name: str, except_id: int | None = None) -> None:
    """A query finds a snapshot whatever the case of its name, so two may not differ in that alone."""
    folded = fold(name)
    for number, other in connection.execute(select(SnapshotRow.c.id, SnapshotRow.c.name)):
        if fold(other) == folded and number != except_id:
            raise SnapshotExistsError(f"a snapshot of the name {other} exists already")


def _require(connection: Connection, name: str) -> int:
    """The id of a snapshot."""
    statement = select(SnapshotRow.c.id).where(SnapshotRow.c.name == name)
    number: int | None = connection.execute(statement).scalar_one_or_none()
    if number is None:
        raise _no_snapshot(connection, name)
    return number


def _no_snapshot(connection: Connection, name: str) -> NotFoundError:
    names = {fold(known): known for (known,) in connection.execute(select(SnapshotRow.c.name))}
    similar = similar_words(fold(name), names)
    near = names.get(fold(name)) or (names.get(similar[0]) if similar else None)
    hint = f'did you mean "{near}"?' if near else "to list them: mcfs snapshot list"
    return NotFoundError(f"no snapshot of the name {name}; {hint}")
