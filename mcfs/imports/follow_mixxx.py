"""What an import from Mixxx changes of one track. Pure, and the only module that decides it.

An import brings what is news in Mixxx: what somebody or an analysis has made there since the last import. So
it compares three things: what a row of Mixxx has, what it had at the last import, and what git-annex has.

- A value that the row had at the last import already is no news. If git-annex has another one by now, that
  one is newer.
- Text that Mixxx read from the file's tags is no news, also where it read them once more. So the tags are
  compared too, where nothing else tells.
- A row that no import has seen is new, or the file was renamed and Mixxx began a new row for it. What an
  earlier row of the track had is no news.
- A value is removed only when the row that supplied it is there, and no longer has it.
- A row whose path leads to no track any more, because a name has changed, brings what is news in it all the
  same: nothing but that row has it. It removes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from mcfs.config.settings import Prefer
from mcfs.fields import Field, field_named
from mcfs.fields.field import MixxxColumn, MixxxLists, Origin
from mcfs.imports.changes import Changes, Disagreement, Fields, Values
from mcfs.imports.joined_values import is_joined
from mcfs.imports.mixxx_database import MixxxRow, mixxx_fields
from mcfs.store.records import Change, ImportedRow

_NONE: Values = ()
_SEPARATORS = frozenset(" ;,/")
# Whose values somebody may have edited in Mixxx.
_EDITED = (Origin.USER, Origin.TAGS, Origin.ANALYSIS)
_GROWING = (Origin.COUNT, Origin.LATEST)


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row of Mixxx, and what an earlier import recorded of it."""

    now: MixxxRow
    before: ImportedRow | None = None

    def has(self, name: str) -> Values:
        """The values that it has."""
        return self.now.fields.get(name, _NONE)

    def had(self, name: str) -> Values | None:
        """The values that it had at the last import; None where no import has decided about them."""
        return None if self.before is None else self.before.seen.get(name, _NONE)

    def supplied(self, name: str) -> Values:
        """The values that git-annex has from it."""
        return _NONE if self.before is None else self.before.supplied.get(name, _NONE)


@dataclass(frozen=True, slots=True)
class MixxxTrack:
    """All that is known of one track before the import."""

    annex_key: str
    # What git-annex has.
    current: Fields
    rows: tuple[KnownRow, ...]
    # What other rows had at earlier imports: rows that are missing now, or that another Mixxx has.
    others: tuple[ImportedRow, ...] = ()
    # The day since which git-annex knows it.
    added: str | None = None
    # Whether its content is here. If so, and the tags cannot be read, no later import can tell more.
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user wants of an import."""

    source_id: int
    fields: frozenset[str] = field(default_factory=lambda: frozenset(mixxx_fields()))
    # Whose value to take where Mixxx and git-annex differ; None: the one that is news.
    prefer: Prefer | None = None
    # The fields in which values that no import has written may be replaced.
    may_replace: frozenset[str] = field(default_factory=lambda: frozenset(mixxx_fields()))
    # Whether to write values that do not change.
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one track."""

    changes: Changes
    # The fields in which a value that no import has written is replaced …
    replaced: tuple[str, ...]
    # … or would have been, had the import been allowed to.
    kept: tuple[str, ...]
    # The fields in which nothing tells whether the value of Mixxx or that of git-annex is newer.
    undecided: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    # What to record of the rows when the changes are made.
    records: tuple[ImportedRow, ...]


def has_news(track: MixxxTrack, rules: Rules) -> bool:
    """Whether any row differs from its record, as far as the wanted fields go."""
    for row in track.rows:
        if row.before is None:
            return True
        seen = row.before.seen
        if seen != row.now.fields and any(
            seen.get(name, _NONE) != row.has(name) for name in rules.fields
        ):
            return True
    return False


def needs_tags(track: MixxxTrack, rules: Rules) -> bool:
    """Whether only the tags in the file tell what is news, or of which values a text is joined."""
    for name in rules.fields:
        spot = _spot(name, track, rules, None)
        if not isinstance(spot.column, MixxxColumn) or spot.column.origin not in _EDITED:
            continue
        if any(_is_news_without_tags(spot, spot.column, row) is None for row in track.rows):
            return True
        if spot.column.joins_values and not spot.current:
            texts = (text for row in track.rows for text in row.has(name))
            if any(map(_SEPARATORS.intersection, texts)):
                return True
    return False


def decide(track: MixxxTrack, rules: Rules, tags: Fields | None) -> Decision:
    """What an import changes. `tags` are those in the file; None if not needed, or not readable."""
    changes: Changes = {}
    replaced: list[str] = []
    kept: list[str] = []
    undecided: list[str] = []
    disagreements: list[Disagreement] = []
    seen: list[dict[str, Values | None]] = [_other_fields_seen(row, rules) for row in track.rows]
    supplied = [_other_fields_supplied(row, rules) for row in track.rows]
    for name in mixxx_fields():
        if name not in rules.fields:
            continue
        spot = _spot(name, track, rules, tags)
        outcome = _decide_field(spot)
        new = outcome.new
        if spot.lost(new):
            if rules.prefer is Prefer.ANNEX:
                new = spot.current
            elif name not in rules.may_replace:
                new = spot.current
                kept.append(name)
            else:
                replaced.append(name)
        if new != spot.current:
            changes[name] = Change(spot.current, new)
        elif rules.everything and new and any(row.has(name) for row in track.rows):
            changes[name] = Change(new, new)
        disagreements += _disagreements(spot, new)
        if outcome.undecided and new == spot.current:
            undecided.append(name)
        for number, row in enumerate(track.rows):
            has = row.has(name)
            is_undecided = number in outcome.undecided and not track.is_here
            if is_undecided or (has and name in kept):
                seen[number][name] = None
            elif has:
                seen[number][name] = has
            ours = tuple(
                value
                for value in has
                if value in new and (value not in spot.current or value in row.supplied(name))
            )
            if ours:
                supplied[number][name] = ours
    records = tuple(
        ImportedRow(track.annex_key, rules.source_id, row.now.mixxx_id, had, ours)
        for row, had, ours in zip(track.rows, seen, supplied, strict=True)
    )
    return Decision(
        changes, tuple(replaced), tuple(kept), tuple(undecided), tuple(disagreements), records
    )


def records_before(track: MixxxTrack, source_id: int) -> tuple[ImportedRow, ...]:
    """The records of the rows as they are; of a row without one, that no import has decided about it."""
    undecided: Mapping[str, Values | None] = dict.fromkeys(mixxx_fields())
    return tuple(
        row.before or ImportedRow(track.annex_key, source_id, row.now.mixxx_id, undecided, {})
        for row in track.rows
    )


def _other_fields_seen(row: KnownRow, rules: Rules) -> dict[str, Values | None]:
    if row.before is None:
        return {name: None for name in mixxx_fields() if name not in rules.fields}
    return {name: values for name, values in row.before.seen.items() if name not in rules.fields}


def _other_fields_supplied(row: KnownRow, rules: Rules) -> dict[str, Values]:
    if row.before is None:
        return {}
    return {
        name: values for name, values in row.before.supplied.items() if name not in rules.fields
    }


@dataclass(frozen=True, slots=True)
class _Spot:
    """One field of one track."""

    field: Field
    column: MixxxColumn | MixxxLists
    track: MixxxTrack
    rules: Rules
    tags: Fields | None

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def current(self) -> Values:
        return self.track.current.get(self.field.name, _NONE)

    def agree(self, text: str, values: Values) -> bool:
        """Whether a text of Mixxx says what these values say."""
        same = self.field.kind.same
        return any(same(text, value) for value in values) or is_joined(text, values)

    def earlier(self, row: KnownRow) -> Iterator[ImportedRow]:
        """What imports have recorded of this track, of other rows than this one."""
        yield from self.track.others
        yield from (
            other.before
            for other in self.track.rows
            if other is not row and other.before is not None
        )

    def from_imports(self) -> set[str]:
        """The values that imports from this Mixxx have written, or versions that knew no rows."""
        values: set[str] = set()
        for row in self.track.rows:
            values.update(row.supplied(self.name))
        for record in self.track.others:
            if record.source_id == self.rules.source_id:
                values.update(record.supplied.get(self.name, _NONE))
            elif record.source_id == 0:
                values.update(record.seen.get(self.name) or _NONE)
        return values

    def lost(self, new: Values) -> set[str]:
        """The values that are neither from an import nor in the file's tags, and would be replaced."""
        gone = set(self.current).difference(new, self.from_imports())
        if self.rules.prefer is Prefer.ANNEX:
            return gone
        if isinstance(self.column, MixxxColumn) and self.column.origin in _GROWING:
            return set()
        tagged = (self.tags or {}).get(self.name, _NONE)
        return {value for value in gone if not self.agree(value, tagged)}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The values that a field is to have, and the rows whose values could not be decided about."""

    new: Values
    undecided: frozenset[int] = frozenset()


def _spot(name: str, track: MixxxTrack, rules: Rules, tags: Fields | None) -> _Spot:
    known = field_named(name)
    assert known.mixxx is not None
    return _Spot(known, known.mixxx, track, rules, tags)


def _decide_field(spot: _Spot) -> _Outcome:
    match spot.column:
        case MixxxLists():
            return _Outcome(_lists(spot))
        case MixxxColumn(origin=Origin.SOUND):
            return _Outcome(_fill(spot))
        case MixxxColumn(origin=Origin.FIRST_SEEN):
            return _Outcome(_first_seen(spot))
        case MixxxColumn(origin=Origin.COUNT | Origin.LATEST):
            return _Outcome(_growing(spot))
        case MixxxColumn() as column:
            return _one_value(spot, column)
        case unreachable:
            assert_never(unreachable)


def _lists(spot: _Spot) -> Values:
    """Names of lists are added one by one, and removed one by one."""
    has = {name for row in spot.track.rows for name in row.has(spot.name)}
    if spot.rules.prefer is Prefer.MIXXX:
        added = has
    else:
        added = {
            name
            for row in spot.track.rows
            for name in row.has(spot.name)
            if name not in (row.had(spot.name) or _NONE)
        }
    return tuple(sorted(set(spot.current) - _no_longer(spot) | added))


def _no_longer(spot: _Spot) -> set[str]:
    """What rows have supplied that no row has any more."""
    # A row whose path leads nowhere may be the past of another one: it removes nothing.
    gone = {
        value for row in spot.track.rows if not row.now.is_lost for value in row.supplied(spot.name)
    }
    return gone.difference(*(row.has(spot.name) for row in spot.track.rows))


def _fill(spot: _Spot) -> Values:
    """What was measured is written where there is nothing yet."""
    has = [text for row in _rows_with_news(spot) for text in row.has(spot.name)]
    return (has[0],) if has and not spot.current else spot.current


def _first_seen(spot: _Spot) -> Values:
    """The earliest day, unless git-annex has one, or knew the track before that."""
    has = [text for row in _rows_with_news(spot) for text in row.has(spot.name)]
    if not has or spot.current:
        return spot.current
    earliest, known_since = min(has), spot.track.added
    return spot.current if known_since is not None and known_since < earliest else (earliest,)


def _growing(spot: _Spot) -> Values:
    """The greatest value; a smaller one only from the row that supplied what is there."""

    def order(text: str) -> tuple[float, str]:
        return spot.field.kind.number_of(text) or 0.0, text

    has = [text for row in spot.track.rows for text in row.has(spot.name)]
    if not has:
        return tuple(sorted(set(spot.current) - _no_longer(spot)))
    greatest = max(has, key=order)
    if spot.rules.prefer is Prefer.MIXXX:
        return (greatest,)
    news = _rows_with_news(spot)
    supplied = {value for row in news for value in row.supplied(spot.name)}
    if news and (
        supplied.issuperset(spot.current) or order(greatest) > max(map(order, spot.current))
    ):
        return (greatest,)
    return spot.current


def _rows_with_news(spot: _Spot) -> list[KnownRow]:
    return [row for row in spot.track.rows if row.has(spot.name) != row.had(spot.name)]


def _one_value(spot: _Spot, column: MixxxColumn) -> _Outcome:
    """A value that is news replaces what is there; of two that are, that of the row with a history."""
    news: str | None = None
    undecided = set()
    for number, row in enumerate(spot.track.rows):
        verdict = _is_news(spot, column, row)
        if verdict is None:
            undecided.add(number)
        elif verdict and news is None:
            (news,) = row.has(spot.name)
    current = spot.current
    if news is not None:
        new = current if spot.agree(news, current) else _with(spot, column, news)
        return _Outcome(new, frozenset(undecided))
    new = tuple(sorted(set(current) - _no_longer(spot)))
    if current and not new:
        # It was removed from one row, and another row still has its own.
        new = next((row.has(spot.name) for row in spot.track.rows if row.has(spot.name)), _NONE)
    return _Outcome(new, frozenset(undecided))


def _with(spot: _Spot, column: MixxxColumn, text: str) -> Values:
    """The values with this one in them."""
    if not spot.current:
        tagged = (spot.tags or {}).get(spot.name, _NONE)
        return tagged if column.joins_values and is_joined(text, tagged) else (text,)
    from_imports = spot.from_imports()
    if spot.rules.prefer is Prefer.MIXXX or not from_imports.intersection(spot.current):
        # A track with two tempos would be in two folders, one of them wrong.
        return (text,)
    return tuple(sorted({*spot.current, text} - (from_imports - {text})))


def _is_news(spot: _Spot, column: MixxxColumn, row: KnownRow) -> bool | None:
    """Whether the value of a row was made in Mixxx since the last import; None where nothing tells."""
    verdict = _is_news_without_tags(spot, column, row)
    if verdict is not None:
        return verdict
    (text,) = row.has(spot.name)
    tagged = None if spot.tags is None else spot.tags.get(spot.name, _NONE)
    if row.had(spot.name) is not None:
        # It has changed since the last import: only the tags could tell that nobody made it.
        return not spot.agree(text, tagged or _NONE)
    if not tagged and column.origin is Origin.TAGS and text in _texts_of_file_name(row):
        return False
    return None if tagged is None else not spot.agree(text, tagged)


def _texts_of_file_name(row: KnownRow) -> set[str]:
    """What Mixxx takes for artist and title from the name of a file that has no tags."""
    name = row.now.location.rpartition("/")[2].replace("_", " ")
    stem = name.rpartition(".")[0] or name
    return {piece.strip() for piece in (stem, *stem.split("-"))}


def _is_news_without_tags(spot: _Spot, column: MixxxColumn, row: KnownRow) -> bool | None:
    """The same before the tags are read; None where they tell."""
    has, had = row.has(spot.name), row.had(spot.name)
    if not has or has == had:
        # Also where git-annex has no value any more: somebody has removed it there.
        return bool(has) and spot.rules.prefer is Prefer.MIXXX
    if spot.rules.prefer is Prefer.MIXXX:
        return True
    is_analysed = column.origin is Origin.ANALYSIS and not row.now.is_locked
    may_be_tag = column.origin is Origin.TAGS or is_analysed
    if had is not None:
        # An analysis begins anew for a file that was renamed; what an earlier row had may be corrected.
        if is_analysed and not had and spot.current and _has_predecessor(spot, row):
            return False
        # Mixxx may have read the tags once more. They only win over what this row itself had supplied.
        is_ours = set(row.supplied(spot.name)).issuperset(spot.current)
        return None if may_be_tag and not is_ours and not spot.agree(has[0], spot.current) else True
    # Mixxx begins a row without a rating: if a new row has one, somebody made it, also if it is that of a row
    # of long ago. But what an older row had may have been copied from another database.
    by_hand = column.origin is Origin.USER
    earlier = [
        record
        for record in spot.earlier(row)
        if not (by_hand and record.source_id == spot.rules.source_id)
    ]
    if any(set(has) <= set(record.seen.get(spot.name) or ()) for record in earlier):
        return False
    if not spot.current:
        return True
    if spot.agree(has[0], spot.current):
        return False
    if spot.rules.prefer is Prefer.ANNEX and not spot.from_imports().issuperset(spot.current):
        return False
    if column.origin is Origin.USER or (column.origin is Origin.ANALYSIS and row.now.is_locked):
        return True
    return False if is_analysed and _has_predecessor(spot, row) else None


def _has_predecessor(spot: _Spot, row: KnownRow) -> bool:
    """Whether another row had a value for this field at an earlier import."""
    return any(record.row_id and record.seen.get(spot.name) for record in spot.earlier(row))


def _disagreements(spot: _Spot, new: Values) -> Iterator[Disagreement]:
    """Where rows have different values, of which one can be right."""
    if len(spot.track.rows) < 2 or not isinstance(spot.column, MixxxColumn):
        return
    if spot.column.origin not in _EDITED:
        return
    texts = [t for row in spot.track.rows if not row.now.is_lost for t in row.has(spot.name)]
    if not texts:
        return
    if any(not spot.agree(text, (texts[0],)) for text in texts[1:]):
        others = {text for text in texts if not spot.agree(text, new)}
        yield Disagreement(spot.name, new, tuple(sorted(others)))
