"""The folders of a template: which values it gives, and which tracks have each of them.

Owns the way from a template to SQL. A template's value depends on nothing but the fields it names, so
it is rendered once for each distinct combination of theirs, and remembered for as long as the store is
in one generation:

- of one stored field, by the ids of its values: no track is looked at;
- of several fields, or of what a sync derives, by the ids of tracks, in one pass over them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product

from mcfs.cells import STEM, InColumn, InPlace, InValues, Source, source_of
from mcfs.names import fold
from mcfs.query import ALL, Members, Query, ValueIs, with_members
from mcfs.sql import (
    ask_without,
    count_values,
    is_wide,
    select_columns,
    select_pairs,
    select_texts,
    select_values,
    select_values_of,
)
from mcfs.store.reader import CacheReader
from mcfs.store.records import Generation
from mcfs.template import Cell, Template, parse_template

# What places are told by: a track without a file in the work tree has its name.
_PLACE = ("work_path", "name")


@dataclass(frozen=True, slots=True)
class Group:
    """A value of a template in a folder, in its commonest spelling there."""

    folded: str
    shown: str


@dataclass(slots=True)
class _Rendered:
    """A template, and what it makes of the combinations met so far."""

    template: Template
    sources: tuple[Source, ...]
    made: dict[tuple[Cell, ...], tuple[str, str]] = field(default_factory=dict)
    members: Mapping[str, Members] | None = None

    def of(self, cells: tuple[Cell, ...]) -> tuple[str, str]:
        """The value, and as it is compared."""
        found = self.made.get(cells)
        if found is None:
            shown = self.template.render(cells)
            found = self.made[cells] = (shown, fold(shown))
        return found

    def by_values(self) -> InValues | None:
        """The one stored field it depends on, if that is all."""
        match self.sources:
            # A track without a title is called by its file, which no value says.
            case (InValues(name) as source,) if name != "title":
                return source
            case _:
                return None


class Groupings:
    """What templates give, as of one generation of the store."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._rendered: dict[Template, _Rendered] = {}
        self._cells: dict[InValues, dict[int, Cell]] = {}

    def groups(self, read: CacheReader, query: Query, template: Template, day: date) -> list[Group]:
        """The values that the tracks of a query have."""
        rendered = self._of(template)
        source = rendered.by_values()
        if source is None:
            spelled = self._spelled_by_tracks(read, rendered, query, day)
        else:
            spelled = self._spelled_by_values(read, rendered, source, query, day)
        # Of equally common spellings the first in the alphabet, whatever came first.
        return [
            Group(folded, min(counts, key=lambda shown: (-counts[shown], shown)))
            for folded, counts in spelled.items()
        ]

    def bound(self, read: CacheReader, query: Query, day: date) -> Query:
        """A query whose values know their members."""
        return with_members(query, lambda value: self._members(read, value, day))

    def file_cells(
        self, read: CacheReader, query: Query, template: Template, day: date
    ) -> dict[int, tuple[Cell, ...]]:
        """Of each track of a query, what the template that names files sees of it."""
        sources = self._of(template).sources
        return {
            track_id: tuple(
                source.joined(cells) if isinstance(source, InValues) else cells[0]
                for source, cells in zip(sources, columns, strict=True)
            )
            for track_id, columns in self._by_track(read, sources, query, day)
        }

    def _of(self, template: Template) -> _Rendered:
        rendered = self._rendered.get(template)
        if rendered is None:
            sources = tuple(map(source_of, template.fields))
            rendered = self._rendered[template] = _Rendered(template, sources)
        return rendered

    def _cells_of(self, read: CacheReader, source: InValues) -> dict[int, Cell]:
        """Every value of a field; an empty one is none."""
        cells = self._cells.get(source)
        if cells is None:
            rows = read.select(select_values(source.fields))
            cells = {
                value_id: source.cell(text, number)
                for value_id, text, number in rows
                if text.strip()
            }
            self._cells[source] = cells
        return cells

    def _members(self, read: CacheReader, value: ValueIs, day: date) -> Members:
        rendered = self._of(parse_template(value.template))
        if rendered.members is None:
            source = rendered.by_values()
            if source is None:
                rendered.members = self._members_by_tracks(read, rendered, day)
            else:
                rendered.members = self._members_by_values(read, rendered, source)
        return rendered.members.get(value.text, Members("tracks", "[]"))

    def _members_by_values(
        self, read: CacheReader, rendered: _Rendered, source: InValues
    ) -> dict[str, Members]:
        ids = defaultdict[str, list[int]](list)
        for value_id, cell in self._cells_of(read, source).items():
            ids[rendered.of((cell,))[1]].append(value_id)
        members = {folded: Members("values", _json(some)) for folded, some in ids.items()}
        _, missing = rendered.of((None,))
        listed = members[missing].ids if missing in members else "[]"
        return members | {missing: Members("values", listed, source.fields)}

    def _members_by_tracks(
        self, read: CacheReader, rendered: _Rendered, day: date
    ) -> dict[str, Members]:
        ids = defaultdict[str, dict[int, None]](dict)
        for track_id, columns in self._by_track(read, rendered.sources, ALL, day):
            for cells in product(*columns):
                ids[rendered.of(cells)[1]][track_id] = None
        return {folded: Members("tracks", _json(some)) for folded, some in ids.items()}

    def _spelled_by_values(
        self, read: CacheReader, rendered: _Rendered, source: InValues, query: Query, day: date
    ) -> dict[str, Counter[str]]:
        found = defaultdict[str, dict[str, list[int]]](dict)
        for value_id, text, number in read.select(select_values_of(query, source.fields, day)):
            if text.strip():
                shown, folded = rendered.of((source.cell(text, number),))
                found[folded].setdefault(shown, []).append(value_id)
        spelled = {
            folded: Counter(dict.fromkeys(spellings, 1)) for folded, spellings in found.items()
        }
        # Hardly any value is spelled in two ways: only of those it is asked which is the commonest.
        for folded, spellings in found.items():
            if len(spellings) > 1:
                spelled[folded] = self._counted(read, spellings)
        if read.select(ask_without(query, source.fields, day))[0][0]:
            shown, folded = rendered.of((None,))
            spelled.setdefault(folded, Counter({shown: 1}))
        return spelled

    def _counted(self, read: CacheReader, spellings: Mapping[str, list[int]]) -> Counter[str]:
        """By all tracks of the library, so that a value is spelled alike in every folder that has both."""
        every = [value_id for ids in spellings.values() for value_id in ids]
        counts = {row[0]: row[1] for row in read.select(count_values(_json(every)))}
        return Counter(
            {shown: sum(counts[value_id] for value_id in ids) for shown, ids in spellings.items()}
        )

    def _spelled_by_tracks(
        self, read: CacheReader, rendered: _Rendered, query: Query, day: date
    ) -> dict[str, Counter[str]]:
        spelled = defaultdict[str, Counter[str]](Counter)
        for _, columns in self._by_track(read, rendered.sources, query, day):
            for shown, folded in {rendered.of(cells) for cells in product(*columns)}:
                spelled[folded][shown] += 1
        return spelled

    def _by_track(
        self, read: CacheReader, sources: tuple[Source, ...], query: Query, day: date
    ) -> Iterator[tuple[int, list[list[Cell]]]]:
        """Of each track of a query, the cells of every source; a missing one is a single None."""
        columns = tuple(
            dict.fromkeys([*_PLACE, *(s.column for s in sources if isinstance(s, InColumn))])
        )
        at = {name: place for place, name in enumerate(columns, 1)}
        values = {
            source: self._values_by_track(read, source, query, day)
            for source in sources
            if isinstance(source, InValues)
        }
        for row in read.select(select_columns(query, columns, day)):
            place = _text(row[at["work_path"]]) or _text(row[at["name"]]) or ""
            cells: list[list[Cell]] = []
            for source in sources:
                match source:
                    case InValues():
                        known = values[source].get(row[0])
                        if known is None:
                            known = [STEM.cell(place) if source.name == "title" else None]
                        cells.append(known)
                    case InColumn():
                        cells.append([source.cell(row[at[source.column]])])
                    case InPlace():
                        cells.append([source.cell(place)])
            yield row[0], cells

    def _values_by_track(
        self, read: CacheReader, source: InValues, query: Query, day: date
    ) -> dict[int, list[Cell]]:
        found: dict[int, list[Cell]] = {}
        if not is_wide(query):
            for track_id, text, number in read.select(select_texts(query, source.fields, day)):
                if text.strip():
                    found.setdefault(track_id, []).append(source.cell(text, number))
            return found
        cells = self._cells_of(read, source)
        for track_id, value_id in read.select(select_pairs(query, source.fields, day)):
            if value_id in cells:
                found.setdefault(track_id, []).append(cells[value_id])
        return found


def _json(ids: Iterable[int]) -> str:
    return f"[{','.join(map(str, ids))}]"


def _text(kept: str | bytes | None) -> str | None:
    return kept.decode("utf-8", "surrogateescape") if isinstance(kept, bytes) else kept
