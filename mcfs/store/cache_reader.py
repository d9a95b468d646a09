"""What the cache can be asked, within one read transaction.

Owns the questions that need no query language; everything else is a `select()` built by `sql/`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Select,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NullType

from mcfs.fields import LOCATION, Vocabulary, field_table
from mcfs.schema.cache import ChangedTrack, Field, Track, TrackFile, TrackValue, Value
from mcfs.schema.cache import SyncState as SyncRow
from mcfs.sql import AnyCompiled, BoundQuery, Compiled, count_tracks
from mcfs.sql.compiled import Columns
from mcfs.store.batches import chunks, column_in
from mcfs.store.records import (
    Counts,
    FieldCount,
    Generation,
    SyncState,
    TrackRecord,
    ValueCount,
    WorkFile,
)
from mcfs.text.raw_text import as_text

# Of so many places one is asked for, at least, where all between the first and the last are read.
_CLOSE = 8
# What hardly a value has in it.
_BETWEEN = "\x1f"
# Parameters by their names, as sqlite3 takes them too.
_NAMED = sqlite.dialect(paramstyle="named")


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
                SyncRow.fingerprint,
                SyncRow.started_at,
                SyncRow.finished_at,
                SyncRow.counts,
                SyncRow.last_error,
            )
        ).one()
        return SyncState(*row)

    def select(self, compiled: Compiled[*Columns]) -> Sequence[Row[*Columns]]:
        """The rows of what `sql/` compiled, all of them: nothing is left to be read later."""
        return self._connection.execute(compiled.statement, compiled.parameters).all()

    def rows(self, compiled: Compiled[*Columns]) -> list[tuple[*Columns]]:
        """The same as plain tuples: a folder of ten thousand tracks is listed in half the time."""
        cursor = self._connection.execute(compiled.statement, compiled.parameters).cursor
        assert cursor is not None
        return [row if bytes not in map(type, row) else _decoded(row) for row in cursor.fetchall()]

    def stream(self, compiled: Compiled[*Columns]) -> Iterator[Row[*Columns]]:
        """The same rows one by one, for who wants the first before there is the last."""
        yield from self._connection.execute(compiled.statement, compiled.parameters)

    def records_of(self, compiled: AnyCompiled) -> Iterator[TrackRecord]:
        """All there is about each of the tracks, in the order of the rows."""
        yield from self.records_in_order(row.annex_key for row in self.stream(compiled))

    def records_in_order(self, annex_keys: Iterable[str]) -> Iterator[TrackRecord]:
        """The same of some tracks, in the order they are named in; those unknown are left out."""
        for some in chunks(annex_keys):
            records = self._records(some)
            yield from (records[annex_key] for annex_key in some if annex_key in records)

    def plan(self, compiled: AnyCompiled) -> list[tuple[int, str]]:
        """How SQLite goes about it: its steps, and how deep each lies in another."""
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
        for step, inside, _, said in self._connection.execute(explain):
            depth[step] = depth.get(inside, -1) + 1
            steps.append((depth[step], said))
        return steps

    def count(self, bound: BoundQuery | None = None) -> int:
        """How many tracks a query names; without one, how many there are."""
        if bound is None:
            statement = select(func.count()).select_from(Track)
            return self._connection.execute(statement).scalar_one()
        compiled = count_tracks(bound)
        return self._connection.execute(compiled.statement, compiled.parameters).scalar_one()

    def vocabulary(self) -> Vocabulary:
        """The fields there are, for reading queries; without counting anything."""
        names = self._connection.execute(select(Field.name).where(_is_metadata())).scalars()
        return Vocabulary(frozenset(names))

    def fields(self) -> list[FieldCount]:
        """Every field there is, by name."""
        rows = self._connection.execute(
            select(Field.name, Field.shown, func.count(TrackValue.track_id.distinct()))
            .join(Value, Value.field_id == Field.id)
            .join(TrackValue, TrackValue.value_id == Value.id)
            .where(_is_metadata())
            .group_by(Field.id)
            .order_by(Field.name)
        )
        return [FieldCount(*row) for row in rows]

    def values(self, fields: Sequence[str]) -> list[ValueCount]:
        """The values of some stored fields, those that fold to the same as one."""
        held = _held(fields).subquery()
        spelled: dict[str, tuple[int, str]] = {}
        for folded, text, tracks in self._connection.execute(
            select(held.c.folded, held.c.text, func.count())
            .group_by(held.c.value_id)
            .order_by(held.c.text.desc())
        ):
            if tracks >= spelled.get(folded, (0, ""))[0]:
                spelled[folded] = (tracks, text)
        rows = self._connection.execute(
            select(held.c.folded, func.count(held.c.track_id.distinct())).group_by(held.c.folded)
        )
        return [ValueCount(folded, spelled[folded][1], tracks) for folded, tracks in rows]

    def count_with_fields(self, fields: Sequence[str]) -> int:
        """How many tracks have a value of one of some stored fields."""
        held = _held(fields).subquery()
        counted: int = self._connection.execute(
            select(func.count(held.c.track_id.distinct()))
        ).scalar_one()
        return counted

    def folded_values(self, fields: Sequence[str]) -> Iterator[str]:
        """The distinct values of some stored fields, as they are compared."""
        yield from self._connection.execute(
            select(Value.folded)
            .where(Field.name.in_(fields), Value.field_id == Field.id)
            .distinct()
        ).scalars()
        if LOCATION in fields:
            yield from self._connection.execute(select(TrackFile.folded)).scalars()

    def column(self, name: str) -> Iterator[Any]:
        """What each track has in a column that no field fills: `present`, `size`, `added_at` …"""
        yield from self._connection.execute(select(getattr(Track, name))).scalars()

    def changed_since(self, counter: int) -> set[str] | None:
        """The keys of all tracks that later generations touched; None where that is not known."""
        rows = self._connection.execute(
            select(ChangedTrack.generation, ChangedTrack.annex_key).where(
                ChangedTrack.generation > counter
            )
        ).all()
        keys = {row.annex_key for row in rows}
        told = len({row.generation for row in rows}) == self.generation().counter - counter
        return keys if told and "" not in keys else None

    def counts(self) -> Counts:
        """What there is, in numbers."""
        tracks, absent, bare = (
            self._connection.execute(
                select(func.count()).select_from(Track).where(*which)
            ).scalar_one()
            for which in ([], [Track.present.is_(False)], [Track.has_metadata.is_(False)])
        )
        broken = self._connection.execute(
            select(Field.name, func.count())
            .join(Value, Value.field_id == Field.id)
            .where(
                Field.name.in_(field_table().numeric_names),
                Value.number.is_(None),
                Value.folded != "",
            )
            .group_by(Field.name)
        )
        return Counts(tracks, tracks - absent, bare, dict(broken.all()))

    def wanted_names(self, annex_keys: Iterable[str]) -> dict[str, str]:
        """What some tracks would be called if nobody else would like that name."""
        return {
            key: wish
            for some in chunks(annex_keys)
            for key, wish in self._connection.execute(
                select(Track.annex_key, Track.base_name).where(Track.annex_key.in_(some))
            )
        }

    def work_files(self, annex_keys: Iterable[str] | None = None) -> Iterator[WorkFile]:
        """Every file the cache knows, or those of some tracks."""
        statement = select(
            Track.annex_key, TrackFile.work_path, TrackFile.blob, TrackFile.in_work_tree
        ).join(Track, Track.id == TrackFile.track_id)
        if annex_keys is None:
            yield from map(WorkFile._make, self._connection.execute(statement))
            return
        for some in chunks(annex_keys):
            rows = self._connection.execute(statement.where(Track.annex_key.in_(some)))
            yield from map(WorkFile._make, rows)

    def track_ids_of_files(self, work_paths: Iterable[str]) -> dict[str, int]:
        """Work path → place of the track that it is a file of; a place names a track in this state."""
        statement = select(_raw(TrackFile.work_path), TrackFile.track_id)
        return {
            path if path.__class__ is str else as_text(path): place
            for some in chunks(work_paths)
            for path, place in self._raw_rows(statement.where(column_in(TrackFile.work_path, some)))
        }

    def track_ids_of_keys(self, annex_keys: Iterable[str]) -> dict[str, int]:
        """Annex key → place, of those that are tracks."""
        statement = select(Track.annex_key, Track.id)
        return {
            key: place
            for some in chunks(annex_keys)
            for key, place in self._connection.execute(
                statement.where(column_in(Track.annex_key, some))
            )
        }

    def keys_of_ids(self, places: Sequence[int]) -> dict[int, str]:
        """Place → annex key."""
        rows = self._raw_rows(
            select(Track.id, _raw(Track.annex_key)).where(column_in(Track.id, places))
        )
        return {place: key if key.__class__ is str else as_text(key) for place, key in rows}

    def values_of_ids(
        self, places: Sequence[int], fields: Collection[str]
    ) -> dict[int, dict[str, tuple[str, ...]]]:
        """Place → folded name of a field → its values, sorted; quickest for places in their order."""
        rows = self._connection.execute(select(Field.id, Field.name).where(Field.name.in_(fields)))
        names = {str(number): name for number, name in rows}
        found: dict[int, dict[str, tuple[str, ...]]] = {place: {} for place in places}
        if not names or not found:
            return found
        spelled = Value.field_id.op("||")(_BETWEEN).op("||")(_raw(Value.text))
        statement = (
            select(
                TrackValue.track_id,
                func.count(),
                # Bytes, for not all of it need be UTF-8.
                cast(func.group_concat(spelled, _BETWEEN), LargeBinary),
            )
            .join(Value, Value.id == TrackValue.value_id)
            # A sum, so that SQLite does not begin with all values of these fields.
            .where(_at(TrackValue.track_id, places), (Value.field_id + 0).in_(map(int, names)))
            .group_by(TrackValue.track_id)
        )
        # A million of them: joined by SQLite, which takes half as long as a row for each.
        for place, count, joined in self._raw_rows(statement):
            if place not in found:
                continue
            pieces = joined.decode("utf-8", "surrogateescape").split(_BETWEEN)
            if len(pieces) != 2 * count:
                pieces = self._pieces(place, names)
            found[place] = _by_field(pieces, names)
        return found

    def _pieces(self, place: int, names: Collection[str]) -> list[str]:
        """Numbers of fields and values in turn, of a track that has what goes between them in a value."""
        rows = self._connection.execute(
            select(Value.field_id, Value.text)
            .join(TrackValue, TrackValue.value_id == Value.id)
            .where(TrackValue.track_id == place, Value.field_id.in_(map(int, names)))
        )
        return [piece for number, text in rows for piece in (str(number), text)]

    def _raw_rows(self, statement: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """As sqlite3 has them: for a hundred thousand, with neither a row object nor a call for each."""
        cursor = self._connection.execute(statement).cursor
        assert cursor is not None
        return list(cursor.fetchall())

    def key_of_file(self, work_path: str) -> str | None:
        """The annex key of the track that has this file."""
        return self._connection.execute(
            select(Track.annex_key)
            .join(TrackFile, TrackFile.track_id == Track.id)
            .where(TrackFile.work_path == work_path)
        ).scalar_one_or_none()

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
        files = defaultdict[int, list[tuple[str, str, bool]]](list)
        for track_id, work_path, blob, reachable in self._connection.execute(
            select(
                TrackFile.track_id, TrackFile.work_path, TrackFile.blob, TrackFile.in_work_tree
            ).where(TrackFile.track_id.in_(ids))
        ):
            files[track_id].append((work_path, blob, reachable))
        values = defaultdict[int, defaultdict[str, list[str]]](lambda: defaultdict(list))
        for track_id, shown, text in self._connection.execute(
            select(TrackValue.track_id, Field.shown, Value.text)
            .join(Value, Value.id == TrackValue.value_id)
            .join(Field, Field.id == Value.field_id)
            .where(TrackValue.track_id.in_(ids), _is_metadata())
        ):
            values[track_id][shown].append(text)
        return {
            row.annex_key: TrackRecord(
                annex_key=row.annex_key,
                name=row.name,
                files=tuple(path for path, _, _ in sorted(files[row.id])),
                blobs={path: blob for path, blob, _ in files[row.id] if blob},
                hidden=frozenset(path for path, _, reachable in files[row.id] if not reachable),
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


def _decoded(row: Iterable[Any]) -> Any:
    return tuple(map(as_text, row))


def _at(column: InstrumentedAttribute[int], places: Sequence[int]) -> ColumnElement[bool]:
    """Places that lie close together are read in one go, the few in between with them."""
    if not places:
        return column.in_(())
    first, last = min(places), max(places)
    if last - first < _CLOSE * len(places):
        return column.between(first, last)
    return column_in(column, places)


def _by_field(pieces: Sequence[str], names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Name of a field → its values, sorted, of numbers of fields and values in turn."""
    values: dict[str, tuple[str, ...]] = {}
    several = set()
    rest = iter(pieces)
    for number in rest:
        name = names[number]
        if name in values:
            values[name] += (next(rest),)
            several.add(name)
        else:
            values[name] = (next(rest),)
    for name in several:
        values[name] = tuple(sorted(values[name]))
    return values


def _raw(column: InstrumentedAttribute[str]) -> ColumnElement[Any]:
    """A text as SQLite keeps it: bytes, where it is not UTF-8."""
    return type_coerce(column, NullType())


def _is_metadata() -> ColumnElement[bool]:
    """Not what a load made of a file's place."""
    return Field.name.not_like("/%")


_Held = tuple[int, int, str, str]


def _held(fields: Sequence[str]) -> Select[*_Held]:
    """Which track has which value of some stored fields: work paths are kept with the files."""
    files = select(
        TrackFile.track_id,
        TrackFile.id.label("value_id"),
        TrackFile.folded,
        TrackFile.work_path.label("text"),
    )
    if tuple(fields) == (LOCATION,):
        return files
    assert LOCATION not in fields, "ids of files and of values are not to be mixed"
    return (
        select(TrackValue.track_id, Value.id.label("value_id"), Value.folded, Value.text)
        .join(Value, Value.id == TrackValue.value_id)
        .join(Field, Field.id == Value.field_id)
        .where(Field.name.in_(fields))
    )
