"""Small changes: some tracks inserted, updated or removed, with everything else left as it is.

Owns what a full load gets for nothing: values nobody has any more leave the dictionary, and the
trigram index keeps in step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute

from mcfs.errors import NotFoundError
from mcfs.schema.cache import ChangedTrack, Field, Track, TrackFile, TrackValue, Value
from mcfs.schema.cache import SyncState as SyncRow
from mcfs.store import inodes
from mcfs.store.batches import chunks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.records import SyncState, TrackRecord
from mcfs.store.row_encoder import RowEncoder, path_fields
from mcfs.store.track_names import placeholder_name, settle
from mcfs.text.fold import fold
from mcfs.text.raw_text import stored_text

_ADD_TO_FTS = (
    "INSERT INTO {0}_fts(rowid, folded) SELECT id, folded FROM {0} WHERE id >= ? ORDER BY id"
)
# The index holds no text of its own: it has to be told what to forget.
_REMOVE_FROM_FTS = "INSERT INTO {0}_fts({0}_fts, rowid, folded) VALUES ('delete', ?, ?)"


# A mount that slept through more generations, or through more changes, looks at everything anew.
GENERATIONS_KEPT = 100
MAX_CHANGED_TRACKS = 5000


class CacheWriter:
    """One write transaction on the cache. Remove first, then update, then insert: names and files
    that pass from one track to another are then free when they are taken."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Wanted names that came or went, folded.
        self._claims: set[str] = set()
        # Keys of what came, went or changed.
        self._touched: set[str] = set()

    def insert(self, records: Iterable[TrackRecord]) -> None:
        """Tracks that the cache does not have."""
        for some in chunks(records):
            first = self._next(Track.id)
            new = self._new_inodes([record.annex_key for record in some])
            self._put(
                [(first + at, new[record.annex_key], record) for at, record in enumerate(some)]
            )

    def existing_keys(self, annex_keys: Iterable[str]) -> set[str]:
        """Those of the keys that the cache has."""
        return {
            key
            for some in chunks(annex_keys)
            for key in self._connection.execute(
                select(Track.annex_key).where(Track.annex_key.in_(some))
            ).scalars()
        }

    def update(self, records: Iterable[TrackRecord]) -> int:
        """Everything about tracks the cache has; how many are not as they were already."""
        wanted = {record.annex_key: record for record in records}
        reader = CacheReader(self._connection)
        stored, base_names = reader.records(wanted), reader.wanted_names(wanted)
        if missing := wanted.keys() - stored.keys():
            raise NotFoundError(f"the cache has no track {min(missing)}")
        differing = [
            key
            for key, record in wanted.items()
            if record.name != base_names[key] or _plain(record) != _plain(stored[key])
        ]
        # All go before any comes back: two tracks may trade their names.
        numbers, values = self._take_out(differing)
        self._put([(*numbers[annex_key], wanted[annex_key]) for annex_key in differing])
        self._drop_orphans(values)
        return len(differing)

    def remove(self, annex_keys: Iterable[str]) -> None:
        """Tracks that are gone; those unknown are gone already."""
        _, values = self._take_out(annex_keys)
        self._drop_orphans(values)

    def set_state(self, state: SyncState) -> None:
        """What the cache is a picture of now. Not a change of its own: no listing differs by it."""
        self._connection.execute(update(SyncRow).values(asdict(state)))

    def finish(self) -> None:
        """Settle the names that the changes touched, and count up if there were any."""
        if self._claims:
            self._touched |= settle(self._connection, self._claims)
        if self._touched:
            start_generation(self._connection, self._touched)

    def _put(self, tracks: Sequence[tuple[int, int, TrackRecord]]) -> None:
        first_value, first_file = self._next(Value.id), self._next(TrackFile.id)
        encoder = RowEncoder(self._next(Field.id), first_value, first_file)
        self._teach(encoder, [record for _, _, record in tracks])
        for track_id, inode, record in tracks:
            folded = fold(record.name)
            encoder.add(track_id, inode, record, placeholder_name(record.annex_key), folded)
            self._claims.add(folded)
        encoder.flush(self._connection)
        self._connection.exec_driver_sql(_ADD_TO_FTS.format("value"), (first_value,))
        self._connection.exec_driver_sql(_ADD_TO_FTS.format("track_file"), (first_file,))
        self._touched.update(record.annex_key for _, _, record in tracks)

    def _teach(self, encoder: RowEncoder, records: Iterable[TrackRecord]) -> None:
        """Tell the encoder what the cache has of the fields and values of these records."""
        ids: dict[str, int] = {}
        for field_id, name, shown in self._connection.execute(
            select(Field.id, Field.name, Field.shown)
        ):
            ids[name] = field_id
            encoder.add_known_field(field_id, name, shown)
        asked = defaultdict[str, set[str]](set)
        for record in records:
            for shown, texts in record.values.items():
                asked[fold(shown)].update(texts)
            for work_path in record.files:
                for name, text in path_fields(work_path):
                    asked[name].add(text)
        for name in asked.keys() & ids.keys():
            for some in chunks(asked[name]):
                for value_id, text in self._connection.execute(
                    select(Value.id, Value.text).where(
                        Value.field_id == ids[name], Value.text.in_(some)
                    )
                ):
                    encoder.add_known_value(name, text, value_id)

    def _take_out(self, annex_keys: Iterable[str]) -> tuple[dict[str, tuple[int, int]], list[int]]:
        """Delete tracks: the id and inode each had, and the values that may be orphans now."""
        numbers: dict[str, tuple[int, int]] = {}
        values: set[int] = set()
        for some in chunks(annex_keys):
            rows = self._connection.execute(
                select(
                    Track.annex_key, Track.id, Track.inode, Track.base_name_folded, Track.name
                ).where(Track.annex_key.in_(some))
            ).all()
            for row in rows:
                # Of a mark that it leaves, another may have had to keep away.
                self._claims |= {row.base_name_folded, fold(row.name)}
            numbers |= {row.annex_key: (row.id, row.inode) for row in rows}
            self._touched |= numbers.keys()
            ids = [row.id for row in rows]
            values.update(
                self._connection.execute(
                    select(TrackValue.value_id).where(TrackValue.track_id.in_(ids))
                ).scalars()
            )
            files = self._connection.execute(
                select(TrackFile.id, TrackFile.folded).where(TrackFile.track_id.in_(ids))
            ).all()
            self._forget("track_file", files)
            self._connection.execute(delete(Track).where(Track.id.in_(ids)))
        return numbers, sorted(values)

    def _drop_orphans(self, values: Sequence[int]) -> None:
        for some in chunks(values):
            had = exists().where(TrackValue.value_id == Value.id)
            orphans = self._connection.execute(
                select(Value.id, Value.folded).where(Value.id.in_(some), ~had)
            ).all()
            if orphans:
                self._forget("value", orphans)
                ids = [row.id for row in orphans]
                self._connection.execute(delete(Value).where(Value.id.in_(ids)))
        self._connection.execute(delete(Field).where(~exists().where(Value.field_id == Field.id)))

    def _forget(self, table: str, rows: Sequence[Row[int, str]]) -> None:
        """Take texts out of the trigrams of a table."""
        if rows:
            self._connection.exec_driver_sql(
                _REMOVE_FROM_FTS.format(table), [(id_, stored_text(folded)) for id_, folded in rows]
            )

    def _new_inodes(self, annex_keys: Sequence[str]) -> dict[str, int]:
        low = Track.inode.op("&")(inodes.LOW_BITS)
        settled = inodes.assign_inodes(annex_keys, frozenset())
        wanted = [inode & inodes.LOW_BITS for inode in settled.values()]
        if self._connection.execute(select(low).where(low.in_(wanted))).first() is None:
            return settled
        taken = self._connection.execute(select(low)).scalars()
        return inodes.assign_inodes(annex_keys, set(taken))

    def _next(self, column: InstrumentedAttribute[int]) -> int:
        return (self._connection.execute(select(func.max(column))).scalar_one() or 0) + 1


def start_generation(connection: Connection, touched: Collection[str] | None) -> None:
    """Another generation, in which these tracks were touched; None is all of them."""
    generation = connection.execute(
        update(SyncRow).values(generation=SyncRow.generation + 1).returning(SyncRow.generation)
    ).scalar_one()
    told = touched if touched is not None and len(touched) <= MAX_CHANGED_TRACKS else {""}
    connection.execute(
        delete(ChangedTrack).where(ChangedTrack.generation <= generation - GENERATIONS_KEPT)
    )
    connection.execute(
        insert(ChangedTrack), [{"generation": generation, "annex_key": key} for key in told]
    )


def _plain(record: TrackRecord) -> TrackRecord:
    """What two records of one track have in common when the cache would keep them alike."""
    values: dict[str, tuple[str, ...]] = {
        fold(shown): tuple(sorted(set(texts))) for shown, texts in record.values.items() if texts
    }
    return replace(record, values=values, name="")
