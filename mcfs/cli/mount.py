"""`mcfs mount`."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.annex.library import open_library
from mcfs.cli import options
from mcfs.cli.progress import sync_with_bar
from mcfs.cli.terminal import say
from mcfs.config.load import load_settings
from mcfs.config.settings import Absent, Entries
from mcfs.mounting.background import mount_in_background
from mcfs.mounting.mount import mount_in_foreground
from mcfs.mounting.mount_point import prepare_mount_point
from mcfs.mounting.options import parse_mount_options
from mcfs.mounting.request import MountRequest
from mcfs.store import open_store


@click.command("mount")
@click.argument("places", metavar="[LIBRARY] MOUNTPOINT", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--foreground", "-f", is_flag=True, help="Serve until interrupted, and not in the background."
)
@click.option(
    "--entries",
    type=click.Choice([kind.value for kind in Entries]),
    help="What a track is: a link into the library, or a file for programs that follow none.",
)
@click.option(
    "--absent",
    type=click.Choice([way.value for way in Absent]),
    help="What to do with tracks whose content is not here.",
)
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Write a log there.")
@click.option("-v", "verbosity", count=True, help="Say more in the log; twice, still more.")
@click.option(
    "-o", "texts", metavar="OPT,...", multiple=True, help="Options of mount(8), as in /etc/fstab."
)
@options.library
def command(
    places: tuple[Path, ...],
    foreground: bool,
    entries: str | None,
    absent: str | None,
    log: Path | None,
    verbosity: int,
    texts: tuple[str, ...],
    asked_for: Path | None,
) -> None:
    """Mount a library as folders that answer questions; returns when the mount answers.

    A library that was never synced is synced first; after that, the mount keeps
    itself current.

    \b
    In /etc/fstab:
      /home/me/Music /home/me/mnt fuse.mcfs user,noauto 0 0
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
    said = parse_mount_options(texts)
    entries = entries or said.settings.get("entries")
    absent = absent or said.settings.get("absent")
    request = MountRequest(
        entries=Entries(entries) if entries else None,
        absent=Absent(absent) if absent else None,
        kernel_options=said.for_kernel,
        # The background stands elsewhere.
        log_file=log.absolute() if log else None,
        verbosity=verbosity,
    )
    library = open_library(place)
    mount_at = prepare_mount_point(mount_point, library.top)
    settings = load_settings(library.top)
    with open_store(library.store_dir) as store:
        if store.notice:
            say(store.notice)
        if store.cache.state().library_uuid != library.uuid:
            sync_with_bar(library, store, settings)
    if foreground:
        mount_in_foreground(library, mount_at, request)
    else:
        mount_in_background(library, mount_at, request)
