"""Text that somebody may read on a terminal: what a terminal would obey is shown, not sent.

Metadata and names are written by others. Raw, they could clear a screen, change its title, or turn the
direction of the text after them.
"""

from __future__ import annotations

import unicodedata

# Characters that change the direction of all text after them.
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """Any text as one printable line, with as many characters."""
    return text if text.isprintable() else "".join(map(_printable, text))


def printable_lines(text: str) -> str:
    """Any text as printable lines: line breaks stay."""
    return "\n".join(map(printable, text.split("\n")))


def _printable(char: str) -> str:
    """Exactly one character, so that positions in the text stay the same."""
    if char.isprintable():
        return char
    if char.isspace():
        return " "
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "\N{SYMBOL FOR DELETE}"
    # Emoji and Persian words contain invisible joiners, which do no harm.
    is_harmless = unicodedata.category(char) == "Cf" and char not in _DIRECTION_MARKS
    return char if is_harmless else "\N{REPLACEMENT CHARACTER}"
