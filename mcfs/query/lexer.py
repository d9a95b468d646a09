"""Query text → tokens, and which field a term asks for.

Owns where a term begins and ends. A parenthesis groups only where a term could begin, and closes only what
was opened: everywhere else it is text. A regular expression cannot count, so the lexer does. Every pattern is
possessive (`*+`), so that each character is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from lark import Token
from lark.lexer import Lexer

NAME = r"[^\W\d][\w.-]*+"
_SEPARATOR = r"(?:=|:(?!//))"  # `http://x` asks for no field
_FIELD = rf"~?{NAME}{_SEPARATOR}"
_FIELD_PREFIX = re.compile(rf"(~?)({NAME})({_SEPARATOR})\s*+")

# What begins and ends a quotation. Manuals print “curly” quotes, and „low“ ones in German. Between straight
# quotes, curly ones are text.
QUOTES = '"“”„‟'
# What may stand in front of a quote; text_terms.py says what it means.
SIGNS = r"(?:\^\+?|\+|=?~?)"
_CLOSED = rf'(?:"[^"]*+"|[“”„‟][^{QUOTES}]*+[{QUOTES}])(?:\$(?=[\s|)]|\Z))?+'
_SIGNS = re.compile(SIGNS)
QUOTED = rf"{SIGNS}(?:{_CLOSED}|(?s:[{QUOTES}].*+))"  # an open quote takes the rest
_BALANCED = r"\((?:[^\s|()]|\((?:[^\s|()]|\([^\s|()]*+\))*+\))*+\)"
_TERM = rf"((?:{_FIELD}\s*+)?+(?:{QUOTED}|(?:{{word}})++)|{_FIELD})\s*+"
# Each token is the group, and the space after it belongs to no token.
_FREE_TERM = re.compile(_TERM.format(word=r"[^\s|]"))
# In a group, the parenthesis that a word did not open itself ends it.
_GROUPED_TERM = re.compile(_TERM.format(word=rf"[^\s|()]|{_BALANCED}|\("))
_OR = re.compile(r"(\||OR(?=[\s|()]|\Z))\s*+")
_NOT = re.compile(r"(-)(?=[^\s|)])")
_PARENTHESIS = re.compile(r"([()])\s*+")


class FieldPrefix(NamedTuple):
    """How a term begins that asks for a field: `~bpm: 120` → fuzzy, "bpm", ":", and where 120 begins."""

    fuzzy: bool
    name: str
    separator: str
    end: int


def field_prefix(text: str) -> FieldPrefix | None:
    """The field that the term at the beginning of a text asks for; None where it asks for none.

    The only place that recognizes `genre:techno`. The field need not exist.
    """
    found = _FIELD_PREFIX.match(text)
    if found is None:
        return None
    fuzzy, name, separator = found.groups()
    return FieldPrefix(bool(fuzzy), name, separator, found.end())


class WordLexer(Lexer):
    """The lexer that Lark's parser calls."""

    def __init__(self, _conf: Any) -> None:
        """Lark passes the grammar's terminals, but they are only declared there and made here."""

    def lex(self, data: Any, _parser_state: Any = None) -> Iterator[Token]:
        """Tokens with their positions."""
        at, depth = len(data) - len(data.lstrip()), 0
        while at < len(data):
            kind, found = _next_token(data, at, depth)
            depth += (kind == "LPAR") - (kind == "RPAR" and depth > 0)
            yield Token(kind, found[1], start_pos=at)
            at = found.end()


class UnscopedWord(NamedTuple):
    """In `genre:techno|house`, the word after the bar: it is searched in all text, and not in genre."""

    field: str
    word: str
    # How to search both in the field.
    instead: str


def unscoped_words(text: str) -> Iterator[UnscopedWord]:
    """Words after a `|` without spaces that look as if they belonged to the field before it."""
    tokens = list(WordLexer(None).lex(text))
    for term, bar, word in zip(tokens, tokens[1:], tokens[2:], strict=False):
        prefix = field_prefix(term)
        if (
            [token.type for token in (term, bar, word)] == ["TERM", "_OR", "TERM"]
            and _are_adjacent(term, bar)
            and _are_adjacent(bar, word)
            and prefix is not None
            and not prefix.fuzzy
            and field_prefix(word) is None
            and not {*QUOTES, "("} & {*term, *word}
            and not word.startswith(("~", ":", "="))
        ):
            yield UnscopedWord(prefix.name, str(word), _both_scoped(term, prefix, word))


def _both_scoped(term: Token, prefix: FieldPrefix, word: Token) -> str:
    """The word as a second term of the field, with its signs; one regular expression holds both."""
    field, value = f"{prefix.name}{prefix.separator}", term[prefix.end :]
    found = _SIGNS.match(value)
    assert found is not None, "signs are optional"
    signs = found.group()
    if f"{prefix.separator}{signs}".endswith("=~"):
        return f'{field}{signs}"{value[len(signs) :]}|{word}"'
    return f"{field}{value}|{field}{'' if word.startswith(('^', '+')) else signs}{word}"


def _are_adjacent(token: Token, following: Token) -> bool:
    return token.start_pos is not None and token.start_pos + len(token) == following.start_pos


def _next_token(data: str, at: int, depth: int) -> tuple[str, re.Match[str]]:
    """The kind of the next token, and its match."""
    match data[at]:
        case "|" | "O" if found := _OR.match(data, at):
            return "_OR", found
        case "(" | ")" as parenthesis if found := _PARENTHESIS.match(data, at):
            return "LPAR" if parenthesis == "(" else "RPAR", found
        case "-" if found := _NOT.match(data, at):
            return "NOT", found
    found = (_GROUPED_TERM if depth else _FREE_TERM).match(data, at)
    assert found is not None, "a term begins at every character that is no space"
    return "TERM", found
