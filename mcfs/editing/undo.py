"""Takes back what an edit changed. A field that was changed again since stays as it is.

Owns what "since" means: git-annex is asked for the values of now. A field that has one value is taken back
only if that is the one that the edit gave it; of a field with many, the values that the edit added and
removed are taken back if all of these are as it left them, whatever others came and went. Which edit is meant
is decided in `chosen_edits.py`.

An undo is an edit itself, so it can be taken back, too. With the values it restores what imports have seen
(table `imported_row`): the next import finds everything as it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from mcfs.annex.read_metadata import read_metadata
from mcfs.editing.editor import Editor
from mcfs.fields import field_table
from mcfs.store.batches import chunks
from mcfs.store.edit_journal import EditJournal
from mcfs.store.records import FROM_POSITION, Change, Edit, ImportedRow, TrackChange
from mcfs.store.user_repository import UserRepository

Values = tuple[str, ...]
Seen = TypeVar("Seen", Values, Values | None)


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """A field that is not taken back: the edit changed it from `old` to `new`, and that does not hold now."""

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


def undo(
    editor: Editor,
    user: UserRepository,
    edit: Edit,
    *,
    first: int = 0,
    dry_run: bool = False,
    would_be: dict[str, dict[str, Values]] | None = None,
    on_event: OnUndoEvent = lambda _: None,
    while_committing: Callable[[], None] = lambda: None,
) -> UndoResult:
    """Take back an edit; what cannot be taken back stays as it is, and is in the result.

    With `first`, only what it has changed from this position of the journal on. `would_be` has, in a dry run
    of several undos, the values that earlier ones would have given to tracks; this one adds its own.
    """
    would_be = {} if would_be is None else would_be
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

    planned = _planned(editor, user, edit, first, would_be, result, on_event)
    if dry_run:
        for track in planned:
            report([track], [None])
            values = would_be.setdefault(track.annex_key, {})
            values |= {name.casefold(): change.new for name, change in track.changes.items()}
    else:
        editor.write(
            f"undo {edit.id}",
            planned,
            on_answers=report,
            while_committing=while_committing,
            undoes=edit.id,
            detail={FROM_POSITION: first} if first else None,
        )
        if sources:
            # Somebody did not like what an import did.
            user.ask_again(sources)
    return result


def _planned(
    editor: Editor,
    user: UserRepository,
    edit: Edit,
    first: int,
    would_be: Mapping[str, Mapping[str, Values]],
    result: UndoResult,
    on_event: OnUndoEvent,
) -> Iterator[TrackChange]:
    for some in _by_track(editor.journal, edit, first):
        current_of = read_metadata(editor.library, some.keys())
        imported_of = user.imported_rows(some.keys())
        for key, tracks in some.items():
            current = {**current_of[key], **would_be.get(key, {})}
            changes, changed_since = all_changes_back(tracks, current)
            for one in changed_since:
                result.changed_since.append(one)
                on_event(one)
            if changes:
                # What imports have seen is changed by edits that have each track once.
                yield _taking_back(tracks[0], changes, imported_of.get(key, []))
            elif not changed_since:
                result.already += 1


def _by_track(
    journal: EditJournal, edit: Edit, first: int
) -> Iterator[dict[str, list[TrackChange]]]:
    """Many tracks at a time: annex key → what the edit has changed of it, the last first."""
    parts = (
        [track.change for track in some if track.position >= first]
        for some in journal.applied_tracks(edit.id)
    )
    if not journal.gestures(edit.id):
        for changes in parts:
            yield {change.annex_key: [change] for change in changes}
        return
    # A burst of gestures may have changed a track again and again.
    found: dict[str, list[TrackChange]] = {}
    for changes in parts:
        for change in changes:
            found.setdefault(change.annex_key, []).insert(0, change)
    for keys in chunks(found):
        yield {key: found[key] for key in keys}


def all_changes_back(
    tracks: Iterable[TrackChange], current: Mapping[str, Values]
) -> tuple[dict[str, Change], list[ChangedSince]]:
    """What takes changes of one track back, the last first, and the fields that were changed since."""
    now = dict(current)
    since: list[ChangedSince] = []
    for track in tracks:
        changes, changed_since = changes_back(track, now)
        now |= {name.casefold(): change.new for name, change in changes.items()}
        since += changed_since
    names = {name.casefold(): name for track in tracks for name in track.changes}
    pairs = {
        names[folded]: Change(current.get(folded, ()), values)
        for folded, values in now.items()
        if values != current.get(folded, ())
    }
    return pairs, since


def changes_back(
    track: TrackChange, current: Mapping[str, Values]
) -> tuple[dict[str, Change], list[ChangedSince]]:
    """What takes a change of a track back, and the fields that were changed since."""
    changes: dict[str, Change] = {}
    changed_since: list[ChangedSince] = []
    for name, change in track.changes.items():
        now = current.get(name.casefold(), ())
        back = _values_back(name, change, now)
        if back is None:
            changed_since.append(ChangedSince(track.annex_key, name, change.old, change.new, now))
        elif back != now:
            changes[name] = Change(now, back)
    return changes, changed_since


def _values_back(name: str, change: Change, now: Values) -> Values | None:
    """The values that a field is to have after the undo of a change; None if it was changed since."""
    if now == change.old:
        return now
    if now == change.new:
        return change.old
    if field_table().of_stored(name.casefold()).single_valued:
        return None
    added, removed = set(change.new) - set(change.old), set(change.old) - set(change.new)
    if added.issubset(now) and removed.isdisjoint(now):
        return tuple(sorted(set(now) - added | removed))
    is_back = removed.issubset(now) and added.isdisjoint(now)
    return now if is_back else None


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
