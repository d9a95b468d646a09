"""One term as it was written: its field, its value, and where both are in the query text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lark import Token

from mcfs.errors import QueryError
from mcfs.query.lexer import QUOTES, SIGNS, field_prefix

NO_FUZZ = ("`~` means something before bpm and key only", "write ~bpm:120 or ~key:8A")
_QUOTES = tuple(QUOTES)
_OPENING = re.compile(rf"({SIGNS})([{QUOTES}])")


@dataclass(slots=True)
class WrittenTerm:
    """A term in pieces. Without a field, `name` is empty."""

    text: str
    position: int
    fuzzy: bool
    name: str
    separator: str
    value: str
    value_position: int
    # Whether the value stood in quotes: then nothing in it but text. Signs stand around the quotes.
    quoted: bool
    before: str = ""
    after: str = ""
    # Whether the quotes are not closed.
    is_open: bool = False

    @property
    def text_position(self) -> int:
        """Where the value begins, behind its quote."""
        return self.value_position + (len(self.before) + 1 if self.quoted else 0)

    def error(
        self, message: str, suggestion: str | None = None, position: int | None = None
    ) -> QueryError:
        """A mistake in this term; by default, its value is where it is wrong."""
        at = self.value_position if position is None else position
        return QueryError(message, self.text, at, suggestion)


def written_term(text: str, token: Token) -> WrittenTerm:
    """The pieces of a token of `text`."""
    position = token.start_pos or 0
    prefix = field_prefix(token)
    if prefix is None:
        fuzzy, name, separator, start = token.startswith("~"), "", "", 0
    else:
        fuzzy, name, separator, start = prefix
    value = token[start:]
    opening = _OPENING.match(value)
    if opening is None:
        return WrittenTerm(text, position, fuzzy, name, separator, value, position + start, False)
    before, quote = opening.groups()
    value = value[opening.end() :]
    closing = '"' if quote == '"' else _QUOTES
    after = "$" if value.endswith("$") and value[:-1].endswith(closing) else ""
    value = value.removesuffix(after)
    is_open = not value.endswith(closing)
    if is_open and not value.strip():
        raise QueryError(
            "a quote is opened, and nothing follows",
            text,
            position + start,
            f'write {name}{separator}"…"' if name else 'write "…"',
        )
    value = value if is_open else value[:-1]
    return WrittenTerm(
        text,
        position,
        fuzzy,
        name,
        separator,
        value,
        position + start,
        True,
        before,
        after,
        is_open,
    )
