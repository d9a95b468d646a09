"""`mcfs import mixxx` and `mcfs import tags`."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mcfs.annex.library import Library
from mcfs.cli import options
from mcfs.cli.progress import bar
from mcfs.cli.session import opened
from mcfs.cli.terminal import draw, emit, fit, say, screen
from mcfs.config.load import load_settings
from mcfs.config.settings import Settings
from mcfs.errors import ExitCode
from mcfs.export.json_objects import json_text
from mcfs.imports.result import Event, Failed, Imported, ImportResult, OnEvent, OnProgress, Skipped
from mcfs.imports.track_matching import NOT_THERE
from mcfs.store import Store

# So many skipped tracks are named; --json names all.
_NAMED = 20
_BETWEEN = "; "

Start = Callable[[Library, Store, Settings, OnEvent, OnProgress], ImportResult]

_dry_run = click.option(
    "--dry-run", is_flag=True, help="Say what would change, and change nothing."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="The result as one object.")
_paths = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))


@click.group("import")
@options.library
@click.pass_context
def command(context: click.Context, asked_for: Path | None) -> None:
    """Write metadata from elsewhere into git-annex, where it travels with the library."""
    context.obj = asked_for


@command.command("mixxx")
@click.option(
    "--db",
    "database",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Mixxx's mixxxdb.sqlite; else the one in Mixxx's usual places.",
)
@click.option("--all", "everything", is_flag=True, help="Write what has not changed as well.")
@_dry_run
@click.option(
    "--batch-size",
    metavar="N",
    type=click.IntRange(min=1),
    help="Commit after every N tracks; one commit for all unless said otherwise.",
)
@click.option(
    "--music-dir",
    metavar="PREFIX",
    help="What Mixxx calls the top of the library, if it has moved.",
)
@_as_json
@options.library
@_paths
@click.pass_obj
def mixxx(
    group_asked_for: Path | None,
    database: Path | None,
    everything: bool,
    dry_run: bool,
    batch_size: int | None,
    music_dir: str | None,
    as_json: bool,
    asked_for: Path | None,
    paths: tuple[Path, ...],
) -> int:
    """Write what Mixxx knows of the tracks: ratings, tempos, keys, colours, crates, names.

    Of all tracks, or of those in PATHS, files and folders of the library. Mixxx
    may run meanwhile; its database is only read. Tracks that Mixxx hides or
    misses are left out, and so are those that are not in the library.

    What Mixxx has replaces the one value that git-annex has, and joins its
    crates. What an earlier import wrote and Mixxx no longer has is removed;
    whatever came from elsewhere stays.
    """
    from mcfs.imports.import_mixxx import import_mixxx
    from mcfs.imports.mixxx_database import find_database

    found = database or find_database(Path.home())

    def start(
        library: Library,
        store: Store,
        settings: Settings,
        on_event: OnEvent,
        on_progress: OnProgress,
    ) -> ImportResult:
        return import_mixxx(
            library,
            store,
            found,
            settings,
            everything=everything,
            dry_run=dry_run,
            commit_every=batch_size,
            music_dir=music_dir,
            paths=paths,
            on_event=on_event,
            on_progress=on_progress,
        )

    return _report(start, asked_for or group_asked_for, dry_run=dry_run, as_json=as_json)


@command.command("tags")
@_dry_run
@click.option(
    "--overwrite", is_flag=True, help="Replace what git-annex has where the tags say otherwise."
)
@_as_json
@options.library
@_paths
@click.pass_obj
def tags(
    group_asked_for: Path | None,
    dry_run: bool,
    overwrite: bool,
    as_json: bool,
    asked_for: Path | None,
    paths: tuple[Path, ...],
) -> int:
    """Write what the tags inside the files say, where git-annex has nothing yet.

    Of all files that are here, or of those in PATHS, files and folders of the
    library: MP3, FLAC, Ogg, Opus, MP4, WAV and AIFF. The files are not changed.
    """
    from mcfs.imports.import_tags import import_tags

    def start(
        library: Library,
        store: Store,
        settings: Settings,
        on_event: OnEvent,
        on_progress: OnProgress,
    ) -> ImportResult:
        return import_tags(
            library,
            store,
            settings,
            overwrite=overwrite,
            dry_run=dry_run,
            paths=paths,
            on_event=on_event,
            on_progress=on_progress,
        )

    return _report(start, asked_for or group_asked_for, dry_run=dry_run, as_json=as_json)


def _report(start: Start, asked_for: Path | None, *, dry_run: bool, as_json: bool) -> int:
    with opened(options.library_place(asked_for)) as (library, store):
        settings = load_settings(library.top)
        out = _Json() if as_json else _Text(lists_changes=dry_run)
        with bar("importing") as on_progress, _uncollected():
            result = start(library, store, settings, out.event, on_progress)
    out.end(result)
    return ExitCode.DONE if result.success else ExitCode.PARTLY_DONE


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of values come and go, and none of them in a circle: to look for one takes its time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class _Text:
    """For people: what would change, what was skipped or failed, a table."""

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
                    draw([fit(file), *map(fit, lines)])
            case Skipped(file, reason):
                self._skipped += 1
                if self._skipped <= _NAMED:
                    say(f"skipped {fit(file)}: {reason}")
            case Failed(file, _, reason):
                say(f"failed {fit(file)}: {fit(reason)}")

    def end(self, result: ImportResult) -> None:
        if self._skipped > _NAMED:
            say(f"and {self._skipped - _NAMED} more were skipped; --json names them all")
        lost = result.lost_folders
        if result.reasons().get(NOT_THERE) and lost:
            say(
                f"Mixxx looks for music in {fit(' and '.join(lost))}, and nothing is there; "
                f"if the library was there once: --music-dir {fit(lost[0])}"
            )
        if not result.imported and not result.failed:
            draw(["No changes to import"])
        draw(_table(result))


def _values(values: tuple[str, ...]) -> str:
    return _BETWEEN.join(values) if values else "(none)"


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


class _Json:
    """For programs: one object, whose changes are written as they come."""

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
            emit([before, json_text(change)], screen())
            self._changes += 1

    def end(self, result: ImportResult) -> None:
        before = "\n],\n" if self._changes else '{"changes": [],\n'
        rest = json_text(result.as_json(), indent=2)
        emit([before, rest.removeprefix("{\n"), "\n"], screen())
