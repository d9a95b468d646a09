"""How many tracks have each field, and each value of a field.

Owns how fields are counted that git-annex does not store (added, size, present …). Every value shown
here can be used in a query.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from mcfs.errors import QueryError
from mcfs.fields.table import RAW
from mcfs.query import BUILT_IN, Kind, Vocabulary, kind_of, sources
from mcfs.schema.cache import DERIVED_COLUMNS
from mcfs.store.cache_reader import CacheReader
from mcfs.text.fold import fold
from mcfs.text.numbers import number_of

_PLACES = ("directory", "location", "type")
DERIVED = frozenset({*DERIVED_COLUMNS, *_PLACES})

_MEGABYTE = 1024 * 1024
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True, slots=True)
class FieldUsage:
    """A field as a query names it, and how many tracks have it; mcfs computes the derived ones."""

    field: str
    tracks: int
    kind: Kind | None
    derived: bool


@dataclass(frozen=True, slots=True)
class ValueUsage:
    """A value, and how many tracks have it."""

    value: str
    tracks: int


def count_fields(read: CacheReader) -> list[FieldUsage]:
    """The library's own fields by name, then the derived fields by name."""
    stored = [
        # A derived field hides the annex field of the same name, which keeps this longer name.
        FieldUsage(RAW + name, tracks, None, derived=False)
        if name in DERIVED
        else FieldUsage(shown, tracks, kind_of(name), derived=False)
        for name, shown, tracks in read.fields()
    ]
    derived = [
        FieldUsage(name, _tracks_with(read, name), BUILT_IN[name], derived=True)
        for name in sorted(DERIVED)
    ]
    return sorted(stored, key=lambda usage: fold(usage.field)) + derived


def _tracks_with(read: CacheReader, name: str) -> int:
    if name in _PLACES:
        return read.count_with_fields(sources(name))
    values = read.column(DERIVED_COLUMNS[name])
    if name == "live":
        return sum(map(bool, values))
    return sum(value is not None for value in values)


def count_values(read: CacheReader, field: str) -> list[ValueUsage]:
    """The values of a field: text by the number of tracks, numbers and dates in their own order."""
    match field:
        case "present" | "live":
            counted = Counter(map(bool, read.column(DERIVED_COLUMNS[field])))
            usages = [ValueUsage("yes", counted[True]), ValueUsage("no", counted[False])]
            return [usage for usage in usages if usage.tracks]
        case "decade":
            return _in_order(Counter(read.column("decade")))
        case "added" | "changed":
            return _in_order(Counter(map(_month, read.column(DERIVED_COLUMNS[field]))))
        case "size":
            return _sizes(read.column("size"))
        case _:
            return _texts(read, field)


def _in_order(counted: Counter[str | None]) -> list[ValueUsage]:
    usages = [ValueUsage(value, tracks) for value, tracks in counted.items() if value is not None]
    return sorted(usages, key=lambda usage: usage.value)


def _month(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone():%Y-%m}"


def _sizes(sizes: Iterable[int | None]) -> list[ValueUsage]:
    """By ranges, as hardly two tracks have the same size; the end of a range belongs to the next."""
    bounds = [size * _MEGABYTE for size in _SIZES]
    counted = Counter(bisect_right(bounds, size) for size in sizes if size is not None)
    return [ValueUsage(_range(place), counted[place]) for place in sorted(counted)]


def _range(place: int) -> str:
    if place == 0:
        return f"<{_SIZES[0]}M"
    if place == len(_SIZES):
        return f">={_SIZES[-1]}M"
    return f"{_SIZES[place - 1]}M-{_SIZES[place]}M"


def _texts(read: CacheReader, field: str) -> list[ValueUsage]:
    counted = read.values(sources(field))
    if kind_of(field) in (None, Kind.TEXT):
        counted.sort(key=lambda count: (-count.tracks, count.folded))
    else:
        # Text that is no number comes last.
        numbers = {count: number_of(field, count.shown) for count in counted}
        counted.sort(key=lambda count: (numbers[count] is None, numbers[count] or 0, count.folded))
    return [ValueUsage(count.shown, count.tracks) for count in counted]


def find_field(written: str, vocabulary: Vocabulary) -> str:
    """The canonical name of a field; a `QueryError` with similar names when there is none."""
    canonical = vocabulary.canonical(written)
    if canonical == "any":
        raise QueryError(
            "any: searches all text and has no values of its own",
            written,
            0,
            "name a field, such as artist",
        )
    if canonical is None:
        fields = {name for name in vocabulary.names() if vocabulary.canonical(name)}
        near = get_close_matches(fold(written), sorted(fields), n=2, cutoff=0.6)
        hint = " or ".join(f'"{name}"' for name in near)
        raise QueryError(
            f'unknown field "{written}"',
            written,
            0,
            f"did you mean {hint}?" if near else "`mcfs fields` lists what there is",
        )
    return canonical
