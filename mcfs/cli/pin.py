"""`mcfs pin`: a query kept as a folder."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.session import opened
from mcfs.cli.terminal import draw, fit
from mcfs.config.load import load_settings
from mcfs.inspect.pins import add_pin
from mcfs.tree.tree import Tree


@click.command("pin", cls=options.QueryCommand)
@click.argument("words", metavar="QUERY...", nargs=-1, required=True)
@click.option("--name", metavar="NAME", help="What the folder is called; else what the query says.")
@options.library
def command(words: tuple[str, ...], name: str | None, asked_for: Path | None) -> None:
    """Keep a query as a folder in pins/ of every mount, as mkdir does there.

    \b
      mcfs pin genre:techno bpm:120-130
      mcfs pin --name 'Peak time' genre:techno bpm:120-130
    """
    with opened(options.library_place(asked_for)) as (library, store):
        pin = add_pin(name, " ".join(words), store, Tree(store, load_settings(library.top)))
    tracks = "1 track" if pin.tracks == 1 else f"{pin.tracks} tracks"
    what = "" if name is None else f": {pin.query_text}"
    draw([f"pinned {fit(pin.name)}{fit(what)}, {tracks}"])
