"""The values that go into the store and come out of it: frozen, and bound to no connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Everything the cache stores about one track, as a sync hands it over."""

    annex_key: str
    # From a sync: the base name, which other tracks may have too. From the cache: the unique name.
    name: str
    # Every work path of the key, sorted; the first that is not hidden is the track's.
    files: tuple[str, ...]
    content_path: str
    present: bool
    size: int | None = None
    changed_at: datetime | None = None
    added_at: datetime | None = None
    is_live: bool = False
    decade: str | None = None
    # File → its git object, so that a sync sees whether the file has changed.
    blobs: Mapping[str, str] = field(default_factory=dict)
    # Files that the checked-out branch hides.
    hidden: frozenset[str] = frozenset()
    # Field name as people write it → its values; no two names fold to the same.
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # What of its metadata the cache cannot keep, in words.
    left_out: str | None = None

    @property
    def first_file(self) -> str | None:
        """The file that stands for the track where one has to: one that is not hidden, if there is one."""
        return next((file for file in self.files if file not in self.hidden), None) or next(
            iter(self.files), None
        )


@dataclass(frozen=True, slots=True)
class Generation:
    """Names one state of the cache, never reused: a rebuild has another uuid, a sync counts up."""

    store_uuid: str
    counter: int


@dataclass(frozen=True, slots=True)
class SyncState:
    """Which state of the library the cache has, and how the last sync went."""

    library_uuid: str | None = None
    fingerprint: Mapping[str, Any] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    counts: Mapping[str, Any] | None = None


# A library that was not synced for so long has probably changed since.
STALE_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tracks there are, and how many of which kind."""

    tracks: int
    present: int
    without_metadata: int
    # Distinct values that are not what their field promises ("bpm=fast"), by field.
    broken: Mapping[str, int]
    # Tracks that are stored without a part of their metadata; and some of them, by name, with what that is.
    incomplete: int = 0
    incomplete_tracks: Mapping[str, str] = field(default_factory=dict)


def incomplete_sentences(incomplete: int, named: Mapping[str, str]) -> list[str]:
    """One for each track that is named as incomplete, and one for the others."""
    sentences = [f"{name} is kept without {left_out}" for name, left_out in named.items()]
    others = incomplete - len(named)
    if others > 0:
        tracks = "1 more track is" if others == 1 else f"{others} more tracks are"
        sentences.append(f"{tracks} kept without a part of the metadata")
    return sentences


class WorkFile(NamedTuple):
    """A file of a track, and its git object."""

    annex_key: str
    work_path: str
    blob: str
    in_work_tree: bool
    # Whether the content is here.
    present: bool


class CoverRecord(NamedTuple):
    """An image beside tracks."""

    directory: str
    name: str
    # Its git object: the same one always has the same content.
    blob: str
    # None for a file that git itself keeps.
    annex_key: str | None
    size: int | None
    # Of an annexed one: relative to the git directory; None where it is not here.
    content_path: str | None
    # Whether the content can be reached at the work path, if it is here.
    in_work_tree: bool

    @property
    def work_path(self) -> str:
        """Its path in the work tree."""
        return f"{self.directory}/{self.name}" if self.directory else self.name

    @property
    def present(self) -> bool:
        """Whether it can be shown."""
        return self.in_work_tree if self.annex_key is None else self.content_path is not None


class FieldCount(NamedTuple):
    """A field as people write it, and how many tracks have a value of it."""

    name: str
    shown: str
    tracks: int


class ValueCount(NamedTuple):
    """Values that fold to the same: the commonest spelling, and how many tracks have one of them."""

    folded: str
    shown: str
    tracks: int


@dataclass(frozen=True, slots=True)
class Pin:
    """A saved query; query text "" is a pin that has no query yet."""

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


@dataclass(frozen=True, slots=True)
class ImportSource:
    """A database of another program that imports read; `id` is 0 until it is saved."""

    identity: str
    id: int = 0
    # SQLite's count of changes when it was last read.
    change_count: int = 0
    # The fields in which an import from it may replace values that no import has written.
    may_replace: tuple[str, ...] = ()
    # The mounts of mcfs through which it knows tracks.
    mount_points: tuple[str, ...] = ()


class ImportedRow(NamedTuple):
    """What one row of a source had for one track at the last import.

    Source and row are 0 in the records of versions that did not know which row a value came from.
    """

    annex_key: str
    source_id: int
    row_id: int
    # Field → its values; None where an import has left it undecided.
    seen: Mapping[str, tuple[str, ...] | None]
    # Field → the values among them that git-annex did not have before.
    supplied: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Change:
    """All values of a field before and after an edit; both sorted."""

    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrackChange:
    """What an edit changes of one track: folded name of a field → its values before and after."""

    annex_key: str
    changes: Mapping[str, Change]
    # What imports have seen of it, before and after; the same rows in both. Empty: the edit changes none.
    imported_before: tuple[ImportedRow, ...] = ()
    imported_after: tuple[ImportedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalledTrack:
    """A track in the journal: what an edit was to change of it, and what became of that."""

    # Its place among the tracks of the edit.
    position: int
    change: TrackChange
    # None: git-annex has not answered yet.
    applied: bool | None
    # Why git-annex refused the change.
    failure: str | None


@dataclass(frozen=True, slots=True)
class JournalledGesture:
    """A gesture in the journal. Its tracks are those from `position` on, up to the next gesture's."""

    position: int
    made_at: datetime
    # As the command that does the same: "mv crate/A/x crate/B/".
    words: str
    mount_path: str


# In the detail of an edit whose mcfs ended before it was done.
INTERRUPTED = "interrupted"
# In the detail of an undo that took back only a part of an edit: its positions from this one on.
FROM_POSITION = "from_position"


@dataclass(frozen=True, slots=True)
class Edit:
    """An entry of the journal: one run that changed metadata in git-annex."""

    id: int
    # What was done, as a command: "import mixxx".
    command: str
    made_by: str
    started_at: datetime
    # None while it runs, and after it was killed until the next edit.
    finished_at: datetime | None
    # Changes of tracks, until now if it is not finished.
    changed: int
    failed: int
    # The edit that this one takes back.
    undoes: int | None
    detail: Mapping[str, Any] | None

    @property
    def was_interrupted(self) -> bool:
        """Whether its mcfs ended before it was done."""
        return bool(self.detail and self.detail.get(INTERRUPTED))

    @property
    def is_partial(self) -> bool:
        """Whether it is an undo of only a part of an edit."""
        return bool(self.detail and self.detail.get(FROM_POSITION))
