"""What the names in a template stand for: where each looks, and what it finds there.

Owns the table of these places, and how what is stored becomes a cell: the one value of a field that a
template sees. Pure; the rows come from the store (`grouping.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache
from typing import Any

from mcfs import fields
from mcfs.fields import Field, FieldTable, field_table
from mcfs.fields.kinds import Kind
from mcfs.template import Cell

# The whole name of the file, and the name without its extension; in templates only.
_FILENAME = "filename"
_STEM = "stem"


@dataclass(frozen=True, slots=True)
class StoredValues:
    """The values of stored fields; `name` says how they are read."""

    name: str
    fields: tuple[str, ...]
    field: Field = dataclass_field(compare=False, repr=False)

    def cell(self, text: str, number: float | None) -> Cell:
        """One value as a template sees it: a number where the field promises one and keeps it."""
        return self.field.template_value(text, number)

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
    kind: Kind = dataclass_field(compare=False, repr=False)

    def cell(self, kept: Any) -> Cell:
        """From what the column keeps."""
        return self.kind.template_value_of_column(kept)


@dataclass(frozen=True, slots=True)
class PathPart:
    """A part of the path of the track's first file."""

    part: str

    def cell(self, work_path: str) -> Cell:
        """`stem` is what serves where a title is missing."""
        directory, _, filename = work_path.rpartition("/")
        stem, dot, extension = filename.rpartition(".")
        match self.part:
            case fields.DIRECTORY:
                return directory or None
            case fields.TYPE:
                return extension.lower() if dot else None
            case fields.LOCATION:
                return work_path
            case "stem":
                return stem if dot else filename
            case _:
                return filename


FieldSource = StoredValues | TrackColumn | PathPart
FILE_STEM = PathPart(_STEM)


def field_source(name: str) -> FieldSource:
    """Where a name in a template looks. Any name may: a field that nobody has is missing everywhere."""
    return _field_source(field_table(), name)


@lru_cache(maxsize=1024)
def _field_source(table: FieldTable, name: str) -> FieldSource:
    if name == _FILENAME:
        return PathPart(_FILENAME)
    field = table.named(table.name_of(name) or name)
    if field.derived_column is not None:
        return TrackColumn(field.derived_column, field.kind)
    if field.is_of_path:
        return PathPart(field.stored_names[0])
    # `any` has no values of its own; whoever names it in a template means an annex field of that name.
    return StoredValues(field.name, field.stored_names or (field.name,), field)
