"""The folders of a template: which values it gives, and which tracks have each of them.

Owns the way from a template to SQL. A template's value depends on nothing but the fields it names, so
it is rendered once for each distinct combination of theirs, never once for each track:

- of one stored field, by the ids of its values: no track is looked at;
- of several fields, or of what a sync derives, by the combinations that the library has, which SQLite
  finds together with their tracks in one pass;
- in a folder of few tracks, by these tracks.

What was found is remembered for as long as the store is in one generation, up to a bound.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any

from mcfs.errors import NotFoundError
from mcfs.query import Query, ValueIs
from mcfs.sql import BoundQuery, Members, bind
from mcfs.sql.bound_query import NO_MEMBERS
from mcfs.sql.groups import (
    PATH,
    count_values,
    has_nearly_all,
    has_track_without,
    select_all_values,
    select_columns,
    select_combinations,
    select_ids_outside,
    select_value_ids_by_track,
    select_values,
    select_values_by_track,
)
from mcfs.store.cache_reader import CacheReader
from mcfs.store.records import Generation
from mcfs.template import Cell, Template
from mcfs.text.escape import UNKNOWN
from mcfs.text.fold import fold
from mcfs.tree.template_fields import STEM, InColumn, InPlace, InValues, Source, source_of

# What is remembered of templates, in values and combinations: a quarter of a kilobyte each.
MAX_REMEMBERED = 200_000
# A track with ten values of one field and ten of another has a hundred of both.
MAX_COMBINATIONS = 1_000_000
_IDS_AS_LARGE_AS_ONE = 200  # characters
_TEMPLATE = 50  # times as large as one of its values

# Folded → as it is shown → the ids of the tracks, with commas between.
_Tracks = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Group:
    """A value of a template in a folder, in its commonest spelling there."""

    folded: str
    shown: str


@dataclass(slots=True)
class _Rendered:
    """A template, and what it makes of the combinations met so far."""

    template: Template
    # Each once, whatever it is called: `g` and `genre` are one value of a track and no pair.
    sources: tuple[Source, ...]
    places: tuple[int, ...]
    made: dict[tuple[Cell, ...], tuple[str, str]] = field(default_factory=dict)
    # By the values of the one field it depends on; or by tracks.
    members: Mapping[str, Members] | None = None
    tracks: _Tracks | None = None
    kept: int = 0

    def of(self, cells: tuple[Cell, ...]) -> tuple[str, str]:
        """The value, and as it is compared. Space around it is not seen, and nothing is `Unknown`."""
        found = self.made.get(cells)
        if found is None:
            shown = self.template.render(self.by_field(cells)).strip() or UNKNOWN
            found = self.made[cells] = (shown, fold(shown))
        return found

    def by_field(self, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        """The same as the template counts its fields."""
        return tuple(cells[place] for place in self.places)

    def by_values(self) -> InValues | None:
        """The one stored field it depends on, if that is all."""
        match self.sources:
            # A track without a title is called by its file, which no value says.
            case (InValues(name) as source,) if name != "title":
                return source
            case _:
                return None

    def keep_members(self, members: Mapping[str, Members]) -> Mapping[str, Members]:
        """Found once, and weighed once."""
        ids = sum(len(known.ids) for known in members.values())
        self.kept += len(members) + ids // _IDS_AS_LARGE_AS_ONE
        self.members = members
        return members

    def keep_tracks(self, tracks: _Tracks) -> _Tracks:
        """The same."""
        ids = sum(len(some) for shown in tracks.values() for ids in shown.values() for some in ids)
        self.kept += len(tracks) + ids // _IDS_AS_LARGE_AS_ONE
        self.tracks = tracks
        return tracks

    def size(self) -> int:
        """How much is remembered here, roughly."""
        return _TEMPLATE + len(self.made) + self.kept


class GroupCache:
    """What templates give, as of one generation of the store. For several threads at once."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._rendered: OrderedDict[Template, _Rendered] = OrderedDict()
        self._lock = threading.Lock()

    def groups(self, read: CacheReader, bound: BoundQuery, template: Template) -> list[Group]:
        """The values that the tracks of a query have."""
        rendered = self._of(template)
        source = rendered.by_values()
        if source is not None:
            spelled = self._spelled_by_values(read, rendered, source, bound)
        elif has_nearly_all(bound.query):
            spelled = self._spelled_by_combinations(read, rendered, bound)
        else:
            spelled = self._spelled_by_tracks(read, rendered, bound)
        self._forget()
        # Of equally common spellings the first in the alphabet, whatever came first.
        return [
            Group(folded, min(counts, key=lambda shown: (-counts[shown], shown)))
            for folded, counts in spelled.items()
        ]

    def bind(self, read: CacheReader, query: Query, today: date) -> BoundQuery:
        """A query that can be asked of this generation."""
        return bind(query, today, lambda value: self._members(read, value))

    def file_cells(
        self, read: CacheReader, bound: BoundQuery, template: Template
    ) -> dict[int, tuple[Cell, ...]]:
        """Of each track of a query, what the template that names files sees of it."""
        rendered = self._of(template)
        return {
            track_id: rendered.by_field(
                tuple(
                    source.joined(cells) if isinstance(source, InValues) else cells[0]
                    for source, cells in zip(rendered.sources, columns, strict=True)
                )
            )
            for track_id, columns in _by_track(read, rendered.sources, bound)
        }

    # --- what is remembered

    def _of(self, template: Template) -> _Rendered:
        with self._lock:
            rendered = self._rendered.get(template)
            if rendered is None:
                of_fields = tuple(map(source_of, template.fields))
                sources = tuple(dict.fromkeys(of_fields))
                rendered = _Rendered(template, sources, tuple(map(sources.index, of_fields)))
                self._rendered[template] = rendered
            self._rendered.move_to_end(template)
            return rendered

    def _forget(self) -> None:
        """Let go of the templates that were not asked for longest, if all together are too much."""
        with self._lock:
            total = sum(known.size() for known in self._rendered.values())
            while total > MAX_REMEMBERED and len(self._rendered) > 1:
                _, forgotten = self._rendered.popitem(last=False)
                total -= forgotten.size()

    # --- members

    def _members(self, read: CacheReader, value: ValueIs) -> Members:
        rendered = self._of(value.template)
        source = rendered.by_values()
        if source is None:
            had = self._tracks(read, rendered).get(value.text, {})
            return Members("tracks", _json(ids for some in had.values() for ids in some))
        members = rendered.members
        if members is None:
            members = rendered.keep_members(_members_by_values(read, rendered, source))
            self._forget()
        return members.get(value.text, NO_MEMBERS)

    def _tracks(self, read: CacheReader, rendered: _Rendered) -> _Tracks:
        """The tracks of every value that the library has."""
        tracks = rendered.tracks
        if tracks is None:
            tracks = rendered.keep_tracks(_tracks_by_combinations(read, rendered))
            self._forget()
        return tracks

    # --- how values are spelled

    def _spelled_by_values(
        self, read: CacheReader, rendered: _Rendered, source: InValues, bound: BoundQuery
    ) -> dict[str, Counter[str]]:
        found = defaultdict[str, dict[str, list[int]]](dict)
        for value_id, text, number in read.select(select_values(bound, source.fields)):
            if text.strip():
                shown, folded = rendered.of((source.cell(text, number),))
                found[folded].setdefault(shown, []).append(value_id)
        spelled = {
            folded: Counter(dict.fromkeys(spellings, 1)) for folded, spellings in found.items()
        }
        # Hardly any value is spelled in two ways: only of those it is asked which is the commonest.
        for folded, spellings in found.items():
            if len(spellings) > 1:
                spelled[folded] = _counted(read, spellings)
        if read.select(has_track_without(bound, source.fields))[0][0]:
            shown, folded = rendered.of((None,))
            spelled.setdefault(folded, Counter({shown: 1}))
        return spelled

    def _spelled_by_combinations(
        self, read: CacheReader, rendered: _Rendered, bound: BoundQuery
    ) -> dict[str, Counter[str]]:
        lacking = {str(track_id) for (track_id,) in read.select(select_ids_outside(bound))}
        spelled = defaultdict[str, Counter[str]](Counter)
        for folded, spellings in self._tracks(read, rendered).items():
            for shown, ids in spellings.items():
                # Of a value that is spelled in one way it is enough that a track has it.
                having = (
                    track for some in ids for track in some.split(",") if track not in lacking
                )
                count = len(set(having)) if len(spellings) > 1 else int(any(having))
                if count:
                    spelled[folded][shown] = count
        return spelled

    def _spelled_by_tracks(
        self, read: CacheReader, rendered: _Rendered, bound: BoundQuery
    ) -> dict[str, Counter[str]]:
        spelled = defaultdict[str, Counter[str]](Counter)
        combinations = 0
        for _, columns in _by_track(read, rendered.sources, bound):
            combinations += math.prod(map(len, columns))
            _refuse_many(rendered.template, combinations)
            for shown, folded in {rendered.of(cells) for cells in product(*columns)}:
                spelled[folded][shown] += 1
        return spelled


def _counted(read: CacheReader, spellings: Mapping[str, list[int]]) -> Counter[str]:
    """By all tracks of the library, so that a value is spelled alike in every folder that has both."""
    every = [str(value_id) for ids in spellings.values() for value_id in ids]
    counts = {row[0]: row[1] for row in read.select(count_values(_json(every)))}
    return Counter(
        {shown: sum(counts[value_id] for value_id in ids) for shown, ids in spellings.items()}
    )


def _refuse_many(template: Template, combinations: int) -> None:
    if combinations > MAX_COMBINATIONS:
        levels = "/".join(f"{{{{ {name} }}}}" for name in template.fields)
        raise NotFoundError(
            f"{template.text}: too many combinations of values; write a folder for each: {levels}"
        )


# --- by values


def _members_by_values(
    read: CacheReader, rendered: _Rendered, source: InValues
) -> dict[str, Members]:
    ids = defaultdict[str, list[str]](list)
    for value_id, cell in _cells_of(read, source).items():
        ids[rendered.of((cell,))[1]].append(str(value_id))
    members = {folded: Members("values", _json(some)) for folded, some in ids.items()}
    _, missing = rendered.of((None,))
    listed = members[missing].ids if missing in members else "[]"
    return members | {missing: Members("values", listed, source.fields)}


def _cells_of(read: CacheReader, source: InValues) -> dict[int, Cell]:
    """Every value of a field; an empty one is none."""
    return {
        value_id: source.cell(text, number)
        for value_id, text, number in read.select(select_all_values(source.fields))
        if text.strip()
    }


# --- by combinations


def _tracks_by_combinations(read: CacheReader, rendered: _Rendered) -> _Tracks:
    sources = rendered.sources
    values = [source for source in sources if isinstance(source, InValues)]
    columns = _columns(sources)
    untitled = next((at for at, source in enumerate(values) if source.name == "title"), None)
    fields = tuple(source.fields for source in values)
    compiled = select_combinations(fields, columns, untitled, MAX_COMBINATIONS + 1)
    cells_of = {source: _cells_of(read, source) for source in values}
    found = defaultdict[str, dict[str, list[str]]](dict)
    rows = read.select(compiled)
    _refuse_many(rendered.template, sum(row[-1].count(",") + 1 for row in rows))
    for row in rows:
        known: dict[Source, Cell] = {
            source: None if value_id is None else cells_of[source][value_id]
            for source, value_id in zip(values, row, strict=False)
        }
        if untitled is not None and row[untitled] is None:
            known[values[untitled]] = STEM.cell(_text(row[-2]))
        for column, kept in zip(columns, row[len(values) :], strict=False):
            known.update(_in_column(sources, column, kept))
        shown, folded = rendered.of(tuple(known[source] for source in sources))
        found[folded].setdefault(shown, []).append(row[-1])
    return found


def _columns(sources: Sequence[Source]) -> tuple[str, ...]:
    """The columns that these look into."""
    return tuple(
        dict.fromkeys(
            PATH if isinstance(source, InPlace) else source.column
            for source in sources
            if not isinstance(source, InValues)
        )
    )


def _in_column(sources: Sequence[Source], column: str, kept: Any) -> Iterator[tuple[Source, Cell]]:
    """What each of the sources that look into a column makes of what it keeps."""
    for source in sources:
        match source:
            case InColumn(name) if name == column:
                yield source, source.cell(kept)
            case InPlace() if column == PATH:
                yield source, source.cell(_text(kept))
            case _:
                pass


# --- by tracks


def _by_track(
    read: CacheReader, sources: Sequence[Source], bound: BoundQuery
) -> Iterator[tuple[int, list[list[Cell]]]]:
    """Of each track of a query, the cells of every source; a missing one is a single None."""
    columns = (PATH, *(column for column in _columns(sources) if column != PATH))
    stored = [source for source in sources if isinstance(source, InValues)]
    values = _held_by_all if has_nearly_all(bound.query) else _held_by_few
    held = values(read, stored, bound) if stored else {}
    for track_id, *kept in read.select(select_columns(bound, columns)):
        known: dict[Source, list[Cell]] = {}
        for column, what in zip(columns, kept, strict=True):
            known.update((source, [cell]) for source, cell in _in_column(sources, column, what))
        for source, had in held.items():
            cells = had.get(track_id)
            if cells is None:
                cells = [STEM.cell(_text(kept[0])) if source.name == "title" else None]
            known[source] = cells
        yield track_id, [known[source] for source in sources]


# Of each source the cells of each track that has any.
_Held = dict[InValues, dict[int, list[Cell]]]


def _held_by_all(read: CacheReader, sources: Sequence[InValues], bound: BoundQuery) -> _Held:
    held: _Held = {source: {} for source in sources}
    for source, found in held.items():
        cells = _cells_of(read, source)
        for track_id, value_id in read.select(select_value_ids_by_track(bound, source.fields)):
            if value_id in cells:
                found.setdefault(track_id, []).append(cells[value_id])
    return held


def _held_by_few(read: CacheReader, sources: Sequence[InValues], bound: BoundQuery) -> _Held:
    held: _Held = {source: {} for source in sources}
    looking = defaultdict[str, list[InValues]](list)
    for source in sources:
        for name in source.fields:
            looking[name].append(source)
    for track_id, name, text, number in read.select(select_values_by_track(bound, tuple(looking))):
        if text.strip():
            for source in looking[name]:
                held[source].setdefault(track_id, []).append(source.cell(text, number))
    return held


def _json(ids: Iterable[str]) -> str:
    return f"[{','.join(ids)}]"


def _text(kept: str | bytes) -> str:
    return kept.decode("utf-8", "surrogateescape") if isinstance(kept, bytes) else kept
