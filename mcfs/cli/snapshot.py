"""`mcfs snapshot`: frozen set lists."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.session import Session, open_session
from mcfs.cli.table import absent_mark
from mcfs.cli.terminal import Output, output_of, print_lines, print_message
from mcfs.cli.text_layout import cell_width, count_noun, labelled_lines, pad
from mcfs.config.load import configuration_changed_at
from mcfs.errors import InputError, McfsError
from mcfs.inspect.path_or_query import is_path, path_inside_mount
from mcfs.inspect.snapshots import (
    ShownTrack,
    differences_object,
    shown_tracks,
    snapshot_object,
    track_objects,
)
from mcfs.inspect.suggest import no_tracks_message
from mcfs.inspect.times import ago
from mcfs.query import hiding_absent
from mcfs.snapshots.differences import changes
from mcfs.snapshots.source import Source, folder_source, query_source, source_of
from mcfs.snapshots.staleness import check_snapshots, compare_now
from mcfs.snapshots.taking import take, take_again
from mcfs.store.snapshot_records import OutputMode, Snapshot
from mcfs.text.printable import printable
from mcfs.tree.made_names import check_name

_GAP = "  "
_HEADINGS = ("name", "tracks", "taken", "state", "query")


@click.group("snapshot")
@options.library
@click.pass_context
def command(context: click.Context, library_path: Path | None) -> None:
    """Freeze the result of a query as a set list, and see what has changed since.

    \b
      mcfs snapshot take Friday crate:festival sort:bpm
      mcfs snapshot show Friday
      mcfs get snapshot:Friday

    A snapshot keeps which tracks there were, in which order, with their names and
    metadata, whatever becomes of the tracks. Every mount shows it in snapshots/.
    """
    context.obj = library_path


@command.command("take", cls=options.QueryCommand)
@click.argument("name", metavar="NAME")
@click.argument("words", metavar="QUERY|PATH...", nargs=-1, required=True)
@click.option("--template", metavar="T", help="Folders by a template, and names of files.")
@click.option(
    "--output",
    "output_name",
    type=click.Choice([mode.value for mode in OutputMode]),
    help="How mounts show it. Default: like everything else.",
)
@options.absent
@json_option("Print the snapshot as an object.")
@options.library
def take_command(
    name: str,
    words: tuple[str, ...],
    template: str | None,
    output_name: str | None,
    absent: str | None,
    as_json: bool,
    library_path: Path | None,
) -> None:
    """Take a snapshot of a query, or of a folder of the mount.

    \b
      mcfs snapshot take Friday crate:festival sort:bpm
      mcfs snapshot take Friday 'pins/Peak time'
      mcfs snapshot take Keys genre:techno --template '{{ key | camelot }}'

    Of a pin or a view, it belongs to that pin or view, and has its template.
    """
    with _session(library_path, absent) as session:
        text = " ".join(words)
        source = _source(text, session)
        _require_tracks(source, text, session)
        snapshot = take(
            name,
            source,
            session.store,
            session.tree,
            at=datetime.now(UTC),
            configuration_changed_at=configuration_changed_at(session.library.top),
            template=template,
            output_mode=None if output_name is None else OutputMode(output_name),
        )
        elsewhere = _count_elsewhere(source, session) if snapshot.hides_absent else 0
    if as_json:
        print_json(snapshot_object(snapshot))
    else:
        print_lines([f"took {printable(name)}: {count_noun(snapshot.tracks, 'track')}"])
    if elsewhere:
        match = "1 more track matches" if elsewhere == 1 else f"{elsewhere} more tracks match"
        are = "is" if elsewhere == 1 else "are"
        print_message(f"{match} and {are} not here; --absent show takes such tracks, too")


@command.command("list")
@json_option("Print an array of objects.")
@options.library
def list_command(as_json: bool, library_path: Path | None) -> None:
    """List the snapshots, and which of them the library no longer agrees with."""
    with _session(library_path) as session:
        check_snapshots(session.store, session.tree)
        snapshots = session.store.user.snapshots.all()
    if as_json:
        print_json([snapshot_object(snapshot) for snapshot in snapshots])
        return
    print_lines(_table(snapshots, output_of()))
    if not snapshots:
        print_message("no snapshots; to take one: mcfs snapshot take NAME QUERY")


@command.command("show")
@click.argument("name", metavar="NAME")
@json_option("Print the snapshot as an object, with its tracks and all differences.")
@options.library
def show_command(name: str, as_json: bool, library_path: Path | None) -> None:
    """Show the tracks of a snapshot, and how the library differs from it now."""
    with _session(library_path) as session:
        snapshot, differences = compare_now(name, session.store, session.tree)
        with session.store.cache.reading() as read:
            tracks = list(shown_tracks(session.store.user.snapshots.tracks(name), read))
    if as_json:
        differing = differences_object(differences)
        shown = {**snapshot_object(snapshot), "differences": differing}
        print_json({**shown, "tracks": list(track_objects(tracks))})
        return
    output = output_of()
    print_lines(labelled_lines(_about(snapshot), output, wrapped=True))
    print_lines(_track_lines(tracks, output))
    if differences:
        print_lines([output.bold("since then")])
        print_lines(printable(line) for line in changes(differences))
        print_message(f"to take it again: mcfs snapshot refresh {name}")


@command.command("refresh")
@click.argument("name", metavar="NAME")
@json_option("Print the snapshot as an object, with what has changed.")
@options.library
def refresh_command(name: str, as_json: bool, library_path: Path | None) -> None:
    """Take a snapshot again, as its query finds it now, and say what has changed."""
    with _session(library_path) as session:
        snapshot, differences = compare_now(name, session.store, session.tree)
        source = source_of(snapshot, session.tree)
        take_again(
            snapshot,
            source,
            session.store,
            session.tree,
            at=datetime.now(UTC),
            configuration_changed_at=configuration_changed_at(session.library.top),
        )
        snapshot = session.store.user.snapshots.get(name)
    if as_json:
        print_json({**snapshot_object(snapshot), "differences": differences_object(differences)})
        return
    print_lines(printable(line) for line in changes(differences))
    how = "" if differences else ", as before"
    print_lines([f"took {printable(name)} again: {count_noun(snapshot.tracks, 'track')}{how}"])


@command.command("rename")
@click.argument("name", metavar="NAME")
@click.argument("new_name", metavar="NEW-NAME")
@json_option("Print the snapshot as an object.")
@options.library
def rename_command(name: str, new_name: str, as_json: bool, library_path: Path | None) -> None:
    """Give a snapshot another name."""
    with _session(library_path) as session:
        session.store.user.snapshots.rename(name, check_name(new_name, "snapshot"))
        snapshot = session.store.user.snapshots.get(new_name)
    if as_json:
        print_json(snapshot_object(snapshot))


@command.command("drop")
@click.argument("name", metavar="NAME")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option("Print the snapshot that was dropped as an object.")
@options.library
def drop_command(name: str, yes: bool, as_json: bool, library_path: Path | None) -> None:
    """Delete a snapshot. Its tracks stay as they are."""
    with _session(library_path) as session:
        snapshot = session.store.user.snapshots.get(name)
        if not yes:
            _ask_to_drop(snapshot)
        session.store.user.snapshots.drop(name)
    if as_json:
        print_json(snapshot_object(snapshot))


@command.command("done")
@click.argument("name", metavar="NAME")
@click.option("--at", "when", metavar="TIME", help="When, as 2025-06-12 23:00. Default: now.")
@json_option("Print the snapshot as an object.")
@options.library
def done_command(name: str, when: str | None, as_json: bool, library_path: Path | None) -> None:
    """Note that the set was played."""
    at = datetime.now(UTC) if when is None else _time(when)
    with _session(library_path) as session:
        session.store.user.snapshots.done(name, at)
        snapshot = session.store.user.snapshots.get(name)
    if as_json:
        print_json(snapshot_object(snapshot))


def _session(
    library_path: Path | None, absent: str | None = None
) -> AbstractContextManager[Session]:
    """The library of a subcommand's --library, else that of the group's."""
    group_library_path: Path | None = click.get_current_context().obj
    return open_session(library_path or group_library_path, absent=absent)


def _source(text: str, session: Session) -> Source:
    if is_path(text, session.tree):
        return folder_source(path_inside_mount(text), session.tree)
    return query_source(text, session.tree)


def _require_tracks(source: Source, text: str, session: Session) -> None:
    """A set list without tracks is a mistake: better said now than tonight."""
    tree = session.tree
    with session.store.cache.reading() as read:
        if read.count(tree.bind(read, tree.shown_query(source.node))):
            return
        if read.count(tree.bind(read, source.node.query)):
            raise McfsError("no tracks here, so nothing was taken; --absent show takes the others")
        raise McfsError(f"nothing was taken: {no_tracks_message(text, source.node.query, read)}")


def _count_elsewhere(source: Source, session: Session) -> int:
    """How many tracks match too, and were left out because they are not here."""
    query, tree = source.node.query, session.tree
    if query.limit is not None:
        return 0
    with session.store.cache.reading() as read:
        return read.count(tree.bind(read, query)) - read.count(
            tree.bind(read, hiding_absent(query))
        )


def _ask_to_drop(snapshot: Snapshot) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("to drop a snapshot without a terminal to ask on, write --yes")
    tracks = count_noun(snapshot.tracks, "track")
    question = f"Drop the snapshot {printable(snapshot.name)} of {tracks}?"
    click.confirm(question, abort=True, err=True)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise InputError(f"{text} is no time; write for example 2025-06-12 23:00") from error


def _table(snapshots: Sequence[Snapshot], output: Output) -> Iterator[str]:
    if not snapshots:
        return
    now = datetime.now(UTC)
    rows = [
        (
            printable(each.name),
            str(each.tracks),
            ago(each.taken_at, now),
            "stale" if each.is_stale else "current",
            printable(each.folder or each.query_text),
        )
        for each in snapshots
    ]
    widths = [max(map(cell_width, cells)) for cells in zip(_HEADINGS, *rows, strict=True)]
    for row in (_HEADINGS, *rows):
        cells = [
            pad(cell, width, right=place == 1)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = _GAP.join(cells).rstrip(" ")
        yield output.bold(line) if row is _HEADINGS else line
    for each in snapshots:
        if each.is_stale:
            yield printable(f"{each.name}: {each.stale_reason}")


def _about(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    now = datetime.now(UTC)
    yield "snapshot", printable(f"{snapshot.name}, {count_noun(snapshot.tracks, 'track')}")
    yield "taken", ago(snapshot.taken_at, now)
    if snapshot.folder:
        yield "folder", printable(snapshot.folder)
    yield "query", printable(snapshot.query_text or "all tracks")
    if snapshot.template:
        yield "template", printable(snapshot.template)
    if snapshot.pin is not None:
        yield "pin", printable(snapshot.pin)
    if snapshot.view is not None:
        yield "view", printable(snapshot.view)
    if snapshot.output_mode is not None:
        yield "output", snapshot.output_mode.value
    if snapshot.done_at is not None:
        yield "played", ago(snapshot.done_at, now)
    yield "state", printable(f"stale: {snapshot.stale_reason}" if snapshot.is_stale else "current")


def _track_lines(tracks: Sequence[ShownTrack], output: Output) -> Iterator[str]:
    width = max(3, len(str(len(tracks))))
    for shown in tracks:
        line = f"{shown.position:0{width}} {printable(shown.track.name)}"
        if shown.is_gone:
            yield output.dim(f"{line} (gone from the library)")
        elif not shown.present:
            yield output.dim(f"{line} {absent_mark(output)} not here")
        else:
            yield line
