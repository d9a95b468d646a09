"""Options that several commands share, and a command class that separates query words from options."""

from __future__ import annotations

from pathlib import Path

import click

library = click.option(
    "--library",
    "library_path",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The git-annex repository. Default: $MCFS_LIBRARY, else the one of this folder or mount.",
)

absent = click.option(
    "--absent",
    type=click.Choice(["hide", "show"]),
    help="Whether to show tracks whose content is not here. Default: as in the settings.",
)


class QueryCommand(click.Command):
    """A command whose arguments are a query: `-genre:techno` is a word of it, not an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move the words behind `--`, where click leaves them alone."""
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
                        return super().parse_args(ctx, options)  # reports the missing value
                    options.append(value)
            else:
                words.append(arg)
        return super().parse_args(ctx, [*options, "--", *words])
