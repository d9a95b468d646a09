"""Planned changes → the journal → git-annex, and back: what became of each.

Owns the order of the three: a change is in the journal before git-annex is sent it, and is marked as applied
once git-annex has answered. So after a crash every change is known, and git-annex says whether it was made.
"""

from __future__ import annotations

import os
import pwd
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from mcfs.annex.library import Library
from mcfs.annex.metadata_process import MetadataChange
from mcfs.annex.metadata_writer import MetadataWriter, metadata_writer
from mcfs.editing.killed_edits import settle_killed_edits
from mcfs.errors import EditRunningError
from mcfs.store import Store
from mcfs.store.edit_journal import EditJournal
from mcfs.store.edit_lock import EditLock, edit_lock
from mcfs.store.records import TrackChange
from mcfs.text.raw_text import is_utf8

# Seconds that a command waits for its turn while others edit: a burst of gestures in a mount leaves gaps.
PATIENCE = 10.0
# How many tracks git-annex gets at a time, at least and at most.
_MIN_BATCH = 16
_MAX_BATCH = 500
_KEY_NOT_UTF8 = "git-annex takes no key in JSON that is not UTF-8"
_VALUE_NOT_UTF8 = "git-annex takes no value in JSON that is not UTF-8"

# Called with tracks and, for each of them, why it could not be changed, or None.
OnAnswers = Callable[[Sequence[TrackChange], Sequence[str | None]], None]


@contextmanager
def editing(library: Library, store: Store) -> Iterator[Editor]:
    """Be the only one who edits this library; an `EditRunningError` when somebody else is."""
    with edit_lock(store.folder, PATIENCE) as lock:
        settle_killed_edits(library, store.user.journal, lock)
        yield Editor(library, store.user.journal, lock)


def settle_if_nobody_edits(library: Library, store: Store) -> None:
    """Find out what became of the edits of a killed mcfs, unless somebody is editing now."""
    journal = store.user.journal
    if journal.unfinished():
        with suppress(EditRunningError), edit_lock(store.folder) as lock:
            settle_killed_edits(library, journal, lock)


class Editor:
    """Makes edits, one after the other."""

    def __init__(self, library: Library, journal: EditJournal, lock: EditLock) -> None:
        self.library = library
        self.journal = journal
        self._lock = lock

    def write(
        self,
        command: str,
        planned: Iterable[TrackChange],
        *,
        on_answers: OnAnswers,
        while_committing: Callable[[], None],
        undoes: int | None = None,
        detail: Mapping[str, Any] | None = None,
        commit_every: int | None = None,
    ) -> None:
        """Make all changes, as one edit. An edit that plans nothing leaves no entry in the journal.

        `while_committing` is called when all changes are made and git-annex commits them.
        """

        def start() -> int:
            return self.journal.start(
                command, user_name(os.geteuid()), undoes=undoes, detail=detail
            )

        with metadata_writer(
            self.library, commit_every, inherited=(self._lock.descriptor,)
        ) as annex:
            edit = _Edit(annex, self.journal, start, on_answers)
            edit.write(planned)
            annex.end_input()
            while_committing()
        edit.finish()


class _Edit:
    """One edit under way."""

    def __init__(
        self,
        annex: MetadataWriter,
        journal: EditJournal,
        start: Callable[[], int],
        on_answers: OnAnswers,
    ) -> None:
        self._annex = annex
        self._journal = journal
        self._start = start
        self._on_answers = on_answers
        self._id: int | None = None
        # The position of the next change in the journal.
        self._next = 0
        self._unanswered: deque[tuple[int, TrackChange]] = deque()

    def write(self, planned: Iterable[TrackChange]) -> None:
        """Make all changes; returns when git-annex has answered to each."""
        batch: list[TrackChange] = []
        # For each answered change, in order: why it failed, or None.
        failures: list[str | None] = []
        for change in planned:
            if reason := obstacle(change):
                self._on_answers([change], [reason])
                continue
            batch.append(change)
            # git-annex is the slowest part. The first batches are small, so that it can begin soon; later
            # ones are as large as what it still has to do, so that it never waits for the next.
            if len(batch) == _MAX_BATCH or len(batch) >= max(_MIN_BATCH, self._annex.pending):
                failures += self._submit(batch)
                batch = []
                if len(failures) >= _MAX_BATCH:
                    self._settle(failures)
                    failures = []
        failures += self._submit(batch)
        failures += self._annex.wait_for_all()
        self._settle(failures)

    def finish(self) -> None:
        """End the edit in the journal."""
        if self._id is not None:
            self._journal.finish(self._id)

    def _submit(self, batch: Sequence[TrackChange]) -> list[str | None]:
        """Send a batch to git-annex; returns the answers that have come for earlier ones."""
        if not batch:
            return []
        if self._id is None:
            self._id = self._start()
        self._journal.plan(self._id, self._next, batch)
        self._unanswered += enumerate(batch, self._next)
        self._next += len(batch)
        return self._annex.submit(
            MetadataChange(change.annex_key, {name: c.new for name, c in change.changes.items()})
            for change in batch
        )

    def _settle(self, failures: Sequence[str | None]) -> None:
        """Write down and report what became of the changes that were answered."""
        answered = [self._unanswered.popleft() for _ in failures]
        if not answered:
            return
        applied: list[int] = []
        failed: dict[int, str] = {}
        for (position, _), failure in zip(answered, failures, strict=True):
            if failure is None:
                applied.append(position)
            else:
                failed[position] = failure
        assert self._id is not None
        self._journal.settle(self._id, applied, failed)
        self._on_answers([change for _, change in answered], failures)


def obstacle(change: TrackChange) -> str | None:
    """Why git-annex cannot be asked to make a change."""
    if not is_utf8(change.annex_key):
        return _KEY_NOT_UTF8
    if not all(is_utf8(value) for one in change.changes.values() for value in one.new):
        return _VALUE_NOT_UTF8
    return None


def user_name(user: int) -> str:
    """The name of a user, by number."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"
