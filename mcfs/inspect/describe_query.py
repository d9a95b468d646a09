"""A query in words, one line a term.

Owns the words only. What a term means is decided in `sql/`: where the two differ, these words are wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import assert_never

from mcfs.fields.dates import days_of
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
from mcfs.sql.lowering import counts_unrated
from mcfs.text.musical_keys import lancelot, mixes_with

# `genre:techno|house`: a second value without a field.
_ALTERNATIVE = re.compile(
    r'(?<![\w~"])(?P<field>[^\W\d][\w.-]*)[:=]=?(?P<one>[^\s|"()]+)\|(?P<two>[^\s|"():=~-][^\s|"():=]*)'
    r"(?=[\s|)]|$)"
)


def query_remarks(text: str) -> Iterator[str]:
    """What in a query text may not mean what its author thinks."""
    unquoted = re.sub(r'"[^"]*("|$)', lambda quoted: "\0" * len(quoted.group()), text)
    for found in _ALTERNATIVE.finditer(unquoted):
        field, one, two = found.group("field", "one", "two")
        yield (
            f'"|" always means OR: "{two}" is searched in all text, not in {field}; '
            f"for that, write {field}:{one}|{field}:{two}"
        )


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
        case Contains(field) | Equals(field) if field != "any":
            return f" (keeps tracks without {field})"
        case Between("rating") if counts_unrated(term):
            return " (removes tracks without rating too)"
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
    | Missing
    | Between
    | Tempo
    | InKey
    | DateBetween
    | Flag
    | AnnexKeys
    | ValueIs,
    day: date,
) -> str:
    match term:
        case Contains(field, text):
            return f'{_field_names(field)} contains "{text}"'
        case Equals(field, text):
            return f'{_field_names(field)} is "{text}", the whole value'
        case Missing(field):
            return f"has no {field}"
        case Between():
            return _between(term) + (", or none" if counts_unrated(term) else "")
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
            return f"one of {len(annex_keys)} tracks of a snapshot"
        case ValueIs(template, text):
            return f'{template.text} is "{text}"'
        case unreachable:
            assert_never(unreachable)


_NAMES = {
    "/location": "work path",
    "/directory": "folder",
    "/type": "file type",
    "albumartist": "album artist",
}


def _field_names(field: str) -> str:
    """The fields that a term searches, in words."""
    names = [
        _NAMES.get(name, f'the annex field "{name}"' if field.startswith("meta.") else name)
        for name in sources(field)
        if name != "album_artist"
    ]
    # Programs spell some number fields in several ways: one name is enough.
    names = names[:1] if kind_of(field) is Kind.NUMBER else names
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _tempo(bpm: str, exact: bool, near: bool) -> str:
    start = f"tempo near {bpm}: " if near else f"tempo {bpm}: "
    itself, *others = map(_span, bpm_ranges(bpm, exact=exact, near=near))
    if not others:
        return f"{start}{itself}, without half and double"
    half, double = others
    return f"{start}{itself}, its half {half}, its double {double}"


def _span(span: BpmRange) -> str:
    return f"{_number(span.low)} {'up to' if span.high_open else 'to'} {_number(span.high)}"


def _number(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


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
    match kind_of(field):
        case Kind.DURATION if number.is_integer():
            minutes, seconds = divmod(int(number), 60)
            return f"{minutes}:{seconds:02}"
        case Kind.SIZE:
            return f"{int(number)} bytes{_in_units(number)}"
        case _:
            return _number(number)


def _in_units(number: float) -> str:
    for unit, power in (("G", 3), ("M", 2), ("k", 1)):
        if number >= 1024**power:
            return f" ({_number(round(number / 1024**power, 2))}{unit})"
    return ""


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
