"""The journal of edits in `user.db`: what each edit changed of which track, and whether git-annex did it.

Owns the tables `edit`, `edited_track` and `gesture`, and that the record of what imports saw (table
`imported_row`) changes in the same transaction in which a change becomes known as applied. Which edits there
are to make or to take back is decided in `editing/`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    ScalarSelect,
    and_,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import Text

from mcfs.schema import user as rows
from mcfs.schema.column_types import UtcTime
from mcfs.store import engine as sqlite
from mcfs.store.batches import chunks, column_in
from mcfs.store.begun_values import end_values
from mcfs.store.imported_rows import from_journal, journalled
from mcfs.store.records import (
    INTERRUPTED,
    Change,
    Edit,
    JournalledGesture,
    JournalledTrack,
    TrackChange,
)

# How many tracks are read from the journal at a time.
_AT_ONCE = 1000


class EditJournal:
    """The journal behind one engine. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(
        self,
        command: str,
        made_by: str,
        *,
        undoes: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> int:
        """Begin an edit; returns its number."""
        edit = {
            "command": command,
            "made_by": made_by,
            "started_at": datetime.now(UTC),
            "undoes": undoes,
            "detail": detail,
        }
        with sqlite.writing(self._engine) as connection:
            begun = insert(rows.Edit).values(edit).returning(rows.Edit.c.id)
            number: int = connection.execute(begun).scalar_one()
            return number

    def plan(
        self,
        edit_id: int,
        first: int,
        tracks: Sequence[TrackChange],
        gestures: Sequence[JournalledGesture] = (),
    ) -> None:
        """Write down what git-annex will be asked to change; the tracks get positions from `first` on."""
        planned = [
            {
                "edit_id": edit_id,
                "position": position,
                "annex_key": track.annex_key,
                "changes": {name: [c.old, c.new] for name, c in track.changes.items()},
                "imported_before": journalled(track.imported_before),
                "imported_after": journalled(track.imported_after),
            }
            for position, track in enumerate(tracks, first)
        ]
        made = [{"edit_id": edit_id, **asdict(gesture)} for gesture in gestures]
        with sqlite.writing(self._engine) as connection:
            connection.execute(insert(rows.EditedTrack), planned)
            if made:
                connection.execute(insert(rows.Gesture), made)

    def settle(
        self,
        edit_id: int,
        applied: Sequence[int],
        failed: Mapping[int, str],
        given: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Write down what became of these positions: applied, or why not.

        `given` are fields and values that tracks have now, and that need not be kept as begun any longer.
        """
        row = rows.EditedTrack.c
        with sqlite.writing(self._engine) as connection:
            for some in chunks(applied):
                those = and_(row.edit_id == edit_id, column_in(row.position, some))
                connection.execute(update(rows.EditedTrack).where(those).values(applied=True))
                _update_imported(connection, those)
            for position, reason in failed.items():
                that = and_(row.edit_id == edit_id, row.position == position)
                connection.execute(
                    update(rows.EditedTrack).where(that).values(applied=False, failure=reason)
                )
            end_values(connection, given)

    def finish(self, edit_id: int, *, interrupted: bool = False) -> None:
        """End an edit, all positions of which are settled. If `interrupted`, it may have had more to do."""
        ended: dict[str, Any] = {
            "finished_at": datetime.now(UTC),
            "changed": _count(applied=True),
            "failed": _count(applied=False),
        }
        if interrupted:
            detail = func.coalesce(type_coerce(rows.Edit.c.detail, Text), "{}")
            mark = json.dumps({INTERRUPTED: True})
            ended["detail"] = func.json_patch(detail, mark)
        with sqlite.writing(self._engine) as connection:
            connection.execute(update(rows.Edit).where(rows.Edit.c.id == edit_id).values(ended))

    def unfinished(self) -> list[int]:
        """The edits that were never finished, or that are being made right now."""
        statement = select(rows.Edit.c.id).where(rows.Edit.c.finished_at.is_(None))
        with sqlite.reading(self._engine) as connection:
            return list(connection.execute(statement.order_by(rows.Edit.c.id)).scalars())

    def is_taken_back(self, edit_id: int) -> bool:
        """Whether there is an undo of this edit."""
        row = rows.Edit.c
        statement = select(row.id).where(row.id > edit_id, row.undoes == edit_id).limit(1)
        with sqlite.reading(self._engine) as connection:
            return connection.execute(statement).first() is not None

    def edits(self) -> list[Edit]:
        """All edits, the newest first."""
        with sqlite.reading(self._engine) as connection:
            found = connection.execute(select(*_EDIT).order_by(rows.Edit.c.id.desc()))
            return [Edit(*row) for row in found]

    def gestures(self, edit_id: int) -> list[JournalledGesture]:
        """The gestures of an edit that was made through a mount, in their order."""
        row = rows.Gesture.c
        columns = (row.position, row.made_at, row.words, row.mount_path)
        statement = select(*columns).where(row.edit_id == edit_id).order_by(row.position)
        with sqlite.reading(self._engine) as connection:
            return [JournalledGesture(*found) for found in connection.execute(statement)]

    def gesture_counts(self) -> dict[int, int]:
        """Edit → how many gestures it has, for those that have any."""
        row = rows.Gesture.c
        statement = select(row.edit_id, func.count().label("gestures")).group_by(row.edit_id)
        with sqlite.reading(self._engine) as connection:
            return {row.edit_id: row.gestures for row in connection.execute(statement)}

    def tracks(self, edit_id: int) -> Iterator[list[JournalledTrack]]:
        """All tracks of an edit, many at a time."""
        return self._tracks(edit_id)

    def unsettled_tracks(self, edit_id: int) -> Iterator[list[JournalledTrack]]:
        """Those about which git-annex has not answered."""
        return self._tracks(edit_id, rows.EditedTrack.c.applied.is_(None))

    def applied_tracks(self, edit_id: int) -> Iterator[list[JournalledTrack]]:
        """Those that the edit has changed."""
        return self._tracks(edit_id, rows.EditedTrack.c.applied.is_(True))

    def _tracks(self, edit_id: int, *which: ColumnElement[bool]) -> Iterator[list[JournalledTrack]]:
        row = rows.EditedTrack.c
        statement = select(*_TRACK).where(row.edit_id == edit_id, *which).order_by(row.position)
        last = -1
        # Each part in a transaction of its own: the caller writes between two of them.
        while True:
            with sqlite.reading(self._engine) as connection:
                found = connection.execute(
                    statement.where(row.position > last).limit(_AT_ONCE)
                ).all()
            if not found:
                return
            last = found[-1].position
            yield [
                JournalledTrack(
                    position,
                    TrackChange(
                        key, _changes(changes), from_journal(key, before), from_journal(key, after)
                    ),
                    applied,
                    failure,
                )
                for position, key, changes, before, after, applied, failure in found
            ]


def _count(*, applied: bool) -> ScalarSelect[int]:
    """How many changes of an edit were made, or were not."""
    row = rows.EditedTrack.c
    those = row.edit_id == rows.Edit.c.id, row.applied.is_(applied)
    return select(func.count()).where(*those).correlate(rows.Edit).scalar_subquery()


_EDIT = (
    rows.Edit.c.id,
    rows.Edit.c.command,
    rows.Edit.c.made_by,
    rows.Edit.c.started_at,
    rows.Edit.c.finished_at,
    # Of one that is not finished: until now.
    func.coalesce(rows.Edit.c.changed, _count(applied=True)),
    func.coalesce(rows.Edit.c.failed, _count(applied=False)),
    rows.Edit.c.undoes,
    rows.Edit.c.detail,
)
_TRACK = (
    rows.EditedTrack.c.position,
    rows.EditedTrack.c.annex_key,
    rows.EditedTrack.c.changes,
    rows.EditedTrack.c.imported_before,
    rows.EditedTrack.c.imported_after,
    rows.EditedTrack.c.applied,
    rows.EditedTrack.c.failure,
)


def _changes(stored: Mapping[str, Any]) -> dict[str, Change]:
    return {name: Change(tuple(old), tuple(new)) for name, (old, new) in stored.items()}


def _update_imported(connection: Connection, those: ColumnElement[bool]) -> None:
    """Make the records of imports what these tracks of an edit say."""
    edited, imported = rows.EditedTrack, rows.ImportedRow
    # [source, row, seen, supplied] of each row.
    each = func.json_each(type_coerce(edited.c.imported_after, Text))
    row = each.table_valued("value", joins_implicitly=True).c.value
    kept = select(
        edited.c.annex_key,
        *(func.json_extract(row, f"$[{place}]") for place in range(4)),
        literal(datetime.now(UTC), UtcTime),
    ).where(those)
    columns = [column.name for column in imported.c]
    connection.execute(insert(imported).prefix_with("OR REPLACE").from_select(columns, kept))
