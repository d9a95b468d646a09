"""What an import changes of one track. Pure, and the only module that decides it.

There are two rules, for two kinds of source. Mixxx keeps its own data up to date, so an import follows it:
the values that Mixxx has are written, and values that an earlier import wrote and Mixxx no longer has are
removed. Values from anywhere else stay. Tags inside files are often older than git-annex's metadata, which
people have corrected since, so they only fill empty fields, unless the user asks to overwrite.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mcfs.fields import field_named
from mcfs.store.records import Change

Values = tuple[str, ...]
Fields = Mapping[str, Values]

_NONE: Values = ()


Changes = dict[str, Change]


def changes_to_follow(source: Fields, current: Fields, imported: Fields) -> Changes:
    """What makes git-annex's `current` values follow the source; `imported` is what earlier imports wrote."""
    changes: Changes = {}
    for name, source_values in source.items():
        values = current.get(name, _NONE)
        if values != source_values:
            several = field_named(name).imports_several
            new = _values_to_follow(
                source_values, values, imported.get(name, _NONE), several=several
            )
            if new != values:
                changes[name] = Change(values, new)
    for name, imported_values in imported.items():
        if name not in source and (values := current.get(name, _NONE)):
            new = _without(values, imported_values)
            if new != values:
                changes[name] = Change(values, new)
    return changes


def _values_to_follow(
    source_values: Values, current: Values, imported: Values, *, several: bool
) -> Values:
    from_elsewhere = _without(current, imported)
    # The one value of the source replaces values that no import wrote: a track with two tempos would be in
    # two folders, one of them wrong.
    if (
        not several
        and len(from_elsewhere) == len(current)
        and not set(source_values) <= set(current)
    ):
        return source_values
    return tuple(sorted({*from_elsewhere, *source_values}))


def _without(values: Values, others: Collection[str]) -> Values:
    return tuple(value for value in values if value not in others)


def imported_after(source: Fields, current: Fields, imported: Fields) -> dict[str, Values]:
    """What imports have written once the changes are made: never a value that was there before them."""
    after: dict[str, Values] = {}
    for name, source_values in source.items():
        before = current.get(name, _NONE)
        imported_values = imported.get(name, _NONE)
        if values := tuple(
            value for value in source_values if value not in before or value in imported_values
        ):
            after[name] = values
    return after


def source_still_has(imported: Fields, source: Fields) -> bool:
    """Whether the source still has every value that imports wrote."""
    return all(
        imported_values == (now := source.get(name, _NONE)) or set(imported_values) <= set(now)
        for name, imported_values in imported.items()
    )


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
