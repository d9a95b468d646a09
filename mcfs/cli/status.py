"""`mcfs status`: library, store and mounts on one screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from mcfs.annex.library import open_library
from mcfs.cli import options
from mcfs.cli.terminal import Screen, draw, emit, fit, padded, screen, wrapped
from mcfs.export.json_objects import json_text
from mcfs.inspect.status import gather_status
from mcfs.inspect.status_json import status_object
from mcfs.inspect.status_text import status_lines

_GAP = 2
_NARROWEST = 16


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="An object, with times in UTC.")
@options.library
def command(as_json: bool, asked_for: Path | None) -> None:
    """Show library, store and mounts on one screen: what there is, and what there is to do.

    Nothing is changed, and nothing is synced.
    """
    found = gather_status(open_library(options.library_place(asked_for)))
    to = screen()
    if as_json:
        emit([json_text(status_object(found), indent=2), "\n"], to)
    else:
        draw(_lines(status_lines(found), to))


def _lines(said: Iterable[tuple[str, str]], to: Screen) -> Iterator[str]:
    """What it is about on the left, once; the sentences on the right, each on lines of its own."""
    rows = [(label, fit(sentence)) for label, sentence in said]
    left = max(len(label) for label, _ in rows) + _GAP
    room = None if to.width is None else max(_NARROWEST, to.width - left)
    before = None
    for label, sentence in rows:
        for part in wrapped(sentence, room):
            shown = "" if label == before else label
            yield f"{to.bold(shown) if shown else ''}{padded('', left - len(shown))}{part}"
            before = label
