"""`mcfs sync`."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.annex.library import open_library
from mcfs.cli import options
from mcfs.cli.progress import sync_with_bar
from mcfs.store import open_store


@click.command("sync")
@options.library
def command(asked_for: Path | None) -> None:
    """Bring the store up to date with the library.

    Reads all of the library's metadata again. Nothing in the library is changed.
    """
    library = open_library(options.library_place(asked_for))
    with open_store(library.store_dir) as store:
        if store.notice:
            click.echo(f"mcfs: {store.notice}", err=True)
        report = sync_with_bar(library, store)
    absent = report.tracks - report.present
    rest = f", {absent} of them not here" if absent else ""
    click.echo(f"{report.tracks} tracks{rest}")
