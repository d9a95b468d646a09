"""Tracks as a table in a terminal: which columns, how wide, and the text of each cell.

A column is shown if any track has a value for it. On a narrow terminal the less important columns are
left out, and long texts are cut with an ellipsis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

from mcfs.cli.terminal import Output, print_lines
from mcfs.cli.text_layout import cell_width, keep_column_order, pad, truncate
from mcfs.export.track_values import Values, display_title, values_by_field
from mcfs.fields import Field, field_table
from mcfs.store.records import TrackRecord
from mcfs.text.printable import printable

# The columns are chosen from the first tracks; the others are printed as they arrive.
_MEASURED_TRACKS = 1000
_GAP = 2
# Without a known width, one long comment must not widen its column for all rows.
_WIDEST_IN_PIPE = 40


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    cell: Callable[[TrackRecord, Values, Output], str]
    # On a narrow terminal, columns with high ranks are left out first.
    rank: int
    # The narrowest useful width; None: the column is never cut.
    least: int | None = None
    right: bool = False


def _columns() -> list[_Column]:
    """Whether a track is here, and every field that has a column."""
    columns = [_Column("", _absent, 0)]
    for field in field_table().rows:
        if (column := field.table_column) is not None:
            cell = _title if field.name == "title" else partial(_values_cell, field)
            heading = column.heading or field.name
            columns.append(
                _Column(heading, cell, column.rank, column.min_width, column.align_right)
            )
    return columns


def print_table(tracks: Iterable[TrackRecord], output: Output) -> tuple[int, int]:
    """Print the table; returns how many tracks it has, and how many of them are not here."""
    columns = _columns()
    count = absent = 0
    rest = iter(tracks)
    measured = list(islice(rest, _MEASURED_TRACKS))
    cells = [_cells(track, columns, output) for track in measured]
    if measured:
        layout = _layout(cells, columns, output.width)
        print_lines(
            [output.bold(_line([column.head for column in columns], columns, layout, output))]
        )
        for track, row in chain(
            zip(measured, cells, strict=True),
            ((track, _cells(track, columns, output)) for track in rest),
        ):
            line = _line(row, columns, layout, output)
            print_lines([line if track.present else output.dim(line)])
            count += 1
            absent += not track.present
    return count, absent


def absent_mark(output: Output) -> str:
    """Marks a track whose content is not here."""
    return "✗" if output.unicode else "x"


def _cells(track: TrackRecord, columns: Sequence[_Column], output: Output) -> list[str]:
    values = values_by_field(track)
    return [printable(column.cell(track, values, output)) for column in columns]


# (index of the column, width), from left to right.
_Layout = list[tuple[int, int]]


def _layout(
    rows: Sequence[Sequence[str]], columns: Sequence[_Column], width: int | None
) -> _Layout:
    full_widths = {
        index: max(cell_width(column.head), *(cell_width(row[index]) for row in rows))
        for index, column in enumerate(columns)
        if any(row[index] for row in rows)
    }
    if width is None:
        return [(index, min(full, _WIDEST_IN_PIPE)) for index, full in full_widths.items()]
    least = {index: min(full, columns[index].least or full) for index, full in full_widths.items()}
    widths: dict[int, int] = {}
    free = width + _GAP
    for index in sorted(full_widths, key=lambda index: columns[index].rank):
        if columns[index].head == "title":
            # Always shown, however narrow: a table without titles is useless.
            least[index] = max(1, min(least[index], free - _GAP))
        if least[index] + _GAP <= free:
            widths[index] = least[index]
            free -= least[index] + _GAP
    return sorted(_widened(widths, full_widths, free).items())


def _widened(widths: dict[int, int], full_widths: dict[int, int], free: int) -> dict[int, int]:
    """Share the free cells equally among the columns that are still cut."""
    widths = dict(widths)
    while free and (cut := [index for index in widths if widths[index] < full_widths[index]]):
        share = max(1, free // len(cut))
        for index in cut:
            more = min(share, full_widths[index] - widths[index], free)
            widths[index] += more
            free -= more
    return widths


def _line(row: Sequence[str], columns: Sequence[_Column], layout: _Layout, output: Output) -> str:
    cells: list[str] = []
    for index, width in layout:
        text = row[index] if output.width is None else truncate(row[index], width)
        cell = pad(text, width, right=columns[index].right)
        cells.append(keep_column_order(cell) if output.is_terminal else cell)
    return (" " * _GAP).join(cells).rstrip(" ")


# --- the cells


def _absent(track: TrackRecord, _values: Values, output: Output) -> str:
    return "" if track.present else absent_mark(output)


def _title(track: TrackRecord, values: Values, _output: Output) -> str:
    return display_title(track, values)


def _values_cell(field: Field, _track: TrackRecord, values: Values, output: Output) -> str:
    return field.kind.table_cell(values.get(field.name, ()), unicode=output.unicode)
