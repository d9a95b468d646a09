"""Track records out of the cache: all that it keeps of some tracks, in four statements.

Owns how the rows of a track, its files and its values become one `TrackRecord`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, select

from mcfs.schema.cache import Field, Track, TrackFile, TrackValue, Value
from mcfs.store.batches import column_in
from mcfs.store.records import TrackRecord

# Tracks share many of their values. Beyond this many, the values of earlier tracks are dropped.
_MAX_VALUES = 200_000


class RecordLoader:
    """Loads the records of one chunk of tracks after the other, within one read transaction.

    It remembers the values of earlier tracks: reading a field and a text for each of a million values would
    take most of the time.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Id of a value → its field as people write it, and its text.
        self._values: dict[int, tuple[str, str]] = {}

    def load(self, annex_keys: Sequence[str]) -> dict[str, TrackRecord]:
        """All that the cache keeps of some tracks, by annex key; unknown keys are left out."""
        tracks = self._connection.execute(
            select(
                Track.c.id,
                Track.c.annex_key,
                Track.c.name,
                Track.c.content_path,
                Track.c.present,
                Track.c.size,
                Track.c.changed_at,
                Track.c.added_at,
                Track.c.is_live,
                Track.c.decade,
                Track.c.left_out,
            ).where(column_in(Track.c.annex_key, annex_keys))
        ).all()
        ids = [row.id for row in tracks]
        files = self._files(ids)
        values = self._values_of(ids)
        return {
            annex_key: TrackRecord(
                annex_key=annex_key,
                name=name,
                files=tuple(path for path, _, _ in sorted(files[track_id])),
                blobs={path: blob for path, blob, _ in files[track_id] if blob},
                hidden=frozenset(path for path, _, is_shown in files[track_id] if not is_shown),
                content_path=content_path,
                present=present,
                size=size,
                changed_at=changed_at,
                added_at=added_at,
                is_live=is_live,
                decade=decade,
                values=values[track_id],
                left_out=left_out,
            )
            for (
                track_id,
                annex_key,
                name,
                content_path,
                present,
                size,
                changed_at,
                added_at,
                is_live,
                decade,
                left_out,
            ) in tracks
        }

    def _files(self, ids: Sequence[int]) -> defaultdict[int, list[tuple[str, str, bool]]]:
        """Id of a track → work path, git object, and whether it is in the work tree, of each file."""
        files = defaultdict[int, list[tuple[str, str, bool]]](list)
        for track_id, work_path, blob, in_work_tree in self._connection.execute(
            select(
                TrackFile.c.track_id,
                TrackFile.c.work_path,
                TrackFile.c.blob,
                TrackFile.c.in_work_tree,
            ).where(column_in(TrackFile.c.track_id, ids))
        ):
            files[track_id].append((work_path, blob, in_work_tree))
        return files

    def _values_of(self, ids: Sequence[int]) -> defaultdict[int, dict[str, tuple[str, ...]]]:
        """Id of a track → field as people write it → its values, sorted."""
        cursor = self._connection.execute(
            select(TrackValue.c.track_id, TrackValue.c.value_id).where(
                column_in(TrackValue.c.track_id, ids)
            )
        ).cursor
        assert cursor is not None
        # As sqlite3 has them: integers need no conversion, and a row object for each costs more than this.
        pairs = cursor.fetchall()
        self._remember({value_id for _, value_id in pairs})
        known = self._values
        found = defaultdict[int, dict[str, tuple[str, ...]]](dict)
        for track_id, value_id in pairs:
            # Values that a sync makes of a file's path are not here.
            if (value := known.get(value_id)) is None:
                continue
            field, text = value
            of_track = found[track_id]
            if field in of_track:
                of_track[field] = tuple(sorted((*of_track[field], text)))
            else:
                of_track[field] = (text,)
        return found

    def _remember(self, value_ids: Iterable[int]) -> None:
        if len(self._values) > _MAX_VALUES:
            self._values.clear()
        missing = [value_id for value_id in value_ids if value_id not in self._values]
        for value_id, field, text in self._connection.execute(
            select(Value.c.id, Field.c.shown, Value.c.text)
            .join(Field, Field.c.id == Value.c.field_id)
            .where(column_in(Value.c.id, missing), is_metadata())
        ):
            self._values[value_id] = (field, text)


def is_metadata() -> ColumnElement[bool]:
    """Not one of the fields that a sync makes of a file's path ("/type")."""
    return Field.c.name.not_like("/%")
