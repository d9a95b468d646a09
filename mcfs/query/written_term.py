"""One term as it was written: its field, its value, and where both are in the query text."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from mcfs.errors import QueryError
from mcfs.query.lexer import QUOTES, field_prefix

NO_FUZZ = ("`~` means something before bpm and key only", "write ~bpm:120 or ~key:8A")
_QUOTES = tuple(QUOTES)
_BEGIN_QUOTED = (*QUOTES, *(f"={quote}" for quote in QUOTES))


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
    # Whether the value stood in quotes: then nothing in it but text.
    quoted: bool
    # Whether it means the whole value, by `=` instead of `:` or in front of the quotes. A quote that is left
    # open takes that back: somebody is still typing, and more may follow.
    whole: bool

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
    whole = separator == "="
    quoted = value.startswith(_BEGIN_QUOTED)
    if quoted:
        equals = value.startswith("=")
        bare = value[1 + equals :]
        is_open = not bare.endswith('"' if value[equals] == '"' else _QUOTES)
        if is_open and not bare.strip():
            raise QueryError(
                "a quote is opened, and nothing follows",
                text,
                position + start,
                f'write {name}{separator}"…"' if name else 'write "…"',
            )
        value, whole = (bare if is_open else bare[:-1]), (whole or equals) and not is_open
    return WrittenTerm(
        text, position, fuzzy, name, separator, value, position + start, quoted, whole
    )
