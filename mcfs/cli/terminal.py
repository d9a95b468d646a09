"""Standard output and standard error: how wide and how capable they are, and writing to them.

A terminal would obey control characters in names and metadata. Messages are made printable here, wherever
they go, and so are results for programs that go to a terminal. Results for people were made printable by
those who lay them out.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

import click

from mcfs.text.printable import printable

_DEFAULT_WIDTH = 80  # of a terminal that does not report its width
# Control characters in UTF-8, and those that turn the direction of text. NUL, tabs and line ends do no
# harm; a carriage return alone does.
_CONTROL = re.compile(
    rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]"
)


@dataclass(frozen=True, slots=True)
class Output:
    """Where results go. `width` is None when it is not known: in a pipe or a file."""

    width: int | None = None
    # Whether bold and dim text can be shown.
    styled: bool = False
    # Whether stars and bars can be encoded.
    unicode: bool = True
    is_terminal: bool = False

    def bold(self, text: str) -> str:
        """For headings."""
        return f"\x1b[1m{text}\x1b[0m" if self.styled else text

    def dim(self, text: str) -> str:
        """For what matters less, or is not here."""
        return f"\x1b[2m{text}\x1b[0m" if self.styled else text


def output_of(stream: TextIO | None = None) -> Output:
    """The properties of a stream; of stdout unless another is given."""
    stream = stream or sys.stdout
    is_terminal = stream.isatty()
    is_dumb = os.environ.get("TERM", "dumb") in ("dumb", "unknown", "")
    return Output(
        width=_width(stream, is_terminal=is_terminal),
        styled=is_terminal and not is_dumb and not os.environ.get("NO_COLOR"),
        unicode=(stream.encoding or "ascii").lower().replace("-", "").startswith("utf"),
        is_terminal=is_terminal,
    )


def _width(stream: TextIO, *, is_terminal: bool) -> int | None:
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns[:6]) > 0:
        return int(columns[:6])
    if not is_terminal:
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or _DEFAULT_WIDTH
    except OSError:
        return _DEFAULT_WIDTH


def print_lines(lines: Iterable[str]) -> None:
    """Results for people, to stdout. Characters that its encoding lacks become question marks."""
    out = sys.stdout.buffer
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        out.write((line.rstrip(" ") + "\n").encode(encoding, "replace"))


def print_exactly(pieces: Iterable[str], output: Output) -> None:
    """Results for programs, to stdout, byte for byte; only a terminal gets no control characters."""
    for piece in pieces:
        raw = piece.encode("utf-8", "surrogateescape")
        sys.stdout.buffer.write(_CONTROL.sub(b"?", raw) if output.is_terminal else raw)


def print_message(text: str) -> None:
    """A warning, a remark, to stderr."""
    print_note(f"mcfs: {text}")


def print_note(text: str) -> None:
    """A line to stderr, below the results so far. It may hold names."""
    sys.stdout.flush()
    click.echo(printable(text), err=True)
