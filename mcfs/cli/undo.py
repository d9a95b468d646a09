"""`mcfs undo`: takes back what edits have changed; `mcfs import … --undo` does it for the last import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.edits import change_lines, first_files, shown_values
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.moments import past_moment
from mcfs.cli.progress import report_stale_snapshots
from mcfs.cli.session import Session, open_session
from mcfs.cli.terminal import print_lines, print_message
from mcfs.cli.text_layout import count_noun
from mcfs.editing.chosen_edits import ChosenEdit, choose_edit, edits_since
from mcfs.editing.editor import editing
from mcfs.editing.undo import (
    ChangedSince,
    NotTakenBack,
    TakenBack,
    UndoEvent,
    UndoResult,
    undo,
)
from mcfs.errors import ExitCode, McfsError
from mcfs.store.edit_journal import EditJournal
from mcfs.sync.report import SyncReport
from mcfs.sync.run import sync
from mcfs.sync.waiting import sync_in_turn
from mcfs.text.printable import printable

# Which edits of a journal are to be taken back.
_Choose = Callable[[EditJournal], list[ChosenEdit]]


@click.command("undo")
@click.argument("number", metavar="[EDIT]", required=False, type=click.IntRange(min=1))
@click.option(
    "--since",
    metavar="TIME",
    help='Everything since then: "10 minutes ago", 14:30, yesterday, 2026-11-28 14:30.',
)
@click.option("--dry-run", is_flag=True, help="Only show what would be taken back.")
@json_option("Print the result as one object; with --since, an array of them.")
@options.library
def command(
    number: int | None,
    since: str | None,
    dry_run: bool,
    as_json: bool,
    library_path: Path | None,
) -> int:
    """Take back what an edit has changed in the library's metadata.

    \b
      mcfs undo                         the last edit
      mcfs undo 7                       an edit of the list that `mcfs edits` shows
      mcfs undo --since '10 minutes ago'

    An edit is an import, a `mcfs tag`, or a burst of gestures in a mount. What
    somebody has changed since stays as it is, and is named; the exit code is then
    3. An undo is an edit, too: to take it back, give its number.
    """
    if since is None:
        return undo_edit(library_path, number, None, dry_run=dry_run, as_json=as_json)
    if number is not None:
        raise click.UsageError("give either the number of an edit or --since, not both")
    moment = past_moment(since, datetime.now().astimezone())
    results = _undo(library_path, lambda j: edits_since(j, moment), dry_run, as_json)
    if as_json:
        print_json([_object(result) for result in results])
    return _exit_code(results)


def undo_edit(
    library_path: Path | None,
    number: int | None,
    of_command: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Take back the edit of this number, or the newest, or the newest of this command; the exit code."""

    def choose(journal: EditJournal) -> list[ChosenEdit]:
        return [ChosenEdit(choose_edit(journal, number, of_command))]

    results = _undo(library_path, choose, dry_run, as_json)
    if as_json:
        print_json(_object(results[0]))
    return _exit_code(results)


def _undo(
    library_path: Path | None, choose: _Choose, dry_run: bool, as_json: bool
) -> list[UndoResult]:
    """Take back the chosen edits, and say so unless it is to be JSON."""
    events: list[UndoEvent] = []

    def on_event(event: UndoEvent) -> None:
        # What is taken back is listed in a dry run only: the whole library may be.
        if dry_run or not isinstance(event, TakenBack):
            events.append(event)

    with open_session(library_path) as session:
        user = session.store.user
        would_be: dict[str, dict[str, tuple[str, ...]]] = {}
        with editing(session.library, session.store) as editor:
            results = [
                undo(
                    editor,
                    user,
                    chosen.edit,
                    first=chosen.first,
                    dry_run=dry_run,
                    would_be=would_be,
                    on_event=on_event,
                    while_committing=lambda: _sync_now(session),
                )
                for chosen in choose(user.journal)
            ]
        if any(result.taken_back for result in results) and not dry_run:
            sync_in_turn(session.store.folder, lambda: _sync(session))
            report_stale_snapshots(session.store, session.settings)
        _report(session, events, list_changes=not as_json)
    if not as_json:
        print_lines([_summary(result) for result in results])
    return results


def _exit_code(results: Sequence[UndoResult]) -> ExitCode:
    done = all(result.success for result in results)
    return ExitCode.DONE if done else ExitCode.PARTLY_DONE


def _sync(session: Session) -> SyncReport:
    return sync(session.library, session.store, session.settings)


def _sync_now(session: Session) -> None:
    """Sync while git-annex commits; what fails now is reported by the sync after it."""
    with suppress(McfsError):
        _sync(session)


def _report(session: Session, events: list[UndoEvent], *, list_changes: bool) -> None:
    files = first_files(session, list(dict.fromkeys(event.annex_key for event in events)))
    for event in events:
        file = files[event.annex_key]
        match event:
            case TakenBack(_, changes):
                if list_changes:
                    print_lines([printable(file), *change_lines(changes)])
            case ChangedSince(_, field, old, new, now):
                print_message(
                    f"not taken back {file}: {field} was changed since, to "
                    f"{shown_values(now)}; the edit had changed it from "
                    f"{shown_values(old)} to {shown_values(new)}"
                )
            case NotTakenBack(_, reason):
                print_message(f"failed {file}: {reason}")


def _summary(result: UndoResult) -> str:
    edit = result.edit
    done = "would take back" if result.dry_run else "took back"
    parts = [
        f"{done} {printable(edit.command)} (edit {edit.id}): {count_noun(result.taken_back, 'track')}"
    ]
    if result.already:
        parts.append(f"{result.already} already as before")
    if result.changed_since:
        parts.append(f"{count_noun(len(result.changed_since), 'field')} changed since")
    if result.failed:
        parts.append(f"{len(result.failed)} failed")
    return ", ".join(parts)


def _object(result: UndoResult) -> dict[str, object]:
    """The result for programs."""
    return {
        "edit": result.edit.id,
        "command": result.edit.command,
        "dry_run": result.dry_run,
        "taken_back": result.taken_back,
        "already": result.already,
        "changed_since": [asdict(one) for one in result.changed_since],
        "failed": [asdict(one) for one in result.failed],
        "success": result.success,
    }
