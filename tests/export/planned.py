"""Parts of a plan, for tests of what is made of one."""

from __future__ import annotations

from mcfs.export.plan import PlannedFile
from mcfs.store import TrackRecord


def planned_file(track: TrackRecord, name: str | None = None) -> PlannedFile:
    """A track as a file of an export."""
    return PlannedFile(
        name or track.name, track.annex_key, track.first_file, track.content_path, track.size
    )
