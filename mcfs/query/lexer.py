"""Query text → tokens: where a term begins and ends.

Owns the words of the language. A parenthesis groups only where a term could begin, and closes only
what was opened: everywhere else it is text, which no regular expression alone can tell. Every pattern
is possessive (`*+`), and every character is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark import Token
from lark.lexer import Lexer

# A field's name and its separator; white space may stand after a colon. `http://x` is no field.
FIELD = r"~?[^\W\d][\w.-]*+(?:=|:(?!//))"
_QUOTED = r'=?"[^"]*+(?:"|\Z)'  # an open quote takes the rest
_BALANCED = r"\((?:[^\s|()]|\((?:[^\s|()]|\([^\s|()]*+\))*+\))*+\)"
_TERM = rf"(?:{FIELD}\s*+)?+(?:{_QUOTED}|(?:{{word}})++)|{FIELD}"
# In a group, the parenthesis that a word did not open itself ends it.
_GROUPED_TERM = re.compile(_TERM.format(word=rf"[^\s|()]|{_BALANCED}|\("))
_FREE_TERM = re.compile(_TERM.format(word=r"[^\s|]"))

_SPACE = re.compile(r"\s*+")
_OR = re.compile(r"\||OR(?=[\s|()]|\Z)")
_NOT = re.compile(r"-(?=[^\s|)])")


class WordLexer(Lexer):
    """What Lark asks for tokens."""

    def __init__(self, _conf: Any) -> None:
        """Nothing of the grammar is needed: its terminals are declared, and made here."""

    def lex(self, data: Any, _parser_state: Any = None) -> Iterator[Token]:
        """Tokens that know where they stand."""
        at, depth = _end(_SPACE, data, 0), 0
        while at < len(data):
            kind, end = _next(data, at, depth)
            depth += (kind == "LPAR") - (kind == "RPAR" and depth > 0)
            yield Token(kind, data[at:end], start_pos=at)
            at = _end(_SPACE, data, end)


def _next(data: str, at: int, depth: int) -> tuple[str, int]:
    if found := _OR.match(data, at):
        return "_OR", found.end()
    if data[at] == "(":
        return "LPAR", at + 1
    if data[at] == ")":
        return "RPAR", at + 1
    if _NOT.match(data, at):
        return "NOT", at + 1
    return "TERM", _end(_GROUPED_TERM if depth else _FREE_TERM, data, at)


def _end(pattern: re.Pattern[str], data: str, at: int) -> int:
    found = pattern.match(data, at)
    assert found is not None, "some term begins at every character that is no space"
    return found.end()
