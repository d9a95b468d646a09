"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path

import click

library = click.option(
    "--library",
    "named",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The git-annex repository; else $MCFS_LIBRARY, else the one around this folder.",
)


def library_place(named: Path | None) -> Path:
    """Where to look for the library, as the option's help says."""
    return named or Path(os.environ.get("MCFS_LIBRARY") or ".")
