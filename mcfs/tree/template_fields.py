"""Where the fields of a template are read from: stored values, a column of the track, or its path.

Owns the choice, and how what is stored becomes a cell: one value as a template sees it. Pure; the rows
are read by `template_cells.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache
from typing import Any

from mcfs import fields
from mcfs.fields import Field, FieldTable, Vocabulary, field_table
from mcfs.fields.kinds import Kind
from mcfs.fields.table import date_field
from mcfs.template import Cell

# Fields that only templates have: the name of the file, and the same without its extension.
FILENAME = "filename"
_STEM = "stem"


@dataclass(frozen=True, slots=True)
class StoredValues:
    """The values of stored fields, read as those of the field `name`."""

    name: str
    fields: tuple[str, ...]
    field: Field = dataclass_field(compare=False, repr=False)

    def cell(self, text: str, number: float | None) -> Cell:
        """One value as a template sees it: a number if the field promises one, and the value is one."""
        return self.field.template_value(text, number)

    def joined(self, cells: Sequence[Cell]) -> Cell:
        """Several values as one, for the name of a file: the smallest number, or all texts with commas."""
        present = [cell for cell in cells if cell is not None]
        if len(present) < 2:
            return present[0] if present else None
        numbers = [cell for cell in present if not isinstance(cell, str)]
        return min(numbers) if numbers else ", ".join(sorted(map(str, present)))


@dataclass(frozen=True, slots=True)
class TrackColumn:
    """A column of the track that a sync fills."""

    column: str
    kind: Kind = dataclass_field(compare=False, repr=False)

    def cell(self, stored: Any) -> Cell:
        """The stored content of the column as a template sees it."""
        return self.kind.template_value_of_column(stored)


@dataclass(frozen=True, slots=True)
class PathPart:
    """A part of the path of the track's first file; the stem stands in for a missing title."""

    part: str

    def cell(self, work_path: str) -> Cell:
        """This part of a work path."""
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


def field_source(name: str, vocabulary: Vocabulary) -> FieldSource:
    """Where a field of a template is read from. Any name is allowed: an unknown field is always missing."""
    return _field_source(field_table(), name, is_date=name in vocabulary.dates)


@lru_cache(maxsize=1024)
def _field_source(table: FieldTable, name: str, *, is_date: bool) -> FieldSource:
    if name == FILENAME:
        return PathPart(FILENAME)
    built_in = table.name_of(name)
    field = date_field(name) if built_in is None and is_date else table.named(built_in or name)
    if field.derived_column is not None:
        return TrackColumn(field.derived_column, field.kind)
    if field.is_of_path:
        return PathPart(field.stored_names[0])
    # `any` has no values of its own; in a template it is the annex field of that name.
    return StoredValues(field.name, field.stored_names or (field.name,), field)
