"""Tracks as a table in a terminal: which columns, how wide, and each cell's text.

Owns the choice. A column is there if some track has something in it; as many of them as fit, the ones
that matter first; and what a column is too narrow for is cut where one can see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from mcfs.cli.terminal import Screen, cut, draw, fit, in_order, padded, width_of
from mcfs.export.track_values import Values, display_title, seconds_of, values_by_field
from mcfs.store.records import TrackRecord
from mcfs.text.numbers import number_of

# The columns are chosen by so many tracks, and the rest is written as it comes.
_MEASURED = 1000
_GAP = 2
# Where nothing bounds a line, one long comment shall not push all others off to the right.
_WIDEST_UNBOUNDED = 40
_STARS = 5


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    cell: Callable[[TrackRecord, Values, Screen], str]
    # The lower, the longer it stays when the terminal is narrow.
    rank: int
    # Narrower than this says nothing; None: it is not cut at all.
    least: int | None = None
    right: bool = False


def draw_table(tracks: Iterable[TrackRecord], screen: Screen) -> tuple[int, int]:
    """Write the table; how many tracks there were, and how many of them are not here."""
    counted = absent = 0
    rest = iter(tracks)
    measured = list(islice(rest, _MEASURED))
    cells = [_cells(track, screen) for track in measured]
    if measured:
        layout = _layout(cells, screen.width)
        draw([screen.bold(_line([column.head for column in _COLUMNS], layout, screen))])
        for track, row in chain(
            zip(measured, cells, strict=True), ((track, _cells(track, screen)) for track in rest)
        ):
            line = _line(row, layout, screen)
            draw([line if track.present else screen.dim(line)])
            counted += 1
            absent += not track.present
    return counted, absent


def absent_mark(screen: Screen) -> str:
    """What stands before a track that is not here."""
    return "✗" if screen.unicode else "x"


def _cells(track: TrackRecord, screen: Screen) -> list[str]:
    values = values_by_field(track)
    return [fit(column.cell(track, values, screen)) for column in _COLUMNS]


# (which column, how wide), from left to right.
_Layout = list[tuple[int, int]]


def _layout(rows: Sequence[Sequence[str]], width: int | None) -> _Layout:
    wanted = {
        place: max(width_of(column.head), *(width_of(row[place]) for row in rows))
        for place, column in enumerate(_COLUMNS)
        if any(row[place] for row in rows)
    }
    if width is None:
        return [(place, min(natural, _WIDEST_UNBOUNDED)) for place, natural in wanted.items()]
    least = {
        place: min(natural, _COLUMNS[place].least or natural) for place, natural in wanted.items()
    }
    given: dict[int, int] = {}
    free = width + _GAP
    for place in sorted(wanted, key=lambda place: _COLUMNS[place].rank):
        if _COLUMNS[place].head == "title":
            # However narrow it is: without it there is nothing to see.
            least[place] = max(1, min(least[place], free - _GAP))
        if least[place] + _GAP <= free:
            given[place] = least[place]
            free -= least[place] + _GAP
    return sorted(_widened(given, wanted, free).items())


def _widened(given: dict[int, int], wanted: dict[int, int], free: int) -> dict[int, int]:
    """What is left over goes to those that want it, in equal parts, until it or they have enough."""
    given = dict(given)
    while free and (wanting := [place for place in given if given[place] < wanted[place]]):
        share = max(1, free // len(wanting))
        for place in wanting:
            more = min(share, wanted[place] - given[place], free)
            given[place] += more
            free -= more
    return given


def _line(row: Sequence[str], layout: _Layout, screen: Screen) -> str:
    cells: list[str] = []
    for place, width in layout:
        text = row[place] if screen.width is None else cut(row[place], width)
        cell = padded(text, width, right=_COLUMNS[place].right)
        cells.append(in_order(cell) if screen.terminal else cell)
    return (" " * _GAP).join(cells).rstrip(" ")


# --- the cells


def _absent(track: TrackRecord, _values: Values, screen: Screen) -> str:
    return "" if track.present else absent_mark(screen)


def _title(track: TrackRecord, values: Values, _screen: Screen) -> str:
    return display_title(track, values)


def _texts(field: str) -> Callable[[TrackRecord, Values, Screen], str]:
    def cell(_track: TrackRecord, values: Values, _screen: Screen) -> str:
        return ", ".join(values.get(field, ()))

    return cell


def _bpm(_track: TrackRecord, values: Values, _screen: Screen) -> str:
    return ", ".join(_short("bpm", text) for text in values.get("bpm", ()))


def _short(field: str, text: str) -> str:
    """A number to two places: analysers write twelve."""
    number = number_of(field, text)
    return text if number is None else f"{number:.2f}".rstrip("0").rstrip(".")


def _rating(_track: TrackRecord, values: Values, screen: Screen) -> str:
    return ", ".join(_stars(text, screen) for text in values.get("rating", ()) if text != "0")


def _stars(text: str, screen: Screen) -> str:
    number = number_of("rating", text)
    if screen.unicode and number is not None and number in range(1, _STARS + 1):
        return "★" * int(number)
    return text


def _year(_track: TrackRecord, values: Values, _screen: Screen) -> str:
    return ", ".join(_short("year", text) for text in values.get("year", ()))


def _length(_track: TrackRecord, values: Values, _screen: Screen) -> str:
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
