"""The AST: what a query is once it is read. Frozen and hashable, so that equal questions are equal.

Owns the shapes and how they combine. Text becomes them in `parser.py`, they become text in
`canonical.py`, and their only meaning is in `sql/`.
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
    """A value holds this text (folded) somewhere."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Equals:
    """A value is this text (folded), whole."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no value."""

    field: str


@dataclass(frozen=True, slots=True)
class Between:
    """A number lies here; None is no bound, `*_open` leaves the bound itself out."""

    field: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    @property
    def finds_missing(self) -> bool:
        """Whether tracks without a value belong to it: those without a rating are rated zero."""
        return field_named(self.field).zero_finds_none and self._includes(0)

    def _includes(self, number: float) -> bool:
        above = self.low is None or self.low < number or (self.low == number and not self.low_open)
        below = (
            self.high is None or self.high > number or (self.high == number and not self.high_open)
        )
        return above and below


@dataclass(frozen=True, slots=True)
class Tempo:
    """A tempo as DJs mean it: `bpm` as written, which says how precise it is meant.

    Half and double of it count too, unless it is `exact`; `near` is as far as a pitch fader goes.
    """

    bpm: str
    exact: bool = False
    near: bool = False


@dataclass(frozen=True, slots=True)
class InKey:
    """A musical key by number, in whatever notation; with `mixes`, all that mix with it."""

    number: int
    mixes: bool = False


@dataclass(frozen=True, slots=True)
class DateBetween:
    """From the start of one span of days to the end of another; `*_open` leaves the span itself out.

    A span is as written: "2025", "2025-06-30", "-7d". What day that is, is known when it is asked.
    """

    field: str
    low: str | None = None
    high: str | None = None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """Whether the content is here (`present`), or the track a live recording (`live`)."""

    field: str
    yes: bool = True


@dataclass(frozen=True, slots=True)
class AnnexKeys:
    """One of these annex keys: what a snapshot is."""

    annex_keys: tuple[str, ...]


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
    """Is among the first tracks of a query with a limit: a folder inside such a folder."""

    query: Query


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold, of tracks without the field too."""

    term: Term


@dataclass(frozen=True, slots=True)
class And:
    """All of them hold. A set: neither order nor saying one twice makes another query."""

    terms: frozenset[Term] = frozenset()


@dataclass(frozen=True, slots=True)
class Or:
    """One of them holds."""

    terms: frozenset[Term]


Leaf = (
    Contains
    | Equals
    | Missing
    | Between
    | Tempo
    | InKey
    | DateBetween
    | Flag
    | AnnexKeys
    | ValueIs
    | Cut
)
Term = Leaf | Not | And | Or


@dataclass(frozen=True, slots=True)
class Sort:
    """By a field; tracks without it come last either way."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Shuffle:
    """By a hash of seed and annex key, so that what arrives does not stir what is there."""

    seed: str


Order = tuple[Sort | Shuffle, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """Filter, then sort, then cut. No term means every track, no order means by name."""

    where: Term = And()
    order: Order = ()
    limit: int | None = None

    def refined(self, by: Query) -> Query:
        """What a folder inside a folder means. Never adds a track.

        A cut stays what it was: what follows filters inside it. A later order replaces an earlier.
        """
        inside: Term = self.where if self.limit is None else Cut(self)
        return Query(all_of(inside, by.where), by.order or self.order, by.limit)


ALL = Query()


def all_of(*terms: Term) -> Term:
    """All of them, nested ones flattened."""
    flat: set[Term] = set()
    for term in terms:
        flat |= term.terms if isinstance(term, And) else {term}
    return next(iter(flat)) if len(flat) == 1 else And(frozenset(flat))


def any_of(*terms: Term) -> Term:
    """One of them, nested ones flattened."""
    flat: set[Term] = set()
    for term in terms:
        flat |= term.terms if isinstance(term, Or) else {term}
    return next(iter(flat)) if len(flat) == 1 else Or(frozenset(flat))


def leaves(term: Term) -> Iterator[Leaf]:
    """Every leaf, those inside cuts too."""
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


def hiding_absent(query: Query) -> Query:
    """Only tracks whose content is here, before any cut; a query that speaks of presence decides itself."""
    if any(isinstance(leaf, Flag) and leaf.field == "present" for leaf in leaves(query.where)):
        return query
    return _hiding(query)


def _hiding(query: Query) -> Query:
    return replace(query, where=all_of(_changed(query.where, _hidden_inside), Flag("present")))


def _hidden_inside(leaf: Leaf) -> Term:
    return Cut(_hiding(leaf.query)) if isinstance(leaf, Cut) else leaf


def _changed(term: Term, change: Callable[[Leaf], Term]) -> Term:
    """The same term with every leaf changed; a cut is one leaf."""
    match term:
        case And(terms):
            return all_of(*(_changed(inner, change) for inner in terms))
        case Or(terms):
            return any_of(*(_changed(inner, change) for inner in terms))
        case Not(inner):
            return Not(_changed(inner, change))
        case _:
            return change(term)
