"""`--json`: what a command prints for programs, and how a failure looks to them.

Every command that prints results has it. A command that fails before it has printed anything prints
`{"error": {"message": …, "suggestion": …, "position": …}}` instead; the sentence on stderr and the exit
code are the same as without `--json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from mcfs.cli.terminal import output_of, print_exactly

# In click's context: JSON was asked for, and nothing has been printed yet.
_EXPECTED = "mcfs.json_expected"


def json_option(shape: str) -> Callable[[Any], Any]:
    """The option `--json` of a command; `shape` says in its help what is printed."""
    return click.option("--json", "as_json", is_flag=True, callback=_note_option, help=shape)


def expect_json() -> None:
    """Remember that this command prints JSON, so that a failure is printed as JSON, too."""
    click.get_current_context().meta[_EXPECTED] = True


def print_json(value: Any) -> None:
    """One value, laid out for the eye as well."""
    from mcfs.export.json_objects import json_text

    print_json_pieces([json_text(value, indent=2), "\n"])


def print_json_pieces(pieces: Iterable[str]) -> None:
    """JSON that is made piece by piece, so that a large answer is never held in memory."""
    print_exactly(_noting_start(pieces), output_of())


def _noting_start(pieces: Iterable[str]) -> Iterator[str]:
    rest = iter(pieces)
    first = next(rest, "")
    click.get_current_context().meta.pop(_EXPECTED, None)
    yield first
    yield from rest


def print_error_as_json(error: Exception | str, context: click.Context) -> None:
    """Print a failure, if this command was asked for JSON and has not printed any."""
    if context.meta.pop(_EXPECTED, False):
        from mcfs.export.json_objects import error_object, json_text

        print_exactly([json_text({"error": error_object(error)}, indent=2), "\n"], output_of())


def _note_option(context: click.Context, _option: click.Parameter, as_json: bool) -> bool:
    if as_json:
        context.meta[_EXPECTED] = True
    return as_json
