"""`mcfs pin`: saves a query as a folder."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.pins import pin_object
from mcfs.cli.session import open_session
from mcfs.cli.terminal import print_lines
from mcfs.cli.text_layout import count_noun
from mcfs.inspect.pins import add_pin
from mcfs.text.printable import printable


@click.command("pin", cls=options.QueryCommand)
@click.argument("words", metavar="QUERY...", nargs=-1, required=True)
@click.option("--name", metavar="NAME", help="The name of the folder. Default: the query.")
@json_option("Print the new pin as an object.")
@options.library
def command(
    words: tuple[str, ...], name: str | None, as_json: bool, library_path: Path | None
) -> None:
    """Save a query as a folder in pins/ of every mount, as mkdir does there.

    \b
      mcfs pin genre:techno bpm:120-130
      mcfs pin --name 'Peak time' genre:techno bpm:120-130
    """
    with open_session(library_path) as session:
        pin = add_pin(name, " ".join(words), session.store, session.tree)
    if as_json:
        print_json(pin_object(pin))
        return
    query = "" if name is None else f": {pin.query_text}"
    tracks = count_noun(pin.tracks or 0, "track")
    print_lines([f"pinned {printable(pin.name)}{printable(query)}, {tracks}"])
