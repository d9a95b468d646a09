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
from mcfs.export.json_objects import error_object, json_text
from mcfs.inspect.explain import Explanation, QueryExplanation, explain
from mcfs.inspect.path_or_query import is_path_in_any_library
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
    if asked_for is not None and not is_path_in_any_library(text):
        place = asked_for  # a query, wherever one stands
    with opened(place) as (library, store):
        explained = explain(text, store, Tree(store, load_settings(library.top)))
    if as_json:
        emit([json_text(_object(explained), indent=2), "\n"], to)
    else:
        draw(_lines(explained, to))
    if explained.error is not None:
        raise explained.error


def _lines(explained: Explanation, to: Screen) -> Iterator[str]:
    for depth, step in enumerate(explained.steps):
        yield f"{'  ' * depth}{to.bold(fit(step.name))}: {fit(step.meaning)}"
    for remark in explained.remarks:
        yield f"note: {fit(remark)}"
    found = explained.query
    if found is None:
        return
    if explained.steps or explained.remarks:
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


def _count(found: QueryExplanation) -> str:
    tracks = "1 track" if found.shown == 1 else f"{found.shown} tracks"
    if not found.decides_presence:
        tracks += f" here, {found.all} in all"
    return f"{tracks}, in {found.seconds * 1000:.1f} ms"


def _object(explained: Explanation) -> dict[str, Any]:
    """For programs; `tracks` counts what a folder shows, `tracks_in_all` also what is not here."""
    shown: dict[str, Any] = {"text": explained.text}
    if explained.steps:
        shown["steps"] = [{"name": step.name, "meaning": step.meaning} for step in explained.steps]
    if explained.remarks:
        shown["remarks"] = explained.remarks
    if (query := explained.query) is not None:
        shown |= {
            "canonical": query.canonical,
            "words": query.words,
            "sql": query.sql,
            "plan": query.plan,
            "tracks": query.shown,
            "tracks_in_all": query.all,
            "seconds": round(query.seconds, 6),
        }
    if explained.error is not None:
        shown["error"] = error_object(explained.error)
    return shown
