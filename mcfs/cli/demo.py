"""`mcfs demo`: a small git-annex library with sound in it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from mcfs.demo.library import DemoLibrary, make_library


@click.command("demo")
@click.argument("place", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--tracks",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="How many tracks; from 20 on every special case is among them.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="The same seed makes the same library, another seed another.",
)
def command(place: Path, tracks: int, seed: int) -> None:
    """Make a small git-annex library with sound in it, to try things on.

    DIR is new or empty. A second repository, DIR-archive, is made beside it and
    keeps some of the tracks, so that not everything is here.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task("making sound", total=1)
        made = make_library(
            place,
            tracks,
            seed,
            lambda doing, share: bar.update(task, description=doing, completed=share),
        )
    click.echo(_summary(place, made))


def _summary(place: Path, made: DemoLibrary) -> str:
    folder = shlex.quote(str(place))
    tracks = "1 track" if made.tracks == 1 else f"{made.tracks} tracks"
    lines = [f"Made a library of {tracks}: {place}"]
    if made.only_in_archive:
        are = "1 is" if made.only_in_archive == 1 else f"{made.only_in_archive} are"
        lines.append(f"Of these {are} only in {made.archive.name}, beside it.")
    lines += [
        "",
        "Try next:",
        f"  mkdir -p ~/mnt; mcfs mount {folder} ~/mnt",
        "  ls ~/mnt ~/mnt/genre:techno/bpm:120-135",
        "  mcfs umount ~/mnt",
    ]
    return "\n".join(lines)
