"""Which edits of the journal somebody means who wants them taken back.

Owns that an edit is taken back once, that an undo is not taken back unless it is named or in the way, and
where a moment divides a burst of gestures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mcfs.errors import NoSuchEditError
from mcfs.store.edit_journal import EditJournal
from mcfs.store.records import Edit


@dataclass(frozen=True, slots=True)
class ChosenEdit:
    """An edit, and the position from which on it is meant."""

    edit: Edit
    first: int = 0


def taken_back_by(edits: Iterable[Edit]) -> dict[int, int]:
    """Number of an edit → number of the undo that took it back, and was not taken back itself.

    `edits` are all edits, the newest first. An undo that was interrupted, or that git-annex refused in part,
    has not taken it back yet; nor has one of only the last gestures of a burst.
    """
    found: dict[int, int] = {}
    for edit in edits:
        is_done = edit.changed and not (edit.failed or edit.was_interrupted or edit.is_partial)
        if edit.undoes is not None and is_done and edit.id not in found:
            found.setdefault(edit.undoes, edit.id)
    return found


def choose_edit(journal: EditJournal, number: int | None, command: str | None = None) -> Edit:
    """The edit of this number; without one, the newest that is no undo and not taken back.

    With `command`, the newest such edit that was made by this command: "import mixxx", or "tag" with
    whatever follows.
    """
    edits = journal.edits()
    if number is not None:
        for edit in edits:
            if edit.id == number:
                return edit
        raise NoSuchEditError(f"there is no edit {number}; to list them: mcfs edits")
    gone = taken_back_by(edits)
    for edit in edits:
        if (
            edit.changed
            and edit.undoes is None
            and edit.id not in gone
            and (command is None or f"{edit.command} ".startswith(f"{command} "))
        ):
            return edit
    what = "edit" if command is None else f"mcfs {command}"
    raise NoSuchEditError(f"there is no {what} to take back; to list what was done: mcfs edits")


def edits_since(journal: EditJournal, moment: datetime) -> list[ChosenEdit]:
    """Everything that was changed from this moment on and is not taken back, the newest first.

    An undo that took back something older is among them; that of something as new needs nothing.
    """
    edits = journal.edits()
    gone = taken_back_by(edits)
    found: list[ChosenEdit] = []
    started_since = {edit.id for edit in edits if edit.started_at >= moment}
    for edit in edits:
        if not edit.changed or edit.id in gone or edit.undoes in started_since:
            continue
        if edit.id in started_since:
            found.append(ChosenEdit(edit))
        elif edit.finished_at is None or edit.finished_at >= moment:
            late = [one.position for one in journal.gestures(edit.id) if one.made_at >= moment]
            found += [ChosenEdit(edit, late[0])] if late else []
    if not found:
        when = f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
        raise NoSuchEditError(
            f"there is nothing to take back since {when}; to list what was done: mcfs edits"
        )
    return found
