"""A query in words, one line a term.

Owns the words only. What a term means is decided in `sql/`: where the two differ, these words are wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import assert_never

from mcfs.fields import Field, field_named
from mcfs.fields.amounts import Interval
from mcfs.fields.dates import days_of
from mcfs.fields.kinds import Number, RawText
from mcfs.fields.tempo import bpm_ranges
from mcfs.query import (
    And,
    AnnexKeys,
    AsTaken,
    Between,
    Contains,
    ContainsAt,
    Cut,
    DateBetween,
    Equals,
    Flag,
    InFolder,
    InKey,
    InSnapshot,
    Missing,
    Not,
    Or,
    Query,
    RegularExpression,
    Shuffle,
    Sort,
    Tempo,
    Term,
    ValueIs,
    foreign_operators,
    format_term,
    ordering_snapshot,
    unscoped_words,
)
from mcfs.text.musical_keys import lancelot, mixes_with
from mcfs.text.numbers import number_text
from mcfs.text.regular_expressions import is_exact


def query_remarks(text: str) -> Iterator[str]:
    """What in a query text may not mean what its author thinks."""
    for field, word, instead in unscoped_words(text):
        yield (
            f'"|" always means OR: "{word}" is searched in all text, not in {field}; '
            f"for that, write {instead}"
        )
    yield from foreign_operators(text)


def describe_query(query: Query, day: date) -> Iterator[str]:
    """The query line by line; the terms of a group are indented. `day` is today."""
    match query.where:
        case And(terms) if not terms:
            yield "every track"
        case And(terms):
            for term in _sorted(terms):
                yield from _term(term, day)
        case term:
            yield from _term(term, day)
    yield from _order(query)


def _order(query: Query) -> Iterator[str]:
    for index, key in enumerate(query.order):
        then = "then " if index else "ordered "
        match key:
            case Sort(field, descending):
                direction = ", highest first" if descending else ""
                yield f"{then}by {field}{direction}; tracks without it last"
            case Shuffle(seed):
                yield f'{then}at random, always the same for "{seed}"'
            case AsTaken():
                yield f"ordered as in the snapshot {ordering_snapshot(query.where)}"
            case unreachable:
                assert_never(unreachable)
    if query.limit is not None:
        by_name = "" if query.order else " by name"
        yield f"only the first {query.limit}{by_name}"


def _sorted(terms: Iterable[Term]) -> list[Term]:
    return sorted(terms, key=format_term)


def _term(term: Term, day: date) -> Iterator[str]:
    match term:
        case And(terms):
            yield "all of these:"
            for inner in _sorted(terms):
                yield from _indented(_term(inner, day))
        case Or(terms):
            yield "at least one of these:"
            for inner in _sorted(terms):
                yield from _indented(_term(inner, day))
        case Not(Missing(field)):
            yield f"has {field}"
        case Not(inner):
            first, *rest = _term(inner, day)
            yield f"not: {first}{_without_value(inner)}"
            yield from rest
        case Cut(query):
            yield "among these:"
            yield from _indented(describe_query(query, day))
        case _:
            yield _leaf(term, day)


def _without_value(term: Term) -> str:
    """What a NOT does with tracks without a value: it keeps them, which may surprise."""
    match term:
        case Contains(field) | Equals(field) | ContainsAt(field) | RegularExpression(field) if (
            field != "any"
        ):
            return f" (keeps tracks without {field})"
        case Between(field) if term.finds_missing:
            return f" (removes tracks without {field} too)"
        case Between(field) | DateBetween(field):
            return f" (keeps tracks without {field})"
        case Tempo():
            return " (keeps tracks without bpm)"
        case InKey():
            return " (keeps tracks without key)"
        case _:
            return ""


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _leaf(
    term: Contains
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
    | ValueIs,
    day: date,
) -> str:
    match term:
        case Contains(field, text):
            return f'{_field_names(field)} contains "{text}"'
        case Equals(field, text):
            return f'{_field_names(field)} is "{text}", the whole value'
        case ContainsAt(field, text):
            return f'{_field_names(field)} {_placed(term)} "{text}"'
        case RegularExpression(field, pattern):
            how = (
                "with its case and accents"
                if is_exact(pattern)
                else "whatever its case and accents"
            )
            return f"{_field_names(field)} fits the regular expression {pattern} ({how})"
        case InFolder(folder):
            return f'a file is in the folder "{folder}" or below it'
        case Missing(field):
            return f"has no {field}"
        case Between():
            return _between(term) + (", or none" if term.finds_missing else "")
        case Tempo(bpm, exact, near):
            return _tempo(bpm, exact, near)
        case InKey(number, mixes):
            if mixes:
                keys = " ".join(map(lancelot, mixes_with(number)))
                return f"key mixes with {lancelot(number)}: {keys}, in any notation"
            return f"key {lancelot(number)}, in any notation"
        case DateBetween():
            return _days(term, day)
        case Flag("present", yes):
            return "content is here" if yes else "content is not here"
        case Flag(_, yes):
            return "a live recording" if yes else "no live recording"
        case AnnexKeys(annex_keys):
            return f"one of {len(annex_keys)} tracks"
        case InSnapshot(name):
            return f"in the snapshot {name}"
        case ValueIs(template, text):
            return f'{template.text} is "{text}"'
        case unreachable:
            assert_never(unreachable)


def _placed(term: ContainsAt) -> str:
    verb = "begins with" if term.at_start else "ends with" if term.at_end else "contains"
    if not term.words:
        return verb
    return f"{verb} the {'words' if ' ' in term.text else 'word'}"


def _field_names(name: str) -> str:
    """The fields that a term searches, in words."""
    field = field_named(name)
    names = [] if not field.has_values else [_in_words(field)]
    names += (_in_words(field_named(other)) for other in field.also_searches)
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _in_words(field: Field) -> str:
    if isinstance(field.kind, RawText):
        return f'the annex field "{field.stored_names[0]}"'
    return field.label or field.name


def _tempo(bpm: str, exact: bool, near: bool) -> str:
    start = f"tempo near {bpm}: " if near else f"tempo {bpm}: "
    itself, *others = map(_span, bpm_ranges(bpm, exact=exact, near=near))
    if not others:
        return f"{start}{itself}, without half and double"
    half, double = others
    return f"{start}{itself}, its half {half}, its double {double}"


def _span(span: Interval) -> str:
    return f"{number_text(span.low, 4)} {'up to' if span.high_open else 'to'} {number_text(span.high, 4)}"


def _between(term: Between) -> str:
    def shown(number: float) -> str:
        return _amount(term.field, number)

    low, high = term.low, term.high
    if low is None:
        assert high is not None
        return f"{term.field} {'below' if term.high_open else 'at most'} {shown(high)}"
    if high is None:
        return f"{term.field} {'above' if term.low_open else 'at least'} {shown(low)}"
    if low == high:
        return f"{term.field} {shown(low)}"
    to = "up to" if term.high_open else "to"
    return f"{term.field} {shown(low)} {to} {shown(high)}"


def _amount(field: str, number: float) -> str:
    kind = field_named(field).kind
    return kind.describe(number) if isinstance(kind, Number) else number_text(number, 4)


def _days(term: DateBetween, day: date) -> str:
    first = last = None
    if term.low is not None:
        begins, after = days_of(term.low, day)
        first = after if term.low_open else begins
    if term.high is not None:
        begins, after = days_of(term.high, day)
        last = (
            (begins if term.high_open else after) - timedelta(days=1) if after.year > 1 else after
        )
    if first is None:
        return f"{term.field} on {last} or before"
    if last is None:
        return f"{term.field} on {first} or after"
    return f"{term.field} on {first}" if first == last else f"{term.field} {first} to {last}"
