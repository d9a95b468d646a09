"""A query apart from its words: its shape, and what its parameters are.

Owns what each term asks for: which fields, with which test. How that is said in SQL is `shapes.py`'s.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any, assert_never

from mcfs.fields.dates import days_of, start_of_day
from mcfs.fields.tempo import BpmRange, bpm_ranges
from mcfs.query import (
    And,
    AnnexKeys,
    Between,
    Contains,
    Cut,
    DateBetween,
    Equals,
    Flag,
    InKey,
    Kind,
    Members,
    Missing,
    Not,
    Or,
    Query,
    Shuffle,
    Sort,
    Tempo,
    Term,
    ValueIs,
    format_term,
    kind_of,
    sources,
)
from mcfs.schema.cache import DERIVED_COLUMNS
from mcfs.text.musical_keys import mixes_with
from mcfs.text.raw_text import is_utf8, stored_text

# Equal for all queries that are the same but for the words in them.
Shape = tuple[Any, ...]

_SHORTEST_TRIGRAM = 3
_ANY_VALUE: Shape = ("any",)
# Zero means "none" here: no tempo, no rating.
_ZERO_IS_NONE = frozenset({"bpm", "rating"})
_IN_COLUMNS = frozenset({"added", "changed", "size"})


def lowered(query: Query, today: date) -> tuple[Shape, dict[str, Any]]:
    """The shape of a query, and its parameters by name."""
    lowering = _Lowering(today)
    return lowering.query(query), lowering.parameters


@dataclass(slots=True)
class _Lowering:
    today: date
    parameters: dict[str, Any] = field(default_factory=dict)

    def named(self, value: Any) -> str:
        """The name of a new parameter."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return name

    def query(self, query: Query) -> Shape:
        """A whole query: filter, order, limit."""
        limit = None if query.limit is None else self.named(query.limit)
        return ("query", self.term(query.where), tuple(map(self.order, query.order)), limit)

    def order(self, order: Sort | Shuffle) -> Shape:
        """One key of the order."""
        match order:
            case Sort(name, descending):
                return ("sort", name, descending)
            case Shuffle(seed):
                return ("shuffle", self.named(stored_text(seed)))
            case unreachable:
                assert_never(unreachable)

    def term(self, term: Term) -> Shape:
        """One term."""
        match term:
            case And(terms):
                return ("and", *map(self.term, sorted(terms, key=_promise)))
            case Or(terms):
                return ("or", *map(self.term, sorted(terms, key=format_term)))
            case Not(inner):
                return ("not", self.term(inner))
            case Contains(name, text):
                return _has(name, self.contains(text))
            case Equals(name, text):
                return _has(name, ("equals", self.named(text)))
            case Missing(name):
                return self.missing(name)
            case Between():
                return self.between(term)
            case Tempo(bpm, exact, near):
                spans = bpm_ranges(bpm, exact=exact, near=near)
                return _has("bpm", ("or", *map(self.span, spans)))
            case InKey(number, mixes):
                numbers = mixes_with(number) if mixes else (number,)
                return _has("key", ("or", *(("=", self.named(float(n))) for n in numbers)))
            case DateBetween():
                return self.days(term)
            case Flag(name, yes):
                return ("flag", "present" if name == "present" else "is_live", yes)
            case AnnexKeys(annex_keys):
                return self.keys(annex_keys)
            case ValueIs(_, _, members):
                assert members is not None, "a value is asked for before its members are known"
                return self.members(members)
            case Cut(query):
                return ("cut", self.query(query))
            case unreachable:
                assert_never(unreachable)

    def keys(self, annex_keys: tuple[str, ...]) -> Shape:
        """One parameter for any number of keys; JSON has no word for those that are not UTF-8."""
        usual: list[str] = []
        unusual: list[Shape] = []
        for key in annex_keys:
            if is_utf8(key):
                usual.append(key)
            else:
                unusual.append(("=", self.named(key)))
        listed = ("keys", self.named(json.dumps(usual)))
        return ("or", listed, ("column", "annex_key", ("or", *unusual))) if unusual else listed

    def members(self, members: Members) -> Shape:
        """One parameter, however many there are."""
        listed: Shape = (members.of, self.named(members.ids))
        if not members.without:
            return listed
        return ("or", listed, ("not", ("has", members.without, _ANY_VALUE)))

    def contains(self, text: str) -> Shape:
        """By the trigram index, where the text has what that is made of."""
        kept = stored_text(text)
        if len(text) < _SHORTEST_TRIGRAM or isinstance(kept, bytes):
            return ("scan", self.named(kept))
        return ("trigram", self.named('"' + text.replace('"', '""') + '"'))

    def missing(self, name: str) -> Shape:
        """No value; for what is a number, none that is one."""
        if name in _IN_COLUMNS:
            return ("not", ("column", DERIVED_COLUMNS[name], _ANY_VALUE))
        if name in _ZERO_IS_NONE:
            return ("not", _has(name, (">", self.named(0.0))))
        is_number = kind_of(name) in (Kind.NUMBER, Kind.YEAR, Kind.DURATION)
        return ("not", _has(name, ("number",) if is_number else _ANY_VALUE))

    def between(self, term: Between) -> Shape:
        """A range of numbers."""
        low = ">" if term.low_open else ">="
        high = "<" if term.high_open else "<="
        bounds = [
            (comparison, self.named(bound))
            for comparison, bound in ((low, term.low), (high, term.high))
            if bound is not None
        ]
        if term.field in _IN_COLUMNS:
            return ("column", DERIVED_COLUMNS[term.field], ("and", _ANY_VALUE, *bounds))
        shape = _has(term.field, ("and", ("number",), *bounds))
        if counts_unrated(term):
            return ("or", shape, self.missing("rating"))
        return shape

    def span(self, span: BpmRange) -> Shape:
        """One of the tempos that a tempo means."""
        high = "<" if span.high_open else "<="
        return ("and", (">=", self.named(span.low)), (high, self.named(span.high)))

    def days(self, term: DateBetween) -> Shape:
        """Whole local days, as the moments at which they begin and end."""
        bounds: list[Shape] = [_ANY_VALUE]
        if term.low is not None:
            first, after = days_of(term.low, self.today)
            bounds.append((">=", self.named(start_of_day(after if term.low_open else first))))
        if term.high is not None:
            first, after = days_of(term.high, self.today)
            bounds.append(("<", self.named(start_of_day(first if term.high_open else after))))
        return ("column", DERIVED_COLUMNS[term.field], ("and", *bounds))


def _promise(term: Term) -> tuple[int, str]:
    """What is likely to leave few tracks comes first, and is what SQLite then starts from.

    The text makes it one order, whatever order a set has: equal queries have equal statements.
    """
    return next((rank for rank, kinds in enumerate(_PROMISING) if isinstance(term, kinds)), 9), (
        format_term(term)
    )


_PROMISING = (
    (AnnexKeys, Cut),
    (Equals, Contains, InKey, ValueIs),
    (Tempo,),
    (Between, Missing, Or),
)


def _has(name: str, test: Shape) -> Shape:
    return ("has", sources(name), test)


def counts_unrated(term: Between) -> bool:
    """A rating of zero is none, so that a range of ratings with zero in it takes in the tracks without."""
    if term.field != "rating":
        return False
    above = term.low is None or term.low < 0 or (term.low == 0 and not term.low_open)
    below = term.high is None or term.high > 0 or (term.high == 0 and not term.high_open)
    return above and below
