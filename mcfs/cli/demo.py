"""`mcfs demo`: makes a small git-annex library with sound in it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.text_layout import count_noun
from mcfs.demo.library import DemoLibrary, make_library


@click.command("demo")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--tracks",
    metavar="N",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="How many tracks. With 20 or more, every special case is among them.",
)
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="The same number makes the same library again.",
)
@json_option("Print an object.")
def command(folder: Path, tracks: int, seed: int, as_json: bool) -> None:
    """Make a small git-annex library with sound in it, to try mcfs on.

    DIR must be new or empty. A second repository, DIR-archive, is made beside it:
    some tracks have their content only there.
    """
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with progress:
        task = progress.add_task("making sound", total=1)
        made = make_library(
            folder,
            tracks,
            seed,
            lambda doing, share: progress.update(task, description=doing, completed=share),
        )
    if as_json:
        print_json(
            {
                "library": str(made.library),
                "archive": str(made.archive),
                "tracks": made.tracks,
                "only_in_archive": made.only_in_archive,
            }
        )
    else:
        click.echo(_summary(folder, made))


def _summary(folder: Path, made: DemoLibrary) -> str:
    quoted = shlex.quote(str(folder))
    lines = [f"Made a library of {count_noun(made.tracks, 'track')}: {folder}"]
    if made.only_in_archive:
        are = "1 is" if made.only_in_archive == 1 else f"{made.only_in_archive} are"
        lines.append(f"Of these {are} only in {made.archive.name}, beside it.")
    lines += [
        "",
        "Try next:",
        f"  mkdir -p ~/mnt; mcfs mount {quoted} ~/mnt",
        "  ls ~/mnt ~/mnt/genre:techno/bpm:120-135",
        "  mcfs umount ~/mnt",
    ]
    return "\n".join(lines)
