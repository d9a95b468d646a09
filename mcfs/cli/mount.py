"""`mcfs mount`."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.annex.library import open_library
from mcfs.cli import options
from mcfs.cli.progress import sync_with_bar
from mcfs.config import load_settings
from mcfs.mount import mount, mount_in_foreground
from mcfs.mountpoint import usable
from mcfs.store import open_store


@click.command("mount")
@click.argument("places", metavar="[LIBRARY] MOUNTPOINT", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--foreground", is_flag=True, help="Serve until interrupted, instead of in the background."
)
@options.library
def command(places: tuple[Path, ...], foreground: bool, asked_for: Path | None) -> None:
    """Mount a library as folders that answer questions; returns when the mount answers.

    A library that was never synced is synced first.
    """
    match places:
        case (mount_point,):
            place = options.library_place(asked_for)
        case (place, mount_point) if asked_for is None:
            pass
        case _:
            raise click.UsageError(
                "name the library and the mount point: mcfs mount LIBRARY MOUNTPOINT"
            )
    library = open_library(place)
    usable_place = usable(mount_point, library.top)
    with open_store(library.store_dir) as store:
        if store.notice:
            click.echo(f"mcfs: {store.notice}", err=True)
        if store.cache.state().library_uuid != library.uuid:
            sync_with_bar(library, store, load_settings(library.top))
    if foreground:
        mount_in_foreground(library, usable_place)
    else:
        mount(library, usable_place)
