"""Reads cells from the store: what the fields of a template hold, by value, by combination, and by track.

Owns how the rows of `sql/groups.py` become the cells that a template is rendered with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mcfs.errors import NotFoundError
from mcfs.sql import BoundQuery
from mcfs.sql.groups import (
    PATH,
    has_nearly_all,
    select_all_values,
    select_columns,
    select_combinations,
    select_value_ids_by_track,
    select_values_by_track,
)
from mcfs.store.cache_reader import CacheReader
from mcfs.template import Cell, Template
from mcfs.text.raw_text import as_text
from mcfs.tree.template_fields import FILE_STEM, FieldSource, PathPart, StoredValues, TrackColumn


class Combination(NamedTuple):
    """One cell of each source, and the ids of the tracks that have them, with commas between."""

    cells: tuple[Cell, ...]
    track_ids: str


# The cells of each track that has any, for each source.
_CellsOfTracks = dict[StoredValues, dict[int, list[Cell]]]


def refuse_too_many(template: Template, combinations: int, limit: int) -> None:
    """Refuse a template of too many combinations: ten values of each of two fields make a hundred."""
    if combinations > limit:
        levels = "/".join(f"{{{{ {name} }}}}" for name in template.fields)
        raise NotFoundError(
            f"{template.text}: too many combinations of values; write a folder for each: {levels}"
        )


def cells_by_value(read: CacheReader, source: StoredValues) -> dict[int, Cell]:
    """Id → cell, of every value of a stored field; an empty value is none."""
    return {
        value_id: source.cell(text, number)
        for value_id, text, number in read.select(select_all_values(source.fields))
        if text.strip()
    }


def cells_by_combination(
    read: CacheReader, template: Template, sources: Sequence[FieldSource], limit: int
) -> Iterator[Combination]:
    """The combinations of cells that the tracks of the library have."""
    stored = [source for source in sources if isinstance(source, StoredValues)]
    columns = _columns(sources)
    untitled = next(
        (at for at, source in enumerate(stored) if source.field.file_name_stands_in), None
    )
    fields = tuple(source.fields for source in stored)
    cells_of = {source: cells_by_value(read, source) for source in stored}
    rows = read.select(select_combinations(fields, columns, untitled, limit + 1))
    refuse_too_many(template, sum(row[-1].count(",") + 1 for row in rows), limit)
    for row in rows:
        # In the order of the columns: ids of values, the columns asked for, the path, ids of tracks.
        cells: dict[FieldSource, Cell] = {
            source: None if value_id is None else cells_of[source][value_id]
            for source, value_id in zip(stored, row, strict=False)
        }
        if untitled is not None and row[untitled] is None:
            cells[stored[untitled]] = FILE_STEM.cell(as_text(row[-2]))
        for column, content in zip(columns, row[len(stored) :], strict=False):
            cells.update(_cells_in_column(sources, column, content))
        yield Combination(tuple(cells[source] for source in sources), row[-1])


def cells_by_track(
    read: CacheReader, sources: Sequence[FieldSource], bound: BoundQuery
) -> Iterator[tuple[int, list[list[Cell]]]]:
    """The id of each track of a query, and its cells of every source; a missing one is a single None."""
    columns = (PATH, *(column for column in _columns(sources) if column != PATH))
    stored = [source for source in sources if isinstance(source, StoredValues)]
    if not stored:
        cells_of: _CellsOfTracks = {}
    elif has_nearly_all(bound.query):
        cells_of = _stored_cells_of_many(read, stored, bound)
    else:
        cells_of = _stored_cells_of_few(read, stored, bound)
    for track_id, path, *others in read.select(select_columns(bound, columns)):
        found: dict[FieldSource, list[Cell]] = {}
        for column, content in zip(columns, (path, *others), strict=True):
            found.update(
                (source, [cell]) for source, cell in _cells_in_column(sources, column, content)
            )
        for source, by_track in cells_of.items():
            cells = by_track.get(track_id)
            if cells is None:
                cells = [
                    FILE_STEM.cell(as_text(path)) if source.field.file_name_stands_in else None
                ]
            found[source] = cells
        yield track_id, [found[source] for source in sources]


def _columns(sources: Sequence[FieldSource]) -> tuple[str, ...]:
    """The columns that these sources read, each once."""
    return tuple(
        dict.fromkeys(
            PATH if isinstance(source, PathPart) else source.column
            for source in sources
            if not isinstance(source, StoredValues)
        )
    )


def _cells_in_column(
    sources: Sequence[FieldSource], column: str, content: Any
) -> Iterator[tuple[FieldSource, Cell]]:
    """The cell of each source that reads this column, from the content that a row has there."""
    for source in sources:
        match source:
            case TrackColumn(name) if name == column:
                yield source, source.cell(content)
            case PathPart() if column == PATH:
                yield source, source.cell(as_text(content))
            case _:
                pass


def _stored_cells_of_many(
    read: CacheReader, sources: Sequence[StoredValues], bound: BoundQuery
) -> _CellsOfTracks:
    cells_of: _CellsOfTracks = {source: {} for source in sources}
    for source, by_track in cells_of.items():
        cells = cells_by_value(read, source)
        for track_id, value_id in read.select(select_value_ids_by_track(bound, source.fields)):
            if value_id in cells:
                by_track.setdefault(track_id, []).append(cells[value_id])
    return cells_of


def _stored_cells_of_few(
    read: CacheReader, sources: Sequence[StoredValues], bound: BoundQuery
) -> _CellsOfTracks:
    cells_of: _CellsOfTracks = {source: {} for source in sources}
    readers = defaultdict[str, list[StoredValues]](list)
    for source in sources:
        for name in source.fields:
            readers[name].append(source)
    for track_id, name, text, number in read.select(select_values_by_track(bound, tuple(readers))):
        if text.strip():
            for source in readers[name]:
                cells_of[source].setdefault(track_id, []).append(source.cell(text, number))
    return cells_of
