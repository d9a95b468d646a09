"""`mcfs which`: the track behind a path."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mcfs.annex.library import Library
from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.session import locate_path, open_session
from mcfs.cli.terminal import output_of, print_lines
from mcfs.cli.text_layout import labelled_lines
from mcfs.export.json_objects import track_object
from mcfs.inspect.which import LocatedTrack, locate_tracks


@click.command("which")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@json_option("Print an array of objects.")
@options.library
def command(paths: tuple[str, ...], as_json: bool, library_path: Path | None) -> None:
    """Show which track is behind a path in a mount, and where its content is.

    \b
      mcfs which ~/mnt/genre:techno/*.flac
      mcfs which 'all/Surgeon - Remnants.flac'

    A path in a mount is about the library of that mount. Any other path starts at
    the root that a mount would have, or is the path of a file in the work tree.
    """
    found: list[tuple[Library, LocatedTrack]] = []
    located = [locate_path(path, library_path) for path in paths]
    for place, together in itertools.groupby(located, lambda each: each[0]):
        with open_session(place) as session:
            library = session.library
            inside = [path for _, path in together]
            tracks = locate_tracks(
                inside, library, session.store, session.settings, all_copies=as_json
            )
        found += [(library, track) for track in tracks]
    if as_json:
        print_json([_object(each) for _, each in found])
        return
    output = output_of()
    for number, (library, each) in enumerate(found):
        rows = _rows(library, each)
        print_lines([*([""] if number else []), *labelled_lines(rows, output, wrapped=False)])


def _rows(library: Library, found: LocatedTrack) -> Iterator[tuple[str, str]]:
    yield "name", found.track.name
    for file in found.track.files:
        yield "work path", str(library.top / file)
    yield "annex key", found.track.annex_key
    if found.content is not None:
        yield "content", str(found.content)
        return
    yield "content", "not here" if found.copies else "not here, and no other place is known"
    for copy in found.copies:
        yield "held by", copy.description or copy.uuid
    for copy in found.copies:
        for url in copy.urls:
            yield "web", url


def _object(found: LocatedTrack) -> dict[str, Any]:
    return {
        **track_object(found.track),
        "present": found.content is not None,
        "content": None if found.content is None else str(found.content),
        "whereis": [
            {
                "uuid": copy.uuid,
                "description": copy.description,
                "here": copy.here,
                "urls": list(copy.urls),
            }
            for copy in found.copies
        ],
    }
