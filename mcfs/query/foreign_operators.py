"""What looks like an operator of another search language, and is text in this one.

`techno AND house` searches three words. Owns which words these are, and how the query is written here.
"""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token

from mcfs.query.lexer import WordLexer, field_prefix
from mcfs.query.written_term import written_term

_ALL = {"AND", "and", "&&"}
_EITHER = {"or", "Or"}
_NOT = {"NOT", "not"}


def foreign_operators(text: str) -> Iterator[str]:
    """One sentence about each in a text that is a query; it says what to write instead."""
    tokens = list(WordLexer(None).lex(text))
    for place, token in enumerate(tokens):
        if token.type != "TERM":
            continue
        prefix = field_prefix(token)
        if prefix is not None:
            value = token[prefix.end :]
            if value.startswith("(") and value.count("(") > value.count(")"):
                bare = f"{token[: prefix.end]}{value[1:]}"
                yield f'"(" after a field is text; write ({bare} …) around terms, or {bare}'
            elif (written := written_term(text, token)).is_open:
                word, _, rest = written.value.partition(" ")
                closed = f'{token[: prefix.end]}{written.before}"{word}" {rest}'.rstrip()
                yield f"the quote is not closed and takes the rest; write {closed}"
            continue
        before, after = (_shown(tokens, at) for at in (place - 1, place + 1))
        if token in _NOT and after:
            yield f'"{token}" is searched as a word; write -{after}'
        elif token in _ALL and before and after:
            yield f'"{token}" is searched as a word; write {before} {after}'
        elif token in _EITHER and before and after:
            yield f'"{token}" is searched as a word; write {before} OR {after}'


def _shown(tokens: list[Token], place: int) -> str:
    """The term at this place, or a sign for a group; empty where there is none."""
    if not 0 <= place < len(tokens) or tokens[place].type == "_OR":
        return ""
    return str(tokens[place]) if tokens[place].type == "TERM" else "(…)"
