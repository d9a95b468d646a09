"""What the cache can be asked, within one read transaction.

Owns the questions that need no query language; everything else is a `select()` built by `sql.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, func, select

from mcfs.names import fold
from mcfs.query import ALL, Between, Equals, Query
from mcfs.schema import Field, Track, TrackFile, TrackValue, Value
from mcfs.schema import SyncState as SyncRow
from mcfs.sql import select_tracks
from mcfs.store.records import FieldCount, Generation, SyncState, TrackRecord

T = TypeVar("T")

# How many keys or ids one statement asks for; SQLite allows 32,766 variables.
_AT_ONCE = 1000


def chunks(items: Iterable[T], size: int = _AT_ONCE) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


class CacheReader:
    """One state of the cache: whatever is asked of it, the answers belong together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def generation(self) -> Generation:
        """The name of this state."""
        row = self._connection.execute(select(SyncRow.store_uuid, SyncRow.generation)).one()
        return Generation(row.store_uuid, row.generation)

    def state(self) -> SyncState:
        """What this state is a picture of."""
        row = self._connection.execute(
            select(
                SyncRow.library_uuid,
                SyncRow.annex_commit,
                SyncRow.index_fingerprint,
                SyncRow.journal,
                SyncRow.started_at,
                SyncRow.finished_at,
                SyncRow.progress,
                SyncRow.counts,
                SyncRow.last_error,
            )
        ).one()
        return SyncState(*row)

    def select(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """The rows of a statement, all of them: nothing is left to be read later."""
        return self._connection.execute(statement).all()

    def count(self, query: Query = ALL) -> int:
        """How many tracks a query names."""
        tracks = select_tracks(query).order_by(None).subquery()
        return self._connection.execute(select(func.count()).select_from(tracks)).scalar_one()

    def by_value(self, field: str, text: str) -> Sequence[Row[Any]]:
        """The tracks that have this value, as listed; case and accents make no difference."""
        return self.select(select_tracks(Query(frozenset({Equals(fold(field), fold(text))}))))

    def by_range(
        self, field: str, low: float | None = None, high: float | None = None
    ) -> Sequence[Row[Any]]:
        """The tracks that have a number between the two, both included; None is no bound."""
        return self.select(select_tracks(Query(frozenset({Between(fold(field), low, high)}))))

    def fields(self) -> list[FieldCount]:
        """Every field there is, by name."""
        rows = self._connection.execute(
            select(Field.name, Field.shown, func.count(TrackValue.track_id.distinct()))
            .join(Value, Value.field_id == Field.id)
            .join(TrackValue, TrackValue.value_id == Value.id)
            .group_by(Field.id)
            .order_by(Field.name)
        )
        return [FieldCount(*row) for row in rows]

    def get(self, annex_key: str) -> TrackRecord | None:
        """All there is about one track."""
        return self.records([annex_key]).get(annex_key)

    def records(self, annex_keys: Iterable[str]) -> dict[str, TrackRecord]:
        """All there is about some tracks, by annex key; those unknown are left out."""
        found: dict[str, TrackRecord] = {}
        for some in chunks(annex_keys):
            found |= self._records(some)
        return found

    def _records(self, annex_keys: Sequence[str]) -> dict[str, TrackRecord]:
        tracks = self._connection.execute(
            select(
                Track.id,
                Track.annex_key,
                Track.name,
                Track.content_path,
                Track.present,
                Track.size,
                Track.changed_at,
                Track.added_at,
                Track.is_live,
                Track.decade,
            ).where(Track.annex_key.in_(annex_keys))
        ).all()
        ids = [row.id for row in tracks]
        files = defaultdict[int, list[str]](list)
        for track_id, work_path in self._connection.execute(
            select(TrackFile.track_id, TrackFile.work_path).where(TrackFile.track_id.in_(ids))
        ):
            files[track_id].append(work_path)
        values = defaultdict[int, defaultdict[str, list[str]]](lambda: defaultdict(list))
        for track_id, shown, text in self._connection.execute(
            select(TrackValue.track_id, Field.shown, Value.text)
            .join(Value, Value.id == TrackValue.value_id)
            .join(Field, Field.id == Value.field_id)
            .where(TrackValue.track_id.in_(ids))
        ):
            values[track_id][shown].append(text)
        return {
            row.annex_key: TrackRecord(
                annex_key=row.annex_key,
                name=row.name,
                files=tuple(sorted(files[row.id])),
                content_path=row.content_path,
                present=row.present,
                size=row.size,
                changed_at=row.changed_at,
                added_at=row.added_at,
                is_live=row.is_live,
                decade=row.decade,
                values={shown: tuple(sorted(texts)) for shown, texts in values[row.id].items()},
            )
            for row in tracks
        }
