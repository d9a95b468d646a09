"""`mcfs import mixxx` and `mcfs import tags`."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import click

from mcfs.annex.library import Library
from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json_pieces
from mcfs.cli.progress import count_bar
from mcfs.cli.session import open_session
from mcfs.cli.terminal import print_lines, print_message
from mcfs.cli.text_layout import printable
from mcfs.config.settings import Settings
from mcfs.errors import ExitCode
from mcfs.export.json_objects import json_text
from mcfs.imports.result import Event, Failed, Imported, ImportResult, OnEvent, OnProgress, Skipped
from mcfs.imports.track_matching import NOT_THERE
from mcfs.store import Store

# How many skipped tracks are named; --json names all.
_MAX_NAMED = 20
_SEPARATOR = "; "


class _RunImport(Protocol):
    """An import whose options are set."""

    def __call__(
        self,
        library: Library,
        store: Store,
        *,
        settings: Settings,
        on_event: OnEvent,
        on_progress: OnProgress,
    ) -> ImportResult: ...


_dry_run = click.option("--dry-run", is_flag=True, help="Only show what would change.")
_undo = click.option(
    "--undo", "take_back", is_flag=True, help="Take back the last such import, as mcfs undo does."
)
_as_json = json_option("Print the result as one object.")
_paths = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))


@click.group("import")
@options.library
@click.pass_context
def command(context: click.Context, library_path: Path | None) -> None:
    """Write metadata from other places into git-annex, where it travels with the library."""
    context.obj = library_path


@command.command("mixxx", short_help="Write what Mixxx knows about tracks.")
@click.option(
    "--db",
    "database",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Mixxx's mixxxdb.sqlite. Default: the one in Mixxx's usual places.",
)
@click.option("--all", "everything", is_flag=True, help="Also write values that have not changed.")
@_dry_run
@click.option(
    "--batch-size",
    metavar="N",
    type=click.IntRange(min=1),
    help="Commit after every N tracks. Default: one commit for all.",
)
@click.option(
    "--music-dir",
    metavar="PREFIX",
    help="The folder where Mixxx still looks for a library that has moved.",
)
@_undo
@_as_json
@options.library
@_paths
@click.pass_obj
def mixxx(
    group_library_path: Path | None,
    database: Path | None,
    everything: bool,
    dry_run: bool,
    batch_size: int | None,
    music_dir: str | None,
    take_back: bool,
    as_json: bool,
    library_path: Path | None,
    paths: tuple[Path, ...],
) -> int:
    """Write what Mixxx knows about tracks: ratings, tempos, keys, colours, crates, names.

    For all tracks, or for those in PATHS (files and folders of the library). Mixxx
    may be running: its database is only read. Tracks that Mixxx hides or cannot
    find are skipped, and so are tracks that are not in the library.

    A value from Mixxx replaces the one in git-annex; crates are added. What an
    earlier import wrote and Mixxx no longer has is removed. Values from other
    sources stay.
    """
    if take_back:
        _refuse_with_undo(database, everything, batch_size, music_dir, paths)
        return _take_back("mixxx", library_path or group_library_path, dry_run, as_json)
    from mcfs.imports.import_mixxx import import_mixxx
    from mcfs.imports.mixxx_database import find_database

    run_import = partial(
        import_mixxx,
        database=database or find_database(Path.home()),
        everything=everything,
        dry_run=dry_run,
        commit_every=batch_size,
        music_dir=music_dir,
        paths=paths,
    )
    return _run(run_import, library_path or group_library_path, dry_run=dry_run, as_json=as_json)


@command.command("tags", short_help="Write the tags inside the files.")
@_dry_run
@click.option(
    "--overwrite", is_flag=True, help="Replace values in git-annex that differ from the tags."
)
@_undo
@_as_json
@options.library
@_paths
@click.pass_obj
def tags(
    group_library_path: Path | None,
    dry_run: bool,
    overwrite: bool,
    take_back: bool,
    as_json: bool,
    library_path: Path | None,
    paths: tuple[Path, ...],
) -> int:
    """Write what the tags inside the files say, where git-annex has no value yet.

    For all files that are here, or for those in PATHS (files and folders of the
    library): MP3, FLAC, Ogg, Opus, MP4, WAV and AIFF. The files are not changed.
    """
    if take_back:
        _refuse_with_undo(overwrite, paths)
        return _take_back("tags", library_path or group_library_path, dry_run, as_json)
    from mcfs.imports.import_tags import import_tags

    run_import = partial(import_tags, overwrite=overwrite, dry_run=dry_run, paths=paths)
    return _run(run_import, library_path or group_library_path, dry_run=dry_run, as_json=as_json)


def _refuse_with_undo(*options_given: object) -> None:
    if any(options_given):
        raise click.UsageError("--undo takes back a whole import: only --dry-run goes with it")


def _take_back(source: str, library_path: Path | None, dry_run: bool, as_json: bool) -> int:
    from mcfs.cli.undo import undo_edit

    return undo_edit(library_path, None, f"import {source}", dry_run=dry_run, as_json=as_json)


def _run(run_import: _RunImport, library_path: Path | None, *, dry_run: bool, as_json: bool) -> int:
    report = _JsonReport() if as_json else _TextReport(lists_changes=dry_run)
    with open_session(library_path) as session:
        # Before the bar appears: a first sync has a bar of its own, and rich shows only one.
        session.ensure_synced()
        with count_bar("importing") as on_progress, _no_garbage_collection():
            result = run_import(
                session.library,
                session.store,
                settings=session.settings,
                on_event=report.event,
                on_progress=on_progress,
            )
    report.end(result)
    return ExitCode.DONE if result.success else ExitCode.PARTLY_DONE


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of values come and go without reference cycles: searching for cycles only costs time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _TextReport:
    """For people: what would change, what was skipped or failed, and a table of counts."""

    def __init__(self, *, lists_changes: bool) -> None:
        self._lists_changes = lists_changes
        self._skipped = 0

    def event(self, event: Event) -> None:
        match event:
            case Imported(file, _, changes):
                if self._lists_changes:
                    lines = [
                        f"  {name}: {_values(change.old)} → {_values(change.new)}"
                        for name, change in changes.items()
                    ]
                    print_lines([printable(file), *map(printable, lines)])
            case Skipped(file, reason):
                self._skipped += 1
                if self._skipped <= _MAX_NAMED:
                    print_message(f"skipped {printable(file)}: {reason}")
            case Failed(file, _, reason):
                print_message(f"failed {printable(file)}: {printable(reason)}")

    def end(self, result: ImportResult) -> None:
        if self._skipped > _MAX_NAMED:
            print_message(f"and {self._skipped - _MAX_NAMED} more were skipped; --json names all")
        lost = result.lost_folders
        if result.reasons().get(NOT_THERE) and lost:
            print_message(
                f"Mixxx looks for music in {printable(' and '.join(lost))}, where there is nothing; "
                f"if the library was there before: --music-dir {printable(lost[0])}"
            )
        if not result.imported and not result.failed:
            print_lines(["No changes to import"])
        print_lines(_table(result))


def _values(values: tuple[str, ...]) -> str:
    return _SEPARATOR.join(values) if values else "(none)"


def _table(result: ImportResult) -> Iterator[str]:
    skipped = ", ".join(f"{reason} ({count})" for reason, count in result.reasons().items())
    rows = (
        ("would change" if result.dry_run else "imported", result.imported, ""),
        ("unchanged", result.unchanged, ""),
        ("skipped", len(result.skipped), skipped),
        ("failed", len(result.failed), ""),
    )
    digits = len(str(max(count for _, count, _ in rows)))
    for name, count, rest in rows:
        yield f"{name:12}  {count:>{digits}}" + (f"  {rest}" if rest else "")


class _JsonReport:
    """For programs: one object, whose changes are printed as they happen."""

    def __init__(self) -> None:
        self._changes = 0

    def event(self, event: Event) -> None:
        if isinstance(event, Imported):
            change = {
                "file": event.file,
                "annex_key": event.annex_key,
                "fields": {
                    name: {"old": list(change.old), "new": list(change.new)}
                    for name, change in event.changes.items()
                },
            }
            before = ",\n" if self._changes else '{"changes": [\n'
            print_json_pieces([before, json_text(change)])
            self._changes += 1

    def end(self, result: ImportResult) -> None:
        before = "\n],\n" if self._changes else '{"changes": [],\n'
        rest = json_text(result.as_json(), indent=2)
        print_json_pieces([before, rest.removeprefix("{\n"), "\n"])
