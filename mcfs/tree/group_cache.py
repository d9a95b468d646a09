"""The groups of a template: which values it gives in a folder, and which tracks have each of them.

Owns the choice of how they are found, and the cache of them for one generation of the store. A
template is rendered once for each combination of what its fields hold, never once for each track:

- of one stored field, by the values of that field: no track is read;
- of several fields, or of what a sync derives, by the combinations that the library has, which SQLite
  finds together with their tracks in one pass;
- in a folder of few tracks, by the combinations that these tracks have.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from sys import getsizeof
from typing import NamedTuple

from mcfs.fields import Vocabulary
from mcfs.query import InSnapshot, Query, ValueIs
from mcfs.sql import BoundQuery, LookedUp, Members, bind
from mcfs.sql.bound_query import NO_MEMBERS
from mcfs.sql.groups import (
    count_values,
    has_nearly_all,
    has_track_without,
    select_ids_outside,
    select_values,
)
from mcfs.store.cache_reader import CacheReader
from mcfs.store.known_snapshots import KnownSnapshots
from mcfs.template import Cell, Template
from mcfs.tree.limits import DEFAULT_LIMITS, Limits
from mcfs.tree.rendered_template import RenderedTemplate, RenderedValue
from mcfs.tree.template_cells import (
    cells_by_combination,
    cells_by_track,
    cells_by_value,
    refuse_too_many,
)
from mcfs.tree.template_fields import StoredValues

# Of a template itself; and what dictionaries, tuples and objects take for each value, beside its texts.
_TEMPLATE_BYTES = 10_000
_BYTES_AROUND = 160


class _Spelling(NamedTuple):
    """One spelling of a value, and the ids of the tracks that have it, with commas between."""

    shown: str
    track_ids: str


# Folded value → its spellings, mostly one.
_TracksOfValues = Mapping[str, Sequence[_Spelling]]
# Folded value → its spelling → how many have it. Where there is one spelling, the number means nothing.
_Spellings = Mapping[str, Counter[str]]


@dataclass(frozen=True, slots=True)
class Group:
    """A value of a template in a folder, in its commonest spelling there."""

    folded: str
    shown: str


class _CachedTemplate:
    """Everything that is cached for one template."""

    def __init__(self, template: Template, vocabulary: Vocabulary) -> None:
        self.rendered = RenderedTemplate(template, vocabulary)
        # By the values of the one field it depends on; or the tracks.
        self.members: Mapping[str, Members] | None = None
        self.tracks: _TracksOfValues | None = None
        self._bytes = _TEMPLATE_BYTES

    def keep_members(self, members: Mapping[str, Members]) -> Mapping[str, Members]:
        # Their folded values are those that `rendered` has.
        self._bytes += sum(_BYTES_AROUND + getsizeof(each.ids) for each in members.values())
        self.members = members
        return members

    def keep_tracks(self, tracks: _TracksOfValues) -> _TracksOfValues:
        for folded, spellings in tracks.items():
            self._bytes += getsizeof(folded)
            for shown, ids in spellings:
                self._bytes += _BYTES_AROUND + getsizeof(ids)
                if shown is not folded:
                    self._bytes += getsizeof(shown)
        self.tracks = tracks
        return tracks

    @property
    def bytes(self) -> int:
        """How much memory it takes, roughly."""
        return self._bytes + self.rendered.bytes


class GroupCache:
    """The groups of templates, and the tracks of snapshots, in one generation of the store.

    Safe to use from several threads.
    """

    def __init__(
        self, vocabulary: Vocabulary, snapshots: KnownSnapshots, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self._vocabulary = vocabulary
        self._snapshots = snapshots
        self._of_snapshots: dict[InSnapshot, Members] = {}
        self._limits = limits
        self._templates: OrderedDict[Template, _CachedTemplate] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """How much memory all templates take, roughly."""
        with self._lock:
            return sum(cached.bytes for cached in self._templates.values())

    def groups(self, read: CacheReader, bound: BoundQuery, template: Template) -> list[Group]:
        """The values that a template has for the tracks of a query."""
        cached = self._cached(template)
        source = cached.rendered.only_stored_values
        if source is not None:
            spellings = _spellings_by_value(read, cached.rendered, source, bound)
        elif has_nearly_all(bound.query):
            spellings = self._spellings_by_combination(read, cached, bound)
        else:
            spellings = self._spellings_by_track(read, cached.rendered, bound)
        self._forget()
        # Of equally common spellings the first in the alphabet, whatever came first.
        return [
            Group(folded, min(counts, key=lambda shown: (-counts[shown], shown)))
            for folded, counts in spellings.items()
        ]

    def bind(self, read: CacheReader, query: Query, today: date) -> BoundQuery:
        """The query with the members that its values and snapshots have in this generation."""
        return bind(query, today, lambda value: self._members(read, value))

    def file_cells(
        self, read: CacheReader, bound: BoundQuery, template: Template
    ) -> dict[int, tuple[Cell, ...]]:
        """Id of each track of a query → the cells of the fields of a template that names files."""
        rendered = self._cached(template).rendered
        return {
            track_id: rendered.cells_of_fields(
                tuple(
                    source.joined(cells) if isinstance(source, StoredValues) else cells[0]
                    for source, cells in zip(rendered.sources, all_cells, strict=True)
                )
            )
            for track_id, all_cells in cells_by_track(read, rendered.sources, bound)
        }

    # --- the cached templates

    def _cached(self, template: Template) -> _CachedTemplate:
        with self._lock:
            cached = self._templates.get(template)
            if cached is None:
                cached = self._templates[template] = _CachedTemplate(template, self._vocabulary)
            self._templates.move_to_end(template)
            return cached

    def _forget(self) -> None:
        """Forget the least recently used templates, if all together are too large."""
        with self._lock:
            total = sum(cached.bytes for cached in self._templates.values())
            while total > self._limits.group_bytes and len(self._templates) > 1:
                _, forgotten = self._templates.popitem(last=False)
                total -= forgotten.bytes

    # --- which tracks have a value

    def _members(self, read: CacheReader, value: LookedUp) -> Members:
        if isinstance(value, InSnapshot):
            members = self._of_snapshots.get(value)
            if members is None:
                members = self._of_snapshots[value] = self._snapshots.members(read, value)
            return members
        return self._members_of_value(read, value)

    def _members_of_value(self, read: CacheReader, value: ValueIs) -> Members:
        cached = self._cached(value.template)
        source = cached.rendered.only_stored_values
        if source is None:
            spellings = self._tracks(read, cached).get(value.text, ())
            return Members("tracks", _json(each.track_ids for each in spellings))
        members = cached.members
        if members is None:
            members = cached.keep_members(_members_by_value(read, cached.rendered, source))
            self._forget()
        return members.get(value.text, NO_MEMBERS)

    def _tracks(self, read: CacheReader, cached: _CachedTemplate) -> _TracksOfValues:
        """The tracks of every value that the library has."""
        tracks = cached.tracks
        if tracks is None:
            tracks = cached.keep_tracks(self._find_tracks(read, cached.rendered))
            self._forget()
        return tracks

    def _find_tracks(self, read: CacheReader, rendered: RenderedTemplate) -> _TracksOfValues:
        # Mostly one combination renders to a value, and then no list is made.
        ids_of: dict[RenderedValue, str | list[str]] = {}
        combinations = cells_by_combination(
            read, rendered.template, rendered.sources, self._limits.combinations
        )
        for cells, track_ids in combinations:
            # Each combination comes once, so there is nothing to remember of it.
            value = rendered.rendered(cells)
            known = ids_of.get(value)
            if isinstance(known, list):
                known.append(track_ids)
            else:
                ids_of[value] = track_ids if known is None else [known, track_ids]
        tracks: dict[str, tuple[_Spelling, ...]] = {}
        for (text, folded), ids in ids_of.items():
            spelling = _Spelling(text, ids if isinstance(ids, str) else ",".join(ids))
            tracks[folded] = (*tracks.get(folded, ()), spelling)
        return tracks

    # --- how values are spelled in a folder

    def _spellings_by_combination(
        self, read: CacheReader, cached: _CachedTemplate, bound: BoundQuery
    ) -> _Spellings:
        outside = {str(track_id) for (track_id,) in read.select(select_ids_outside(bound))}
        spellings = defaultdict[str, Counter[str]](Counter)
        for folded, tracks_of in self._tracks(read, cached).items():
            for text, ids in tracks_of:
                # Of a value that is spelled in one way it is enough that a track has it.
                having = (track for track in ids.split(",") if track not in outside)
                count = len(set(having)) if len(tracks_of) > 1 else int(any(having))
                if count:
                    spellings[folded][text] = count
        return spellings

    def _spellings_by_track(
        self, read: CacheReader, rendered: RenderedTemplate, bound: BoundQuery
    ) -> _Spellings:
        spellings = defaultdict[str, Counter[str]](Counter)
        combinations = 0
        for _, all_cells in cells_by_track(read, rendered.sources, bound):
            combinations += math.prod(map(len, all_cells))
            refuse_too_many(rendered.template, combinations, self._limits.combinations)
            for text, folded in {rendered.value(cells) for cells in product(*all_cells)}:
                spellings[folded][text] += 1
        return spellings


def _spellings_by_value(
    read: CacheReader, rendered: RenderedTemplate, source: StoredValues, bound: BoundQuery
) -> _Spellings:
    value_ids = defaultdict[str, dict[str, list[int]]](dict)
    for value_id, text, number in read.select(select_values(bound, source.fields)):
        if text.strip():
            shown, folded = rendered.value((source.cell(text, number),))
            value_ids[folded].setdefault(shown, []).append(value_id)
    spellings = {folded: Counter(dict.fromkeys(ids_of, 1)) for folded, ids_of in value_ids.items()}
    # Hardly any value is spelled in two ways: only of those the tracks are counted.
    for folded, ids_of in value_ids.items():
        if len(ids_of) > 1:
            spellings[folded] = _count_tracks(read, ids_of)
    ((is_missing_somewhere,),) = read.select(has_track_without(bound, source.fields))
    if is_missing_somewhere:
        shown, folded = rendered.value((None,))
        spellings.setdefault(folded, Counter({shown: 1}))
    return spellings


def _count_tracks(read: CacheReader, ids_of: Mapping[str, Sequence[int]]) -> Counter[str]:
    """Spelling → how many tracks of the library have it: it is the same in every folder that has both."""
    every = [str(value_id) for ids in ids_of.values() for value_id in ids]
    counts = dict(read.rows(count_values(_json(every))))
    return Counter({shown: sum(counts[each] for each in ids) for shown, ids in ids_of.items()})


def _members_by_value(
    read: CacheReader, rendered: RenderedTemplate, source: StoredValues
) -> dict[str, Members]:
    """Folded value → the stored values that the template shows like this."""
    ids = defaultdict[str, list[str]](list)
    for value_id, cell in cells_by_value(read, source).items():
        ids[rendered.value((cell,)).folded].append(str(value_id))
    members = {folded: Members("values", _json(some)) for folded, some in ids.items()}
    missing = rendered.value((None,)).folded
    listed = members[missing].ids if missing in members else "[]"
    return members | {missing: Members("values", listed, source.fields)}


def _json(ids: Iterable[str]) -> str:
    return f"[{','.join(ids)}]"
