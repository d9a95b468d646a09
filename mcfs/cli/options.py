"""Options that several commands share, and how query words are told from options."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mcfs.mount_table import mount_containing

library = click.option(
    "--library",
    "asked_for",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The git-annex repository; else $MCFS_LIBRARY, else that of this folder or mount.",
)


def library_place(named: Path | None) -> Path:
    """Where the library is looked for: what is named, else where we stand; in a mount, at what it shows."""
    if place := named or os.environ.get("MCFS_LIBRARY"):
        return Path(place)
    in_mount = mount_containing(".")
    return Path() if in_mount is None else Path(in_mount[0].source)


def placed(path: str, named: Path | None) -> tuple[Path, str]:
    """Where the library is that a path is about, and the path as it is read there.

    Of one in a mount it is the library of that mount, whatever is named; any other begins at the root of
    the mount that the library would have.
    """
    in_mount = mount_containing(path)
    if in_mount is None:
        return library_place(named), path
    mount, inside = in_mount
    return Path(mount.source), inside


class QueryCommand(click.Command):
    """A command whose arguments are a query: `-genre:techno` is a word of it and no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Words behind `--`, where click leaves them alone."""
        takes_value = {
            name: isinstance(parameter, click.Option) and not parameter.is_flag
            for parameter in self.get_params(ctx)
            for name in (*parameter.opts, *parameter.secondary_opts)
        }
        options: list[str] = []
        words: list[str] = []
        rest = iter(args)
        for arg in rest:
            if arg == "--":
                words += rest
            elif arg.startswith("--") or arg in takes_value:
                options.append(arg)
                if takes_value.get(arg):
                    value = next(rest, None)
                    if value is None:
                        return super().parse_args(ctx, options)  # which says what is missing
                    options.append(value)
            else:
                words.append(arg)
        return super().parse_args(ctx, [*options, "--", *words])
