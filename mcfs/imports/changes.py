"""What an import changes of the values of a track, and the two rules of an import from tags.

Tags inside files are often older than git-annex's metadata, which people have corrected since. So they only
fill empty fields, unless the user asks to overwrite. The rules of an import from Mixxx are in
`follow_mixxx.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcfs.store.records import Change

Values = tuple[str, ...]
Fields = Mapping[str, Values]

_NONE: Values = ()


Changes = dict[str, Change]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two rows of one track have different values; `taken` is what git-annex has after the import."""

    field: str
    taken: Values
    others: Values


def changes_to_fill(source: Fields, current: Fields) -> Changes:
    """Set the fields that have no value yet."""
    return {
        name: Change(_NONE, source_values)
        for name, source_values in source.items()
        if not current.get(name)
    }


def changes_to_overwrite(source: Fields, current: Fields) -> Changes:
    """Set all fields that differ; fields that the source does not have stay."""
    return {
        name: Change(values, source_values)
        for name, source_values in source.items()
        if (values := current.get(name, _NONE)) != source_values
    }
