"""`mcfs status`: library, store and mounts on one screen."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.session import open_session
from mcfs.cli.terminal import output_of, print_lines
from mcfs.cli.text_layout import labelled_lines
from mcfs.inspect.status import gather_status
from mcfs.inspect.status_json import status_object
from mcfs.inspect.status_text import status_lines


@click.command("status")
@json_option("Print an object; times are in UTC.")
@options.library
def command(as_json: bool, library_path: Path | None) -> None:
    """Show the state of library, store and mounts, and what needs attention.

    Changes nothing, and does not sync.
    """
    with open_session(library_path) as session:
        status = gather_status(session.library)
    if as_json:
        print_json(status_object(status))
    else:
        print_lines(labelled_lines(status_lines(status), output_of(), wrapped=True))
