"""One term as it was written: its field, its value, and where both are in the query text."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from mcfs.errors import QueryError
from mcfs.query.lexer import field_prefix

NO_FUZZ = ("`~` means something before bpm and key only", "write ~bpm:120 or ~key:8A")


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
    # Whether it means the whole value, by `=` instead of `:` or in front of the quotes.
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
        value, quoted, whole = _without_quotes(token)
        fuzzy = token.startswith("~")
        return WrittenTerm(text, position, fuzzy, "", "", value, position, quoted, whole)
    value, quoted, whole = _without_quotes(token[prefix.end :])
    return WrittenTerm(
        text,
        position,
        prefix.fuzzy,
        prefix.name,
        prefix.separator,
        value,
        position + prefix.end,
        quoted,
        whole or prefix.separator == "=",
    )


def _without_quotes(value: str) -> tuple[str, bool, bool]:
    """The value, whether it was in quotes, and whether `=` stood before them."""
    whole = value.startswith('="')
    quoted = whole or value.startswith('"')
    return value[1 + whole :].removesuffix('"') if quoted else value, quoted, whole
