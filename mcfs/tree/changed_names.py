"""What a change of the store means for names: which came, went, or lead elsewhere now.

Owns the way from the tracks that were touched to the names that they had and have, in all the ways that
folders name things. It goes by the tracks that changed, never by the folders there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from mcfs.query import AnnexKeys, Query
from mcfs.sql import select_entries
from mcfs.store import Generation
from mcfs.store.cache_reader import CacheReader
from mcfs.store.change_feed import StoreChange
from mcfs.template import Template
from mcfs.text.escape import escape, file_name
from mcfs.text.unique_names import collision_key
from mcfs.tree.group_cache import GroupCache
from mcfs.tree.nodes import TrackNode


@dataclass(frozen=True, slots=True)
class NameChanges:
    """What differs between two generations, of which this is the later."""

    generation: Generation
    day: date
    # Of the tracks that were touched, those that are gone too.
    inodes: frozenset[int] = frozenset()
    # Inode → the track as it is now; those that are gone are not among them.
    tracks: Mapping[int, TrackNode] = field(default_factory=dict)
    # What all names claim that touched tracks had or have, by any template, as folders or as files.
    claims: frozenset[str] = frozenset()
    # Whether fields came or went: other names are queries now.
    fields_changed: bool = False
    # Whether all names may differ, for nobody knows which tracks were touched.
    everything: bool = False


def name_changes(
    change: StoreChange, by_value: Collection[Template], by_file: Collection[Template], day: date
) -> NameChanges:
    """What a change of the store changed, as far as these templates name folders and files."""
    generation = change.after.generation()
    fields_changed = change.before.vocabulary() != change.after.vocabulary()
    if change.changed_keys is None:
        return NameChanges(generation, day, fields_changed=fields_changed, everything=True)
    query = Query(AnnexKeys(tuple(sorted(change.changed_keys))))
    before, after = (_tracks(read, query, day) for read in (change.before, change.after))
    names = {
        name
        for read in (change.before, change.after)
        for name in _by_template(read, query, by_value, by_file, day)
    }
    names.update(track.name for tracks in (before, after) for track in tracks.values())
    return NameChanges(
        generation,
        day,
        inodes=frozenset(before.keys() | after.keys()),
        tracks=after,
        claims=frozenset(map(collision_key, names)),
        fields_changed=fields_changed,
    )


def _tracks(read: CacheReader, query: Query, day: date) -> dict[int, TrackNode]:
    rows = map(TrackNode._make, read.rows(select_entries(query, day)))
    return {track.inode: track for track in rows}


def _by_template(
    read: CacheReader,
    query: Query,
    by_value: Collection[Template],
    by_file: Collection[Template],
    day: date,
) -> Iterator[str]:
    group_cache = GroupCache(read.generation())
    for template in by_value:
        for group in group_cache.groups(read, query, template, day):
            yield escape(group.shown.strip())
    for template in by_file:
        for cells in group_cache.file_cells(read, query, template, day).values():
            yield file_name(template.render(cells))
