"""What to write instead of a query that finds nothing: "did you mean …?"."""

from __future__ import annotations

from collections.abc import Iterator

from mcfs.query import And, Contains, Equals, Or, Query, Term, format_term, sources
from mcfs.sql import bind_without_values
from mcfs.store.cache_reader import CacheReader
from mcfs.store.clock import today
from mcfs.text.similar import nearest


def suggest_term(query: Query, read: CacheReader) -> str | None:
    """A corrected spelling of the first text term that no track has; None when no value is close."""
    for term in _text_terms(query.where):
        if read.count(bind_without_values(Query(term), today())):
            continue
        near = nearest(term.text, read.folded_values(sources(term.field)))
        if near is not None:
            return format_term(type(term)(term.field, near))
    return None


def no_tracks_message(query: Query, read: CacheReader) -> str:
    """What to say about a query that finds nothing."""
    suggestion = suggest_term(query, read)
    return f"no tracks; did you mean {suggestion}?" if suggestion else "no tracks"


def _text_terms(term: Term) -> Iterator[Contains | Equals]:
    """The text terms of a query, without negated ones."""
    match term:
        case Contains() | Equals():
            yield term
        case And(terms) | Or(terms):
            for inner in sorted(terms, key=format_term):
                yield from _text_terms(inner)
        case _:
            return
