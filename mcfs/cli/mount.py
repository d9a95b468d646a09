"""`mcfs mount`: mounts a library."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.session import Session, locate_library, open_session
from mcfs.cli.terminal import print_message
from mcfs.config.settings import Absent, Entries
from mcfs.config.value_parsers import InvalidValue, editable_field
from mcfs.errors import InputError
from mcfs.inspect.edit_text import edit_sentences
from mcfs.mounting.background import mount_in_background
from mcfs.mounting.mount import mount_in_foreground
from mcfs.mounting.mount_point import claimed_mount_point
from mcfs.mounting.options import parse_mount_options
from mcfs.mounting.request import MountRequest
from mcfs.mounting.user import run_as_owner
from mcfs.text.similar import similar_words


@click.command("mount")
@click.argument("places", metavar="[LIBRARY] MOUNTPOINT", nargs=-1, type=Path)
@click.option("--foreground", "-f", is_flag=True, help="Stay in the foreground until interrupted.")
@click.option(
    "--entries",
    type=click.Choice([kind.value for kind in Entries]),
    help="What a track is: a link into the library, or a file for programs that follow no links.",
)
@click.option(
    "--absent",
    type=click.Choice([way.value for way in Absent]),
    help="Whether to show tracks whose content is not here. Default: as in the settings.",
)
@click.option(
    "--edit",
    metavar="FIELD,...",
    help="Fields that the folders of this mount change: crate,genre. Default: as in your settings.",
)
@click.option(
    "--edit-bulk",
    is_flag=True,
    help="Let more than 100 tracks lose values within 10 seconds, as by rm -r.",
)
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Log to this file.")
@click.option("-v", "verbosity", count=True, help="Log more; -vv logs every request.")
@click.option(
    "-o", "texts", metavar="OPT,...", multiple=True, help="Mount options, as in /etc/fstab."
)
@options.library
def command(
    places: tuple[Path, ...],
    foreground: bool,
    entries: str | None,
    absent: str | None,
    edit: str | None,
    edit_bulk: bool,
    log: Path | None,
    verbosity: int,
    texts: tuple[str, ...],
    library_path: Path | None,
) -> None:
    """Mount a library as folders that answer questions.

    Returns when the mount can be used. A library that was never synced is synced
    first; afterwards the mount follows its changes.

    \b
    In /etc/fstab:
      /home/me/Music /home/me/mnt fuse.mcfs user,noauto 0 0
    """
    match places:
        case (mount_point,):
            place = library_path
        case (place, mount_point) if library_path is None:
            pass
        case _:
            raise click.UsageError(
                "name the library and the mount point: mcfs mount LIBRARY MOUNTPOINT"
            )
    mount_options = parse_mount_options(texts)
    entries = entries or mount_options.settings.get("entries")
    absent = absent or mount_options.settings.get("absent")
    request = MountRequest(
        entries=Entries(entries) if entries else None,
        absent=Absent(absent) if absent else None,
        edit=None if edit is None else _editable_fields(edit),
        edits_in_bulk=edit_bulk,
        kernel_options=mount_options.for_kernel,
        # A mount in the background has another current folder.
        log_file=log.absolute() if log else None,
        verbosity=verbosity,
    )
    place = locate_library(place)
    run_as_owner(place)
    with ExitStack() as claims:
        # The store is closed before the process forks.
        with open_session(place) as session:
            library = session.library
            claimed = claims.enter_context(claimed_mount_point(mount_point, library.top))
            session.ensure_synced()
            _say_what_can_be_edited(session, request)
        if foreground:
            mount_in_foreground(library, claimed, request)
        else:
            mount_in_background(library, claimed, request)


def _editable_fields(text: str) -> tuple[str, ...]:
    try:
        names = [name.strip() for name in text.split(",")]
        return tuple(dict.fromkeys(editable_field(name) for name in names if name))
    except InvalidValue as invalid:
        raise click.BadParameter(str(invalid), param_hint="--edit") from invalid


def _say_what_can_be_edited(session: Session, request: MountRequest) -> None:
    settings = session.settings
    fields = request.override(settings).edit
    with session.cache.reading() as read:
        vocabulary = session.vocabulary(read)
    for field in fields:
        known = vocabulary.canonical(field)
        if known is None and (similar := similar_words(field, vocabulary.names())):
            raise InputError(f'unknown field "{field}" in --edit; did you mean "{similar[0]}"?')
    for sentence in edit_sentences(fields, settings.proposed_edit):
        print_message(sentence)
