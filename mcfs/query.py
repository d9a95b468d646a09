"""Query text and what it means: a frozen AST, and the canonical text of it.

Owns the language (the words, the fields, their errors). Pure, and without SQL: `sql.py` gives a query
its only meaning. Two texts that mean the same parse to equal queries, which is what listings are
shared by.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from importlib import resources
from typing import assert_never

from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from mcfs.errors import QueryError
from mcfs.names import fold

MAX_BYTES = 4096
MAX_TERMS = 100


class Kind(Enum):
    """What the values of a field are, and so which forms its terms take."""

    TEXT = "text"
    NUMBER = "number"


FIELDS: Mapping[str, Kind] = {
    "album": Kind.TEXT,
    "artist": Kind.TEXT,
    "bpm": Kind.NUMBER,
    "color": Kind.TEXT,
    "comment": Kind.TEXT,
    "crate": Kind.TEXT,
    "genre": Kind.TEXT,
    "key": Kind.TEXT,
    "rating": Kind.NUMBER,
    "title": Kind.TEXT,
    "tracknumber": Kind.NUMBER,
    "year": Kind.NUMBER,
}


@dataclass(frozen=True, slots=True)
class Contains:
    """A value of the field holds this text (folded) somewhere."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Equals:
    """A value of the field is this text (folded), whole."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Between:
    """A number of the field lies here; None is no bound, `*_open` leaves the bound itself out."""

    field: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """Whether the content is here."""

    yes: bool = True


Term = Contains | Equals | Between | Present


@dataclass(frozen=True, slots=True)
class Query:
    """All of these terms hold. No term means every track.

    Terms are a set: neither their order nor saying one twice makes another folder.
    """

    terms: frozenset[Term] = field(default_factory=frozenset)

    def refined(self, by: Query) -> Query:
        """Both hold: what a folder within a folder means. Never adds a track."""
        return Query(self.terms | by.terms)


ALL = Query()


def parse(text: str) -> Query:
    """The query that `text` writes down; a `QueryError` says where it stops making sense."""
    if len(text.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        raise QueryError(f"a query may have {MAX_BYTES} bytes", text, 0, "write a shorter one")
    try:
        tokens = _grammar().parse(text).children
    except UnexpectedInput as error:  # pragma: no cover  (the one terminal takes any text)
        raise QueryError("this cannot be read", text, 0) from error
    if len(tokens) > MAX_TERMS:
        raise QueryError(f"a query may have {MAX_TERMS} terms", text, 0, "write fewer")
    return Query(frozenset(_term(text, token) for token in tokens if isinstance(token, Token)))


def starts_like_query(text: str) -> bool:
    """Whether `text` begins with a known field's term: only then may a folder name be a query.

    Otherwise every name a file manager probes for would be a folder.
    """
    found = _FIELD.match(text)
    return found is not None and fold(found.group(1)) in FIELDS


_FIELD = re.compile(r"([^\W\d][\w.-]*)([:=])(.*)\Z", re.DOTALL)
_NUMBER = r"\d{1,15}(?:[.,]\d{1,9})?"
_COMPARED = re.compile(rf"(<=|>=|<|>|=)?({_NUMBER})")
_RANGE = re.compile(rf"({_NUMBER})?(?:\.\.|-)({_NUMBER})?")


@functools.cache
def _grammar() -> Lark:
    grammar = resources.files(__package__).joinpath("query.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", start="start")


def _term(text: str, token: Token) -> Term:
    at = token.start_pos or 0
    found = _FIELD.match(token)
    if found is None:
        raise QueryError(f'"{token}" names no field', text, at, f"write for example title:{token}")
    name, separator, value = fold(found.group(1)), found.group(2), found.group(3)
    if name not in FIELDS:
        near = get_close_matches(name, FIELDS, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"fields are {', '.join(FIELDS)}"
        raise QueryError(f'unknown field "{found.group(1)}"', text, at, hint)
    after = at + found.start(3)
    match FIELDS[name]:
        case Kind.NUMBER:
            return _number_term(text, after, name, value)
        case Kind.TEXT:
            return _text_term(text, after, name, separator, value)
        case unreachable:
            assert_never(unreachable)


def _text_term(text: str, at: int, name: str, separator: str, value: str) -> Term:
    whole = separator == "=" or value.startswith("=")
    bare = value.removeprefix("=") if separator == ":" else value
    wanted = fold(bare.replace('"', ""))
    if not wanted:
        raise QueryError(f"nothing is asked of {name}", text, at, f"write for example {name}:word")
    return Equals(name, wanted) if whole else Contains(name, wanted)


def _number_term(text: str, at: int, name: str, value: str) -> Term:
    if compared := _COMPARED.fullmatch(value):
        number = _number(compared.group(2))
        match compared.group(1):
            case "<":
                return Between(name, high=number, high_open=True)
            case "<=":
                return Between(name, high=number)
            case ">":
                return Between(name, low=number, low_open=True)
            case ">=":
                return Between(name, low=number)
            case _:
                return Between(name, low=number, high=number)
    if (ranged := _RANGE.fullmatch(value)) and any(ranged.groups()):
        low, high = (None if end is None else _number(end) for end in ranged.groups())
        if low is not None and high is not None and low > high:
            raise QueryError(
                "this range is the wrong way round",
                text,
                at,
                f"write {name}:{_shown(high)}-{_shown(low)}",
            )
        return Between(name, low, high)
    raise QueryError(
        f'"{value}" is no number' if value else f"nothing is asked of {name}",
        text,
        at,
        f"write for example {name}:120, {name}:120-130 or {name}:>=120",
    )


def _number(digits: str) -> float:
    return float(digits.replace(",", "."))


def format(query: Query) -> str:
    """The canonical text: it parses to an equal query, whatever text that came from."""
    return " ".join(sorted(_format_term(term) for term in query.terms))


def _format_term(term: Term) -> str:
    match term:
        case Contains(name, text):
            return f"{name}:{_quoted(text)}"
        case Equals(name, text):
            return f"{name}:={_quoted(text)}"
        case Between(name, low, high, low_open, high_open):
            return f"{name}:{_format_range(low, high, low_open, high_open)}"
        case Present(yes):
            return f"present:{'yes' if yes else 'no'}"
        case unreachable:
            assert_never(unreachable)


def _format_range(low: float | None, high: float | None, low_open: bool, high_open: bool) -> str:
    if low is not None and high is not None:
        return _shown(low) if low == high else f"{_shown(low)}-{_shown(high)}"
    if low is not None:
        return f"{'>' if low_open else '>='}{_shown(low)}"
    assert high is not None
    return f"{'<' if high_open else '<='}{_shown(high)}"


def _quoted(text: str) -> str:
    return f'"{text}"' if not text or any(c.isspace() for c in text) or text[0] == "=" else text


def _shown(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)
