"""`mcfs undo`: takes back what an edit has changed; `mcfs import … --undo` does it for the last import."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.edits import change_lines, first_files, shown_values
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.session import Session, open_session
from mcfs.cli.terminal import print_lines, print_message
from mcfs.cli.text_layout import count_noun
from mcfs.editing.editor import editing
from mcfs.editing.undo import (
    ChangedSince,
    NotTakenBack,
    TakenBack,
    UndoEvent,
    UndoResult,
    choose_edit,
    undo,
)
from mcfs.errors import ExitCode, McfsError
from mcfs.sync.report import SyncReport
from mcfs.sync.run import sync
from mcfs.sync.waiting import sync_in_turn
from mcfs.text.printable import printable


@click.command("undo")
@click.argument("number", metavar="[EDIT]", required=False, type=click.IntRange(min=1))
@click.option("--dry-run", is_flag=True, help="Only show what would be taken back.")
@json_option("Print the result as one object.")
@options.library
def command(number: int | None, dry_run: bool, as_json: bool, library_path: Path | None) -> int:
    """Take back what an edit has changed in the library's metadata.

    Without EDIT, a number from `mcfs edits`: the newest that is not taken back yet.
    Fields that somebody has changed since stay as they are, and are named; the exit
    code is then 3. An undo is an edit, too: to take it back, give its number.
    """
    return undo_edit(library_path, number, None, dry_run=dry_run, as_json=as_json)


def undo_edit(
    library_path: Path | None,
    number: int | None,
    of_command: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Take back the edit of this number, or the newest, or the newest of this command; the exit code."""
    events: list[UndoEvent] = []

    def on_event(event: UndoEvent) -> None:
        # What is taken back is listed in a dry run only: the whole library may be.
        if dry_run or not isinstance(event, TakenBack):
            events.append(event)

    with open_session(library_path) as session:
        user = session.store.user
        with editing(session.library, session.store) as editor:
            edit = choose_edit(user.journal, number, of_command)
            result = undo(
                editor,
                user,
                edit,
                dry_run=dry_run,
                on_event=on_event,
                while_committing=lambda: _sync_now(session),
            )
        if result.taken_back and not dry_run:
            sync_in_turn(session.store.folder, lambda: _sync(session))
        _report(session, events, list_changes=not as_json)
    if as_json:
        print_json(_object(result))
    else:
        print_lines([_summary(result)])
    return ExitCode.DONE if result.success else ExitCode.PARTLY_DONE


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
