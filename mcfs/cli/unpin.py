"""`mcfs unpin`: deletes a pin."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.session import open_session
from mcfs.cli.terminal import print_message
from mcfs.inspect.pins import remove_pin


@click.command("unpin", cls=options.QueryCommand)
@click.argument("words", metavar="NAME...", nargs=-1, required=True)
@click.option("--cascade", is_flag=True, help="Delete the snapshots of the pin too.")
@options.library
def command(words: tuple[str, ...], cascade: bool, library_path: Path | None) -> None:
    """Delete a pin, as rmdir does in pins/. Its tracks stay as they are.

    \b
      mcfs unpin genre:techno bpm:120-130
      mcfs unpin 'Peak time'

    A pin that has snapshots is deleted with them: mcfs asks first, and without a
    terminal it needs --cascade. rmdir in a mount keeps them.
    """
    name = " ".join(words)
    with open_session(library_path) as session:
        if not cascade and (snapshots := session.store.user.snapshots_of_pin(name)):
            cascade = _asks_for(snapshots)
        remove_pin(name, session.store, cascade=cascade)


def _asks_for(snapshots: list[str]) -> bool:
    """Ask the user whether to delete them. Without a terminal, the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    belong = "this snapshot belongs" if len(snapshots) == 1 else "these snapshots belong"
    print_message(f"{belong} to the pin: {', '.join(snapshots)}")
    return click.confirm("Delete all of them with the pin?", err=True)
