"""`mcfs edits`: lists what mcfs has changed in the metadata of the library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json, print_json_pieces
from mcfs.cli.session import Session, open_session
from mcfs.cli.terminal import Output, output_of, print_lines, print_message
from mcfs.cli.text_layout import cell_width, count_noun, pad
from mcfs.editing.editor import settle_if_nobody_edits
from mcfs.editing.undo import choose_edit, taken_back_by
from mcfs.export.json_objects import json_text
from mcfs.inspect.times import ago
from mcfs.store.records import Change, Edit, JournalledTrack
from mcfs.text.printable import printable

_GAP = "  "
_HEADINGS = ("edit", "when", "by", "what", "result")


@click.command("edits")
@click.argument("number", metavar="[EDIT]", required=False, type=click.IntRange(min=1))
@json_option("Print an array of objects; with EDIT, one object that has its tracks.")
@options.library
def command(number: int | None, as_json: bool, library_path: Path | None) -> None:
    """List what mcfs has changed in the library's metadata, the newest first.

    With EDIT, a number from this list: all tracks of that edit, each field from
    what to what. To take one back: mcfs undo EDIT.
    """
    with open_session(library_path, sync_first=False) as session:
        journal = session.store.user.journal
        settle_if_nobody_edits(session.library, session.store)
        edits = journal.edits()
        undone = taken_back_by(edits)
        if number is None:
            if as_json:
                print_json([_edit_object(edit, undone) for edit in edits])
            else:
                print_lines(_table(edits, undone, output_of()))
                if not edits:
                    print_message("no edits: mcfs has not changed any metadata here")
            return
        edit = choose_edit(journal, number)
        if as_json:
            print_json_pieces(_pieces(session, edit, undone))
        else:
            print_lines(_table([edit], undone, output_of()))
            for file, track in _tracks(session, edit):
                print_lines(_track_lines(file, track))


def change_lines(changes: Mapping[str, Change]) -> Iterator[str]:
    """One line for each field: from what to what."""
    for name, change in changes.items():
        yield printable(f"  {name}: {shown_values(change.old)} → {shown_values(change.new)}")


def shown_values(values: Sequence[str]) -> str:
    """All values of a field, on one line."""
    return "; ".join(values) if values else "(none)"


def first_files(session: Session, annex_keys: Sequence[str]) -> dict[str, str]:
    """Key → its first work path, or the key itself where the library has no file of it any more."""
    with session.store.cache.reading() as read:
        files = read.first_files(annex_keys)
    return {key: files.get(key, key) for key in annex_keys}


def _table(edits: Sequence[Edit], undone: Mapping[int, int], output: Output) -> Iterator[str]:
    if not edits:
        return
    now = datetime.now(UTC)
    rows = [
        (
            str(edit.id),
            ago(edit.started_at, now),
            printable(edit.made_by),
            printable(edit.command),
            _result(edit, undone),
        )
        for edit in edits
    ]
    widths = [max(map(cell_width, cells)) for cells in zip(_HEADINGS, *rows, strict=True)]
    for row in (_HEADINGS, *rows):
        number, *rest = (
            pad(c, w, right=not i) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        line = _GAP.join([number, *rest]).rstrip(" ")
        yield output.bold(line) if row is _HEADINGS else line


def _result(edit: Edit, undone: Mapping[int, int]) -> str:
    if edit.changed is None:
        return "not finished"
    parts = [count_noun(edit.changed, "track")]
    if edit.failed:
        parts.append(f"{edit.failed} failed")
    if edit.was_interrupted:
        parts.append("interrupted")
    if edit.id in undone:
        parts.append(f"taken back by {undone[edit.id]}")
    return ", ".join(parts)


def _tracks(session: Session, edit: Edit) -> Iterator[tuple[str, JournalledTrack]]:
    for some in session.store.user.journal.tracks(edit.id):
        files = first_files(session, [track.change.annex_key for track in some])
        for track in some:
            yield files[track.change.annex_key], track


def _track_lines(file: str, track: JournalledTrack) -> Iterator[str]:
    match track.applied:
        case True:
            rest = ""
        case False:
            rest = f" (not changed: {track.failure})"
        case None:
            rest = " (not known yet)"
    yield printable(f"{file}{rest}")
    yield from change_lines(track.change.changes)


def _edit_object(edit: Edit, undone: Mapping[int, int]) -> dict[str, Any]:
    """An edit for programs."""
    return {
        "edit": edit.id,
        "command": edit.command,
        "made_by": edit.made_by,
        "started_at": _time(edit.started_at),
        "finished_at": edit.finished_at and _time(edit.finished_at),
        "changed": edit.changed,
        "failed": edit.failed,
        "undoes": edit.undoes,
        "taken_back_by": undone.get(edit.id),
        "detail": edit.detail,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _pieces(session: Session, edit: Edit, undone: Mapping[int, int]) -> Iterator[str]:
    """The object of one edit, written track by track."""
    start = json_text(_edit_object(edit, undone), indent=2).removesuffix("\n}")
    yield f'{start},\n  "tracks": ['
    comma = ""
    for file, track in _tracks(session, edit):
        shown = {
            "file": file,
            "annex_key": track.change.annex_key,
            "applied": track.applied,
            "failure": track.failure,
            "fields": {
                name: {"old": list(change.old), "new": list(change.new)}
                for name, change in track.change.changes.items()
            },
        }
        yield f"{comma}\n    {json_text(shown)}"
        comma = ","
    yield "\n  ]\n}\n"
