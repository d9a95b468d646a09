"""What goes into the store and what comes out: frozen values, nothing bound to a connection.

Owns the shapes alone; how they are kept is `encoding.py`'s, when they are true is `sync.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Everything the cache keeps of one track, as a sync hands it over."""

    annex_key: str
    # Going in, what it would be called if nobody else would be; coming out, what it is called.
    name: str
    # Every work path of the key, sorted; the first that is not hidden stands for the track.
    files: tuple[str, ...]
    content_path: str
    present: bool
    size: int | None = None
    changed_at: datetime | None = None
    added_at: datetime | None = None
    is_live: bool = False
    decade: str | None = None
    # What git has at each of the files, so that a sync sees whether it still has it.
    blobs: Mapping[str, str] = field(default_factory=dict)
    # Files that the checked-out branch does not show.
    hidden: frozenset[str] = frozenset()
    # Field name as people write it → its values; no two names that fold to the same.
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Generation:
    """Names one state of the cache, never reused: a rebuild has another uuid, a sync counts up."""

    store_uuid: str
    counter: int


@dataclass(frozen=True, slots=True)
class SyncState:
    """What the cache is a picture of, and how the last sync went."""

    library_uuid: str | None = None
    fingerprint: Mapping[str, Any] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    counts: Mapping[str, Any] | None = None
    last_error: str | None = None


# A library that was not synced for so long has probably changed since.
STALE_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    tracks: int
    present: int
    without_metadata: int
    # Distinct values that are not what their field promises ("bpm=fast"), by field.
    broken: Mapping[str, int]


class WorkFile(NamedTuple):
    """A file of a track, and what git has there."""

    annex_key: str
    work_path: str
    blob: str
    in_work_tree: bool


class FieldCount(NamedTuple):
    """A field as people write it, and how many tracks have a value of it."""

    name: str
    shown: str
    tracks: int


class ValueCount(NamedTuple):
    """Values that fold to the same, in their commonest spelling, and how many tracks have one."""

    folded: str
    shown: str
    tracks: int


@dataclass(frozen=True, slots=True)
class Pin:
    """A query somebody saved; query text "" is a pin that is no query yet."""

    name: str
    query_text: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A sync or an import: when, and what came of it."""

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    detail: Mapping[str, Any] | None
