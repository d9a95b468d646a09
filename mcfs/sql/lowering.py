"""Splits a bound query into its shape and the values of its parameters.

Owns what each term asks for: which fields, with which test. `expressions.py` writes it in SQL.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import ParamSpec, TypeVar, assert_never, cast

from mcfs.fields import LOCATION, FieldTable, field_named, field_table
from mcfs.fields.amounts import Interval
from mcfs.fields.dates import days_of, start_of_day
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
    OrderKey,
    Query,
    RegularExpression,
    Shuffle,
    Sort,
    Tempo,
    Term,
    ValueIs,
    format_term,
    ordering_snapshot,
)
from mcfs.sql.bound_query import BoundQuery, Members
from mcfs.sql.shape import (
    AllOf,
    AllTests,
    AnyOf,
    AnyTest,
    AsListed,
    BeginsWith,
    ByField,
    ByShuffle,
    ColumnTest,
    Compare,
    Condition,
    ContainsPlaced,
    ContainsScan,
    ContainsTrigrams,
    EqualsText,
    FitsPattern,
    FlagIs,
    FolderInside,
    HasDate,
    HasNumber,
    HasText,
    InCut,
    IsSet,
    KeyIn,
    NotEmpty,
    NotThat,
    NumberTest,
    Parameter,
    ParameterValue,
    QueryShape,
    SortKey,
    TextTest,
    TrackIn,
    ValueIn,
)
from mcfs.text.musical_keys import mixes_with
from mcfs.text.raw_text import is_utf8, stored_text
from mcfs.text.regular_expressions import is_exact, searched_pattern

P = ParamSpec("P")
T = TypeVar("T")


def _cached(make: Callable[P, T]) -> Callable[P, T]:
    """The same function with a cache: few parts of shapes differ, and a new one takes three times as long."""
    return cast("Callable[P, T]", lru_cache(1000)(make))


_all_tests = _cached(AllTests)
_compare = _cached(Compare)
_contains_trigrams = _cached(ContainsTrigrams)
_equals_text = _cached(EqualsText)
_not_that = _cached(NotThat)
_query_shape = _cached(QueryShape)


@_cached
def _text_condition(table: FieldTable, name: str, test: TextTest) -> HasText:
    return HasText(table.searched(name), test)


@_cached
def _number_condition(table: FieldTable, name: str, test: NumberTest) -> HasNumber:
    return HasNumber(table.searched(name), test)


def _has_text(name: str, test: TextTest) -> HasText:
    return _text_condition(field_table(), name, test)


def _has_number(name: str, test: NumberTest) -> HasNumber:
    return _number_condition(field_table(), name, test)


_SHORTEST_TRIGRAM = 3
_NOT_EMPTY = NotEmpty()
_IS_SET = IsSet()


def lower(bound: BoundQuery) -> tuple[QueryShape, dict[Parameter, ParameterValue]]:
    """The shape of a query, and its parameters by name."""
    lowering = _Lowering(bound, {})
    return lowering.query(bound.query), lowering.parameters


@dataclass(slots=True)
class _Lowering:
    bound: BoundQuery
    parameters: dict[Parameter, ParameterValue]

    def parameter(self, value: ParameterValue) -> Parameter:
        """The name of a new parameter."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return name

    def query(self, query: Query) -> QueryShape:
        """A whole query: filter, order, limit."""
        limit = None if query.limit is None else self.parameter(query.limit)
        order = tuple(self.sort_key(key, query) for key in query.order) if query.order else ()
        return _query_shape(self.term(query.where), order, limit)

    def sort_key(self, order: OrderKey, query: Query) -> SortKey:
        """One key of the order of a query."""
        match order:
            case Sort(name, descending, as_dates):
                return ByField(name, descending, as_dates)
            case Shuffle(seed):
                return ByShuffle(self.parameter(stored_text(seed)))
            case AsTaken():
                snapshot = ordering_snapshot(query.where)
                assert snapshot is not None, "only a query that names a snapshot has this order"
                return AsListed(self.parameter(self.bound.members[InSnapshot(snapshot)].ids))
            case unreachable:
                assert_never(unreachable)

    def term(self, term: Term) -> Condition:
        """One term."""
        match term:
            case Contains() | Equals() | ContainsAt() | RegularExpression() | InFolder():
                return self.text(term)
            case And(terms):
                return AllOf(tuple(map(self.term, _most_selective_first(terms))))
            case Or(terms):
                return AnyOf(tuple(map(self.term, sorted(terms, key=format_term))))
            case Not(inner):
                return _not_that(self.term(inner))
            case Missing(name):
                return self.missing(name)
            case Between():
                return self.between(term)
            case Tempo(bpm, exact, near):
                spans = bpm_ranges(bpm, exact=exact, near=near)
                return _has_number("bpm", AnyTest(tuple(map(self.span, spans))))
            case InKey(number, mixes):
                return self.musical_key(number, mixes=mixes)
            case DateBetween():
                return self.days(term)
            case Flag(name, yes):
                return FlagIs(_derived_column(name), yes)
            case AnnexKeys(annex_keys):
                return self.keys(annex_keys)
            case ValueIs() | InSnapshot():
                return self.members(self.bound.members[term])
            case Cut(query):
                return InCut(self.query(query))
            case unreachable:
                assert_never(unreachable)

    def text(
        self, term: Contains | Equals | ContainsAt | RegularExpression | InFolder
    ) -> Condition:
        """One term of text."""
        match term:
            case Contains(name, text):
                return _has_text(name, self.contains(text))
            case Equals(name, text):
                return _has_text(name, _equals_text(self.parameter(text)))
            case ContainsAt():
                return self.contains_at(term)
            case RegularExpression(name, pattern):
                test = FitsPattern(self.parameter(searched_pattern(pattern)), is_exact(pattern))
                return _has_text(name, test)
            case InFolder(folder):
                path = self.parameter(stored_text(folder))
                return _has_text("in", FolderInside(self.begins_with(folder), path))
            case unreachable:
                assert_never(unreachable)

    def keys(self, annex_keys: tuple[str, ...]) -> Condition:
        """One parameter for any number of keys; JSON cannot write those that are not UTF-8."""
        utf8: list[str] = []
        others: list[NumberTest] = []
        for key in annex_keys:
            if is_utf8(key):
                utf8.append(key)
            else:
                others.append(_compare("=", self.parameter(key)))
        listed = KeyIn(self.parameter(json.dumps(utf8)))
        if not others:
            return listed
        return AnyOf((listed, ColumnTest("annex_key", AnyTest(tuple(others)))))

    def members(self, members: Members) -> Condition:
        """One parameter, however many there are."""
        ids = self.parameter(members.ids)
        listed = ValueIn(ids) if members.of == "values" else TrackIn(ids)
        if not members.without:
            return listed
        return AnyOf((listed, _not_that(HasText(members.without, _NOT_EMPTY))))

    def contains(self, text: str) -> ContainsTrigrams | ContainsScan:
        """By the trigram index, if the text is long enough to have trigrams."""
        stored = stored_text(text)
        if len(text) < _SHORTEST_TRIGRAM or isinstance(stored, bytes):
            return ContainsScan(self.parameter(stored))
        return _contains_trigrams(self.parameter('"' + text.replace('"', '""') + '"'))

    def contains_at(self, term: ContainsAt) -> Condition:
        """By the index of texts, if a beginning is asked for; work paths are not in it."""
        only_begins = term.at_start and not term.words
        if only_begins and LOCATION not in field_table().searched(term.field):
            return _has_text(term.field, self.begins_with(term.text))
        placed = ContainsPlaced(
            self.contains(term.text),
            self.parameter(stored_text(term.text)),
            term.at_start,
            term.at_end,
            term.words,
        )
        return _has_text(term.field, placed)

    def begins_with(self, text: str) -> BeginsWith:
        """The texts from this one up to the first that does not begin with it."""
        raw = text.encode("utf-8", "surrogateescape")
        # As bytes, UTF-8 has the order of its characters.
        after = raw.rstrip(b"\xff")
        after = after[:-1] + bytes([after[-1] + 1]) if after else b""
        first_text, after_text = (text, _after(text)) if is_utf8(text) else ("", "")
        return BeginsWith(
            self.parameter(first_text),
            self.parameter(after_text),
            self.parameter(raw),
            self.parameter(after),
        )

    def musical_key(self, number: int, *, mixes: bool) -> Condition:
        """One key, or all that mix with it."""
        numbers = mixes_with(number) if mixes else (number,)
        tests = tuple(_compare("=", self.parameter(float(one))) for one in numbers)
        return _has_number("key", AnyTest(tests))

    def missing(self, name: str) -> Condition:
        """No value; of a field of numbers, none that is a number."""
        field = field_named(name)
        if field.derived_column is not None:
            return _not_that(ColumnTest(field.derived_column, _IS_SET))
        if field.zero_is_none:
            return _not_that(_has_number(name, _compare(">", self.parameter(0.0))))
        if field.kind.is_number:
            return _not_that(_has_number(name, _IS_SET))
        # Its own values only: an album artist is no artist. `any` has none, and asks all that it searches.
        own = field.stored_names or field_table().searched(name)
        return _not_that(HasText(own, _NOT_EMPTY))

    def between(self, term: Between) -> Condition:
        """A range of numbers."""
        tests: list[NumberTest] = [_IS_SET]
        if term.low is not None:
            tests.append(_compare(">" if term.low_open else ">=", self.parameter(term.low)))
        if term.high is not None:
            tests.append(_compare("<" if term.high_open else "<=", self.parameter(term.high)))
        in_range = _all_tests(tuple(tests))
        column = field_named(term.field).derived_column
        if column is not None:
            return ColumnTest(column, in_range)
        has = _has_number(term.field, in_range)
        return AnyOf((has, self.missing(term.field))) if term.finds_missing else has

    def span(self, span: Interval) -> NumberTest:
        """One of the tempos that a tempo means."""
        low = _compare(">=", self.parameter(span.low))
        return _all_tests(
            (low, _compare("<" if span.high_open else "<=", self.parameter(span.high)))
        )

    def days(self, term: DateBetween) -> Condition:
        """Whole local days: in a column of the track, the moments at which they begin and end."""
        first = end = None
        if term.low is not None:
            begins, after = days_of(term.low, self.bound.today)
            first = after if term.low_open else begins
        if term.high is not None:
            begins, after = days_of(term.high, self.bound.today)
            end = begins if term.high_open else after
        column = field_named(term.field).derived_column
        if column is None:
            return HasDate(
                field_table().searched(term.field),
                first=None
                if first is None
                else self.parameter(datetime.combine(first, time(), UTC)),
                end=None if end is None else self.parameter(datetime.combine(end, time(), UTC)),
                begins=None if first is None else self.parameter(start_of_day(first)),
                ends=None if end is None else self.parameter(start_of_day(end)),
            )
        tests: list[NumberTest] = [_IS_SET]
        if first is not None:
            tests.append(_compare(">=", self.parameter(start_of_day(first))))
        if end is not None:
            tests.append(_compare("<", self.parameter(start_of_day(end))))
        return ColumnTest(column, _all_tests(tuple(tests)))


def _after(text: str) -> str:
    """The first text in the order of characters that is greater than all which begin with this one."""
    bare = text.rstrip(chr(sys.maxunicode))
    if not bare:
        return chr(sys.maxunicode) * (len(text) + 1)
    last = ord(bare[-1]) + 1
    return bare[:-1] + chr(0xE000 if last == 0xD800 else last)


def _most_selective_first(terms: Collection[Term]) -> list[Term]:
    """What is likely to leave few tracks comes first: SQLite starts from it.

    Of equal rank, the text makes it one order, whatever order a set has: equal queries have equal
    statements.
    """
    by_rank = {_rank(term): term for term in terms}
    if len(by_rank) == len(terms):
        return [by_rank[rank] for rank in sorted(by_rank)]
    return sorted(terms, key=lambda term: (_rank(term), format_term(term)))


def _rank(term: Term) -> int:
    return _SELECTIVITY.get(type(term), len(_SELECTIVITY))


_SELECTIVITY: dict[type[Term], int] = {
    AnnexKeys: 0,
    InSnapshot: 0,
    Cut: 0,
    Equals: 1,
    Contains: 1,
    ContainsAt: 1,
    InFolder: 1,
    InKey: 1,
    ValueIs: 1,
    Tempo: 2,
    RegularExpression: 2,
    Between: 3,
    Missing: 3,
    Or: 3,
}


def _derived_column(name: str) -> str:
    column = field_named(name).derived_column
    assert column is not None, f"{name} has no column that a sync fills"
    return column
