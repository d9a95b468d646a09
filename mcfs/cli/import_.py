"""`mcfs import mixxx` and `mcfs import tags`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import click

from mcfs.annex.library import Library
from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json_pieces
from mcfs.cli.progress import count_bar
from mcfs.cli.session import open_session
from mcfs.cli.terminal import print_lines, print_message, print_note
from mcfs.config.settings import Prefer, Settings
from mcfs.config.value_parsers import InvalidValue, mixxx_field
from mcfs.errors import ExitCode, ImportRefusedError
from mcfs.export.json_objects import json_text
from mcfs.imports.result import (
    Disagreed,
    Event,
    Failed,
    Imported,
    ImportResult,
    OnEvent,
    OnProgress,
    Skipped,
)
from mcfs.imports.track_matching import NOT_THERE
from mcfs.store import Store
from mcfs.text.printable import printable

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
@click.option(
    "--fields",
    metavar="FIELD,...",
    callback=lambda _context, _option, value: _fields(value),
    help="Import only these fields. Default: all, or those of the settings.",
)
@click.option(
    "--prefer",
    type=click.Choice([prefer.value for prefer in Prefer]),
    help="Whose value to take where the two differ. Default: the one that is newer.",
)
@click.option("--all", "everything", is_flag=True, help="Also write values that have not changed.")
@_dry_run
@click.option(
    "--yes", is_flag=True, help="Do not ask before the first import replaces values of git-annex."
)
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
    fields: tuple[str, ...] | None,
    prefer: str | None,
    everything: bool,
    dry_run: bool,
    yes: bool,
    batch_size: int | None,
    music_dir: str | None,
    take_back: bool,
    as_json: bool,
    library_path: Path | None,
    paths: tuple[Path, ...],
) -> int:
    """Write what was made in Mixxx: ratings, tempos, keys, colours, crates, playlists,
    and names that were edited there.

    For all tracks, or for those in PATHS (files and folders of the library). Mixxx
    may be running: its database is only read. Tracks that Mixxx hides or cannot
    find are skipped, and so are tracks that are not in the library.

    Only what is new in Mixxx since the last import is written; what Mixxx has read
    from the file's tags is not. A value is removed only if Mixxx had it at an
    earlier import, and the same track of Mixxx no longer has it.

    The first import asks before it replaces values that git-annex has. Without a
    terminal it keeps them and says so, unless there is --yes or --prefer.
    """
    if take_back:
        _refuse_with_undo(database, everything, batch_size, music_dir, paths)
        return _take_back("mixxx", library_path or group_library_path, dry_run, as_json)
    from mcfs.imports.import_mixxx import import_mixxx
    from mcfs.imports.mixxx_database import find_database

    run_import = partial(
        import_mixxx,
        database=database or find_database(Path.home()),
        fields=fields,
        prefer=None if prefer is None else Prefer(prefer),
        may_replace=partial(_may_replace, consent=yes or prefer == Prefer.MIXXX.value),
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
    with open_session(library_path) as session, ExitStack() as stack:
        # Before the bar appears: a first sync has a bar of its own, and rich shows only one.
        session.ensure_synced()
        stack.enter_context(_no_garbage_collection())
        show: Callable[[int, int], None] | None = None

        def on_progress(done: int, total: int) -> None:
            nonlocal show
            # Not before this: a bar would be drawn over the question that an import may ask first.
            show = show or stack.enter_context(count_bar("importing"))
            show(done, total)

        result = run_import(
            session.library,
            session.store,
            settings=session.settings,
            on_event=report.event,
            on_progress=on_progress,
        )
    report.end(result)
    return ExitCode.DONE if result.success else ExitCode.PARTLY_DONE


def _fields(written: str | None) -> tuple[str, ...] | None:
    """The fields that `--fields` names."""
    if written is None:
        return None
    try:
        return tuple(mixxx_field(name) for name in written.split(",") if name.strip())
    except InvalidValue as invalid:
        raise click.BadParameter(str(invalid)) from invalid


def _may_replace(replaced: Mapping[str, int], *, consent: bool) -> bool:
    """Ask whether the first import may replace values; an `ImportRefusedError` if not."""
    if consent:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print_message("this is the first import from this Mixxx, and git-annex has other values.")
    print_note(f"It would replace {_counts(replaced)} (field: tracks).")
    if not click.confirm("Replace them?", err=True):
        raise ImportRefusedError(
            "nothing was changed; --dry-run lists all changes, and --prefer annex imports only what"
            " git-annex does not have"
        )
    return True


def _counts(fields: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in fields.items())


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
        self._disagreed = 0

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
                    print_message(f"skipped {file}: {reason}")
            case Failed(file, _, reason):
                print_message(f"failed {file}: {reason}")
            case Disagreed(file, _, disagreement):
                self._disagreed += 1
                if self._disagreed <= _MAX_NAMED:
                    taken, others = _values(disagreement.taken), _values(disagreement.others)
                    print_message(
                        f"{file} is in Mixxx twice, and {disagreement.field} differs: "
                        f"{taken} was taken, not {others}"
                    )

    def end(self, result: ImportResult) -> None:
        if self._skipped > _MAX_NAMED:
            print_message(f"and {self._skipped - _MAX_NAMED} more were skipped; --json names all")
        if self._disagreed > _MAX_NAMED:
            more = self._disagreed - _MAX_NAMED
            print_message(f"and {more} more differences within Mixxx; --json names all")
        for missing in result.missing_mounts:
            how = missing.command or "mount what belongs there"
            print_message(f"{missing.reason}: {how}, and import again")
        if result.kept:
            print_message(
                f"git-annex has other values than Mixxx, and they were kept ({_counts(result.kept)}): "
                "--yes replaces them, --prefer annex keeps them without a word, --dry-run lists them"
            )
        if result.undecided:
            print_message(
                "git-annex has other values than Mixxx, and without the tags in the files, which are "
                f"absent or broken, nothing tells which are newer ({_counts(result.undecided)}): "
                "those of git-annex were kept, --prefer mixxx replaces them"
            )
        lost = result.lost_folders
        if result.reasons().get(NOT_THERE) and lost:
            print_message(
                f"Mixxx looks for music in {' and '.join(lost)}, where there is nothing; "
                f"if the library was there before: --music-dir {lost[0]}"
            )
        if result.missing:
            print_message(
                f"Mixxx itself cannot find {result.missing} of its tracks; they were left out"
            )
        if not result.imported and not result.failed:
            print_lines(["No changes to import"])
        print_lines(_table(result))


def _values(values: tuple[str, ...]) -> str:
    return _SEPARATOR.join(values) if values else "(none)"


def _table(result: ImportResult) -> Iterator[str]:
    skipped = ", ".join(f"{reason} ({count})" for reason, count in result.reasons().items())
    rows = [
        ("would change" if result.dry_run else "imported", result.imported, ""),
        ("unchanged", result.unchanged, ""),
        ("skipped", len(result.skipped), skipped),
        ("failed", len(result.failed), ""),
    ]
    for name, counts in (("replaced", result.replaced), ("kept", result.kept)):
        if counts:
            rows.append((name, sum(counts.values()), _counts(counts)))
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
