"""The AST of a query: terms, and how they combine. Frozen and hashable, so that equal queries are equal.

The parser makes it from text, `canonical.py` writes it as text, and `sql/` decides which tracks it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

# Jinja2 is slow to load, and a query that is read from text has no templates.
if TYPE_CHECKING:
    from mcfs.template import Template

from mcfs.fields import field_named


@dataclass(frozen=True, slots=True)
class Contains:
    """A value contains this folded text."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Equals:
    """The whole of a value is this folded text."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class ContainsAt:
    """A value contains this folded text at its beginning, at its end, or as whole words.

    At beginning and end at once is `Equals`.
    """

    field: str
    text: str
    at_start: bool = False
    at_end: bool = False
    words: bool = False


@dataclass(frozen=True, slots=True)
class RegularExpression:
    """A regular expression finds something in a value; it is as written, and has no mistake."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class InFolder:
    """A file is in this folder or below it: the folded path under the library's top."""

    folder: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The track has no value."""

    field: str


@dataclass(frozen=True, slots=True)
class Between:
    """A number is in this range. None is no bound; an open bound does not belong to the range."""

    field: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    @property
    def finds_missing(self) -> bool:
        """Whether tracks without a value match too: a track without a rating has a rating of zero."""
        return field_named(self.field).zero_finds_none and self._includes(0)

    def _includes(self, number: float) -> bool:
        above = self.low is None or self.low < number or (self.low == number and not self.low_open)
        below = (
            self.high is None or self.high > number or (self.high == number and not self.high_open)
        )
        return above and below


@dataclass(frozen=True, slots=True)
class Tempo:
    """A tempo, as Mixxx searches for it. `bpm` is as written: its decimals say how precise it is.

    Its half and its double match too, unless `exact`. `near` means all tempos that a pitch fader reaches.
    """

    bpm: str
    exact: bool = False
    near: bool = False


@dataclass(frozen=True, slots=True)
class InKey:
    """A musical key by its number, in any notation; with `mixes`, all keys that mix with it."""

    number: int
    mixes: bool = False


@dataclass(frozen=True, slots=True)
class DateBetween:
    """From the first day of one span to the last day of another; an open span does not belong to the range.

    A span is canonical text: "2025", "2025-06-30", "-7d". Which days it means depends on today.
    """

    field: str
    low: str | None = None
    high: str | None = None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag is yes or no: the content is here (`present`), the track is a live recording (`live`)."""

    field: str
    yes: bool = True


@dataclass(frozen=True, slots=True)
class AnnexKeys:
    """The track has one of these annex keys."""

    annex_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InSnapshot:
    """The track is in the snapshot of this name.

    Which tracks those are is looked up before the query is compiled (`sql/bound_query.py`).
    """

    name: str


@dataclass(frozen=True, slots=True)
class ValueIs:
    """A template renders to this text (folded).

    Which tracks those are depends on the library too: a query is bound to them before it is compiled
    (`sql/bound_query.py`).
    """

    template: Template
    text: str


@dataclass(frozen=True, slots=True)
class Cut:
    """The track is among the first tracks of a query with a limit; for folders inside such a folder."""

    query: Query


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not match. Tracks without the field match."""

    term: Term


@dataclass(frozen=True, slots=True)
class And:
    """All terms match. A set: their order and repetitions make no difference."""

    terms: frozenset[Term] = frozenset()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the terms matches."""

    terms: frozenset[Term]


Leaf = (
    Contains
    | Equals
    | ContainsAt
    | RegularExpression
    | InFolder
    | Missing
    | Between
    | Tempo
    | InKey
    | DateBetween
    | Flag
    | AnnexKeys
    | InSnapshot
    | ValueIs
    | Cut
)
Term = Leaf | Not | And | Or


@dataclass(frozen=True, slots=True)
class Sort:
    """Sort by a field. Tracks without a value come last, in both directions."""

    field: str
    descending: bool = False
    # By the dates that the values are: of a field that only the library has, the name does not say that.
    as_dates: bool = False


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Sort by a hash of seed and annex key: new tracks do not change the order of the others."""

    seed: str


@dataclass(frozen=True, slots=True)
class AsTaken:
    """In the order of the snapshot that the query names; of several, of the first in the alphabet."""


OrderKey = Sort | Shuffle | AsTaken
Order = tuple[OrderKey, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """Filter, then sort, then cut. Without terms it finds every track, without an order it sorts by name."""

    where: Term = And()
    order: Order = ()
    limit: int | None = None

    def refined(self, by: Query) -> Query:
        """The query of a folder inside this query's folder. It never finds more tracks.

        Below a limit, the other query filters the tracks within that limit. Its order replaces this one.
        """
        inside: Term = self.where if self.limit is None else Cut(self)
        return Query(all_of(inside, by.where), by.order or self.order, by.limit)


ALL = Query()


def all_of(*terms: Term) -> Term:
    """A term that matches where all of these do; nested ones are flattened."""
    flat: set[Term] = set()
    for term in terms:
        flat |= term.terms if isinstance(term, And) else {term}
    return next(iter(flat)) if len(flat) == 1 else And(frozenset(flat))


def any_of(*terms: Term) -> Term:
    """A term that matches where one of these does; nested ones are flattened."""
    flat: set[Term] = set()
    for term in terms:
        flat |= term.terms if isinstance(term, Or) else {term}
    return next(iter(flat)) if len(flat) == 1 else Or(frozenset(flat))


def ordering_snapshot(term: Term) -> str | None:
    """The snapshot whose order a query has that says no other: all its tracks are in that snapshot.

    None where there is no such snapshot.
    """
    match term:
        case InSnapshot(name):
            return name
        case And(terms):
            names = (ordering_snapshot(inner) for inner in terms)
            return min((name for name in names if name is not None), default=None)
        case Cut(query):
            return ordering_snapshot(query.where)
        case _:
            return None


def leaves(term: Term) -> Iterator[Leaf]:
    """Every leaf of a term, those inside cuts included."""
    match term:
        case And(terms) | Or(terms):
            for inner in terms:
                yield from leaves(inner)
        case Not(inner):
            yield from leaves(inner)
        case Cut(query):
            yield term
            yield from leaves(query.where)
        case _:
            yield term


def is_relative_to_today(query: Query) -> bool:
    """Whether it finds other tracks after midnight."""
    return any(
        isinstance(leaf, DateBetween)
        and any(end and end.startswith("-") for end in (leaf.low, leaf.high))
        for leaf in leaves(query.where)
    )


def hiding_absent(query: Query) -> Query:
    """The query without tracks whose content is not here, before any cut. `present:` in it overrides this."""
    if any(isinstance(leaf, Flag) and leaf.field == "present" for leaf in leaves(query.where)):
        return query
    return _hiding(query)


def _hiding(query: Query) -> Query:
    return replace(query, where=all_of(_changed(query.where, _hidden_inside), Flag("present")))


def _hidden_inside(leaf: Leaf) -> Term:
    return Cut(_hiding(leaf.query)) if isinstance(leaf, Cut) else leaf


def _changed(term: Term, change: Callable[[Leaf], Term]) -> Term:
    """The same term with `change` applied to every leaf; a cut is one leaf."""
    match term:
        case And(terms):
            return all_of(*(_changed(inner, change) for inner in terms))
        case Or(terms):
            return any_of(*(_changed(inner, change) for inner in terms))
        case Not(inner):
            return Not(_changed(inner, change))
        case _:
            return change(term)
