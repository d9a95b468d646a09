"""`mcfs unpin`: a pin forgotten."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.session import opened
from mcfs.inspect.pins import remove_pin


@click.command("unpin", cls=options.QueryCommand)
@click.argument("words", metavar="NAME...", nargs=-1, required=True)
@options.library
def command(words: tuple[str, ...], asked_for: Path | None) -> None:
    """Forget a pin, as rmdir does in pins/. The tracks are not touched.

    \b
      mcfs unpin genre:techno bpm:120-130
      mcfs unpin 'Peak time'
    """
    with opened(options.library_place(asked_for)) as (_, store):
        remove_pin(" ".join(words), store)
