"""Tracks as CSV for spreadsheets: one row a track, one column a field.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, which can read files and
start programs, and metadata may come from anybody. So an apostrophe stands before such a text, as OWASP
advises. Programs that need
every value as it is read the JSON instead.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mcfs.export.track_values import fold_field, values_by_field
from mcfs.fields import field_table

if TYPE_CHECKING:
    from mcfs.store.records import TrackRecord

# Separates several values of a field in one cell: many names contain a comma.
_SEPARATOR = "; "
# With one of these begins a formula; Japanese spreadsheets know full-width ones too.
_SIGN = re.compile(r"[=+\-@＝＋－＠]")
# Where a cell begins: also after a `;` or a tab, which separate cells in the spreadsheets of other lands.
# What cannot be seen before the sign does not hide it.
_FORMULA = re.compile(
    rf"(^|[;\t\r\n])([\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*)(?={_SIGN.pattern})"
)
# What is only a number, perhaps with a unit, cannot do anything: -7.5 dB, +49.
_NUMBER = re.compile(r"[+-]?\d{1,15}([.,]\d{1,15})?( ?[A-Za-z%]{1,3})?")


def as_csv(tracks: Iterable[TrackRecord], fields: Iterable[str]) -> Iterator[str]:
    """RFC 4180, line by line: a header, then the tracks; lines end in CRLF.

    `fields` are all fields of the library, so that every query has the same columns.
    """
    columns = csv_columns(fields)
    to_line = csv.writer(_ReturnLine()).writerow
    yield to_line(["file", "name", "present", "size", "annex_key", *map(_cell, columns)])
    for track in tracks:
        values = values_by_field(track)
        yield to_line(
            [
                _path_cell(track.files[0]) if track.files else "",
                _cell(track.name),
                "yes" if track.present else "no",
                "" if track.size is None else track.size,
                _cell(track.annex_key),
                *(
                    _SEPARATOR.join(map(_cell, values.get(fold_field(field), ())))
                    for field in columns
                ),
            ]
        )


def csv_columns(fields: Iterable[str]) -> list[str]:
    """The best-known fields first, the others by name."""
    first = [field.name for field in field_table().rows if field.leads_csv]
    rank = {name: place for place, name in enumerate(first)}
    return sorted(fields, key=lambda field: (rank.get(fold_field(field), len(rank)), field))


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    if _SIGN.search(text) is None or _NUMBER.fullmatch(text):
        return text
    return _FORMULA.sub(r"\1\2'", text)


def _path_cell(path: str) -> str:
    """The same for a path, which still leads to the file where a `./` is enough."""
    return _cell(f"./{path}" if _SIGN.match(path) else path)


class _ReturnLine:
    """A file for `csv.writer` whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line
