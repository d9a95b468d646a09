"""`mcfs explain`: how a query or a path is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.session import locate_path, open_session
from mcfs.cli.terminal import Output, output_of, print_lines
from mcfs.cli.text_layout import count_noun
from mcfs.export.json_objects import error_object
from mcfs.inspect.explain import Explanation, QueryExplanation, explain
from mcfs.inspect.path_or_query import is_path_in_any_library
from mcfs.text.printable import printable


@click.command("explain", cls=options.QueryCommand)
@click.argument("words", metavar="PATH-OR-QUERY...", nargs=-1, required=True)
@json_option("Print an object; an error is part of it.")
@options.library
def command(words: tuple[str, ...], as_json: bool, library_path: Path | None) -> None:
    """Explain how a query, or a path in a mount, is read: in words, in SQL, and what it finds.

    \b
      mcfs explain genre:techno '~bpm:126'
      mcfs explain genre:techno/bpm:120-130
      mcfs explain ~/mnt/genre:techno

    A path in a mount is about the library of that mount. For a text that cannot be
    read, mcfs shows where the error is and what to write instead.
    """
    text = " ".join(words)
    place, _ = locate_path(text, library_path)
    if library_path is not None and not is_path_in_any_library(text):
        place = library_path  # a query, even where a path of that name exists
    with open_session(place) as session:
        explanation = explain(text, session.store, session.tree)
    if as_json:
        print_json(_object(explanation))
    else:
        print_lines(_lines(explanation, output_of()))
    if explanation.error is not None:
        raise explanation.error


def _lines(explanation: Explanation, output: Output) -> Iterator[str]:
    for depth, step in enumerate(explanation.steps):
        name, meaning = output.bold(printable(step.name)), printable(step.meaning)
        yield f"{'  ' * depth}{name}: {meaning}"
    for remark in explanation.remarks:
        yield f"note: {printable(remark)}"
    query = explanation.query
    if query is None:
        return
    if explanation.steps or explanation.remarks:
        yield ""
    yield from map(printable, query.words)
    for heading, lines in (
        ("canonical", [query.canonical or '"" (every track)']),
        ("SQL", query.sql.split("\n")),
        ("plan", query.plan),
    ):
        yield ""
        yield output.bold(heading)
        yield from (f"  {printable(line)}" for line in lines)
    yield ""
    yield _count(query)


def _count(query: QueryExplanation) -> str:
    tracks = count_noun(query.shown, "track")
    if not query.decides_presence:
        tracks += f" here, {query.all} in all"
    return f"{tracks}, in {query.seconds * 1000:.1f} ms"


def _object(explanation: Explanation) -> dict[str, Any]:
    """For programs; `tracks` counts what a folder shows, `tracks_in_all` also what is not here."""
    shown: dict[str, Any] = {"text": explanation.text}
    if explanation.steps:
        shown["steps"] = [
            {"name": each.name, "meaning": each.meaning} for each in explanation.steps
        ]
    if explanation.remarks:
        shown["remarks"] = explanation.remarks
    if (query := explanation.query) is not None:
        shown |= {
            "canonical": query.canonical,
            "words": query.words,
            "sql": query.sql,
            "plan": query.plan,
            "tracks": query.shown,
            "tracks_in_all": query.all,
            "seconds": round(query.seconds, 6),
        }
    if explanation.error is not None:
        shown["error"] = error_object(explanation.error)
    return shown
