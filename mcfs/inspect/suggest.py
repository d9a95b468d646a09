"""What to write instead of a query that finds nothing: "did you mean …?"."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mcfs.fields import DIRECTORY, field_table
from mcfs.query import (
    And,
    Contains,
    ContainsAt,
    Equals,
    InFolder,
    Or,
    Query,
    Term,
    foreign_operators,
    format_term,
)
from mcfs.sql import bind_without_values
from mcfs.store.cache_reader import CacheReader
from mcfs.store.clock import today
from mcfs.text.similar import similar_words

# A library has a hundred thousand titles, and the user waits.
_PATIENCE = 0.2  # seconds for each term
_VALUES_BETWEEN_CLOCK_READS = 64

TextTerm = Contains | Equals | ContainsAt | InFolder


def suggest_term(query: Query, read: CacheReader, patience: float = _PATIENCE) -> str | None:
    """What may have been meant by the first text term that no track has; None when nothing is close."""
    for term in _text_terms(query.where):
        if _has_tracks(term, read):
            continue
        for other in _instead(term, read, time.monotonic() + patience):
            if _has_tracks(other, read):
                return format_term(other)
    return None


def _instead(term: TextTerm, read: CacheReader, deadline: float) -> Iterator[Term]:
    """What may have been meant, the likeliest first; a term that finds nothing is none."""
    if isinstance(term, InFolder):
        folders = _with_folders_above(read.folded_values((DIRECTORY,)))
        # What is similar may be a few words of a path, and no folder.
        yield from map(InFolder, similar_words(term.folder, values_before(deadline, folders)))
        yield Contains("directory", term.folder)
        return
    if isinstance(term, ContainsAt):
        yield _signs_as_text(term)
    values = read.folded_values(field_table().searched(term.field))
    for text in similar_words(term.text, values_before(deadline, values)):
        yield replace(term, text=text)
    yield Contains(term.field, term.text)


def _has_tracks(term: Term, read: CacheReader) -> bool:
    return read.count(bind_without_values(Query(term), today())) > 0


def _with_folders_above(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        yield folder
        for place, char in enumerate(folder):
            if char == "/":
                yield folder[:place]


def _signs_as_text(term: ContainsAt) -> Contains:
    """`artist:$uicideboy$` may have meant the name, and no end."""
    before = f"{'^' if term.at_start else ''}{'+' if term.words else ''}"
    return Contains(term.field, f"{before}{term.text}{'$' if term.at_end else ''}")


def values_before(deadline: float, values: Iterable[str]) -> Iterator[str]:
    """As many of the values as come before the deadline of the monotonic clock."""
    for count, value in enumerate(values):
        if count % _VALUES_BETWEEN_CLOCK_READS == 0 and time.monotonic() > deadline:
            return
        yield value


def no_tracks_message(text: str, query: Query, read: CacheReader) -> str:
    """What to say about a query that finds nothing; `text` is how it was written."""
    for mistake in foreign_operators(text):
        return f"no tracks; {mistake}"
    suggestion = suggest_term(query, read)
    return f"no tracks; did you mean {suggestion}?" if suggestion else "no tracks"


def _text_terms(term: Term) -> Iterator[TextTerm]:
    """The text terms of a query, without negated ones."""
    match term:
        case Contains() | Equals() | ContainsAt() | InFolder():
            yield term
        case And(terms) | Or(terms):
            for inner in sorted(terms, key=format_term):
                yield from _text_terms(inner)
        case _:
            return
