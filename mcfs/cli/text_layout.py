"""Text on a terminal: cut, padded or wrapped to a width in cells.

Uses only the part of rich that knows how wide a character is: its tables take too long to load for a
command that a fuzzy finder runs at every key press.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, set_cell_size

from mcfs.cli.terminal import Output
from mcfs.text.printable import printable

_ELLIPSIS = "…"
_LABEL_GAP = 2
_NARROWEST_TEXT = 16
_LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"


def cell_width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def truncate(text: str, width: int) -> str:
    """At most so many cells; an ellipsis shows that something is missing."""
    if cell_width(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + _ELLIPSIS if width > 1 else _ELLIPSIS[:width]


def pad(text: str, width: int, *, right: bool = False) -> str:
    """At least so many cells; `right` aligns to the right."""
    space = " " * (width - cell_width(text))
    return space + text if right else text + space


def wrap(text: str, width: int | None) -> list[str]:
    """Lines of at most so many cells; a longer word, such as a path, is broken."""
    if width is None or cell_width(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_width(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if cell_width(lines[-1] + char) > width and lines[-1]:
                lines.append("")
            lines[-1] += char
    return lines


def labelled_lines(
    rows: Iterable[tuple[str, str]], output: Output, *, wrapped: bool
) -> Iterator[str]:
    """Labels on the left, each shown once for neighbouring rows; texts on the right."""
    shown = [(label, printable(text)) for label, text in rows]
    left = max(len(label) for label, _ in shown) + _LABEL_GAP
    room = max(_NARROWEST_TEXT, output.width - left) if wrapped and output.width else None
    previous = None
    for label, text in shown:
        for line in wrap(text, room):
            heading = "" if label == previous else label
            yield f"{output.bold(heading) if heading else ''}{' ' * (left - len(heading))}{line}"
            previous = label


def keep_column_order(text: str) -> str:
    """Keep a cell in its column: a terminal would swap two neighbouring cells of Hebrew."""
    if text.isascii() or not any(unicodedata.bidirectional(char) in ("R", "AL") for char in text):
        return text
    return text + _LEFT_TO_RIGHT


def caret_lines(text: str, position: int, width: int | None) -> tuple[str, str]:
    """A text on one line of the terminal, and a line with a caret below one position of it."""
    shown = printable(text)
    before, after = shown[:position], shown[position:]
    if width is not None and cell_width(shown) >= width:
        width = max(width, 8)
        # The text before the position matters more: the text after it is cut first.
        after = truncate(after, max(width // 3, width - 1 - cell_width(before)))
        room = width - 1 - cell_width(after)
        if cell_width(before) > room:
            before = _ELLIPSIS + _end_of(before, room - 1)
    return before + after, " " * cell_width(before) + "^"


def _end_of(text: str, width: int) -> str:
    while cell_width(text) > width:
        text = text[max(1, (cell_width(text) - width) // 2) :]
    return text


def count_noun(count: int, noun: str) -> str:
    """ "1 track", "2 tracks"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
