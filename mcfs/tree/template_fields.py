"""What the names in a template stand for: where each looks, and what it finds there.

Owns the table of these places, and how what is stored becomes a cell: the one value of a field that a
template sees. Pure; the rows come from the store (`grouping.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mcfs.fields.table import ALIASES, RAW
from mcfs.schema.cache import DERIVED_COLUMNS
from mcfs.template import Cell
from mcfs.text.numbers import NUMERIC
from mcfs.text.timestamps import from_microseconds

_SPELLED_TWICE = {
    "albumartist": ("albumartist", "album_artist"),
    "played": ("played", "timesplayed"),
    "tracknumber": ("tracknumber", "track"),
}
_PLACES = frozenset({"directory", "ext", "filename", "location", "type"})
# No tempo and no rating are written as zero.
_ZERO_IS_NONE = frozenset({"bpm", "rating"})


@dataclass(frozen=True, slots=True)
class StoredValues:
    """The values of stored fields; `name` says how they are read."""

    name: str
    fields: tuple[str, ...]

    def cell(self, text: str, number: float | None) -> Cell:
        """One value as a template sees it: a number where the field promises one and keeps it."""
        if self.name in NUMERIC and number is not None:
            return None if number == 0 and self.name in _ZERO_IS_NONE else number
        return text if text.strip() else None

    def joined(self, cells: Sequence[Cell]) -> Cell:
        """Several values as one, where there is room for one only: in the name of a file."""
        known = [cell for cell in cells if cell is not None]
        if len(known) < 2:
            return known[0] if known else None
        numbers = [cell for cell in known if not isinstance(cell, str)]
        return min(numbers) if numbers else ", ".join(sorted(map(str, known)))


@dataclass(frozen=True, slots=True)
class TrackColumn:
    """What a sync made for every track."""

    column: str

    def cell(self, kept: Any) -> Cell:
        """From what the column keeps."""
        match self.column:
            case "is_live" | "present":
                return bool(kept)
            case "added_at" | "changed_at" if kept is not None:
                return from_microseconds(kept).astimezone().date().isoformat()
            case _:
                found: Cell = kept
                return found


@dataclass(frozen=True, slots=True)
class PathPart:
    """A part of the path of the track's first file."""

    part: str

    def cell(self, work_path: str) -> Cell:
        """`stem` is what serves where a title is missing."""
        directory, _, filename = work_path.rpartition("/")
        stem, dot, extension = filename.rpartition(".")
        match self.part:
            case "directory":
                return directory or None
            case "filename":
                return filename
            case "stem":
                return stem if dot else filename
            case "ext":
                return extension if dot else None
            case "type":
                return extension.lower() if dot else None
            case _:
                return work_path


FieldSource = StoredValues | TrackColumn | PathPart
FILE_STEM = PathPart("stem")


@lru_cache(maxsize=1024)
def field_source(name: str) -> FieldSource:
    """Where a name in a template looks. Any name may: a field that nobody has is missing everywhere."""
    if name in _PLACES:
        return PathPart(name)
    canonical = ALIASES.get(name, name)
    if canonical in _PLACES:
        return PathPart(canonical)
    if canonical in DERIVED_COLUMNS:
        return TrackColumn(DERIVED_COLUMNS[canonical])
    # Asked for as it is kept, a tempo is text like all else, and a title has nothing to stand in for it.
    raw = canonical.removeprefix(RAW)
    return StoredValues(canonical, _SPELLED_TWICE.get(raw, (raw,)) if raw == canonical else (raw,))
