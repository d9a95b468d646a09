"""AST → the one text of it: whatever a query was written as, this parses to the same query.

Owns the writing. Terms that no text has a word for (snapshots, values, cuts) are written in angle
brackets, for people to read.
"""

from __future__ import annotations

import json
from typing import assert_never

from mcfs.fields import field_named
from mcfs.fields.kinds import Number
from mcfs.query.terms import (
    And,
    AnnexKeys,
    Between,
    Contains,
    Cut,
    DateBetween,
    Equals,
    Flag,
    InKey,
    Missing,
    Not,
    Or,
    Query,
    Shuffle,
    Sort,
    Tempo,
    Term,
    ValueIs,
)
from mcfs.text.musical_keys import lancelot


def canonical_text(query: Query) -> str:
    """The canonical text; empty for all tracks."""
    parts = [_both(query.where)] if query.where != And() else []
    parts += [_order(order) for order in query.order]
    if query.limit is not None:
        parts.append(f"limit:{query.limit}")
    return " ".join(parts)


def format_term(term: Term) -> str:
    """One term, in parentheses where it is several."""
    match term:
        case And(terms):
            return f"({_both(term)})" if terms else "<all>"
        case Or():
            return f"({_either(term)})"
        case Not(Tempo(_, False, False) as tempo):
            # `-bpm:120` leaves half and double alone.
            return f"-({format_term(tempo)})"
        case Not(inner):
            text = format_term(inner)
            return f"-({text})" if text.startswith("-") else f"-{text}"
        case Contains(field, text):
            return f"{field}:{_quoted(text)}"
        case Equals(field, text):
            return f"{field}:={_quoted(text)}"
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
        case AnnexKeys(annex_keys):
            return f"<keys {' '.join(annex_keys)}>"
        case ValueIs(template, text):
            # In quotes, with those inside marked: no value reads like another one and a term.
            return f"<{template.text} is {json.dumps(text, ensure_ascii=False)}>"
        case Cut(query):
            return f"<{canonical_text(query)}>"
        case unreachable:
            assert_never(unreachable)


def _both(term: Term) -> str:
    """Side by side, as at the top of a query, where parentheses would say nothing."""
    if isinstance(term, And):
        return " ".join(sorted(map(format_term, term.terms)))
    return _either(term) if isinstance(term, Or) else format_term(term)


def _either(term: Or) -> str:
    return " | ".join(sorted(map(format_term, term.terms)))


def _order(order: Sort | Shuffle) -> str:
    match order:
        case Sort(field, descending):
            return f"sort:{'-' if descending else ''}{field}"
        case Shuffle(seed):
            return f"shuffle:{_seed(seed)}"
        case unreachable:
            assert_never(unreachable)


def _range(term: Between) -> str:
    """`A..B` and never `A`: a number alone means more for bpm, and text for a discovered field."""
    low, high = term.low, term.high
    if low is None:
        assert high is not None
        return f"{'<' if term.high_open else '<='}{_shown(term.field, high)}"
    if high is None:
        return f"{'>' if term.low_open else '>='}{_shown(term.field, low)}"
    # Only durations end before a number when they begin with one: at the end of their last second.
    last = high - 1 if term.high_open else high
    return f"{_shown(term.field, low)}..{_shown(term.field, last)}"


def _days(term: DateBetween) -> str:
    if term.low is None:
        return f"{'<' if term.high_open else '<='}{term.high}"
    if term.high is None:
        return f"{'>' if term.low_open else '>='}{term.low}"
    return f"{term.low}..{term.high}"


def _shown(field: str, number: float) -> str:
    kind = field_named(field).kind
    return (kind if isinstance(kind, Number) else _PLAIN).write(number)


# A field that only the library knows is text, and may be asked for ranges of plain numbers.
_PLAIN = Number()


def _quoted(text: str) -> str:
    """A folded text. Quotes cannot stand within quotes, but what folds to one can."""
    means_more = text.startswith(("=", "<", ">", "//")) or ".." in text
    if not means_more and not any(c.isspace() or c in '|()"' for c in text):
        return text
    return '"' + text.replace('"', "\N{FULLWIDTH QUOTATION MARK}") + '"'


def _seed(text: str) -> str:
    """A seed, which is not folded; one with a quote in it can only have been written bare."""
    odd = text.startswith(("=", "//")) or any(c.isspace() or c == "|" for c in text)
    plain = '"' in text or not odd
    return text if plain else f'"{text}"'
