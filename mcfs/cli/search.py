"""`mcfs search`: what a folder would hold, in the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import click
from sqlalchemy import Row

from mcfs.annex.library import Library
from mcfs.cli import options
from mcfs.cli.session import opened_cache
from mcfs.cli.table import absent_mark, draw_table
from mcfs.cli.terminal import emit, note, say, screen
from mcfs.query import Query, hiding_absent, parse
from mcfs.query.parser import MAX_LIMIT
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.clock import today
from mcfs.store.records import TrackRecord

T = TypeVar("T")

_FORMATS = ("table", "paths", "json", "csv", "m3u8")


@click.command("search", cls=options.QueryCommand)
@click.argument("words", metavar="[QUERY]...", nargs=-1)
@click.option(
    "--format",
    "named",
    type=click.Choice(_FORMATS),
    help="How to show them; a table unless said otherwise.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--limit", metavar="N", type=click.IntRange(1, MAX_LIMIT), help="The first N of them."
)
@click.option(
    "--absent",
    type=click.Choice(["hide", "show"]),
    default="hide",
    show_default=True,
    help="What to do with tracks whose content is not here.",
)
@click.option("-0", "--print0", is_flag=True, help="Paths that end in NUL, for xargs -0.")
@options.library
def command(
    words: tuple[str, ...],
    named: str | None,
    as_json: bool,
    limit: int | None,
    absent: str,
    print0: bool,
    asked_for: Path | None,
) -> None:
    """Show the tracks that a query names: the same, in the same order, as its folder has.

    \b
      mcfs search genre:techno 'bpm:>126'
      mcfs search genre:techno -0 | xargs -0 mpv
      mcfs search sort:-rating limit:50 --format m3u8 > best.m3u8

    Without a query it is all of them. Quote what the shell would read itself:
    > < | ( ) and spaces.

    Paths open from where you are: inside the library they are relative to this
    folder, as git annex writes and takes them, elsewhere they are absolute. In a
    playlist they are always absolute; in JSON and CSV, `file` is relative to the
    top of the library. JSON writes U+FFFD for bytes that are not UTF-8; the
    other formats keep them.
    """
    chosen = _format(named, as_json=as_json, print0=print0)
    with (
        opened_cache(options.library_place(asked_for)) as (library, cache),
        cache.reading() as read,
    ):
        query = parse(" ".join(words), read.vocabulary())
        asked = query if absent == "show" else hiding_absent(query)
        # Below a table it is said whether there would be more.
        cut = _cut(asked, limit, chosen == "table")
        compiled = select_tracks(bind_without_values(cut, today()))
        match chosen:
            case "table":
                found = _table(read.records_of(compiled), limit)
            case "paths":
                found = _paths(read.stream(compiled), library, "\0" if print0 else "\n")
            case _:
                found = _written(chosen, read.records_of(compiled), library, read)
        if not found:
            _say_nothing(query, asked, read)


def _format(named: str | None, *, as_json: bool, print0: bool) -> str:
    if as_json and named not in (None, "json"):
        raise click.UsageError(f"--json and --format {named} are two things; say one")
    chosen = "json" if as_json else named
    if print0 and chosen not in (None, "paths"):
        raise click.UsageError(f"-0 is for paths, and not for {chosen}")
    return chosen or ("paths" if print0 else "table")


def _cut(query: Query, limit: int | None, and_one: bool) -> Query:
    """After everything, the query's own limit too."""
    if limit is None or (query.limit is not None and query.limit <= limit):
        return query
    return replace(query, limit=limit + and_one)


def _table(tracks: Iterator[TrackRecord], limit: int | None) -> int:
    to = screen()
    count, absent = draw_table(islice(tracks, limit), to)
    if count:
        said = "1 track" if count == 1 else f"{count} tracks"
        if absent:
            said += f", {absent} of them not here ({absent_mark(to)})"
        if next(tracks, None) is not None:
            said += "; there are more"
        note(said)
    return count


def _paths(rows: Iterable[Row[Any]], library: Library, end: str) -> int:
    """Without the rest of what is known of a track, which takes longer to read than all of this."""
    counted = _Counted(rows)
    having = _Counted(row.work_path for row in counted if row.work_path is not None)
    path = _opens(library)
    emit((path(work_path) + end for work_path in having), screen())
    if without := counted.count - having.count:
        have = "1 track has" if without == 1 else f"{without} tracks have"
        say(f"{have} no file in the work tree, and no path")
    return counted.count


def _written(
    chosen: str, tracks: Iterator[TrackRecord], library: Library, read: CacheReader
) -> int:
    from mcfs.export.csv_table import as_csv
    from mcfs.export.json_objects import as_json
    from mcfs.export.playlist import as_m3u8

    counted = _Counted(tracks)

    def location(track: TrackRecord) -> str:
        if track.files:
            return str(library.top / track.files[0])
        return str(library.common_dir / track.content_path)

    match chosen:
        case "json":
            pieces = as_json(counted)
        case "csv":
            pieces = as_csv(counted, [field.shown for field in read.fields()])
        case _:
            pieces = as_m3u8(counted, location)
    emit(pieces, screen())
    return counted.count


class _Counted(Generic[T]):
    """Goes through something once, and knows afterwards how much it was."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = items
        self.count = 0

    def __iter__(self) -> Iterator[T]:
        for item in self._items:
            self.count += 1
            yield item


def _opens(library: Library) -> Callable[[str], str]:
    """From a work path to one that opens from here: short inside the library, whole elsewhere."""
    here, top = Path.cwd(), str(library.top)
    if not here.is_relative_to(library.top):
        return lambda work_path: f"{top}/{work_path}"

    def relative(work_path: str) -> str:
        path = os.path.relpath(f"{top}/{work_path}", here)
        return f"./{path}" if path.startswith("-") else path

    return relative


def _say_nothing(query: Query, asked: Query, read: CacheReader) -> None:
    from mcfs.inspect.suggest import suggest_term

    elsewhere = read.count(bind_without_values(query, today())) if asked != query else 0
    if elsewhere:
        are = "1 track is" if elsewhere == 1 else f"{elsewhere} tracks are"
        say(f"no tracks here; {are} elsewhere, and shown with --absent show")
        return
    meant = suggest_term(query, read)
    say(f"no tracks; did you mean {meant}?" if meant else "no tracks")
