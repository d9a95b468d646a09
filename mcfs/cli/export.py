"""`mcfs export`: a folder tree that needs no mount."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.export_messages import (
    Absent,
    objects,
    report_absent,
    report_after,
    report_before,
    summary,
)
from mcfs.cli.json_output import json_option, print_json_pieces
from mcfs.cli.progress import copy_with_bar, fetch_with_bar, sync_with_bar
from mcfs.cli.rekordbox import RekordboxOption
from mcfs.cli.session import Session, locate_path, open_session
from mcfs.cli.terminal import print_lines, print_message
from mcfs.errors import ExitCode
from mcfs.export.destination import find_destination
from mcfs.export.json_objects import json_array
from mcfs.export.plan import PlannedFolder
from mcfs.export.playlist_files import with_folder_playlists, with_playlist
from mcfs.export.portable_plan import MarkedName, portable_plan
from mcfs.export.prepared import (
    ExportOptions,
    PreparedExport,
    check_space,
    choose_links,
    prepare_export,
)
from mcfs.export.writing import Action, ExportResult, Outcome, foreseen
from mcfs.inspect.export_source import PlannedSource, not_on_disk, nothing_message, plan_source
from mcfs.inspect.path_or_query import is_path_in_any_library
from mcfs.text.escape import file_name
from mcfs.text.portable import portable_name


@click.command("export", cls=options.QueryCommand)
@click.argument("words", metavar="QUERY|PATH... DEST", nargs=-1, required=True)
@click.option("--template", metavar="T", help="Folders by a template, and names of files.")
@click.option("--copy", "mode", flag_value="copy", help="Copy the files.")
@click.option("--link", "mode", flag_value="link", help="Make symbolic links to them.")
@click.option("--absolute", is_flag=True, help="Links that begin with /. Default: relative ones.")
@click.option("--playlist", is_flag=True, help="Also write a playlist of all tracks.")
@click.option("--m3u8", is_flag=True, help="Also write a playlist into each folder.")
@click.option(
    "--rekordbox",
    "rekordbox_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also write a collection for Rekordbox, Engine DJ and others (XML).",
)
@click.option(
    "--rekordbox-root",
    metavar="FOLDER",
    help="What DEST is called where Rekordbox runs: E:/ or /Volumes/STICK.",
)
@click.option("--portable", is_flag=True, help="Names that are valid on FAT and Windows.")
@click.option("--sync", "removes", is_flag=True, help="Remove what left the query since.")
@click.option("--get", "gets", is_flag=True, help="First fetch what is not here.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be done.")
@json_option("Print an array of files, and what became of each.")
@options.library
def command(
    words: tuple[str, ...],
    template: str | None,
    mode: str | None,
    absolute: bool,
    playlist: bool,
    m3u8: bool,
    rekordbox_path: Path | None,
    rekordbox_root: str | None,
    portable: bool,
    removes: bool,
    gets: bool,
    dry_run: bool,
    as_json: bool,
    library_path: Path | None,
) -> int:
    """Export the tracks of a query, or a folder of the mount, to a folder that needs no mount.

    \b
      mcfs export crate:festival /media/stick/Festival
      mcfs export 'genre:techno/{{ key | camelot }}' /media/stick --sync
      mcfs export artist ~/By-artist --link
      mcfs export pins/Friday /media/stick --rekordbox friday.xml --rekordbox-root E:/

    On another disk, the files are copied; on the disk of the library, they are
    links. Run it again to bring DEST up to date: what is there is not copied
    again, and what mcfs has not made is not touched.

    With --rekordbox, DEST can be left out, if the query is one argument: the
    collection then leads to the files of the library.
    """
    text, destination_path = _query_and_destination(words)
    made_folder = None if destination_path is None else Path(destination_path)
    rekordbox = RekordboxOption.of(rekordbox_path, rekordbox_root, made_folder)
    needs_destination: dict[str, object] = {
        f"--{mode}": mode,
        "--absolute": absolute,
        "--playlist": playlist,
        "--m3u8": m3u8,
        "--portable": portable,
        "--sync": removes,
    }
    if destination_path is None:
        _refuse_without_destination(rekordbox, needs_destination)
    place, _ = locate_path(text, library_path)
    if library_path is not None and not is_path_in_any_library(text):
        place = library_path  # a query, even where a path of that name exists
    with open_session(place) as session:
        if destination_path is None:
            assert rekordbox is not None
            planned, absent = _plan_and_fetch(session, text, template, gets=gets and not dry_run)
            return _list_library(session, text, planned, absent, rekordbox, gets, dry_run, as_json)
        destination = find_destination(destination_path, session.library)
        planned, absent = _plan_and_fetch(session, text, template, gets=gets and not dry_run)
        plan = planned.plan
        if not plan.entries and not absent:
            print_message(nothing_message(text, planned.source, session.store))
        if not plan.entries and not (removes and destination.exists):
            report_absent(absent, gets=gets, dry_run=dry_run)
            if as_json:
                print_json_pieces(json_array(objects(ExportResult(), absent)))
            return ExitCode.FAILED if absent else ExitCode.DONE
        name = file_name(planned.source.name)
        marked: tuple[MarkedName, ...] = ()
        if portable or destination.file_system.needs_portable_names:
            plan, marked = portable_plan(plan)
            name = portable_name(name)
        plan = _with_playlists(session, plan, name, of_folders=m3u8, of_all=playlist)
        wants_links = None if mode is None else mode == "link"
        source = planned.source.canonical
        links = choose_links(wants_links, destination, session.library, source)
        prepared = prepare_export(
            plan,
            planned.absent,
            destination,
            session.library,
            ExportOptions(source, links, absolute, removes),
        )
        report_before(prepared, marked)
        report_absent(absent, gets=gets, dry_run=dry_run)
        result = foreseen(prepared) if dry_run else _write(prepared)
        lines = [summary(result, prepared, dry_run=dry_run)]
        if rekordbox is not None and result.ended is None:
            paths = rekordbox.paths_in(destination, plan, result)
            lines.append(rekordbox.write(session, plan, name, paths, dry_run=dry_run))
    if as_json:
        print_json_pieces(json_array(objects(result, absent)))
    else:
        print_lines(lines)
    return report_after(result, prepared, absent=bool(absent))


def _write(prepared: PreparedExport) -> ExportResult:
    check_space(prepared)
    try:
        return copy_with_bar(prepared)
    except KeyboardInterrupt:
        print_message("what is there is complete; run it again to go on")
        raise


def _with_playlists(
    session: Session, plan: PlannedFolder, name: str, *, of_folders: bool, of_all: bool
) -> PlannedFolder:
    with session.store.cache.reading() as read:
        if of_folders:
            plan = with_folder_playlists(plan, name, read.records_in_order)
        return with_playlist(plan, name, read.records_in_order) if of_all else plan


def _query_and_destination(words: tuple[str, ...]) -> tuple[str, str | None]:
    """The query, and the folder to export to: the last word, unless there is only one."""
    if len(words) == 1:
        return words[0], None
    *query, destination = words
    if not destination:
        raise click.UsageError("the folder to export to has no name; for this folder, write .")
    if ":" in destination and "/" not in destination and not Path(destination).exists():
        raise click.UsageError(
            f"{destination} looks like a part of the query, and the folder to export to is missing; "
            f"for a folder of this name, write ./{destination}"
        )
    return " ".join(query), destination


def _refuse_without_destination(
    rekordbox: RekordboxOption | None, needs_destination: Mapping[str, object]
) -> None:
    if rekordbox is None:
        raise click.UsageError("name the folder to export to, after the query")
    for option, given in needs_destination.items():
        if given:
            raise click.UsageError(f"{option} needs a folder to export to, after the query")


def _list_library(
    session: Session,
    text: str,
    planned: PlannedSource,
    absent: Absent,
    rekordbox: RekordboxOption,
    gets: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Without a destination: write a collection of the library's own files."""
    plan = planned.plan
    paths = rekordbox.paths_in_library(session.library, plan)
    line = ""
    if paths:
        name = file_name(planned.source.name)
        line = rekordbox.write(session, plan, name, paths, dry_run=dry_run)
    elif not absent:
        print_message(nothing_message(text, planned.source, session.store))
    report_absent(absent, gets=gets, dry_run=dry_run)
    if as_json:
        listed = (Outcome(path, key, Action.KEPT) for key, path in paths.items())
        print_json_pieces(json_array(objects(ExportResult(list(listed)), absent)))
    elif line:
        print_lines([line])
    if not absent:
        return ExitCode.DONE
    return ExitCode.PARTLY_DONE if paths else ExitCode.FAILED


def _plan_and_fetch(
    session: Session, text: str, template: str | None, *, gets: bool
) -> tuple[PlannedSource, Absent]:
    """What there is to export, and what is not here: key, name, and why it could not be fetched."""
    planned = _plan(session, text, template, all_tracks=gets)
    failed: dict[str, str] = {}
    if gets and (keys := not_on_disk(planned, session.library)):
        failed = _fetch(session, keys)
        planned = _plan(session, text, template, all_tracks=True)
    return planned, [(key, name, failed.get(key)) for key, name in planned.absent.items()]


def _plan(session: Session, text: str, template: str | None, *, all_tracks: bool) -> PlannedSource:
    return plan_source(text, template, session.store, session.settings, all_tracks=all_tracks)


def _fetch(session: Session, keys: list[str]) -> dict[str, str]:
    """Fetch what is not here; returns annex key → reason for what did not come."""
    from mcfs.sync.waiting import sync_in_turn  # takes time to import, and few exports fetch

    with session.store.cache.reading() as read:
        tracks = tuple(read.records_in_order(keys))
    failed = fetch_with_bar(session.library, tracks, None)
    if len(failed) < len(tracks):
        sync_in_turn(
            session.store.folder,
            lambda: sync_with_bar(session.library, session.store, session.settings),
        )
    return failed
