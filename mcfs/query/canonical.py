"""AST → canonical text: one text for each query, which parses to the same query.

Terms that query text cannot express (annex keys, values of templates, cuts) are written in angle brackets,
for people to read.
"""

from __future__ import annotations

import json
from typing import assert_never

from mcfs.fields import field_named
from mcfs.fields.kinds import Number
from mcfs.query.lexer import QUOTES
from mcfs.query.terms import (
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
    Leaf,
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
)
from mcfs.text.musical_keys import lancelot


def canonical_text(query: Query) -> str:
    """The canonical text of a query; empty for the query that finds every track."""
    parts = [_both(query.where)] if query.where != And() else []
    parts += filter(None, map(_order, query.order))
    if query.limit is not None:
        parts.append(f"limit:{query.limit}")
    return " ".join(parts)


def format_term(term: Term) -> str:
    """The canonical text of one term; a group of terms is in parentheses."""
    match term:
        case And(terms):
            return f"({_both(term)})" if terms else "<all>"
        case Or():
            return f"({_either(term)})"
        case Not(Tempo(_, False, False) as tempo):
            # `-bpm:120` would not exclude half and double.
            return f"-({format_term(tempo)})"
        case Not(inner):
            text = format_term(inner)
            return f"-({text})" if text.startswith("-") else f"-{text}"
        case _:
            return _leaf(term)


def _leaf(term: Leaf) -> str:
    match term:
        case Contains(field, text):
            return f"{field}:{_quoted(text)}"
        case Equals(field, text):
            return f"{field}:={_quoted(text)}"
        case ContainsAt(field, text, at_start, at_end, words):
            before = f"{'^' if at_start else ''}{'+' if words else ''}"
            return f"{field}:{before}{_quoted(text)}{'$' if at_end else ''}"
        case RegularExpression(field, pattern):
            return f'{field}:=~"{pattern}"'
        case InFolder(folder):
            return f"in:{_quoted(folder)}"
        case Missing(field):
            return f'{field}:""'
        case Between():
            return f"{term.field}:{_range(term)}"
        case Tempo(bpm, exact, near):
            return f"{'~' if near else ''}bpm:{'=' if exact else ''}{bpm}"
        case InKey(number, mixes):
            return f"{'~' if mixes else ''}key:{lancelot(number)}"
        case DateBetween():
            return f"{term.field}:{_days(term)}"
        case Flag(field, yes):
            return f"{field}:{'yes' if yes else 'no'}"
        case InSnapshot(name):
            return f"snapshot:{_quoted(name)}"
        case AnnexKeys(annex_keys):
            return f"<keys {' '.join(annex_keys)}>"
        case ValueIs(template, text):
            # With quotes inside escaped: no value can look like another value followed by a term.
            return f"<{template.text} is {json.dumps(text, ensure_ascii=False)}>"
        case Cut(query):
            return f"<{canonical_text(query)}>"
        case unreachable:
            assert_never(unreachable)


def _both(term: Term) -> str:
    """Without parentheses, as at the top of a query."""
    if isinstance(term, And):
        return " ".join(sorted(map(format_term, term.terms)))
    return _either(term) if isinstance(term, Or) else format_term(term)


def _either(term: Or) -> str:
    return " | ".join(sorted(map(format_term, term.terms)))


def _order(order: OrderKey) -> str:
    match order:
        case AsTaken():
            return ""  # the order of a query that names a snapshot, and no other order
        case Sort(field, descending):
            return f"sort:{'-' if descending else ''}{field}"
        case Shuffle(seed):
            return f"shuffle:{_seed(seed)}"
        case unreachable:
            assert_never(unreachable)


def _range(term: Between) -> str:
    """`A..B`, never `A`: one number is a tempo for bpm, and text for a field that only the library has."""
    low, high = term.low, term.high
    if low is None:
        assert high is not None
        return f"{'<' if term.high_open else '<='}{_number_text(term.field, high)}"
    if high is None:
        return f"{'>' if term.low_open else '>='}{_number_text(term.field, low)}"
    # Only ranges of durations have two bounds and an open end: the end of their last second.
    last = high - 1 if term.high_open else high
    return f"{_number_text(term.field, low)}..{_number_text(term.field, last)}"


def _days(term: DateBetween) -> str:
    if term.low is None:
        return f"{'<' if term.high_open else '<='}{term.high}"
    if term.high is None:
        return f"{'>' if term.low_open else '>='}{term.low}"
    return f"{term.low}..{term.high}"


def _number_text(field: str, number: float) -> str:
    kind = field_named(field).kind
    return (kind if isinstance(kind, Number) else _PLAIN).write(number)


# A field that only the library knows is text, and allows ranges of plain numbers.
_PLAIN = Number()


_MEANS_MORE = ("=", "<", ">", "//", "^", "+", "~", *QUOTES)


def _quoted(text: str) -> str:
    """A text that is compared folded, in quotes where needed.

    A quote in it becomes a character that folds to a quote.
    """
    means_more = text.startswith(_MEANS_MORE) or text.endswith("$") or ".." in text
    if not means_more and not any(c.isspace() or c in '|()"' for c in text):
        return text
    return '"' + text.replace('"', "\N{FULLWIDTH QUOTATION MARK}") + '"'


def _seed(text: str) -> str:
    """A seed, which is not folded. It cannot have both a quote and a need for quotes."""
    odd = text.startswith(("=", "//", *QUOTES)) or any(c.isspace() or c == "|" for c in text)
    plain = '"' in text or not odd
    return text if plain else f'"{text}"'
