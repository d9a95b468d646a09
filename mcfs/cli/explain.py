"""`mcfs explain`: how a query or a path was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mcfs.cli import options
from mcfs.cli.session import opened
from mcfs.cli.terminal import Screen, draw, emit, fit, screen
from mcfs.config.load import load_settings
from mcfs.export.json_objects import json_text
from mcfs.inspect.explain import Explanation, Report, is_place, report
from mcfs.tree.tree import Tree


@click.command("explain", cls=options.QueryCommand)
@click.argument("words", metavar="PATH-OR-QUERY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="An object, an error too.")
@options.library
def command(words: tuple[str, ...], as_json: bool, asked_for: Path | None) -> None:
    """Explain how a query, or a path in a mount, is read: in words, in SQL, and what it finds.

    \b
      mcfs explain genre:techno '~bpm:126'
      mcfs explain genre:techno/bpm:120-130
      mcfs explain ~/mnt/genre:techno

    Of a path in a mount the library is that of the mount. What cannot be read is
    said with the place, and what to write instead.
    """
    to = screen()
    text = " ".join(words)
    place, _ = options.placed(text, asked_for)
    if asked_for is not None and not is_place(text):
        place = asked_for  # a query, wherever one stands
    with opened(place) as (library, store):
        told = report(text, store, Tree(store, load_settings(library.top)))
    if as_json:
        emit([json_text(_object(told), indent=2), "\n"], to)
    else:
        draw(_lines(told, to))
    if told.error is not None:
        raise told.error


def _lines(told: Report, to: Screen) -> Iterator[str]:
    for depth, step in enumerate(told.steps):
        yield f"{'  ' * depth}{to.bold(fit(step.name))}: {fit(step.meaning)}"
    for remark in told.remarks:
        yield f"note: {fit(remark)}"
    found = told.explanation
    if found is None:
        return
    if told.steps or told.remarks:
        yield ""
    yield from map(fit, found.words)
    for heading, lines in (
        ("canonical", [found.canonical or '"" (every track)']),
        ("SQL", found.sql.split("\n")),
        ("plan", found.plan),
    ):
        yield ""
        yield to.bold(heading)
        yield from (f"  {fit(line)}" for line in lines)
    yield ""
    yield _count(found)


def _count(found: Explanation) -> str:
    tracks = "1 track" if found.shown == 1 else f"{found.shown} tracks"
    if not found.decides_presence:
        tracks += f" here, {found.all} in all"
    return f"{tracks}, in {found.seconds * 1000:.1f} ms"


def _object(told: Report) -> dict[str, Any]:
    """What is told, for programs; `tracks` are those a folder shows, without what is not here."""
    said: dict[str, Any] = {"text": told.text}
    if told.steps:
        said["steps"] = [{"name": step.name, "meaning": step.meaning} for step in told.steps]
    if told.remarks:
        said["remarks"] = told.remarks
    if (found := told.explanation) is not None:
        said |= {
            "canonical": found.canonical,
            "words": found.words,
            "sql": found.sql,
            "plan": found.plan,
            "tracks": found.shown,
            "tracks_in_all": found.all,
            "seconds": round(found.seconds, 6),
        }
    if (error := told.error) is not None:
        said["error"] = {
            "message": error.message,
            "position": error.position,
            "suggestion": error.suggestion,
        }
    return said
