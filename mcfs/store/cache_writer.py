"""Small changes to the cache: some tracks are inserted, updated or removed.

Owns what a full load does not need: values that no track has any more are deleted, and the trigram indexes
are updated with the texts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Row, delete, exists, func, insert, select, update

from mcfs.errors import NotFoundError
from mcfs.schema.cache import (
    ChangedCover,
    ChangedTrack,
    Cover,
    Field,
    Track,
    TrackFile,
    TrackValue,
    Value,
)
from mcfs.schema.cache import SyncState as SyncRow
from mcfs.store import inodes
from mcfs.store.batches import chunks, column_in
from mcfs.store.cache_reader import CacheReader
from mcfs.store.field_kinds import find_kinds
from mcfs.store.records import CoverRecord, SyncState, TrackRecord
from mcfs.store.row_encoder import RowEncoder, path_fields
from mcfs.store.track_names import assign_names, placeholder_name
from mcfs.text.fold import fold
from mcfs.text.raw_text import is_utf8, stored_text

_KNOWN_VALUES = (
    "SELECT value.id, value.field_id, value.text FROM json_each(?) AS pair CROSS JOIN value"
    " ON value.field_id = pair.value ->> 0 AND value.text = pair.value ->> 1"
)
_ADD_TO_FTS = (
    "INSERT INTO {0}_fts(rowid, folded) SELECT id, folded FROM {0} WHERE id >= ? ORDER BY id"
)
# The index stores no text of its own: to delete an entry, it needs the text again.
_REMOVE_FROM_FTS = "INSERT INTO {0}_fts({0}_fts, rowid, folded) VALUES ('delete', ?, ?)"


# A mount that missed more generations than these, or more changed tracks, invalidates all names.
GENERATIONS_KEPT = 100
MAX_CHANGED_TRACKS = 5000


class CacheWriter:
    """One write transaction on the cache.

    Remove first, then update, then insert: a name or a file that passes from one track to another must be
    free before it is given to the other.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Folded names that were added or removed: tracks with such a base name may have to be renamed.
        self._affected_names: set[str] = set()
        self._changed_keys: set[str] = set()
        self._changed_covers: set[str] = set()
        self._presence_changed = False
        # Whether a value was added that no track had, or removed with its last track.
        self._values_changed = False

    def insert(self, records: Iterable[TrackRecord]) -> None:
        """Insert tracks that the cache does not have."""
        for some in chunks(records):
            self._presence_changed |= any(record.present for record in some)
            first = self._next_id(Track.c.id)
            new = self._new_inodes([record.annex_key for record in some])
            self._insert_encoded(
                [(first + at, new[record.annex_key], record) for at, record in enumerate(some)]
            )

    def existing_keys(self, annex_keys: Iterable[str]) -> set[str]:
        """The keys that the cache has, among these."""
        return {
            key
            for some in chunks(annex_keys)
            for key in self._connection.execute(
                select(Track.c.annex_key).where(Track.c.annex_key.in_(some))
            ).scalars()
        }

    def records(self, annex_keys: Iterable[str]) -> dict[str, TrackRecord]:
        """What the cache has of these tracks; unknown keys are left out."""
        return CacheReader(self._connection).records(annex_keys)

    def update(
        self, records: Iterable[TrackRecord], stored: Mapping[str, TrackRecord] | None = None
    ) -> int:
        """Replace tracks that the cache has; returns how many really differ.

        `stored` is what `records` has returned for them, if the caller has asked.
        """
        new = {record.annex_key: record for record in records}
        reader = CacheReader(self._connection)
        stored = reader.records(new) if stored is None else stored
        base_names = reader.base_names(new)
        if missing := new.keys() - stored.keys():
            raise NotFoundError(f"the cache has no track {min(missing)}")
        differing = [
            key
            for key, record in new.items()
            if record.name != base_names[key] or _comparable(record) != _comparable(stored[key])
        ]
        self._presence_changed |= any(stored[key].present != new[key].present for key in differing)
        # Mostly somebody has only changed metadata, which takes half as long.
        only_metadata = {
            key
            for key in differing
            if new[key].name == base_names[key] and _has_same_files(new[key], stored[key])
        }
        self._update_metadata([new[key] for key in differing if key in only_metadata])
        others = [key for key in differing if key not in only_metadata]
        # All are deleted before any is inserted: two tracks may swap their names.
        numbers, values = self._delete(others)
        self._insert_encoded([(*numbers[annex_key], new[annex_key]) for annex_key in others])
        self._delete_unused_values(values)
        return len(differing)

    def _update_metadata(self, records: Sequence[TrackRecord]) -> None:
        """Replace the metadata of tracks whose names and files stay."""
        for some in chunks(records):
            by_key = {record.annex_key: record for record in some}
            rows = self._connection.execute(
                select(Track.c.annex_key, Track.c.id, Track.c.inode, Track.c.name).where(
                    column_in(Track.c.annex_key, list(by_key))
                )
            ).all()
            pairs = self._connection.execute(
                select(TrackValue.c.track_id, TrackValue.c.value_id).where(
                    column_in(TrackValue.c.track_id, [row.id for row in rows])
                )
            )
            old = {(track_id, value_id) for track_id, value_id in pairs}
            first_value = self._next_id(Value.c.id)
            encoder = RowEncoder(self._next_id(Field.c.id), first_value)
            self._add_known(encoder, some)
            for row in rows:
                record = by_key[row.annex_key]
                encoder.add(row.id, row.inode, record, row.name, fold(record.name))
            if encoder.flush_over(self._connection, old):
                self._values_changed = True
                self._connection.exec_driver_sql(_ADD_TO_FTS.format("value"), (first_value,))
            self._delete_unused_values(sorted({value_id for _, value_id in old}))
            self._changed_keys |= by_key.keys()

    def remove(self, annex_keys: Iterable[str]) -> None:
        """Remove tracks; keys that the cache does not have are ignored."""
        numbers, values = self._delete(annex_keys)
        self._presence_changed |= bool(numbers)
        self._delete_unused_values(values)

    def change_covers(self, old: Collection[CoverRecord], new: Collection[CoverRecord]) -> None:
        """Replace covers that the cache has by others."""
        gone, come = set(old) - set(new), set(new) - set(old)
        for cover in gone:
            self._connection.execute(
                delete(Cover).where(
                    Cover.c.directory == cover.directory, Cover.c.name == cover.name
                )
            )
        insert_covers(self._connection, come)
        self._changed_covers.update(cover.work_path for cover in gone | come)

    def set_state(self, state: SyncState) -> None:
        """Record which state of the library the cache has. Alone, this begins no new generation."""
        self._connection.execute(update(SyncRow).values(asdict(state)))

    def finish(self) -> None:
        """Assign the affected names, and begin a new generation if anything changed."""
        if self._affected_names:
            self._changed_keys |= assign_names(self._connection, self._affected_names)
        if self._values_changed:
            find_kinds(self._connection)
        if self._presence_changed:
            note_presence(self._connection)
        if self._changed_keys or self._changed_covers:
            start_generation(self._connection, self._changed_keys, self._changed_covers)

    def _insert_encoded(self, tracks: Sequence[tuple[int, int, TrackRecord]]) -> None:
        first_value, first_file = self._next_id(Value.c.id), self._next_id(TrackFile.c.id)
        encoder = RowEncoder(self._next_id(Field.c.id), first_value, first_file)
        self._add_known(encoder, [record for _, _, record in tracks])
        for track_id, inode, record in tracks:
            folded = fold(record.name)
            encoder.add(track_id, inode, record, placeholder_name(record.annex_key), folded)
            self._affected_names.add(folded)
        if encoder.flush(self._connection):
            self._values_changed = True
            self._connection.exec_driver_sql(_ADD_TO_FTS.format("value"), (first_value,))
        self._connection.exec_driver_sql(_ADD_TO_FTS.format("track_file"), (first_file,))
        self._changed_keys.update(record.annex_key for _, _, record in tracks)

    def _add_known(self, encoder: RowEncoder, records: Iterable[TrackRecord]) -> None:
        """Add to the encoder the fields and values of these records that the cache has."""
        ids: dict[str, int] = {}
        for field_id, name, shown in self._connection.execute(
            select(Field.c.id, Field.c.name, Field.c.shown)
        ):
            ids[name] = field_id
            encoder.add_known_field(field_id, name, shown)
        texts_by_field = defaultdict[str, set[str]](set)
        for record in records:
            for shown, texts in record.values.items():
                texts_by_field[fold(shown)].update(texts)
            for work_path in record.files:
                for name, text in path_fields(work_path):
                    texts_by_field[name].add(text)
        known_names = {field_id: name for name, field_id in ids.items()}
        pairs = (
            (ids[name], text)
            for name in texts_by_field.keys() & ids.keys()
            for text in texts_by_field[name]
        )
        for some in chunks(pairs):
            for value_id, field_id, text in self._values_among(some):
                encoder.add_known_value(known_names[field_id], text, value_id)

    def _values_among(self, pairs: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
        """Those of some fields and texts that the cache has: id of the value, id of the field, text."""
        # One statement for all fields: a track has some twenty, and an edit in a mount waits for this.
        plain = [pair for pair in pairs if is_utf8(pair[1]) and "\0" not in pair[1]]
        for row in self._connection.exec_driver_sql(_KNOWN_VALUES, (json.dumps(plain),)):
            yield row[0], row[1], row[2]
        # Text that JSON cannot hold.
        for field_id, text in set(pairs).difference(plain):
            those = Value.c.field_id == field_id, Value.c.text == text
            for value_id in self._connection.execute(select(Value.c.id).where(*those)).scalars():
                yield value_id, field_id, text

    def _delete(self, annex_keys: Iterable[str]) -> tuple[dict[str, tuple[int, int]], list[int]]:
        """Delete tracks; returns the id and inode of each, and values that may have no track now."""
        numbers: dict[str, tuple[int, int]] = {}
        values: set[int] = set()
        for some in chunks(annex_keys):
            rows = self._connection.execute(
                select(
                    Track.c.annex_key,
                    Track.c.id,
                    Track.c.inode,
                    Track.c.base_name_folded,
                    Track.c.name,
                ).where(Track.c.annex_key.in_(some))
            ).all()
            for row in rows:
                # The name too: another track may have had to avoid it.
                self._affected_names |= {row.base_name_folded, fold(row.name)}
            numbers |= {row.annex_key: (row.id, row.inode) for row in rows}
            self._changed_keys |= numbers.keys()
            ids = [row.id for row in rows]
            values.update(
                self._connection.execute(
                    select(TrackValue.c.value_id).where(TrackValue.c.track_id.in_(ids))
                ).scalars()
            )
            files = self._connection.execute(
                select(TrackFile.c.id, TrackFile.c.folded).where(TrackFile.c.track_id.in_(ids))
            ).all()
            self._remove_from_fts("track_file", files)
            self._connection.execute(delete(Track).where(Track.c.id.in_(ids)))
        return numbers, sorted(values)

    def _delete_unused_values(self, values: Sequence[int]) -> None:
        for some in chunks(values):
            had = exists().where(TrackValue.c.value_id == Value.c.id)
            orphans = self._connection.execute(
                select(Value.c.id, Value.c.folded).where(Value.c.id.in_(some), ~had)
            ).all()
            if orphans:
                self._values_changed = True
                self._remove_from_fts("value", orphans)
                ids = [row.id for row in orphans]
                self._connection.execute(delete(Value).where(Value.c.id.in_(ids)))
        if self._values_changed:
            self._connection.execute(
                delete(Field).where(~exists().where(Value.c.field_id == Field.c.id))
            )

    def _remove_from_fts(self, table: str, rows: Sequence[Row[int, str]]) -> None:
        """Remove texts from the trigram index of a table."""
        if rows:
            self._connection.exec_driver_sql(
                _REMOVE_FROM_FTS.format(table), [(id_, stored_text(folded)) for id_, folded in rows]
            )

    def _new_inodes(self, annex_keys: Sequence[str]) -> dict[str, int]:
        low = Track.c.inode.op("&")(inodes.LOW_BITS)
        new = inodes.assign_inodes(annex_keys, frozenset())
        low_bits = [inode & inodes.LOW_BITS for inode in new.values()]
        if self._connection.execute(select(low).where(low.in_(low_bits))).first() is None:
            return new
        taken = self._connection.execute(select(low)).scalars()
        return inodes.assign_inodes(annex_keys, set(taken))

    def _next_id(self, column: Column[int]) -> int:
        return (self._connection.execute(select(func.max(column))).scalar_one() or 0) + 1


def insert_covers(connection: Connection, covers: Iterable[CoverRecord]) -> None:
    """Insert covers that the cache does not have."""
    if rows := [cover._asdict() for cover in covers]:
        connection.execute(insert(Cover), rows)


def note_presence(connection: Connection) -> None:
    """Record that other tracks are here now than before."""
    connection.execute(update(SyncRow).values(presence_changed_at=datetime.now(UTC)))


def start_generation(
    connection: Connection,
    changed_keys: Collection[str] | None,
    changed_covers: Collection[str] = (),
) -> None:
    """Begin a new generation in which these tracks and covers changed; None for all of both."""
    generation = connection.execute(
        update(SyncRow).values(generation=SyncRow.c.generation + 1).returning(SyncRow.c.generation)
    ).scalar_one()
    few = changed_keys is not None and len(changed_keys) + len(changed_covers) <= MAX_CHANGED_TRACKS
    recorded = changed_keys if changed_keys is not None and few else {""}
    connection.execute(
        delete(ChangedTrack).where(ChangedTrack.c.generation <= generation - GENERATIONS_KEPT)
    )
    connection.execute(
        delete(ChangedCover).where(ChangedCover.c.generation <= generation - GENERATIONS_KEPT)
    )
    if recorded:
        connection.execute(
            insert(ChangedTrack), [{"generation": generation, "annex_key": key} for key in recorded]
        )
    if changed_covers and few:
        connection.execute(
            insert(ChangedCover),
            [{"generation": generation, "work_path": path} for path in changed_covers],
        )


def _has_same_files(record: TrackRecord, stored: TrackRecord) -> bool:
    """Whether all that the cache keeps of the files of a track stays as it is."""
    return (record.files, record.blobs, record.hidden, record.present) == (
        stored.files,
        stored.blobs,
        stored.hidden,
        stored.present,
    )


def _comparable(record: TrackRecord) -> TrackRecord:
    """The record in the form in which two can be compared: equal when the cache would store the same."""
    values: dict[str, tuple[str, ...]] = {
        fold(shown): tuple(sorted(set(texts))) for shown, texts in record.values.items() if texts
    }
    return replace(record, values=values, name="")
