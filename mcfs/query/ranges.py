"""Ranges in a query: `bpm:120-130`, `rating:>=4`, `added:2024..2025`.

Owns the forms that ranges of numbers and ranges of days share: `<`, `<=`, `>`, `>=`, `=`, `A-B`, `A..B`,
`A..` and `..B`, and `""` for no value. One end alone is read by the kind of the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mcfs.errors import QueryError
from mcfs.fields import RAW_PREFIX, Field, amounts
from mcfs.fields.amounts import Interval
from mcfs.fields.dates import canonical_date, with_canonical_days
from mcfs.fields.kinds import Number
from mcfs.query.terms import Between, DateBetween, Missing, Term
from mcfs.query.written_term import WrittenTerm

_COMPARED = re.compile(r"(<=|>=|<|>|=)(.*)", re.DOTALL)
# `3+` and `3-`, as Mixxx writes "at least" and "at most".
_SIGNS = {"+": ">=", "-": "<="}


def is_number_range(value: str) -> bool:
    """Whether a value is written as only ranges of numbers are: `>5`, `1..9`, `..9`."""
    compared = _COMPARED.fullmatch(value)
    if compared and compared.group(1) != "=":
        return True
    low, dots, high = value.partition("..")
    ends = [end for end in (low, high) if end]
    return bool(dots and ends) and all(amounts.plain(end) for end in ends)


def number_term(field: Field, kind: Number, written: WrittenTerm) -> Term:
    """A range of numbers, or all numbers that one amount stands for."""
    name = field.compares or field.name
    value = written.value
    if not value:
        return Missing(name)

    def interval(read: Callable[[str], Interval | None], digits: str) -> Interval:
        found = read(digits)
        if found is None:
            raise _no_number(field, kind, written, digits)
        return found

    operator, digits = _operator(value)
    if operator:
        found = interval(kind.read_bound, digits)
        match operator:
            case "<":
                return Between(name, high=found.low, high_open=True)
            case "<=":
                return Between(name, high=found.high, high_open=found.high_open)
            case ">":
                return Between(name, low=found.high, low_open=not found.high_open)
            case _:
                return Between(name, low=found.low)
    value = digits
    alone = kind.read(value)
    if alone is not None:
        return Between(name, alone.low, alone.high, high_open=alone.high_open)
    low, high = _ends(value, kind.read_bound)
    if not low and not high:
        raise _no_number(field, kind, written, value)
    first = interval(kind.read_bound, low).low if low else None
    if not high:
        return Between(name, low=first)
    last = interval(kind.read_bound, high)
    if first is not None and last.low < first:
        raise written.error("this range is the wrong way round", f"write {field.name}:{high}-{low}")
    # To the end of what was written: `duration:1:00-1:30` goes on until just before 1:31.
    return Between(name, first, last.high, high_open=last.high_open)


def _operator(value: str) -> tuple[str, str]:
    """How an amount or a day is compared (empty: not at all, `=` only says so), and what remains."""
    if compared := _COMPARED.fullmatch(value):
        operator, value = compared.groups()
        if operator != "=":
            return operator, value
    operator = _SIGNS.get(value[-1:], "")
    return (operator, value[:-1]) if operator and len(value) > 1 else ("", value)


def _no_number(field: Field, kind: Number, written: WrittenTerm, digits: str) -> QueryError:
    return written.error(
        f'"{digits}" is no {kind.noun}' if digits else f"a number is missing after {field.name}",
        f"write for example {kind.example(field.name)}",
    )


def date_term(field: Field, written: WrittenTerm) -> Term:
    """A range of days, or all days of one span."""
    name, value = field.name, written.value
    if not value:
        return Missing(name)

    def span(text: str) -> str:
        found = canonical_date(text)
        if found is None:
            raise _no_date(field, written, text)
        return found

    operator, days = _operator(value)
    if operator:
        found = span(days)
        match operator:
            case "<":
                return DateBetween(name, high=found, high_open=True)
            case "<=":
                return DateBetween(name, high=found)
            case ">":
                return DateBetween(name, low=found, low_open=True)
            case _:
                return DateBetween(name, low=found)
    alone = canonical_date(days)
    if alone is not None:
        if alone.startswith("-") and days == value:
            raise written.error(
                f'"{value}" is one day only', f"write {name}:>{value} for all the days since"
            )
        return DateBetween(name, alone, alone)
    low, high = _ends(days, canonical_date)
    first, last = canonical_date(low), canonical_date(high)
    if not (low or high) or (low and not first) or (high and not last):
        raise _no_date(field, written, days)
    if first and last and _is_reversed(first, last):
        raise written.error("this range is the wrong way round", f"write {name}:{high}..{low}")
    return DateBetween(name, first, last)


def _no_date(field: Field, written: WrittenTerm, value: str) -> QueryError:
    meant = with_canonical_days(written.value)
    example = f"for example {field.kind.example(field.name)}"
    right = example if meant == written.value else f"{field.name}:{meant}"
    # Of a field that holds its dates as text, some values may be other text.
    other = "" if field.is_derived else f"; {RAW_PREFIX}{field.name}: searches its text"
    return written.error(f'"{value}" is no date', f"write {right}{other}")


def _is_reversed(first: str, last: str) -> bool:
    """Compares two spans of one unit only: "2025-06" lies inside of "2025" and not before it."""
    if first.startswith("-") or last.startswith("-"):
        if first[-1] != last[-1] or not (first.startswith("-") and last.startswith("-")):
            return False
        return int(first[1:-1]) < int(last[1:-1])
    width = min(len(first), len(last))
    return last[:width] < first[:width]


def _ends(value: str, read: Callable[[str], object]) -> tuple[str, str]:
    """The two ends of a range. A `-` can be part of an end: the one that divides makes both readable."""
    low, dots, high = value.partition("..")
    if dots:
        return low, high
    places = [
        place for place, char in enumerate(value) if char == "-" and 0 < place < len(value) - 1
    ]
    for place in places:
        if read(value[:place]) and read(value[place + 1 :]):
            return value[:place], value[place + 1 :]
    return (value[: places[0]], value[places[0] + 1 :]) if places else ("", "")
