"""Where each statement of a TOML text begins and ends, and how long its dotted keys are.

tomllib says neither, and its time for a dotted key grows with the square of its parts. Reads only as much of
TOML as that takes, each character once; whether a text is TOML is for tomllib to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A string, a comment, a word, blanks, or one other character. What is not closed goes on to the end of its
# line or of the text, so that no character is looked at again.
_TOKEN = re.compile(
    r'''
    (?P<string> """ (?: [^"\\] | \\. | "(?!"") )*+ (?: "{3,5} | \Z )
    | \'\'\' (?: [^'] | '(?!\'\') )*+ (?: '{3,5} | \Z )
    | " (?: [^"\\\n] | \\[^\n] )*+ "?
    | ' [^'\n]*+ '? )
    | (?P<comment> \#[^\n]* )
    | (?P<word> [\w-]+ )
    | (?P<blanks> [ \t\r]+ )
    | (?P<other> . )
    ''',
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A key and its value, the head of a table, or an empty line or comment; with its line break."""

    text: str
    first_line: int
    # The most parts that a dotted key in it has.
    key_parts: int


def statements(text: str) -> Iterator[Statement]:
    """All statements of a text; together they are the text."""
    start, line, depth, parts, most = 0, 1, 0, 1, 1
    for token in _TOKEN.finditer(text):
        other = token["other"]
        if other == ".":
            parts += 1
            most = max(most, parts)
        elif other is not None or token["comment"] is not None:
            parts = 1
        if other in ("[", "{"):
            depth += 1
        elif other in ("]", "}"):
            depth -= 1
        elif other == "\n" and depth <= 0:
            yield Statement(text[start : token.end()], line, most)
            line += text.count("\n", start, token.end())
            start, depth, most = token.end(), 0, 1
    if start < len(text):
        yield Statement(text[start:], line, most)
