"""One call, one transaction: how tests change a cache and look into it.

mcfs itself opens a transaction and does several things in it; a test mostly wants one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Row

from mcfs.fields import Vocabulary
from mcfs.sql import Compiled
from mcfs.sql.compiled import Columns
from mcfs.store import CacheRepository, FieldCount, Generation, TrackRecord
from mcfs.store.records import CoverRecord


def insert_tracks(cache: CacheRepository, records: Iterable[TrackRecord]) -> None:
    """Add tracks that are new, as one generation."""
    with cache.writing() as write:
        write.insert(records)


def update_tracks(cache: CacheRepository, records: Iterable[TrackRecord]) -> None:
    """Replace tracks, as one generation."""
    with cache.writing() as write:
        write.update(records)


def remove_tracks(cache: CacheRepository, annex_keys: Iterable[str]) -> None:
    """Remove tracks, as one generation."""
    with cache.writing() as write:
        write.remove(annex_keys)


def change_covers(
    cache: CacheRepository, old: Iterable[CoverRecord], new: Iterable[CoverRecord]
) -> None:
    """Replace covers, as one generation."""
    with cache.writing() as write:
        write.change_covers(list(old), list(new))


def generation_of(cache: CacheRepository) -> Generation:
    """The generation that a cache is at."""
    with cache.reading() as read:
        return read.generation()


def select_rows(cache: CacheRepository, compiled: Compiled[*Columns]) -> Sequence[Row[*Columns]]:
    """All rows of a compiled query."""
    with cache.reading() as read:
        return read.select(compiled)


def get_track(cache: CacheRepository, annex_key: str) -> TrackRecord | None:
    """The record of one track; None when the cache does not have it."""
    with cache.reading() as read:
        return read.records([annex_key]).get(annex_key)


def key_of_file(cache: CacheRepository, work_path: str) -> str:
    """The annex key of a file of the library."""
    with cache.reading() as read:
        (track_id,) = read.track_ids_of_files([work_path]).values()
        return read.keys_of_ids([track_id])[track_id]


def vocabulary_of(cache: CacheRepository) -> Vocabulary:
    """The fields that queries can name."""
    with cache.reading() as read:
        return read.vocabulary()


def fields_of(cache: CacheRepository) -> list[FieldCount]:
    """Every field, with the number of its tracks."""
    with cache.reading() as read:
        return read.fields()
