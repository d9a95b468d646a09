"""`mcfs pins`: lists the saved queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.session import open_session
from mcfs.cli.terminal import Output, output_of, print_lines, print_message
from mcfs.cli.text_layout import cell_width, keep_column_order, pad
from mcfs.export.json_objects import error_object
from mcfs.inspect.pins import PinSummary, list_pins
from mcfs.text.printable import printable

_GAP = "  "
_HEADINGS = ("name", "tracks", "query")


@click.command("pins")
@json_option("Print an array of objects.")
@options.library
def command(as_json: bool, library_path: Path | None) -> None:
    """List the pins, as ls does in pins/: name, number of tracks, query."""
    with open_session(library_path) as session:
        pins = list_pins(session.store, session.tree)
    if as_json:
        print_json([pin_object(pin) for pin in pins])
        return
    print_lines(_lines(pins, output_of()))
    if not pins:
        print_message("no pins; to make one: mcfs pin QUERY, or mkdir in pins/")


def pin_object(pin: PinSummary) -> dict[str, object]:
    """A pin for programs."""
    return {
        "name": pin.name,
        "query": pin.query_text,
        "tracks": pin.tracks,
        "error": pin.error and error_object(pin.error),
    }


def _lines(pins: Sequence[PinSummary], output: Output) -> Iterator[str]:
    if not pins:
        return
    rows = [(printable(pin.name), _tracks(pin), printable(_query(pin))) for pin in pins]
    name_width = max(cell_width(row[0]) for row in (_HEADINGS, *rows))
    tracks_width = max(cell_width(row[1]) for row in (_HEADINGS, *rows))
    for row in (_HEADINGS, *rows):
        name, tracks, query = row
        shown = pad(keep_column_order(name) if output.is_terminal else name, name_width)
        line = f"{shown}{_GAP}{pad(tracks, tracks_width, right=True)}{_GAP}{query}"
        yield output.bold(line) if row is _HEADINGS else line


def _tracks(pin: PinSummary) -> str:
    return "" if pin.tracks is None else str(pin.tracks)


def _query(pin: PinSummary) -> str:
    if pin.error is None:
        return pin.query_text
    return f"{pin.query_text} ({pin.error})".lstrip()
