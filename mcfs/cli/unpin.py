"""`mcfs unpin`: deletes a pin."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.session import open_session
from mcfs.inspect.pins import remove_pin


@click.command("unpin", cls=options.QueryCommand)
@click.argument("words", metavar="NAME...", nargs=-1, required=True)
@options.library
def command(words: tuple[str, ...], library_path: Path | None) -> None:
    """Delete a pin, as rmdir does in pins/. Its tracks stay as they are.

    \b
      mcfs unpin genre:techno bpm:120-130
      mcfs unpin 'Peak time'
    """
    with open_session(library_path) as session:
        remove_pin(" ".join(words), session.store)
