"""What happens to the values of a track when some are added and others are taken away. Pure.

Owns that a value is the same in every spelling that folds alike, that the spelling which is there stays, and
that a field whose values are in several annex fields is one field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcfs.fields import field_named
from mcfs.store.records import Change
from mcfs.text.fold import fold

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueEdit:
    """Values of one field that are taken away, in every spelling, and values that are then added."""

    # Its canonical name.
    field: str
    removed: Values = ()
    added: Values = ()
    # Whether the field is to have the added values and no others.
    replaces: bool = False


def value_changes(edits: Iterable[ValueEdit], current: Mapping[str, Values]) -> dict[str, Change]:
    """What edits of a track change: folded name of an annex field → all its values before and after.

    `current` are the values that git-annex has, by the folded names of annex fields.
    """
    now = dict(current)
    for edit in edits:
        now |= _after(edit, now)
    names = current.keys() | now.keys()
    pairs = {
        name: (tuple(sorted(current.get(name, ()))), now.get(name, ())) for name in sorted(names)
    }
    return {name: Change(old, new) for name, (old, new) in pairs.items() if old != new}


def _after(edit: ValueEdit, current: Mapping[str, Values]) -> dict[str, Values]:
    """The annex fields of an edited field, with their values after the edit."""
    names = [name.casefold() for name in field_named(edit.field).stored_names]
    removed = {fold(value) for value in edit.removed}
    kept: dict[str, Values] = {
        name: ()
        if edit.replaces
        else tuple(value for value in current.get(name, ()) if fold(value) not in removed)
        for name in names
    }
    there = {fold(value) for values in kept.values() for value in values}
    added = {value for value in edit.added if fold(value) not in there}
    # Programs spell some fields in two ways: the one that the track has is kept.
    target = next((name for name in names if current.get(name)), names[0])
    kept[target] = tuple(sorted({*kept[target], *added}))
    return {name: tuple(sorted(values)) for name, values in kept.items()}
