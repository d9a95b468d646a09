"""Track records out of the cache: all that it keeps of some tracks, in three statements.

Owns how the rows of a track, its files and its values become one `TrackRecord`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select

from mcfs.schema.cache import Field, Track, TrackFile, TrackValue, Value
from mcfs.store.records import TrackRecord


def load_records(connection: Connection, annex_keys: Sequence[str]) -> dict[str, TrackRecord]:
    """All that the cache keeps of some tracks, by annex key; unknown keys are left out."""
    tracks = connection.execute(
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
    for track_id, work_path, blob, in_work_tree in connection.execute(
        select(
            TrackFile.track_id, TrackFile.work_path, TrackFile.blob, TrackFile.in_work_tree
        ).where(TrackFile.track_id.in_(ids))
    ):
        files[track_id].append((work_path, blob, in_work_tree))
    values = defaultdict[int, defaultdict[str, list[str]]](lambda: defaultdict(list))
    for track_id, shown, text in connection.execute(
        select(TrackValue.track_id, Field.shown, Value.text)
        .join(Value, Value.id == TrackValue.value_id)
        .join(Field, Field.id == Value.field_id)
        .where(TrackValue.track_id.in_(ids), is_metadata())
    ):
        values[track_id][shown].append(text)
    return {
        row.annex_key: TrackRecord(
            annex_key=row.annex_key,
            name=row.name,
            files=tuple(path for path, _, _ in sorted(files[row.id])),
            blobs={path: blob for path, blob, _ in files[row.id] if blob},
            hidden=frozenset(path for path, _, in_work_tree in files[row.id] if not in_work_tree),
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


def is_metadata() -> ColumnElement[bool]:
    """Not one of the fields that a sync makes of a file's path ("/type")."""
    return Field.name.not_like("/%")
