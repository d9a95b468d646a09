"""What stdout is, and text that is fit for it.

Owns the width in cells, whether there are colours, and the rule that no control character of anybody's
metadata reaches a terminal. rich knows how wide characters are; its tables cost too much to load for a
command that is run at every key press of a fuzzy finder.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

import click
from rich.cells import cell_len, set_cell_size

_TABLE_WIDTH = 80  # of a terminal that does not say
_ELLIPSIS = "…"
# What turns the direction of all that follows.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Of bytes for programs: NUL, tabs and ends of lines do no harm, a carriage return alone does.
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|\xc2[\x80-\x9f]")
_LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"


@dataclass(frozen=True, slots=True)
class Screen:
    """Where results are drawn. `width` is None where nobody said how wide: a pipe, a file."""

    width: int | None = None
    styled: bool = False
    # Whether stars and bars can be written.
    unicode: bool = True
    terminal: bool = False

    def bold(self, text: str) -> str:
        """A heading."""
        return f"\x1b[1m{text}\x1b[0m" if self.styled else text

    def dim(self, text: str) -> str:
        """Beside the point, or not here."""
        return f"\x1b[2m{text}\x1b[0m" if self.styled else text


def screen(stream: TextIO | None = None) -> Screen:
    """What a stream, or stdout, is now."""
    stream = stream or sys.stdout
    terminal = stream.isatty()
    dumb = os.environ.get("TERM", "dumb") in ("dumb", "unknown", "")
    return Screen(
        width=_width(stream, terminal),
        styled=terminal and not dumb and not os.environ.get("NO_COLOR"),
        unicode=(stream.encoding or "ascii").lower().replace("-", "").startswith("utf"),
        terminal=terminal,
    )


def _width(stream: TextIO, terminal: bool) -> int | None:
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdigit() and int(said[:6]) > 0:
        return int(said[:6])
    if not terminal:
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or _TABLE_WIDTH
    except OSError:
        return _TABLE_WIDTH


def fit(text: str) -> str:
    """Metadata as it can be shown on one line: what controls a terminal is shown, not sent."""
    return text if text.isprintable() else "".join(map(_fit, text))


def _fit(char: str) -> str:
    """One character for one, so that places in a text stay what they are."""
    if char.isprintable():
        return char
    if char.isspace():
        return " "
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "\N{SYMBOL FOR DELETE}"
    # Joiners and marks, of which emoji and Persian words are made, are no danger.
    harmless = unicodedata.category(char) == "Cf" and char not in _TURNING
    return char if harmless else "\N{REPLACEMENT CHARACTER}"


def width_of(text: str) -> int:
    """In cells of a terminal."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """At most so many cells, saying where something was left out."""
    if width_of(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + _ELLIPSIS if width > 1 else _ELLIPSIS[:width]


def padded(text: str, width: int, *, right: bool = False) -> str:
    """At least so many cells."""
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def wrapped(text: str, width: int | None) -> list[str]:
    """Lines of at most so many cells; a word that is longer, as a path may be, goes over several."""
    if width is None or width_of(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width_of(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if width_of(lines[-1] + char) > width and lines[-1]:
                lines.append("")
            lines[-1] += char
    return lines


def in_order(text: str) -> str:
    """A cell that stays in its column: two of Hebrew side by side would be drawn as one, turned round."""
    if text.isascii() or not any(unicodedata.bidirectional(char) in ("R", "AL") for char in text):
        return text
    return text + _LEFT_TO_RIGHT


def say(text: str) -> None:
    """To stderr: what went otherwise than one may think."""
    note(f"mcfs: {text}")


def note(text: str) -> None:
    """To stderr, below the results there are so far."""
    sys.stdout.flush()
    click.echo(text, err=True)


def emit(pieces: Iterable[str], to: Screen) -> None:
    """To stdout, for programs: UTF-8, and the bytes of what is not. On a terminal, harmless."""
    out = sys.stdout.buffer
    for piece in pieces:
        raw = piece.encode("utf-8", "surrogateescape")
        out.write(_CONTROL.sub(b"?", raw) if to.terminal else raw)


def draw(lines: Iterable[str]) -> None:
    """To stdout, for people: what its encoding lacks becomes a question mark."""
    out = sys.stdout.buffer
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        out.write((line.rstrip(" ") + "\n").encode(encoding, "replace"))


def caret(text: str, position: int, width: int | None) -> tuple[str, str]:
    """A text on one line of the terminal, and the line below that points at one place of it."""
    shown = fit(text)
    before, after = shown[:position], shown[position:]
    if width is not None and width_of(shown) >= width:
        width = max(width, 8)
        # What comes before the place matters more than what comes after it.
        after = cut(after, max(width // 3, width - 1 - width_of(before)))
        room = width - 1 - width_of(after)
        if width_of(before) > room:
            before = _ELLIPSIS + _last(before, room - 1)
    return before + after, " " * width_of(before) + "^"


def _last(text: str, width: int) -> str:
    while width_of(text) > width:
        text = text[max(1, (width_of(text) - width) // 2) :]
    return text
