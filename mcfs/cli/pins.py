"""`mcfs pins`: the queries that somebody made folders of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.session import opened
from mcfs.cli.terminal import Screen, draw, emit, fit, in_order, padded, say, screen, width_of
from mcfs.config.load import load_settings
from mcfs.export.json_objects import error_object, json_text
from mcfs.inspect.pins import PinSummary, list_pins
from mcfs.tree.tree import Tree

_GAP = "  "


@click.command("pins")
@click.option("--json", "as_json", is_flag=True, help="An array of objects.")
@options.library
def command(as_json: bool, asked_for: Path | None) -> None:
    """Show the pins there are, as ls does in pins/: name, how many tracks, query."""
    with opened(options.library_place(asked_for)) as (library, store):
        pins = list_pins(store, Tree(store, load_settings(library.top)))
    to = screen()
    if as_json:
        emit([json_text([_object(pin) for pin in pins], indent=2), "\n"], to)
        return
    draw(_lines(pins, to))
    if not pins:
        say("no pins; to make one: mcfs pin QUERY, or mkdir in pins/")


def _object(pin: PinSummary) -> dict[str, object]:
    return {
        "name": pin.name,
        "query": pin.query_text,
        "tracks": pin.tracks,
        "error": pin.error and error_object(pin.error),
    }


def _lines(pins: Sequence[PinSummary], to: Screen) -> Iterator[str]:
    if not pins:
        return
    heads = ("name", "tracks", "query")
    rows = [(fit(pin.name), _tracks(pin), fit(_query(pin))) for pin in pins]
    left = max(width_of(row[0]) for row in (heads, *rows))
    right = max(width_of(row[1]) for row in (heads, *rows))
    for row in (heads, *rows):
        name, tracks, query = row
        shown = padded(in_order(name) if to.terminal else name, left)
        line = f"{shown}{_GAP}{padded(tracks, right, right=True)}{_GAP}{query}"
        yield to.bold(line) if row is heads else line


def _tracks(pin: PinSummary) -> str:
    return "" if pin.tracks is None else str(pin.tracks)


def _query(pin: PinSummary) -> str:
    if pin.error is None:
        return pin.query_text
    return f"{pin.query_text} ({pin.error})".lstrip()
