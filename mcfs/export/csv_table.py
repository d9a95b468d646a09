"""Tracks as CSV for spreadsheets: one row a track, one column a field."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mcfs.export.track_values import fold_field, values_by_field
from mcfs.fields import field_table

if TYPE_CHECKING:
    from mcfs.store.records import TrackRecord

# Separates several values of a field in one cell: many names contain a comma.
_SEPARATOR = "; "


def as_csv(tracks: Iterable[TrackRecord], fields: Iterable[str]) -> Iterator[str]:
    """RFC 4180, line by line: a header, then the tracks; lines end in CRLF.

    `fields` are all fields of the library, so that every query has the same columns.
    """
    columns = csv_columns(fields)
    to_line = csv.writer(_ReturnLine()).writerow
    yield to_line(["file", "name", "present", "size", "annex_key", *columns])
    for track in tracks:
        values = values_by_field(track)
        yield to_line(
            [
                track.files[0] if track.files else "",
                track.name,
                "yes" if track.present else "no",
                "" if track.size is None else track.size,
                track.annex_key,
                *(_SEPARATOR.join(values.get(fold_field(field), ())) for field in columns),
            ]
        )


def csv_columns(fields: Iterable[str]) -> list[str]:
    """The best-known fields first, the others by name."""
    first = [field.name for field in field_table().rows if field.leads_csv]
    rank = {name: place for place, name in enumerate(first)}
    return sorted(fields, key=lambda field: (rank.get(fold_field(field), len(rank)), field))


class _ReturnLine:
    """A file for `csv.writer` whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line
