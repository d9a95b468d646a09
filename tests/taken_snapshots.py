"""Snapshots for tests, put into the store without asking any library."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from mcfs.store import Generation, Store, TrackRecord
from mcfs.store.snapshot_records import Folders, FrozenTrack, OutputMode, TakenSnapshot


def frozen(record: TrackRecord, *folders: Folders) -> FrozenTrack:
    """A track as it is in the library, in these folders of the snapshot."""
    return FrozenTrack(record.annex_key, record.name, folders or ((),), record.values)


def taken(tracks: Iterable[FrozenTrack], query_text: str = "", template: str = "") -> TakenSnapshot:
    """What a snapshot of these tracks keeps."""
    return TakenSnapshot(
        query_text=query_text,
        template=template,
        taken_at=datetime(2025, 6, 12, 20, tzinfo=UTC),
        generation=Generation("store", 1),
        library_uuid="library",
        input_hash="hash",
        tracks=tuple(tracks),
    )


def take(
    store: Store,
    name: str,
    tracks: Iterable[FrozenTrack] = (),
    *,
    query_text: str = "",
    template: str = "",
    output_mode: OutputMode | None = None,
    pin: str | None = None,
) -> None:
    """Keep a snapshot of these tracks."""
    store.user.snapshots.take(
        name, taken(tracks, query_text, template), output_mode=output_mode, pin=pin
    )
