"""`mcfs edits`: lists what mcfs has changed in the metadata of the library."""

from __future__ import annotations

from bisect import bisect_right
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
from mcfs.editing.chosen_edits import choose_edit, taken_back_by
from mcfs.editing.editor import settle_if_nobody_edits
from mcfs.export.json_objects import json_text
from mcfs.inspect.times import ago
from mcfs.store.records import Change, Edit, JournalledGesture, JournalledTrack
from mcfs.text.printable import printable

_GAP = "  "
_HEADINGS = ("edit", "when", "by", "what", "result")


@click.command("edits")
@click.argument("number", metavar="[EDIT]", required=False, type=click.IntRange(min=1))
@json_option("Print an array of objects; with EDIT, one object that has its tracks.")
@options.library
def command(number: int | None, as_json: bool, library_path: Path | None) -> None:
    """List what mcfs has changed in the library's metadata, the newest first.

    Gestures in a mount that follow each other are one edit, with the first of them
    as its name. With EDIT, a number from this list: all tracks of that edit, each
    field from what to what. To take one back: mcfs undo EDIT.
    """
    with open_session(library_path, sync_first=False) as session:
        journal = session.store.user.journal
        settle_if_nobody_edits(session.library, session.store)
        edits = journal.edits()
        undone = taken_back_by(edits)
        gestures = journal.gesture_counts()
        if number is None:
            if as_json:
                print_json([_edit_object(edit, undone, gestures) for edit in edits])
            else:
                print_lines(_table(edits, undone, gestures, output_of()))
                if not edits:
                    print_message("no edits: mcfs has not changed any metadata here")
            return
        edit = choose_edit(journal, number)
        if as_json:
            print_json_pieces(_pieces(session, edit, undone, gestures))
        else:
            print_lines(_table([edit], undone, gestures, output_of()))
            shown = None
            for file, track, gesture in _tracks(session, edit):
                if gesture is not None and gesture is not shown:
                    print_lines([_gesture_line(gesture)])
                    shown = gesture
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


def _table(
    edits: Sequence[Edit],
    undone: Mapping[int, int],
    gestures: Mapping[int, int],
    output: Output,
) -> Iterator[str]:
    if not edits:
        return
    now = datetime.now(UTC)
    rows = [
        (
            str(edit.id),
            ago(edit.started_at, now),
            printable(edit.made_by),
            printable(_what(edit, gestures.get(edit.id, 0))),
            _result(edit, undone, is_burst=edit.id in gestures),
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


def _what(edit: Edit, gestures: int) -> str:
    """What was done: of a burst of gestures the first, and how many more."""
    return edit.command if gestures < 2 else f"{edit.command}, and {gestures - 1} more"


def _result(edit: Edit, undone: Mapping[int, int], *, is_burst: bool) -> str:
    # A burst may have changed a track more than once.
    parts = [count_noun(edit.changed, "change" if is_burst else "track")]
    if edit.finished_at is None:
        parts.append("not finished")
    if edit.failed:
        parts.append(f"{edit.failed} failed")
    if edit.was_interrupted:
        parts.append("interrupted")
    if edit.id in undone:
        parts.append(f"taken back by {undone[edit.id]}")
    return ", ".join(parts)


def _tracks(
    session: Session, edit: Edit
) -> Iterator[tuple[str, JournalledTrack, JournalledGesture | None]]:
    """All tracks of an edit: the file, what was changed, and by which gesture if it was one."""
    gestures = session.store.user.journal.gestures(edit.id)
    starts = [gesture.position for gesture in gestures]
    for some in session.store.user.journal.tracks(edit.id):
        files = first_files(session, [track.change.annex_key for track in some])
        for track in some:
            place = bisect_right(starts, track.position)
            yield files[track.change.annex_key], track, gestures[place - 1] if place else None


def _gesture_line(gesture: JournalledGesture) -> str:
    return printable(f"{gesture.made_at.astimezone():%H:%M:%S}  {gesture.words}")


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


def _edit_object(
    edit: Edit, undone: Mapping[int, int], gestures: Mapping[int, int]
) -> dict[str, Any]:
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
        "gestures": gestures.get(edit.id, 0),
        "detail": edit.detail,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _pieces(
    session: Session, edit: Edit, undone: Mapping[int, int], gestures: Mapping[int, int]
) -> Iterator[str]:
    """The object of one edit, written track by track."""
    start = json_text(_edit_object(edit, undone, gestures), indent=2).removesuffix("\n}")
    yield f'{start},\n  "tracks": ['
    comma = ""
    for file, track, gesture in _tracks(session, edit):
        shown: dict[str, Any] = {
            "file": file,
            "annex_key": track.change.annex_key,
            "applied": track.applied,
            "failure": track.failure,
            "fields": {
                name: {"old": list(change.old), "new": list(change.new)}
                for name, change in track.change.changes.items()
            },
        }
        if gesture is not None:
            shown["gesture"] = gesture.words
            shown["mount_path"] = gesture.mount_path
            shown["made_at"] = _time(gesture.made_at)
        yield f"{comma}\n    {json_text(shown)}"
        comma = ","
    yield "\n  ]\n}\n"
