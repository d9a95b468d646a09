"""`mcfs search`: the tracks of a query, in the terminal."""

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
from mcfs.cli.json_output import expect_json, json_option, print_json_pieces
from mcfs.cli.session import Session, open_session
from mcfs.cli.table import absent_mark, print_table
from mcfs.cli.terminal import output_of, print_exactly, print_message, print_note
from mcfs.cli.text_layout import count_noun
from mcfs.config.settings import Absent
from mcfs.query import Query, hiding_absent
from mcfs.query.parser import MAX_LIMIT
from mcfs.sql import select_tracks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.records import TrackRecord

T = TypeVar("T")

_FORMATS = ("table", "paths", "json", "csv", "m3u8")


@click.command("search", cls=options.QueryCommand)
@click.argument("words", metavar="[QUERY]...", nargs=-1)
@click.option(
    "--format", "format_name", type=click.Choice(_FORMATS), help="How to show them. Default: table."
)
@json_option("The same as --format json: an array of objects.")
@click.option(
    "--limit", metavar="N", type=click.IntRange(1, MAX_LIMIT), help="Show only the first N."
)
@options.absent
@click.option("-0", "--print0", is_flag=True, help="Print paths that end in NUL, for xargs -0.")
@options.library
def command(
    words: tuple[str, ...],
    format_name: str | None,
    as_json: bool,
    limit: int | None,
    absent: str | None,
    print0: bool,
    library_path: Path | None,
) -> None:
    """Show the tracks of a query, the same and in the same order as in its folder.

    \b
      mcfs search genre:techno 'bpm:>126'
      mcfs search genre:techno -0 | xargs -0 mpv
      mcfs search sort:-rating limit:50 --format m3u8 > best.m3u8

    Without a query, all tracks are shown. Quote what the shell would interpret:
    > < | ( ) and spaces.

    Inside the library, paths are relative to this folder, as in git-annex;
    elsewhere they are absolute. In a playlist they are always absolute. In JSON and
    CSV, `file` is relative to the top of the library. JSON has U+FFFD for bytes
    that are not UTF-8; the other formats keep them.
    """
    chosen = _format(format_name, as_json=as_json, print0=print0)
    if chosen == "json":
        expect_json()
    with open_session(library_path, absent=absent) as session, session.cache.reading() as read:
        text = " ".join(words)
        query = session.parse(text, read)
        hides = session.settings.absent is not Absent.SHOW
        shown_query = hiding_absent(query) if hides else query
        # A table also says whether there are more tracks than its limit.
        limited = _limited(shown_query, limit, and_one=chosen == "table")
        compiled = select_tracks(session.bind(limited, read))
        match chosen:
            case "table":
                count = _print_table(read.records_of(compiled), limit)
            case "paths":
                end = "\0" if print0 else "\n"
                count = _print_paths(read.stream(compiled), session.library, end)
            case _:
                count = _print_file(chosen, read.records_of(compiled), session.library, read)
        if not count:
            _report_nothing(text, query, shown_query, session, read)


def _format(format_name: str | None, *, as_json: bool, print0: bool) -> str:
    if as_json and format_name not in (None, "json"):
        raise click.UsageError(f"--json and --format {format_name} contradict each other")
    chosen = "json" if as_json else format_name
    if print0 and chosen not in (None, "paths"):
        raise click.UsageError(f"-0 prints paths and cannot be combined with {chosen}")
    return chosen or ("paths" if print0 else "table")


def _limited(query: Query, limit: int | None, *, and_one: bool) -> Query:
    """The option --limit, which never raises the query's own limit."""
    if limit is None or (query.limit is not None and query.limit <= limit):
        return query
    return replace(query, limit=limit + and_one)


def _print_table(tracks: Iterator[TrackRecord], limit: int | None) -> int:
    output = output_of()
    count, absent = print_table(islice(tracks, limit), output)
    if count:
        summary = count_noun(count, "track")
        if absent:
            summary += f", {absent} of them not here ({absent_mark(output)})"
        if next(tracks, None) is not None:
            summary += "; there are more"
        print_note(summary)
    return count


def _print_paths(rows: Iterable[Row[Any]], library: Library, end: str) -> int:
    """Only paths: reading everything else about the tracks would take longer than all of this."""
    counted = _Counted(rows)
    work_paths = _Counted(row.work_path for row in counted if row.work_path is not None)
    path = _path_from_here(library)
    print_exactly((path(work_path) + end for work_path in work_paths), output_of())
    if without := counted.count - work_paths.count:
        have = "1 track has" if without == 1 else f"{without} tracks have"
        print_message(f"{have} no file in the work tree, and so no path")
    return counted.count


def _print_file(
    format_name: str, tracks: Iterator[TrackRecord], library: Library, read: CacheReader
) -> int:
    from mcfs.export.csv_table import as_csv
    from mcfs.export.json_objects import as_json
    from mcfs.export.playlist import as_m3u8

    counted = _Counted(tracks)

    def absolute_path(track: TrackRecord) -> str:
        if track.first_file is not None:
            return str(library.top / track.first_file)
        return str(library.common_dir / track.content_path)

    match format_name:
        case "json":
            print_json_pieces(as_json(counted))
        case "csv":
            fields = [field.shown for field in read.fields()]
            print_exactly(as_csv(counted, fields), output_of())
        case _:
            print_exactly(as_m3u8(counted, absolute_path), output_of())
    return counted.count


class _Counted(Generic[T]):
    """Iterates once over some items; afterwards `count` is their number."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = items
        self.count = 0

    def __iter__(self) -> Iterator[T]:
        for item in self._items:
            self.count += 1
            yield item


def _path_from_here(library: Library) -> Callable[[str], str]:
    """Turns a work path into one that opens from the current folder."""
    here, top = Path.cwd(), str(library.top)
    if not here.is_relative_to(library.top):
        return lambda work_path: f"{top}/{work_path}"

    def relative(work_path: str) -> str:
        path = os.path.relpath(f"{top}/{work_path}", here)
        return f"./{path}" if path.startswith("-") else path

    return relative


def _report_nothing(
    text: str, query: Query, shown_query: Query, session: Session, read: CacheReader
) -> None:
    hidden = read.count(session.bind(query, read)) if shown_query != query else 0
    if hidden:
        are = "1 track is" if hidden == 1 else f"{hidden} tracks are"
        print_message(f"no tracks here; {are} elsewhere: --absent show shows them")
        return
    from mcfs.inspect.suggest import no_tracks_message

    print_message(no_tracks_message(text, query, read))
