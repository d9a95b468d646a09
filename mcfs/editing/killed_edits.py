"""What became of the changes of an mcfs that was killed: git-annex is asked for each.

Owns how the answer is read from git-annex's values. git-annex writes all fields of a track at once, so a
track is changed or not, and never half. It also inherits our lock, so whoever has his turn now knows that no
git-annex of a killed mcfs is still writing.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcfs.annex.library import Library
from mcfs.annex.read_metadata import read_metadata
from mcfs.store.edit_journal import EditJournal
from mcfs.store.edit_lock import EditLock
from mcfs.store.records import TrackChange

NOT_CHANGED = "mcfs ended before git-annex had changed it"


def settle_killed_edits(library: Library, journal: EditJournal, lock: EditLock) -> None:
    """Write down what became of every change that will get no answer any more. It is our turn to edit."""
    for edit_id in journal.unfinished():
        # A mount has an edit open for as long as a burst of gestures lasts, and others edit in between.
        if not lock.is_being_made(edit_id):
            settle_edit(library, journal, edit_id)
            journal.finish(edit_id, interrupted=True)


def settle_edit(library: Library, journal: EditJournal, edit_id: int) -> None:
    """Write down what became of the changes of this edit that git-annex has not answered."""
    for some in journal.unsettled_tracks(edit_id):
        current = read_metadata(library, {track.change.annex_key for track in some})
        applied: list[int] = []
        failed: dict[int, str] = {}
        for track in some:
            if was_applied(track.change, current[track.change.annex_key]):
                applied.append(track.position)
            else:
                failed[track.position] = NOT_CHANGED
        journal.settle(edit_id, applied, failed)


def was_applied(track: TrackChange, current: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether git-annex has made this change, given the values that it has now."""
    pairs = [(current.get(name.casefold(), ()), change) for name, change in track.changes.items()]
    if any(values == change.new != change.old for values, change in pairs):
        return True
    # Where somebody has changed all of its fields since, nothing tells. As applied it does no harm: undo
    # finds that somebody has changed it, and says so.
    return not any(values == change.old for values, change in pairs)
