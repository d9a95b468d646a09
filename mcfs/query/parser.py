"""Query text → AST, or an error with its position and what to write instead.

Owns the tree of a query: groups, negations, alternatives, the directives that hold for the whole query, and
the limits of all of them. How terms are joined is in the grammar (`query.lark`), what one term means in
`field_terms.py`. Where other search languages guess or ignore, this one reports an error: a folder that
quietly means something else is worse than none.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken

from mcfs.errors import QueryError
from mcfs.fields import Vocabulary
from mcfs.fields.kinds import Date
from mcfs.query.field_terms import bare_term, field_term
from mcfs.query.lexer import QUOTES, WordLexer, field_prefix
from mcfs.query.missing_colon import missing_colon
from mcfs.query.terms import (
    AsTaken,
    Not,
    Order,
    Query,
    Shuffle,
    Sort,
    Term,
    all_of,
    any_of,
    ordering_snapshot,
)
from mcfs.query.unknown_fields import DIRECTIVES, unknown_field
from mcfs.query.written_term import NO_FUZZ, WrittenTerm, written_term
from mcfs.text.fold import fold

MAX_BYTES = 4096
MAX_TERMS = 100
MAX_DEPTH = 20
MAX_LIMIT = 10**9

_SIGNS = ("-", "~", "(", *QUOTES)
_OPENED_WORD = re.compile(rf"\(([^\s|(){QUOTES}-][^\s|(){QUOTES}]*)")
_ENDS_IN_OR = re.compile(r"(?:\||(?:^|[\s|()])OR)\s*\Z")


def parse(text: str, vocabulary: Vocabulary = Vocabulary()) -> Query:  # noqa: B008  (frozen)
    """The query that `text` writes down."""
    if len(text.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        raise QueryError(f"a query may have {MAX_BYTES} bytes", text, 0, "write a shorter one")
    reader = _Reader(text, vocabulary)
    try:
        tree = _grammar().parse(text)
    except UnexpectedToken as error:
        raise _misplaced(text, error.token) from error
    where = (reader.term(tree.children[0], 0) if tree.children else None) or all_of()
    order: Order = tuple(reader.order)
    if not order and ordering_snapshot(where) is not None:
        order = (AsTaken(),)
    return Query(where, order, reader.limit)


def starts_like_query(text: str, vocabulary: Vocabulary = Vocabulary()) -> bool:  # noqa: B008  (frozen)
    """Whether a folder name may be a query: it begins with a known field's term, or as only queries do.

    Without this, every name that a file manager probes for would be a folder.
    """
    if begins_with_sign(text):
        return True
    prefix = field_prefix(text)
    if prefix is None:
        # No query, but whoever writes `bpm>120` means one, and is to get its error.
        return missing_colon(text, 0, vocabulary) is not None
    return fold(prefix.name) in DIRECTIVES or vocabulary.canonical(prefix.name) is not None


def begins_with_sign(text: str) -> bool:
    """Whether a text begins with a character that only queries begin with."""
    return text.startswith(_SIGNS)


@functools.cache
def _grammar() -> Lark:
    grammar = resources.files(__package__).joinpath("query.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer=WordLexer, maybe_placeholders=False)


@dataclass(slots=True)
class _Reader:
    """Walks one parse tree, and collects the directives on the way."""

    text: str
    vocabulary: Vocabulary
    order: list[Sort | Shuffle] = field(default_factory=list)
    limit: int | None = None
    count: int = 0

    def term(self, branch: Any, depth: int, *, top: bool = True) -> Term | None:
        """The term of one branch; None where there are only directives."""
        if depth > MAX_DEPTH:
            at = _position(branch)
            raise QueryError(f"parentheses may be {MAX_DEPTH} deep", self.text, at, "use fewer")
        if isinstance(branch, Token):
            return self.leaf(branch, top=top, negated=False)
        assert isinstance(branch, Tree)
        match branch.data:
            case "both":
                parts = [self.term(inner, depth, top=top) for inner in branch.children]
                terms = [part for part in parts if part is not None]
                return all_of(*terms) if terms else None
            case "either":
                return any_of(*(self._alternative(inner, depth, top) for inner in branch.children))
            case "group":
                return self.term(branch.children[1], depth + 1, top=False)
            case "negation":
                return self._negation(branch, depth)
            case _:  # pragma: no cover  (the grammar has no other rules)
                raise AssertionError(branch.data)

    def _alternative(self, branch: Any, depth: int, top: bool) -> Term:
        term = self.term(branch, depth, top=top)
        if term is None:
            at = _position(branch)
            raise QueryError("one side of OR is empty", self.text, at, "write a term on both sides")
        return term

    def _negation(self, branch: Tree[Token], depth: int) -> Term:
        inner = branch.children[1]
        if isinstance(inner, Token):
            term = self.leaf(inner, top=False, negated=True)
        else:
            term = self.term(inner, depth, top=False)
        assert term is not None
        return Not(term)

    def leaf(self, token: Token, *, top: bool, negated: bool) -> Term | None:
        """One term; None for a directive, which holds for the whole query."""
        self.count += 1
        if self.count > MAX_TERMS:
            at = token.start_pos or 0
            raise QueryError(f"a query may have {MAX_TERMS} terms", self.text, at, "write fewer")
        written = written_term(self.text, token)
        if not written.name:
            if not written.quoted and (
                mistake := missing_colon(
                    self.text, written.position, self.vocabulary, negated=negated
                )
            ):
                raise written.error(*mistake)
            return bare_term(written)
        name = fold(written.name)
        if name in DIRECTIVES:
            if written.fuzzy:
                raise written.error(*NO_FUZZ, written.position)
            if not top:
                where = "after `-`" if negated else "in parentheses"
                raise written.error(
                    f"{name}: cannot stand {where}",
                    "write it outside: it holds for the whole query",
                    written.position,
                )
            self._directive(name, written)
            return None
        canonical = self.vocabulary.canonical(written.name)
        if canonical is None:
            raise written.error(*unknown_field(written.name, self.vocabulary), written.position)
        searched = self.vocabulary.field(canonical)
        if not written.value and not written.quoted:
            raise written.error(
                f"{written.name}: needs a value",
                f"write for example {searched.kind.example(searched.name)}",
            )
        return field_term(searched, written, self.vocabulary, negated=negated)

    def _directive(self, name: str, written: WrittenTerm) -> None:
        value = f"{written.before}{written.value}{written.after}"
        match name:
            case "limit":
                if (
                    not value.isascii()
                    or not value.isdigit()
                    or not 0 < int(value[:12]) <= MAX_LIMIT
                ):
                    raise written.error(
                        f'"{value}" is no number of tracks', "write for example limit:50"
                    )
                if self.limit is not None:
                    raise written.error(
                        "limit: is written twice", "write it once", written.position
                    )
                self.limit = int(value)
            case "shuffle":
                if not value:
                    raise written.error("shuffle: needs a seed", "write for example shuffle:friday")
                if any(isinstance(order, Shuffle) for order in self.order):
                    raise written.error(
                        "shuffle: is written twice", "write it once", written.position
                    )
                self.order.append(Shuffle(value))
            case _:
                descending = value.startswith("-")
                name = value.removeprefix("-")
                if not name:
                    raise written.error(
                        "sort: by what?", "write for example sort:bpm or sort:-rating"
                    )
                canonical = self.vocabulary.canonical(name)
                if canonical is None:
                    raise written.error(*unknown_field(name, self.vocabulary))
                sorted_by = self.vocabulary.field(canonical)
                if not sorted_by.has_values:
                    raise written.error(
                        f"{canonical}: is no field to sort by", "write for example sort:artist"
                    )
                as_dates = isinstance(sorted_by.kind, Date) and not sorted_by.is_derived
                self.order.append(Sort(canonical, descending, as_dates))


def _position(branch: Any) -> int:
    while isinstance(branch, Tree):
        branch = branch.children[0]
    return branch.start_pos or 0


def _misplaced(text: str, token: Token) -> QueryError:
    at = token.start_pos if token.type != "$END" and token.start_pos is not None else len(text)
    match token.type:
        case "$END" if _ENDS_IN_OR.search(text):
            return QueryError("nothing after OR", text, at, "write a term on both sides of it")
        case "$END":
            return QueryError("a parenthesis is not closed", text, at, _how_to_close(text))
        case "_OR":
            return QueryError("a lone `|`", text, at, "write a term on both sides of it")
        case "RPAR" if text[:at].rstrip().endswith("("):
            return QueryError("nothing between the parentheses", text, at, "write a term in them")
        case "RPAR":
            return QueryError("nothing to close here", text, at, 'put text in quotes: "(live)"')
        case "NOT":
            return QueryError("`-` twice", text, at, "write one")
        case _:
            return QueryError("this cannot stand here", text, at, "put it in quotes")


def _how_to_close(text: str) -> str:
    """What to write where the last open parenthesis may have been meant as a group or as text."""
    opened: list[int] = []
    for token in WordLexer(None).lex(text):
        if token.type == "LPAR":
            opened.append(token.start_pos or 0)
        elif token.type == "RPAR" and opened:
            opened.pop()
    found = _OPENED_WORD.match(text, opened[-1]) if opened else None
    if found is None or field_prefix(found.group(1)) is not None:
        return "write `)`"
    return f'write `)`, or "{found.group()}" in quotes for the word'
