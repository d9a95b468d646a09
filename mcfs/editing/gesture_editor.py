"""Gestures in a mount → git-annex, the journal and the store, while the program that made them waits.

Owns the thread that writes, what a burst is, and when it ends. Gestures that come at the same time are
written together. A burst is one edit of the journal, so that one undo takes it back, and one commit:
git-annex has what it was told in its own journal until then, which whichever git-annex runs next commits.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mcfs.annex.library import Library
from mcfs.annex.metadata_process import Answer, MetadataChange
from mcfs.annex.metadata_session import MetadataSession
from mcfs.annex.read_metadata import read_metadata
from mcfs.editing.editor import obstacle
from mcfs.editing.gestures import Gesture, Outcome
from mcfs.editing.killed_edits import settle_edit, settle_killed_edits
from mcfs.editing.unlink_guard import MOST_TRACKS, SECONDS, UnlinkGuard
from mcfs.editing.value_changes import value_changes
from mcfs.errors import BulkEditError, EditFailedError, McfsError, bug_sentence
from mcfs.fields import field_named
from mcfs.store import Store
from mcfs.store.edit_lock import EditLock
from mcfs.store.records import JournalledGesture, TrackChange

log = logging.getLogger(__name__)

# Seconds without a gesture that end a burst.
_PAUSE = 1.0
# Seconds in which the next gesture of a program follows.
_BUSY = 0.3
# Seconds that a gesture waits while somebody else edits, such as an import: the program that made it hangs.
_PATIENCE = 10.0
# How many gestures are written together at most.
_MOST_AT_ONCE = 200
# git-annex writes this in its answers where a value is not UTF-8.
_NOT_UTF8 = "\N{REPLACEMENT CHARACTER}"

# Brings the store in step with the library, for tracks whose metadata has just been changed.
UpdateStore = Callable[[Collection[str]], None]


@dataclass(slots=True)
class _Waiting:
    """A gesture whose caller waits."""

    gesture: Gesture
    made_at: datetime
    result: Future[Outcome] = field(default_factory=Future)
    # What git-annex is to change; set when it is known what the tracks have.
    changes: list[TrackChange] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def annex_keys(self) -> set[str]:
        return {track.annex_key for track in self.gesture.tracks}


@contextmanager
def gesture_editor(
    library: Library,
    store: Store,
    update_store: UpdateStore,
    *,
    on_problem: Callable[[str], None],
    allows_bulk: bool = False,
) -> Iterator[GestureEditor]:
    """The editor of a mount. When the block ends, everything is written and committed.

    `on_problem` is called with a sentence about what went wrong after a gesture was answered.
    """
    editor = GestureEditor(library, store, update_store, on_problem, allows_bulk=allows_bulk)
    thread = threading.Thread(target=editor.run, name="editing", daemon=True)
    thread.start()
    try:
        yield editor
    finally:
        editor.stop()
        thread.join()


class GestureEditor:
    """Writes the gestures of one mount. Many threads may call it at the same time."""

    def __init__(
        self,
        library: Library,
        store: Store,
        update_store: UpdateStore,
        on_problem: Callable[[str], None],
        *,
        allows_bulk: bool,
    ) -> None:
        self._library = library
        self._store = store
        self._update_store = update_store
        self._on_problem = on_problem
        self._allows_bulk = allows_bulk
        # None asks the thread to end.
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._stopped = False
        # Of the guard, and of `_stopped`: nothing is put into the queue after the None.
        self._mutex = threading.Lock()
        self._guard = UnlinkGuard()
        self._last_gesture = float("-inf")

    # --- for the mount

    def apply(self, gesture: Gesture) -> Outcome:
        """Make the changes of a gesture; returns when git-annex has answered and the store has them.

        Raises an `McfsError` where nothing was changed: a `BulkEditError`, an `EditRunningError`, an
        `EditFailedError`, or what is wrong with the library or the store.
        """
        waiting = _Waiting(gesture, datetime.now(UTC))
        with self._mutex:
            if self._stopped:
                raise EditFailedError("this mount is ending, and makes no more changes")
            if gesture.is_unlink and not self._allows_bulk:
                self._check_rate(waiting.annex_keys)
            self._queue.put(waiting)
        try:
            return waiting.result.result()
        finally:
            self._last_gesture = time.monotonic()

    def is_busy(self) -> bool:
        """Whether a gesture has just been made, so that the next will probably follow."""
        return time.monotonic() - self._last_gesture < _BUSY

    def begin_value(self, field_name: str, value: str) -> None:
        """Keep a value that no track has yet: an empty folder."""
        self._store.user.begun_values.begin(field_name, value)

    def end_value(self, field_name: str, value: str) -> bool:
        """Keep it no longer; False if it was not kept."""
        return self._store.user.begun_values.end(field_name, value)

    def empty_values(self, field_name: str) -> list[str]:
        """The values of a field that are kept although no track has them, sorted."""
        begun = self._store.user.begun_values
        kept = begun.of(field_name)
        if not kept:
            return kept
        # Tracks may have got them from somebody else.
        names = field_named(field_name).stored_names
        with self._store.cache.reading() as read:
            had = read.values_among(names, kept)
        for value in had:
            begun.end(field_name, value)
        return [value for value in kept if value not in had]

    def _check_rate(self, annex_keys: Collection[str]) -> None:
        allowed, self._guard = self._guard.allows(annex_keys, time.monotonic())
        if not allowed:
            raise BulkEditError(
                f"more than {MOST_TRACKS} tracks would lose values within {SECONDS:g} s, which looks like an"
                " accident; to take back what was removed: mcfs undo; to allow it: mount with --edit-bulk"
            )

    # --- the thread that writes

    def stop(self) -> None:
        """Accept no more gestures, and let the thread end when all are written."""
        with self._mutex:
            self._stopped = True
            self._queue.put(None)

    def run(self) -> None:
        """Write gestures until `stop` is called."""
        lock = EditLock(self._store.folder)
        try:
            self._write_all(_Burst(self._library, self._store, lock, self._on_problem))
        finally:
            lock.close()

    def _write_all(self, burst: _Burst) -> None:
        postponed: list[_Waiting] = []
        stopping = False
        while postponed or not stopping:
            if not postponed:
                try:
                    first = self._queue.get(timeout=_PAUSE if burst.is_open else None)
                except queue.Empty:
                    burst.end()
                    continue
                if first is None:
                    break
                postponed = [first]
            with suppress(queue.Empty):
                while len(postponed) < _MOST_AT_ONCE:
                    more = self._queue.get_nowait()
                    if more is None:
                        stopping = True
                        break
                    postponed.append(more)
            batch, postponed = _separated(postponed)
            self._write(burst, batch)
        burst.end()

    def _write(self, burst: _Burst, batch: Sequence[_Waiting]) -> None:
        """Write gestures, and answer those who wait for them."""
        try:
            changed = burst.write(batch)
        except McfsError as error:
            _fail(batch, error)
            return
        except Exception as error:
            log.exception("gestures could not be written")
            _fail(batch, EditFailedError(bug_sentence(error)))
            return
        try:
            if changed:
                self._update_store(changed)
        except McfsError as error:
            # The library has the changes, so the next sync reads them.
            self._on_problem(
                f"{error}; a change of metadata appears in the mount after the next sync"
            )
        except Exception as error:
            log.exception("the store could not follow gestures")
            self._on_problem(bug_sentence(error))
        for waiting in batch:
            _answer(waiting)


class _Burst:
    """Gestures that come one soon after the other: one edit of the journal, one commit."""

    def __init__(
        self, library: Library, store: Store, lock: EditLock, on_problem: Callable[[str], None]
    ) -> None:
        self._library = library
        self._journal = store.user.journal
        self._lock = lock
        self._on_problem = on_problem
        self._annex = MetadataSession(library, inherited=(lock.descriptor,))
        self.is_open = False
        # The edit of the journal, who makes it, and the position of its next change.
        self._edit: int | None = None
        self._user = ""
        self._next = 0

    def write(self, batch: Sequence[_Waiting]) -> set[str]:
        """Make the changes of gestures, and note in each what has failed; returns the changed tracks."""
        self.is_open = True
        with self._lock.turn(_PATIENCE):
            settle_killed_edits(self._library, self._journal, self._lock)
            self._plan(batch)
            made = [waiting for waiting in batch if waiting.changes]
            if not made:
                return set()
            first = self._write_down(made)
            planned = [(waiting, change) for waiting in made for change in waiting.changes]
            try:
                answers = self._annex.exchange([_request(change) for _, change in planned])
            except McfsError as error:
                self._settle_unanswered(first, planned, str(error))
            else:
                self._settle(first, planned, answers)
        return {
            change.annex_key
            for waiting, change in planned
            if change.annex_key not in waiting.failed
        }

    def end(self) -> None:
        """Finish the edit, and have git-annex commit."""
        if not self.is_open:
            return
        self.is_open = False
        try:
            self._finish_edit()
        except McfsError as error:
            self._on_problem(f"the journal of edits is not complete: {error}")
        try:
            self._annex.commit()
        except McfsError as error:
            self._on_problem(
                f"{error}; the changes are in git-annex's journal, and its next command commits them"
            )

    def _plan(self, batch: Sequence[_Waiting]) -> None:
        """Work out what each gesture changes, from the values that git-annex has now."""
        tracks = [(waiting, track) for waiting in batch for track in waiting.gesture.tracks]
        answers = self._annex.exchange([MetadataChange(track.annex_key, {}) for _, track in tracks])
        for (waiting, track), answer in zip(tracks, answers, strict=True):
            if answer.refusal:
                waiting.failed[track.annex_key] = answer.refusal
                continue
            current = answer.values()
            if any(_NOT_UTF8 in value for values in current.values() for value in values):
                current = read_metadata(self._library, [track.annex_key])[track.annex_key]
            changes = value_changes(track.edits, current)
            if not changes:
                continue
            change = TrackChange(track.annex_key, changes)
            if reason := obstacle(change):
                waiting.failed[track.annex_key] = reason
            else:
                waiting.changes.append(change)

    def _write_down(self, made: Sequence[_Waiting]) -> int:
        """Put gestures into the journal; returns the position of their first change."""
        user = made[0].gesture.user
        if self._edit is not None and (
            user != self._user or self._journal.is_taken_back(self._edit)
        ):
            # An undo takes back what was done before it.
            self._finish_edit()
        if self._edit is None:
            self._edit = self._journal.start(made[0].gesture.words, user)
            self._lock.begin_edit(self._edit)
            self._user, self._next = user, 0
        first = position = self._next
        gestures = []
        for waiting in made:
            gesture = waiting.gesture
            gestures.append(
                JournalledGesture(position, waiting.made_at, gesture.words, gesture.mount_path)
            )
            position += len(waiting.changes)
        changes = [change for waiting in made for change in waiting.changes]
        self._journal.plan(self._edit, first, changes, gestures)
        self._next = position
        return first

    def _settle(
        self,
        first: int,
        planned: Sequence[tuple[_Waiting, TrackChange]],
        answers: Sequence[Answer],
    ) -> None:
        """Write down what git-annex answered."""
        applied: list[int] = []
        failed: dict[int, str] = {}
        unknown = ""
        for position, ((waiting, change), answer) in enumerate(
            zip(planned, answers, strict=True), first
        ):
            if not answer.refusal:
                applied.append(position)
            elif answer.key is not None:
                failed[position] = waiting.failed[change.annex_key] = answer.refusal
            else:
                # Whether it was made, nothing says yet.
                unknown = answer.refusal
        given = {
            (edit.field, value)
            for waiting in {id(waiting): waiting for waiting, _ in planned}.values()
            for track in waiting.gesture.tracks
            if track.annex_key not in waiting.failed
            for edit in track.edits
            for value in edit.added
        }
        assert self._edit is not None
        try:
            self._journal.settle(self._edit, applied, failed, given)
        except McfsError as error:
            # git-annex has made the changes. Whoever edits next asks it for them, and writes that down.
            self._on_problem(f"the journal of edits is not complete: {error}")
            self._give_up_edit()
            return
        if unknown:
            self._settle_unanswered(first, planned, unknown)

    def _settle_unanswered(
        self, first: int, planned: Sequence[tuple[_Waiting, TrackChange]], reason: str
    ) -> None:
        """git-annex has failed: read what it has changed before. Where that fails too, an `McfsError`."""
        # It must not write any more.
        self._annex.terminate()
        assert self._edit is not None
        try:
            settle_edit(self._library, self._journal, self._edit)
            for some in self._journal.tracks(self._edit):
                for track in some:
                    if track.position >= first and not track.applied:
                        waiting, change = planned[track.position - first]
                        waiting.failed[change.annex_key] = reason
        except McfsError:
            self._give_up_edit()
            raise

    def _finish_edit(self) -> None:
        if self._edit is not None:
            try:
                self._journal.finish(self._edit)
            finally:
                self._give_up_edit()

    def _give_up_edit(self) -> None:
        """What is not settled of the edit, or not finished, is left to the next turn."""
        assert self._edit is not None
        self._lock.end_edit(self._edit)
        self._edit = None


def _separated(waiting: Sequence[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
    """Gestures that can be written together, and those that have to wait until these are.

    Together go those of one user, each about other tracks: what one changes, the next has to know.
    """
    batch: list[_Waiting] = []
    later: list[_Waiting] = []
    keys: set[str] = set()
    for one in waiting:
        if later or one.gesture.user != waiting[0].gesture.user or keys & one.annex_keys:
            later.append(one)
        else:
            batch.append(one)
            keys |= one.annex_keys
    return batch, later


def _request(change: TrackChange) -> MetadataChange:
    return MetadataChange(change.annex_key, {name: c.new for name, c in change.changes.items()})


def _answer(waiting: _Waiting) -> None:
    """Tell the caller what came of a gesture."""
    failed = waiting.failed
    changed = {
        change.annex_key: change.changes
        for change in waiting.changes
        if change.annex_key not in failed
    }
    if failed and failed.keys() >= waiting.annex_keys:
        waiting.result.set_exception(EditFailedError(next(iter(failed.values()))))
    else:
        waiting.result.set_result(Outcome(changed, failed))


def _fail(batch: Sequence[_Waiting], error: McfsError) -> None:
    for waiting in batch:
        waiting.result.set_exception(error)
