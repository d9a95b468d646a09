"""Which fields a library has, and which values they have.

Owns how what is no annex field (added, size, present …) is counted, so that each value named here is
one that a query can ask for.
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
class FieldTally:
    """A field as it is asked for, and how many tracks have it; a derived one is made by mcfs."""

    field: str
    tracks: int
    kind: Kind | None
    derived: bool


@dataclass(frozen=True, slots=True)
class ValueTally:
    """A value, and how many tracks have it."""

    value: str
    tracks: int


def field_tallies(read: CacheReader) -> list[FieldTally]:
    """Those of the library first, then those that every library has; each by name."""
    found = [
        # A name that mcfs gives a meaning hides an annex field of that name, but for this spelling.
        FieldTally(RAW + name, tracks, None, derived=False)
        if name in DERIVED
        else FieldTally(shown, tracks, kind_of(name), derived=False)
        for name, shown, tracks in read.fields()
    ]
    made = [
        FieldTally(name, _tracks_with(read, name), BUILT_IN[name], derived=True)
        for name in sorted(DERIVED)
    ]
    return sorted(found, key=lambda tally: fold(tally.field)) + made


def _tracks_with(read: CacheReader, name: str) -> int:
    if name in _PLACES:
        return read.count_with_fields(sources(name))
    values = read.column(DERIVED_COLUMNS[name])
    if name == "live":
        return sum(map(bool, values))
    return sum(value is not None for value in values)


def value_tallies(read: CacheReader, field: str) -> list[ValueTally]:
    """The values of a field: text by how many have it, what has an order in that order."""
    match field:
        case "present" | "live":
            held = Counter(map(bool, read.column(DERIVED_COLUMNS[field])))
            tallies = [ValueTally("yes", held[True]), ValueTally("no", held[False])]
            return [tally for tally in tallies if tally.tracks]
        case "decade":
            return _in_order(Counter(read.column("decade")))
        case "added" | "changed":
            return _in_order(Counter(map(_month, read.column(DERIVED_COLUMNS[field]))))
        case "size":
            return _sizes(read.column("size"))
        case _:
            return _texts(read, field)


def _in_order(counted: Counter[str | None]) -> list[ValueTally]:
    tallies = [ValueTally(value, tracks) for value, tracks in counted.items() if value is not None]
    return sorted(tallies, key=lambda tally: tally.value)


def _month(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone():%Y-%m}"


def _sizes(sizes: Iterable[int | None]) -> list[ValueTally]:
    """In steps, for hardly two tracks have one size; the end of a step belongs to the next."""
    bounds = [size * _MEGABYTE for size in _SIZES]
    counted = Counter(bisect_right(bounds, size) for size in sizes if size is not None)
    return [ValueTally(_step(place), counted[place]) for place in sorted(counted)]


def _step(place: int) -> str:
    if place == 0:
        return f"<{_SIZES[0]}M"
    if place == len(_SIZES):
        return f">={_SIZES[-1]}M"
    return f"{_SIZES[place - 1]}M-{_SIZES[place]}M"


def _texts(read: CacheReader, field: str) -> list[ValueTally]:
    counted = read.values(sources(field))
    if kind_of(field) in (None, Kind.TEXT):
        counted.sort(key=lambda count: (-count.tracks, count.folded))
    else:
        # What is no number comes last.
        numbers = {count: number_of(field, count.shown) for count in counted}
        counted.sort(key=lambda count: (numbers[count] is None, numbers[count] or 0, count.folded))
    return [ValueTally(count.shown, count.tracks) for count in counted]


def field_named(written: str, vocabulary: Vocabulary) -> str:
    """The one name of a field; a `QueryError` with the nearest names where there is none."""
    canonical = vocabulary.canonical(written)
    if canonical == "any":
        raise QueryError(
            "any: is all text and has no values of its own", written, 0, "name a field, as artist"
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
