"""Snapshots for those who look at them: their tracks as they are now, and both as objects for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from mcfs.snapshots.differences import Differences, Tracks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.snapshot_records import FrozenTrack, Snapshot


@dataclass(frozen=True, slots=True)
class ShownTrack:
    """A frozen track, and what has become of it."""

    position: int
    track: FrozenTrack
    # Whether its content is here now.
    present: bool
    # Whether the library does not have it any more.
    is_gone: bool


def shown_tracks(tracks: Sequence[FrozenTrack], read: CacheReader) -> Iterator[ShownTrack]:
    """The tracks of a snapshot, in its order."""
    facts = read.presence_of_keys([track.annex_key for track in tracks])
    for position, track in enumerate(tracks, 1):
        present = facts.get(track.annex_key)
        yield ShownTrack(position, track, bool(present), present is None)


def snapshot_object(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot for programs; times are in UTC."""
    return {
        "name": snapshot.name,
        "tracks": snapshot.tracks,
        "query": snapshot.query_text,
        "folder": snapshot.folder or None,
        "template": snapshot.template or None,
        "output_mode": snapshot.output_mode and snapshot.output_mode.value,
        "pin": snapshot.pin,
        "view": snapshot.view,
        "taken_at": _time(snapshot.taken_at),
        "generation": asdict(snapshot.generation),
        "library_uuid": snapshot.library_uuid,
        "input_hash": snapshot.input_hash,
        "metadata_changed_at": _time(snapshot.metadata_changed_at),
        "presence_changed_at": _time(snapshot.presence_changed_at),
        "configuration_changed_at": _time(snapshot.configuration_changed_at),
        "stale": snapshot.is_stale,
        "stale_reason": snapshot.stale_reason,
        "checked_at": _time(snapshot.checked_at),
        "done_at": _time(snapshot.done_at),
    }


def track_objects(tracks: Iterable[ShownTrack]) -> Iterator[dict[str, Any]]:
    """The tracks of a snapshot for programs: name and fields are the frozen ones."""
    for shown in tracks:
        yield {
            "position": shown.position,
            "annex_key": shown.track.annex_key,
            "name": shown.track.name,
            "folders": ["/".join(folders) for folders in shown.track.folders],
            "present": shown.present,
            "gone": shown.is_gone,
            "fields": {name: list(values) for name, values in sorted(shown.track.fields.items())},
        }


def differences_object(differences: Differences) -> dict[str, Any]:
    """What differs, for programs."""
    return {
        "joined": _tracks(differences.joined),
        "left": _tracks(differences.left),
        "absent": _tracks(differences.absent),
        "gone": _tracks(differences.gone),
        "reordered": differences.reordered,
        "inputs": list(differences.inputs),
    }


def _tracks(tracks: Tracks) -> list[dict[str, str]]:
    return [asdict(track) for track in tracks]


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
