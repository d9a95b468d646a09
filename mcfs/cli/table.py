"""Tracks as a table in a terminal: which columns, how wide, and the text of each cell.

A column is shown if any track has a value for it. On a narrow terminal the less important columns are
left out, and long texts are cut with an ellipsis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from mcfs.cli.terminal import Output, print_lines
from mcfs.cli.text_layout import cell_width, keep_column_order, pad, printable, truncate
from mcfs.export.track_values import Values, display_title, seconds_of, values_by_field
from mcfs.store.records import TrackRecord
from mcfs.text.numbers import number_of

# The columns are chosen from the first tracks; the others are printed as they arrive.
_MEASURED_TRACKS = 1000
_GAP = 2
# Without a known width, one long comment must not widen its column for all rows.
_WIDEST_IN_PIPE = 40
_STARS = 5


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    cell: Callable[[TrackRecord, Values, Output], str]
    # On a narrow terminal, columns with high ranks are left out first.
    rank: int
    # The narrowest useful width; None: the column is never cut.
    least: int | None = None
    right: bool = False


def print_table(tracks: Iterable[TrackRecord], output: Output) -> tuple[int, int]:
    """Print the table; returns how many tracks it has, and how many of them are not here."""
    count = absent = 0
    rest = iter(tracks)
    measured = list(islice(rest, _MEASURED_TRACKS))
    cells = [_cells(track, output) for track in measured]
    if measured:
        layout = _layout(cells, output.width)
        print_lines([output.bold(_line([column.head for column in _COLUMNS], layout, output))])
        for track, row in chain(
            zip(measured, cells, strict=True), ((track, _cells(track, output)) for track in rest)
        ):
            line = _line(row, layout, output)
            print_lines([line if track.present else output.dim(line)])
            count += 1
            absent += not track.present
    return count, absent


def absent_mark(output: Output) -> str:
    """Marks a track whose content is not here."""
    return "✗" if output.unicode else "x"


def _cells(track: TrackRecord, output: Output) -> list[str]:
    values = values_by_field(track)
    return [printable(column.cell(track, values, output)) for column in _COLUMNS]


# (index of the column, width), from left to right.
_Layout = list[tuple[int, int]]


def _layout(rows: Sequence[Sequence[str]], width: int | None) -> _Layout:
    full_widths = {
        index: max(cell_width(column.head), *(cell_width(row[index]) for row in rows))
        for index, column in enumerate(_COLUMNS)
        if any(row[index] for row in rows)
    }
    if width is None:
        return [(index, min(full, _WIDEST_IN_PIPE)) for index, full in full_widths.items()]
    least = {index: min(full, _COLUMNS[index].least or full) for index, full in full_widths.items()}
    widths: dict[int, int] = {}
    free = width + _GAP
    for index in sorted(full_widths, key=lambda index: _COLUMNS[index].rank):
        if _COLUMNS[index].head == "title":
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


def _line(row: Sequence[str], layout: _Layout, output: Output) -> str:
    cells: list[str] = []
    for index, width in layout:
        text = row[index] if output.width is None else truncate(row[index], width)
        cell = pad(text, width, right=_COLUMNS[index].right)
        cells.append(keep_column_order(cell) if output.is_terminal else cell)
    return (" " * _GAP).join(cells).rstrip(" ")


# --- the cells


def _absent(track: TrackRecord, _values: Values, output: Output) -> str:
    return "" if track.present else absent_mark(output)


def _title(track: TrackRecord, values: Values, _output: Output) -> str:
    return display_title(track, values)


def _texts(field: str) -> Callable[[TrackRecord, Values, Output], str]:
    def cell(_track: TrackRecord, values: Values, _output: Output) -> str:
        return ", ".join(values.get(field, ()))

    return cell


def _bpm(_track: TrackRecord, values: Values, _output: Output) -> str:
    return ", ".join(_short("bpm", text) for text in values.get("bpm", ()))


def _short(field: str, text: str) -> str:
    """A number with at most two decimals: analysers write twelve."""
    number = number_of(field, text)
    return text if number is None else f"{number:.2f}".rstrip("0").rstrip(".")


def _rating(_track: TrackRecord, values: Values, output: Output) -> str:
    return ", ".join(_stars(text, output) for text in values.get("rating", ()) if text != "0")


def _stars(text: str, output: Output) -> str:
    number = number_of("rating", text)
    if output.unicode and number is not None and number in range(1, _STARS + 1):
        return "★" * int(number)
    return text


def _year(_track: TrackRecord, values: Values, _output: Output) -> str:
    return ", ".join(_short("year", text) for text in values.get("year", ()))


def _length(_track: TrackRecord, values: Values, _output: Output) -> str:
    seconds = seconds_of(values)
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


_COLUMNS = (
    _Column("", _absent, 0),
    _Column("artist", _texts("artist"), 2, least=12),
    _Column("title", _title, 1, least=16),
    _Column("album", _texts("album"), 8, least=14),
    _Column("genre", _texts("genre"), 5, least=12),
    _Column("bpm", _bpm, 3, least=6, right=True),
    _Column("key", _texts("key"), 4, least=4),
    _Column("rating", _rating, 6, least=6),
    _Column("year", _year, 7, right=True),
    _Column("length", _length, 10, right=True),
    _Column("crate", _texts("crate"), 9, least=14),
    _Column("comment", _texts("comment"), 11, least=20),
)
