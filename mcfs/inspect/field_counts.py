"""How many tracks have each field, and each value of a field.

Owns how fields are counted that git-annex does not store (added, size, present …). Every value shown
here can be used in a query.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from mcfs.errors import QueryError
from mcfs.fields import RAW_PREFIX, Field, Vocabulary, field_named, field_table
from mcfs.fields.kinds import Bucket, Date, Kind
from mcfs.query import unknown_field
from mcfs.store.cache_reader import CacheReader
from mcfs.text.fold import fold


@dataclass(frozen=True, slots=True)
class FieldUsage:
    """A field as a query names it, and how many tracks have it; mcfs computes the derived ones."""

    field: str
    tracks: int
    kind: Kind
    derived: bool


@dataclass(frozen=True, slots=True)
class ValueUsage:
    """A value, and how many tracks have it."""

    value: str
    tracks: int


def count_fields(read: CacheReader, vocabulary: Vocabulary) -> list[FieldUsage]:
    """The library's own fields by name, then the derived fields by name."""
    table = field_table()
    derived_fields = sorted(
        (field for field in table.rows if field.is_derived), key=lambda field: field.name
    )
    hidden = {field.name for field in derived_fields}
    stored = [
        # A derived field hides the annex field of the same name, which keeps this longer name.
        FieldUsage(RAW_PREFIX + name, tracks, field_named(RAW_PREFIX + name).kind, derived=False)
        if name in hidden
        else FieldUsage(shown, tracks, _kind(name, vocabulary), derived=False)
        for name, shown, tracks in read.fields()
    ]
    derived = [
        FieldUsage(field.name, _tracks_with(read, field), field.kind, derived=True)
        for field in derived_fields
    ]
    return sorted(stored, key=lambda usage: fold(usage.field)) + derived


def _kind(stored_name: str, vocabulary: Vocabulary) -> Kind:
    field = field_table().of_stored(stored_name)
    return vocabulary.field(field.name).kind


def _tracks_with(read: CacheReader, field: Field) -> int:
    if field.derived_column is None:
        return read.count_with_fields(field.stored_names)
    return read.count_with_column(field.derived_column, zero_is_none=field.zero_is_none)


def count_values(read: CacheReader, vocabulary: Vocabulary, name: str) -> list[ValueUsage]:
    """The values of a field: text by the number of tracks, numbers and dates in their own order."""
    field = vocabulary.field(name)
    if field.derived_column is None:
        if isinstance(field.kind, Date):
            return _months(read, field, field.kind)
        return _stored_values(read, field)
    counted = Counter(map(field.kind.bucket, read.column(field.derived_column)))
    counted.pop(None, None)
    buckets = sorted((bucket, tracks) for bucket, tracks in counted.items() if bucket is not None)
    return [ValueUsage(bucket.label, tracks) for bucket, tracks in buckets]


def _months(read: CacheReader, field: Field, kind: Date) -> list[ValueUsage]:
    """The values of a field of dates by month, and how many tracks have one of each."""
    tracks: defaultdict[Bucket, set[int]] = defaultdict(set)
    for track_id, text in read.tracks_of_values(field.stored_names):
        tracks[kind.bucket_of_text(text)].add(track_id)
    return [ValueUsage(bucket.label, len(tracks[bucket])) for bucket in sorted(tracks)]


def _stored_values(read: CacheReader, field: Field) -> list[ValueUsage]:
    counted = read.values(field_table().searched(field.name))
    if field.kind.has_order:
        # Text that is no number comes last.
        numbers = {count: field.kind.number_of(count.shown) for count in counted}
        counted.sort(key=lambda count: (numbers[count] is None, numbers[count] or 0, count.folded))
    else:
        counted.sort(key=lambda count: (-count.tracks, count.folded))
    return [ValueUsage(count.shown, count.tracks) for count in counted]


def find_field(written: str, vocabulary: Vocabulary) -> str:
    """The canonical name of a field; a `QueryError` with similar names when there is none."""
    canonical = vocabulary.canonical(written)
    if canonical is None:
        message, suggestion = unknown_field(written, vocabulary, directives=False)
        raise QueryError(message, written, 0, suggestion)
    if not field_named(canonical).has_values:
        raise QueryError(
            f"{canonical}: searches all text and has no values of its own",
            written,
            0,
            "name a field, such as artist",
        )
    return canonical
