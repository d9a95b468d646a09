"""What a change of the store means for names: which came, went, or lead elsewhere now.

Owns the way from the tracks that were touched to the names that they had and have, in all the ways that
folders name things. It goes by the tracks that changed, never by the folders there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from mcfs.grouping import Groupings
from mcfs.names import file_name, fold
from mcfs.nodes import TrackNode
from mcfs.query import Keys, Query
from mcfs.sql import select_entries
from mcfs.store.following import Step
from mcfs.store.reader import CacheReader
from mcfs.template import Template


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two generations."""

    # Inode → the names a touched track had and has, where nothing else says what it is called.
    tracks: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    # Inode → the track as it is now; those that are gone are not among them.
    now: Mapping[int, TrackNode] = field(default_factory=dict)
    # Folded: all names that touched tracks had or have by any template, as folders or as files.
    names: frozenset[str] = frozenset()
    # Whether everything may differ: the cache was made anew, or fields came or went.
    everything: bool = False


def difference(
    step: Step, by_value: Collection[Template], by_file: Collection[Template], day: date
) -> Difference:
    """What a step of the store changed, as far as these templates name folders and files."""
    if step.touched is None or step.before.vocabulary() != step.after.vocabulary():
        return Difference(everything=True)
    query = Query(Keys(tuple(sorted(step.touched))))
    before, after = (_tracks(read, query, day) for read in (step.before, step.after))
    names = {
        folded
        for read in (step.before, step.after)
        for folded in _by_template(read, query, by_value, by_file, day)
    }
    called = {
        inode: tuple({tracks[inode].name for tracks in (before, after) if inode in tracks})
        for inode in before.keys() | after.keys()
    }
    every_name = (fold(name) for had in called.values() for name in had)
    return Difference(called, after, frozenset(names.union(every_name)))


def _tracks(read: CacheReader, query: Query, day: date) -> dict[int, TrackNode]:
    rows = map(TrackNode._make, read.select(select_entries(query, day)))
    return {track.inode: track for track in rows}


def _by_template(
    read: CacheReader,
    query: Query,
    by_value: Collection[Template],
    by_file: Collection[Template],
    day: date,
) -> Iterator[str]:
    groupings = Groupings(read.generation())
    for template in by_value:
        for group in groupings.groups(read, query, template, day):
            yield group.folded
    for template in by_file:
        for cells in groupings.file_cells(read, query, template, day).values():
            yield fold(file_name(template.render(cells)))
