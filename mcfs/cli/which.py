"""`mcfs which`: the track behind an entry."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mcfs.annex.library import Library
from mcfs.annex.whereis import Copy, whereis
from mcfs.cli import options
from mcfs.cli.session import opened
from mcfs.cli.terminal import Screen, draw, emit, fit, padded, screen
from mcfs.config.load import load_settings
from mcfs.export.json_objects import json_text, track_object
from mcfs.inspect.which import LocatedTrack, locate_tracks

_LEFT = 11


@click.command("which")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="An array of objects.")
@options.library
def command(paths: tuple[str, ...], as_json: bool, asked_for: Path | None) -> None:
    """Say which track is behind a path in a mount, and where its content is.

    \b
      mcfs which ~/mnt/genre:techno/*.flac
      mcfs which 'all/Surgeon - Remnants.flac'

    Of a path in a mount the library is that of the mount; any other begins at the
    root of the mount that the library would have. The path of a file in the
    library's work tree will do as well.
    """
    found: list[tuple[Library, LocatedTrack, tuple[Copy, ...]]] = []
    placed = [options.placed(path, asked_for) for path in paths]
    for place, together in itertools.groupby(placed, lambda each: each[0]):
        with opened(place) as (library, store):
            settings = load_settings(library.top)
            tracks = locate_tracks([path for _, path in together], library, store, settings)
        # Who else has it is slower to find out, and of little interest when it is here.
        asked = [each.track.annex_key for each in tracks if as_json or each.content is None]
        held = whereis(library, asked) if asked else {}
        found += [(library, each, held.get(each.track.annex_key, ())) for each in tracks]
    to = screen()
    if as_json:
        objects = [_object(each, copies) for _, each, copies in found]
        emit([json_text(objects, indent=2), "\n"], to)
        return
    for number, (library, each, copies) in enumerate(found):
        draw(([""] if number else []) + list(_lines(library, each, copies, to)))


def _lines(
    library: Library, found: LocatedTrack, copies: tuple[Copy, ...], to: Screen
) -> Iterator[str]:
    rows = [("name", found.track.name)]
    rows += (("work path", str(library.top / file)) for file in found.track.files)
    rows.append(("annex key", found.track.annex_key))
    if found.content is not None:
        rows.append(("content", str(found.content)))
    else:
        rows.append(("content", "not here" if copies else "not here, and nowhere known"))
        rows += (("held by", copy.description or copy.uuid) for copy in copies)
        rows += (("web", url) for copy in copies for url in copy.urls)
    before = None
    for label, text in rows:
        shown = "" if label == before else label
        yield f"{to.bold(shown) if shown else ''}{padded('', _LEFT - len(shown))}{fit(text)}"
        before = label


def _object(found: LocatedTrack, copies: tuple[Copy, ...]) -> dict[str, Any]:
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
            for copy in copies
        ],
    }
