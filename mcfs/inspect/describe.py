"""A query in words, line by line, as somebody would say it who knows what each term does.

Owns the wording. What a term means is `sql/`'s to know; where the two differ, this one is wrong.
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

_ALTERNATIVE = re.compile(
    r'(?<![\w~"])(?P<field>[^\W\d][\w.-]*)[:=]=?(?P<one>[^\s|"()]+)\|(?P<two>[^\s|"():=~-][^\s|"():=]*)'
    r"(?=[\s|)]|$)"
)


def remarks(text: str) -> Iterator[str]:
    """What reads otherwise than it looks."""
    bare = re.sub(r'"[^"]*("|$)', lambda quoted: "\0" * len(quoted.group()), text)
    for found in _ALTERNATIVE.finditer(bare):
        field, one, two = found.group("field", "one", "two")
        yield (
            f'"|" means OR anywhere: "{two}" is looked for in all text, not in {field}; '
            f"for that write {field}:{one}|{field}:{two}"
        )


def in_words(query: Query, day: date) -> Iterator[str]:
    """The query line by line, what belongs together indented."""
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
    for place, key in enumerate(query.order):
        then = "then " if place else "ordered "
        match key:
            case Sort(field, descending):
                way = ", highest first" if descending else ""
                yield f"{then}by {field}{way}; tracks without it last"
            case Shuffle(seed):
                yield f'{then}by lot, always the same for "{seed}"'
            case unreachable:
                assert_never(unreachable)
    if query.limit is not None:
        by_name = "" if query.order else " by name"
        yield f"the first {query.limit}{by_name} of them"


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
            yield f"not: {first}{_kept(inner)}"
            yield from rest
        case Cut(query):
            yield "among these:"
            yield from _indented(in_words(query, day))
        case _:
            yield _leaf(term, day)


def _kept(term: Term) -> str:
    """A NOT keeps what has no value, which not everybody expects."""
    match term:
        case Contains(field) | Equals(field) if field != "any":
            return f" (tracks without {field} stay)"
        case Between("rating") if counts_unrated(term):
            return " (tracks without rating go too)"
        case Between(field) | DateBetween(field):
            return f" (tracks without {field} stay)"
        case Tempo():
            return " (tracks without bpm stay)"
        case InKey():
            return " (tracks without key stay)"
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
            return f'{_asked(field)} contains "{text}"'
        case Equals(field, text):
            return f'{_asked(field)} is "{text}", the whole value'
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
        case ValueIs(template, text, _):
            return f'{template} is "{text}"'
        case unreachable:
            assert_never(unreachable)


_CALLED = {
    "/location": "work path",
    "/directory": "folder",
    "/type": "file type",
    "albumartist": "album artist",
}


def _asked(field: str) -> str:
    """The fields that a name looks into, in words."""
    names = [
        _CALLED.get(name, f'the annex field "{name}"' if field.startswith("meta.") else name)
        for name in sources(field)
        if name != "album_artist"
    ]
    # Programs spell some fields in two ways; that is no news to anybody.
    names = names[:1] if kind_of(field) is Kind.NUMBER else names
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _tempo(bpm: str, exact: bool, near: bool) -> str:
    said = f"tempo near {bpm}: " if near else f"tempo {bpm}: "
    itself, *others = map(_span, bpm_ranges(bpm, exact=exact, near=near))
    if not others:
        return f"{said}{itself}, without half and double"
    half, double = others
    return f"{said}{itself}, its half {half}, its double {double}"


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
