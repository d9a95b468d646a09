"""What an import is to change of one track. Pure, and the only place that decides it.

Two rules, for two kinds of source. A program that keeps its own knowledge (Mixxx) is followed: what it
says is written, and what an earlier import wrote and it no longer says is removed, so that a value that
came from anywhere else stays. Tags in a file, which git-annex's metadata was often corrected after, only
fill what is empty, unless they are to replace it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

Values = tuple[str, ...]
Fields = Mapping[str, Values]

_NONE: Values = ()
# The fields of which one source has several values; of all others it has one at most.
_SEVERAL = frozenset({"crate"})


@dataclass(frozen=True, slots=True)
class Change:
    """The values of a field as they are, and as they are to be; in order."""

    old: Values
    new: Values


Changes = dict[str, Change]


def followed(said: Fields, held: Fields, imported: Fields) -> Changes:
    """What a source says, what git-annex has, and what earlier imports from the source wrote."""
    changes: Changes = {}
    for name, wanted in said.items():
        values = held.get(name, _NONE)
        if values != wanted:
            new = _followed(wanted, values, imported.get(name, _NONE), several=name in _SEVERAL)
            if new != values:
                changes[name] = Change(values, new)
    for name, ours in imported.items():
        if name not in said and (values := held.get(name, _NONE)):
            new = _without(values, ours)
            if new != values:
                changes[name] = Change(values, new)
    return changes


def _followed(wanted: Values, held: Values, imported: Values, *, several: bool) -> Values:
    stays = _without(held, imported)
    # One value that nobody of us wrote gives way to the one that the source has: a track with two
    # tempos is in neither folder for good.
    if not several and len(stays) == len(held) and not set(wanted) <= set(held):
        return wanted
    return tuple(sorted({*stays, *wanted}))


def _without(values: Values, others: Collection[str]) -> Values:
    return tuple(value for value in values if value not in others)


def remembered(said: Fields, held: Fields, imported: Fields) -> dict[str, Values]:
    """What this and earlier imports wrote, once the changes are made: never what was there before."""
    kept: dict[str, Values] = {}
    for name, wanted in said.items():
        there = held.get(name, _NONE)
        ours = imported.get(name, _NONE)
        if values := tuple(value for value in wanted if value not in there or value in ours):
            kept[name] = values
    return kept


def is_said(imported: Fields, said: Fields) -> bool:
    """Whether all that imports wrote is what the source says still."""
    return all(
        ours == (now := said.get(name, _NONE)) or set(ours) <= set(now)
        for name, ours in imported.items()
    )


def filled(said: Fields, held: Fields) -> Changes:
    """The fields that git-annex has no value of."""
    return {name: Change(_NONE, wanted) for name, wanted in said.items() if not held.get(name)}


def replaced(said: Fields, held: Fields) -> Changes:
    """All fields that differ; those of which the source says nothing stay."""
    return {
        name: Change(values, wanted)
        for name, wanted in said.items()
        if (values := held.get(name, _NONE)) != wanted
    }
