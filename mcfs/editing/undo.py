"""Takes back what an edit changed. A field that was changed again since stays as it is.

Owns which edit is meant, and what "since" means: git-annex is asked for the values of now, and a field is
taken back only if it has exactly the values that the edit gave it. An undo is an edit itself, so it can be
taken back, too. With the values it restores what imports have seen (table `imported_row`): the next
import finds everything as it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from mcfs.annex.read_metadata import read_metadata
from mcfs.editing.editor import Editor
from mcfs.errors import NoSuchEditError
from mcfs.store.edit_journal import EditJournal
from mcfs.store.records import Change, Edit, ImportedRow, TrackChange
from mcfs.store.user_repository import UserRepository

Values = tuple[str, ...]
Seen = TypeVar("Seen", Values, Values | None)


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """A field that is not taken back: the edit changed it from `old` to `new`, and now it is neither."""

    annex_key: str
    field: str
    old: Values
    new: Values
    now: Values


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A track that was taken back, or in a dry run would be: from the values now to those before."""

    annex_key: str
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True)
class NotTakenBack:
    """A track that git-annex refused to change, and why."""

    annex_key: str
    reason: str


UndoEvent = TakenBack | ChangedSince | NotTakenBack
OnUndoEvent = Callable[[UndoEvent], None]


@dataclass(slots=True)
class UndoResult:
    """What happened to the tracks of the edit."""

    edit: Edit
    dry_run: bool
    # Tracks: with a field that was taken back; all of whose fields are already as before the edit.
    taken_back: int = 0
    already: int = 0
    # Fields that somebody has changed since, and tracks that git-annex refused to change.
    changed_since: list[ChangedSince] = field(default_factory=list)
    failed: list[NotTakenBack] = field(default_factory=list)

    @property
    def success(self) -> bool:
        """Whether all of the edit is taken back."""
        return not self.changed_since and not self.failed


def taken_back_by(edits: Iterable[Edit]) -> dict[int, int]:
    """Number of an edit → number of the undo that took it back, and was not taken back itself.

    `edits` are all edits, the newest first. An undo that was interrupted, or that git-annex refused in part,
    has not taken it back yet.
    """
    found: dict[int, int] = {}
    for edit in edits:
        is_done = edit.changed and not edit.failed and not edit.was_interrupted
        if edit.undoes is not None and is_done and edit.id not in found:
            found.setdefault(edit.undoes, edit.id)
    return found


def choose_edit(journal: EditJournal, number: int | None, command: str | None = None) -> Edit:
    """The edit of this number; without one, the newest that is no undo and not taken back.

    With `command`, the newest such edit that was made by this command.
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
            and command in (None, edit.command)
        ):
            return edit
    what = "edit" if command is None else f"mcfs {command}"
    raise NoSuchEditError(f"there is no {what} to take back; to list what was done: mcfs edits")


def undo(
    editor: Editor,
    user: UserRepository,
    edit: Edit,
    *,
    dry_run: bool = False,
    on_event: OnUndoEvent = lambda _: None,
    while_committing: Callable[[], None] = lambda: None,
) -> UndoResult:
    """Take back an edit; what cannot be taken back stays as it is, and is in the result."""
    result = UndoResult(edit, dry_run)
    sources: set[int] = set()

    def report(tracks: Sequence[TrackChange], failures: Sequence[str | None]) -> None:
        for track, failure in zip(tracks, failures, strict=True):
            if failure is None:
                result.taken_back += 1
                sources.update(row.source_id for row in track.imported_after)
                on_event(TakenBack(track.annex_key, track.changes))
            else:
                result.failed.append(NotTakenBack(track.annex_key, failure))
                on_event(result.failed[-1])

    planned = _planned(editor, user, edit, result, on_event)
    if dry_run:
        for track in planned:
            report([track], [None])
    else:
        editor.write(
            f"undo {edit.id}",
            planned,
            on_answers=report,
            while_committing=while_committing,
            undoes=edit.id,
        )
        if sources:
            # Somebody did not like what an import did.
            user.ask_again(sources)
    return result


def _planned(
    editor: Editor, user: UserRepository, edit: Edit, result: UndoResult, on_event: OnUndoEvent
) -> Iterator[TrackChange]:
    for some in editor.journal.applied_tracks(edit.id):
        keys = [track.change.annex_key for track in some]
        current_of = read_metadata(editor.library, keys)
        imported_of = user.imported_rows(keys)
        for track in some:
            key = track.change.annex_key
            changes, changed_since = changes_back(track.change, current_of[key])
            for one in changed_since:
                result.changed_since.append(one)
                on_event(one)
            if changes:
                yield _taking_back(track.change, changes, imported_of.get(key, []))
            elif not changed_since:
                result.already += 1


def changes_back(
    track: TrackChange, current: Mapping[str, Values]
) -> tuple[dict[str, Change], list[ChangedSince]]:
    """What takes an edit of a track back, and the fields that were changed since."""
    changes: dict[str, Change] = {}
    changed_since: list[ChangedSince] = []
    for name, change in track.changes.items():
        now = current.get(name.casefold(), ())
        if now == change.old:
            continue
        if now == change.new:
            changes[name] = Change(now, change.old)
        else:
            changed_since.append(ChangedSince(track.annex_key, name, change.old, change.new, now))
    return changes, changed_since


def _taking_back(
    track: TrackChange, changes: Mapping[str, Change], imported: Iterable[ImportedRow]
) -> TrackChange:
    """The change, with what imports have seen: for these fields as it was before the edit."""
    now = {(row.source_id, row.row_id): row for row in imported}
    pairs = [
        (now[place], before)
        for before in track.imported_before
        if (place := (before.source_id, before.row_id)) in now
    ]
    return TrackChange(
        track.annex_key,
        changes,
        tuple(row for row, _ in pairs),
        tuple(
            row._replace(
                seen=_as_before(row.seen, before.seen, changes),
                supplied=_as_before(row.supplied, before.supplied, changes),
            )
            for row, before in pairs
        ),
    )


def _as_before(
    now: Mapping[str, Seen], before: Mapping[str, Seen], changed: Iterable[str]
) -> dict[str, Seen]:
    fields = set(changed)
    return {name: values for name, values in now.items() if name not in fields} | {
        name: values for name, values in before.items() if name in fields
    }
