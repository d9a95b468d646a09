"""The error for a comparison without a colon: `bpm>120`, `genre != techno`, `year = 1990`.

As words, these would find nothing. Owns which words are taken for such a comparison, and its right form.
"""

from __future__ import annotations

import re

from mcfs.fields import Vocabulary
from mcfs.fields.kinds import Date, Discovered, Number
from mcfs.query.lexer import NAME, QUOTED

# Without spaces, `=` and `:` are no mistake.
_COMPARISON = re.compile(rf"({NAME})(?:\s*+(<=|>=|<>|!=|<|>)|\s++(==?|:))\s*+({QUOTED}|[^\s|()]*+)")


def missing_colon(
    text: str, position: int, vocabulary: Vocabulary, *, negated: bool = False
) -> tuple[str, str] | None:
    """The error message and its suggestion; None where the word at this position is no such comparison."""
    found = _COMPARISON.match(text, position)
    if found is None:
        return None
    name, operator, equals, value = found.groups()
    canonical = vocabulary.canonical(name)
    if canonical is None:
        return None
    kind = vocabulary.field(canonical).kind
    if not value:
        right = f"for example {kind.example(canonical)}"
    elif operator in {"!=", "<>"}:
        right = f"{'' if negated else '-'}{name}:={value.removeprefix('=')}"
    elif operator:
        has_ranges = isinstance(kind, (Number, Date, Discovered))
        right = f"{name}:{operator if has_ranges else ''}{value}"
    else:
        right = f"{name}:{'' if equals == ':' else '='}{value.removeprefix('=')}"
    return (
        "a space before the colon" if equals == ":" else f"a colon is missing after {name}",
        f"write {right}; for the words themselves, write quotes around them",
    )
