"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

library = click.option(
    "--library",
    "place",
    metavar="PATH",
    envvar="MCFS_LIBRARY",
    default=".",
    type=click.Path(path_type=Path),
    help="The git-annex repository; else $MCFS_LIBRARY, else the one around this folder.",
)
