"""Everything that can be read from the cache, within one read transaction.

Owns the connection of that transaction; `track_records.py`, `field_counts.py` and `bulk_lookup.py` are its
longer statements. What the query language asks for is compiled by `sql/` and only executed here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Row,
    bindparam,
    func,
    select,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from mcfs.fields import Vocabulary, field_table
from mcfs.schema.cache import ChangedCover, ChangedTrack, Cover, Field, Track, TrackFile, Value
from mcfs.schema.cache import SyncState as SyncRow
from mcfs.sql import AnyCompiled, BoundQuery, Compiled, count_tracks
from mcfs.sql.compiled import Columns
from mcfs.store import bulk_lookup
from mcfs.store.batches import chunks, column_in
from mcfs.store.bulk_lookup import TrackFacts
from mcfs.store.field_counts import (
    count_fields,
    count_tracks_with,
    count_values,
    folded_values,
    tracks_of_values,
)
from mcfs.store.records import (
    Counts,
    CoverRecord,
    FieldCount,
    Generation,
    SyncState,
    TrackRecord,
    ValueCount,
    WorkFile,
)
from mcfs.store.track_records import RecordLoader, is_metadata
from mcfs.text.fold import fold
from mcfs.text.raw_text import as_text

# With parameters by name, which sqlite3 takes too.
_NAMED = sqlite.dialect(paramstyle="named")
# How many tracks are named that are stored without a part of their metadata.
_MAX_NAMED = 5
_ROWS_AT_ONCE = 1000
_WORK_FILE_COLUMNS: Mapping[str, Column[Any]] = {
    "annex_key": Track.c.annex_key,
    "work_path": TrackFile.c.work_path,
    "blob": TrackFile.c.blob,
    "in_work_tree": TrackFile.c.in_work_tree,
    "present": TrackFile.c.present,
}
_COVER_COLUMNS: list[Column[Any]] = [Cover.c[name] for name in CoverRecord._fields]


class CacheReader:
    """One state of the cache: everything read from it is true of the same generation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def generation(self) -> Generation:
        """The generation that this reader sees."""
        row = self._connection.execute(select(SyncRow.c.store_uuid, SyncRow.c.generation)).one()
        return Generation(row.store_uuid, row.generation)

    def state(self) -> SyncState:
        """Which library the last sync read, and how that went."""
        columns = [SyncRow.c[column.name] for column in dataclasses.fields(SyncState)]
        return SyncState(**self._connection.execute(select(*columns)).mappings().one())

    def metadata_changed_at(self) -> datetime | None:
        """When the metadata of any track last changed, as git-annex has it."""
        newest = select(func.max(Track.c.changed_at))
        at: datetime | None = self._connection.execute(newest).scalar_one()
        return at

    def presence_changed_at(self) -> datetime | None:
        """When a sync last found that other tracks are here than before."""
        found = select(SyncRow.c.presence_changed_at)
        at: datetime | None = self._connection.execute(found).scalar_one()
        return at

    def select(self, compiled: Compiled[*Columns]) -> Sequence[Row[*Columns]]:
        """All rows of a compiled statement."""
        return self._connection.execute(compiled.statement, compiled.parameters).all()

    def rows(self, compiled: Compiled[*Columns]) -> list[tuple[*Columns]]:
        """The same as plain tuples, which lists a folder of ten thousand tracks in half the time."""
        cursor = self._connection.execute(compiled.statement, compiled.parameters).cursor
        assert cursor is not None
        return [row if bytes not in map(type, row) else _decoded(row) for row in cursor.fetchall()]

    def tuples(self, compiled: Compiled[*Columns]) -> Iterator[tuple[*Columns]]:
        """Such tuples a few at a time: where there are a hundred thousand, they take tens of megabytes."""
        cursor = self._connection.execute(compiled.statement, compiled.parameters).cursor
        assert cursor is not None
        while some := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from [row if bytes not in map(type, row) else _decoded(row) for row in some]

    def stream(self, compiled: Compiled[*Columns]) -> Iterator[Row[*Columns]]:
        """The same rows one by one: the first can be used before the last is read."""
        yield from self._connection.execute(compiled.statement, compiled.parameters)

    def records_of(self, compiled: AnyCompiled) -> Iterator[TrackRecord]:
        """The record of each track in the rows of a statement, in their order."""
        yield from self.records_in_order(row.annex_key for row in self.stream(compiled))

    def records_in_order(self, annex_keys: Iterable[str]) -> Iterator[TrackRecord]:
        """The records of these tracks, in this order; unknown keys are left out."""
        loader = RecordLoader(self._connection)
        for some in chunks(annex_keys):
            records = loader.load(some)
            yield from (records[annex_key] for annex_key in some if annex_key in records)

    def plan(self, compiled: AnyCompiled) -> list[tuple[int, str]]:
        """SQLite's query plan: its steps, and how deep each is nested."""
        statement = compiled.statement.compile(dialect=_NAMED)
        assert isinstance(statement, SQLCompiler)
        values = statement.construct_params(compiled.parameters)
        parameters = [
            bindparam(name, value, type_=statement.binds[name].type)
            for name, value in values.items()
        ]
        explain = sql_text(f"EXPLAIN QUERY PLAN {statement}").bindparams(*parameters)
        depth = {0: -1}
        steps: list[tuple[int, str]] = []
        for step, parent, _, detail in self._connection.execute(explain):
            depth[step] = depth.get(parent, -1) + 1
            steps.append((depth[step], detail))
        return steps

    def count(self, bound: BoundQuery | None = None) -> int:
        """How many tracks a query names; without one, how many there are."""
        if bound is None:
            statement = select(func.count()).select_from(Track)
            return self._connection.execute(statement).scalar_one()
        compiled = count_tracks(bound)
        return self._connection.execute(compiled.statement, compiled.parameters).scalar_one()

    def vocabulary(self) -> Vocabulary:
        """The fields that queries can name."""
        rows = self._connection.execute(
            select(Field.c.name, Field.c.is_date).where(is_metadata())
        ).all()
        return Vocabulary(
            frozenset(row.name for row in rows),
            frozenset(row.name for row in rows if row.is_date),
        )

    def fields(self) -> list[FieldCount]:
        """Every field there is, by name, and how many tracks have it."""
        return count_fields(self._connection)

    def shown_fields(self) -> list[str]:
        """Every field there is, as people write it: counting the tracks of each takes a second and 60 MB."""
        names = select(Field.c.shown).where(is_metadata()).order_by(Field.c.name)
        return list(self._connection.execute(names).scalars())

    def values(self, fields: Sequence[str]) -> list[ValueCount]:
        """The values of some stored fields, and how many tracks have each."""
        return count_values(self._connection, fields)

    def tracks_of_values(self, fields: Sequence[str]) -> Iterator[tuple[int, str]]:
        """The id of a track, and the text of a value, for every value of some stored fields."""
        for row in self._connection.execute(tracks_of_values(fields)):
            yield row.track_id, row.text

    def count_with_fields(self, fields: Sequence[str]) -> int:
        """How many tracks have a value of one of some stored fields."""
        return count_tracks_with(self._connection, fields)

    def count_with_column(self, name: str, *, zero_is_none: bool) -> int:
        """How many tracks have a value in a column that no metadata field fills: `size`, `added_at` …"""
        column = Track.c[name]
        has_value = [column.is_not(None)] + [column != 0] * zero_is_none
        return self._connection.execute(select(func.count()).where(*has_value)).scalar_one()

    def folded_values(self, fields: Sequence[str]) -> Iterator[str]:
        """The distinct values of some stored fields, as they are compared."""
        return folded_values(self._connection, fields)

    def values_among(self, fields: Collection[str], texts: Collection[str]) -> set[str]:
        """Those texts that some track has, in any spelling, as a value of one of these stored fields."""
        by_folded: dict[str, set[str]] = {}
        for text in texts:
            by_folded.setdefault(fold(text), set()).add(text)
        found: set[str] = set()
        for some in chunks(by_folded):
            those = (
                Field.c.name.in_(fields),
                Value.c.field_id == Field.c.id,
                column_in(Value.c.folded, some),
            )
            for folded in self._connection.execute(select(Value.c.folded).where(*those)).scalars():
                found |= by_folded[folded]
        return found

    def column(self, name: str) -> Iterator[Any]:
        """What every track has in a column that no metadata field fills: `present`, `size`, `added_at` …"""
        yield from self._connection.execute(select(Track.c[name])).scalars()

    def changed_since(self, counter: int) -> set[str] | None:
        """The annex keys of all tracks that changed after this generation; None where that is not known."""
        rows = self._connection.execute(
            select(ChangedTrack.c.generation, ChangedTrack.c.annex_key).where(
                ChangedTrack.c.generation > counter
            )
        ).all()
        keys = {row.annex_key for row in rows}
        generations = {row.generation for row in rows} | {
            generation
            for (generation,) in self._connection.execute(
                select(ChangedCover.c.generation)
                .where(ChangedCover.c.generation > counter)
                .distinct()
            )
        }
        is_complete = len(generations) == self.generation().counter - counter
        return keys if is_complete and "" not in keys else None

    def covers_changed_since(self, counter: int) -> set[str]:
        """The work paths of all covers that changed after this generation, as far as that is known."""
        statement = select(ChangedCover.c.work_path).where(ChangedCover.c.generation > counter)
        return set(self._connection.execute(statement).scalars())

    def covers(self) -> list[CoverRecord]:
        """Every cover."""
        return list(map(CoverRecord._make, self._connection.execute(select(*_COVER_COLUMNS))))

    def covers_in(self, directories: Collection[str]) -> list[CoverRecord]:
        """The covers that are directly in these folders of the work tree."""
        covers = select(*_COVER_COLUMNS)
        return [
            CoverRecord._make(row)
            for some in chunks(directories)
            for row in self._connection.execute(
                # An album is mostly in one folder, and a statement of one text is quicker to make.
                covers.where(
                    Cover.c.directory == some[0]
                    if len(some) == 1
                    else column_in(Cover.c.directory, some)
                )
            )
        ]

    def counts(self) -> Counts:
        """How much there is, as a sync reports it."""
        tracks, absent, without_metadata, incomplete_count = (
            self._connection.execute(
                select(func.count()).select_from(Track).where(*which)
            ).scalar_one()
            for which in (
                [],
                [Track.c.present.is_(False)],
                [Track.c.has_metadata.is_(False)],
                [Track.c.left_out.is_not(None)],
            )
        )
        broken = self._connection.execute(
            select(Field.c.name, func.count())
            .join(Value, Value.c.field_id == Field.c.id)
            .where(
                Field.c.name.in_(field_table().numeric_names),
                Value.c.number.is_(None),
                Value.c.folded != "",
            )
            .group_by(Field.c.name)
        )
        incomplete = select(Track.c.name, Track.c.left_out).where(Track.c.left_out.is_not(None))
        return Counts(
            tracks,
            tracks - absent,
            without_metadata,
            dict(broken.all()),
            incomplete_count,
            {
                name: left_out or ""
                for name, left_out in self._connection.execute(
                    # Not by the index of names: few of them are incomplete.
                    incomplete.order_by(Track.c.name.concat("")).limit(_MAX_NAMED)
                )
            },
        )

    def base_names(self, annex_keys: Iterable[str]) -> dict[str, str]:
        """Annex key → what the track would be called if no other track had that name."""
        return {
            key: name
            for some in chunks(annex_keys)
            for key, name in self._connection.execute(
                select(Track.c.annex_key, Track.c.base_name).where(Track.c.annex_key.in_(some))
            )
        }

    def work_files(self, annex_keys: Iterable[str] | None = None) -> Iterator[WorkFile]:
        """Every file in the cache, or those of some tracks."""
        columns = [_WORK_FILE_COLUMNS[name] for name in WorkFile._fields]
        statement = select(*columns).join(Track, Track.c.id == TrackFile.c.track_id)
        if annex_keys is None:
            yield from map(WorkFile._make, self._connection.execute(statement))
            return
        for some in chunks(annex_keys):
            rows = self._connection.execute(statement.where(Track.c.annex_key.in_(some)))
            yield from map(WorkFile._make, rows)

    def first_files(self, annex_keys: Iterable[str]) -> dict[str, str]:
        """Annex key → the first of its work paths; keys without a file are left out."""
        files: dict[str, str] = {}
        for file in self.work_files(annex_keys):
            files[file.annex_key] = min(file.work_path, files.get(file.annex_key, file.work_path))
        return files

    def track_ids_of_files(self, work_paths: Iterable[str]) -> dict[str, int]:
        """Work path → id of the track that it is a file of; unknown paths are left out."""
        return bulk_lookup.track_ids_of_files(self._connection, work_paths)

    def track_ids_of_keys(self, annex_keys: Iterable[str]) -> dict[str, int]:
        """Annex key → id of the track; unknown keys are left out."""
        return bulk_lookup.track_ids_of_keys(self._connection, annex_keys)

    def presence_of_keys(self, annex_keys: Iterable[str]) -> dict[str, bool]:
        """Annex key → whether the content of the track is here; unknown keys are left out."""
        return {
            key: present
            for some in chunks(annex_keys)
            for key, present in self._connection.execute(
                select(Track.c.annex_key, Track.c.present).where(column_in(Track.c.annex_key, some))
            )
        }

    def keys_of_ids(self, track_ids: Sequence[int]) -> dict[int, str]:
        """Id of a track → annex key."""
        return bulk_lookup.keys_of_ids(self._connection, track_ids)

    def facts_of_ids(self, track_ids: Sequence[int]) -> dict[int, TrackFacts]:
        """Id of a track → its key, where its content is, and when it was added."""
        return bulk_lookup.facts_of_ids(self._connection, track_ids)

    def values_of_ids(
        self, track_ids: Sequence[int], fields: Collection[str]
    ) -> dict[int, dict[str, tuple[str, ...]]]:
        """Id of a track → folded name of a field → its values, sorted; quickest for ascending ids."""
        return bulk_lookup.values_of_ids(self._connection, track_ids, fields)

    def key_of_file(self, work_path: str) -> str | None:
        """The annex key of the track that has this file."""
        return self._connection.execute(
            select(Track.c.annex_key)
            .join(TrackFile, TrackFile.c.track_id == Track.c.id)
            .where(TrackFile.c.work_path == work_path)
        ).scalar_one_or_none()

    def annex_keys(self, inodes: Iterable[int]) -> dict[int, str]:
        """Inode → annex key, of tracks; unknown inodes are left out."""
        columns = select(Track.c.inode, Track.c.annex_key)
        return {
            inode: key
            for some in chunks(inodes)
            for inode, key in self._connection.execute(
                columns.where(column_in(Track.c.inode, some))
            )
        }

    def content_path(self, inode: int) -> str | None:
        """Where the content of a track is or would be; None for an unknown inode."""
        return self._connection.execute(
            select(Track.c.content_path).where(Track.c.inode == inode)
        ).scalar_one_or_none()

    def records(self, annex_keys: Iterable[str]) -> dict[str, TrackRecord]:
        """Annex key → all that the cache keeps of the track; unknown keys are left out."""
        loader = RecordLoader(self._connection)
        found: dict[str, TrackRecord] = {}
        for some in chunks(annex_keys):
            found |= loader.load(some)
        return found


def _decoded(row: Iterable[Any]) -> Any:
    return tuple(map(as_text, row))
