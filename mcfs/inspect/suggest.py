"""What somebody may have meant whose query finds nothing.

Owns which term is to blame, and asks the library for what is like its text.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcfs.query import And, Contains, Equals, Or, Query, Term, format_term, sources
from mcfs.store.cache_reader import CacheReader
from mcfs.text.similar import nearest


def nearest_query(query: Query, read: CacheReader) -> str | None:
    """A term to write instead of the first that nothing has; None where none is close."""
    for term in _texts(query.where):
        if read.count(Query(term)):
            continue
        near = nearest(term.text, read.folded_values(sources(term.field)))
        if near is not None:
            return format_term(type(term)(term.field, near))
    return None


def _texts(term: Term) -> Iterator[Contains | Equals]:
    """The terms of text that have to hold, or may."""
    match term:
        case Contains() | Equals():
            yield term
        case And(terms) | Or(terms):
            for inner in sorted(terms, key=format_term):
                yield from _texts(inner)
        case _:
            return
