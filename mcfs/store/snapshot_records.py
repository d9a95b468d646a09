"""Snapshots as values: what goes into `store/snapshot_repository.py` and comes out of it.

Owns how the result of a snapshot is written as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mcfs.schema.user import OutputMode
from mcfs.store.records import Generation

__all__ = ["FrozenTrack", "OutputMode", "Snapshot", "TakenSnapshot"]

# The names of the folders that lead to a track, from the top of its snapshot.
Folders = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrozenTrack:
    """A track as it was when the snapshot was taken, whatever has become of it since."""

    annex_key: str
    # Its file name, without the number of an ordered folder; where the template of the snapshot names files,
    # the name that it made.
    name: str
    # Where the snapshot shows it: once, at its top, unless it has a template.
    folders: tuple[Folders, ...] = ((),)
    # Field as people write it → its values.
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Whether its content was here.
    present: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that is kept of a snapshot but its tracks."""

    id: int
    name: str
    # The canonical text of its query.
    query_text: str
    # The path of the folder that was taken; "" for a query text.
    folder: str
    # As it is written: levels of folders, and perhaps the names of files at the end.
    template: str
    # None: as the mount shows everything else.
    output_mode: OutputMode | None
    # Whether tracks whose content was not here were left out.
    hides_absent: bool
    # The name of the pin, or of the view, that it belongs to.
    pin: str | None
    view: str | None
    taken_at: datetime
    generation: Generation
    library_uuid: str
    input_hash: str
    metadata_changed_at: datetime | None
    presence_changed_at: datetime | None
    configuration_changed_at: datetime | None
    is_stale: bool
    stale_reason: str | None
    checked_at: datetime | None
    # The state of the cache that it was last compared to.
    checked: Generation | None
    # When the set was last played.
    done_at: datetime | None
    # When its name or its result was last changed.
    updated_at: datetime
    # How many tracks it has.
    tracks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenSnapshot:
    """What is kept when a snapshot is taken, or taken again."""

    query_text: str
    folder: str = ""
    template: str = ""
    hides_absent: bool = True
    taken_at: datetime
    generation: Generation
    library_uuid: str
    input_hash: str
    metadata_changed_at: datetime | None = None
    presence_changed_at: datetime | None = None
    configuration_changed_at: datetime | None = None
    tracks: tuple[FrozenTrack, ...] = ()


def as_stored(tracks: Iterable[FrozenTrack]) -> list[dict[str, Any]]:
    """The result of a snapshot as JSON has it."""
    return [
        {
            "annex_key": track.annex_key,
            "name": track.name,
            "present": track.present,
            "folders": track.folders,
            "fields": dict(track.fields),
        }
        for track in tracks
    ]


def from_stored(result: Iterable[Mapping[str, Any]]) -> tuple[FrozenTrack, ...]:
    """The tracks, from what JSON has of them."""
    return tuple(
        FrozenTrack(
            track["annex_key"],
            track["name"],
            tuple(map(tuple, track["folders"])),
            {name: tuple(values) for name, values in track["fields"].items()},
            track["present"],
        )
        for track in result
    )
