"""Writes metadata to git-annex, many tracks with few processes.

Owns what is sent when, when it is committed to the git-annex branch, and what happens when a process dies: it
starts another one, and reports the track that killed the first. The process itself is in
`metadata_process.py`; which values a track gets is decided by the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from mcfs.annex.library import Library
from mcfs.annex.metadata_process import MetadataChange, MetadataProcess
from mcfs.errors import LibraryError

# For one answer or one commit: another git-annex may hold the journal that long.
_SECONDS = 600.0
# When so many processes in a row die without an answer, it is not because of the tracks.
_MAX_FRUITLESS = 3
# Changes that may wait for an answer; so many are held in memory.
_MAX_WAITING = 1000


@contextmanager
def metadata_writer(
    library: Library,
    commit_every: int | None = None,
    seconds: float = _SECONDS,
    inherited: Sequence[int] = (),
) -> Iterator[MetadataWriter]:
    """A writer that commits when the block ends, and after every `commit_every` tracks.

    Its processes inherit the file descriptors `inherited`.
    """
    writer = MetadataWriter(library, commit_every, seconds, inherited)
    try:
        yield writer
        writer.commit()
    finally:
        writer.terminate()


class MetadataWriter:
    """Sets metadata. What it wrote before an exception stays in git-annex's journal."""

    def __init__(
        self,
        library: Library,
        commit_every: int | None,
        seconds: float,
        inherited: Sequence[int],
    ) -> None:
        # How long to wait for one answer or one commit.
        self.seconds = seconds
        self._library = library
        self._commit_every = commit_every
        self._inherited = inherited
        self._process: MetadataProcess | None = None
        # Whether a process died with something in the journal that is not committed since.
        self._owes_commit = False
        # How many processes in a row died without an answer.
        self._fruitless = 0
        # In order: changes that were sent and are not answered; changes that are not sent yet.
        self._unanswered: deque[MetadataChange] = deque()
        self._unsent: deque[MetadataChange] = deque()

    @property
    def pending(self) -> int:
        """How many changes git-annex has still to make."""
        answered = 0 if self._process is None else self._process.waiting_answers
        return len(self._unsent) + len(self._unanswered) - answered

    def submit(self, changes: Iterable[MetadataChange]) -> list[str | None]:
        """Add changes; returns the results of earlier ones, in the order in which they were submitted.

        A result is None, or the reason why the change was not made. Waits only when very many are pending.
        """
        self._unsent += changes
        return self._results(_MAX_WAITING)

    def wait_for_all(self) -> list[str | None]:
        """The results of all changes that were submitted and have no result yet."""
        return self._results(0)

    def _results(self, max_waiting: int) -> list[str | None]:
        """Send changes and take results until at most so many changes have none."""
        results: list[str | None] = []
        while self._unsent or self._unanswered:
            if self._process is None:
                self._process = MetadataProcess(self._library, self._inherited)
            process = self._process
            if some := self._next_to_send(process):
                process.send(some)
                self._unanswered += some
            waiting = len(self._unanswered) + len(self._unsent)
            if waiting <= max_waiting and not process.waiting_answers:
                break
            answer = process.next_answer(self.seconds)
            if answer is not None:
                self._unanswered.popleft()
                results.append(answer.refusal or None)
                self._fruitless = 0
                if process.answered == self._commit_every:
                    self.commit()
                continue
            # The process died. If it had answered nothing, the first change killed it: report that. Else
            # send that change once more, to a new process.
            self._process, self._owes_commit = None, True
            reason = process.terminate()
            self._unsent.extendleft(reversed(self._unanswered))
            self._unanswered.clear()
            if not process.answered:
                self._fruitless += 1
                if self._fruitless == _MAX_FRUITLESS:
                    raise LibraryError(f"git-annex metadata failed: {reason}")
                self._unsent.popleft()
                results.append(reason)
        return results

    def _next_to_send(self, process: MetadataProcess) -> list[MetadataChange]:
        """All changes that are not sent, or as many as the process may still commit."""
        count = len(self._unsent)
        if self._commit_every is not None:
            count = min(count, self._commit_every - process.sent)
        return [self._unsent.popleft() for _ in range(count)]

    def end_input(self) -> None:
        """Let git-annex commit now, while the caller does something else."""
        if self._process is not None:
            self._process.end_input()

    def commit(self) -> None:
        """Have git-annex commit what was written; waits for it."""
        process, self._process = self._process, None
        if process is None and self._owes_commit:
            process = MetadataProcess(self._library, self._inherited)
        if process is not None:
            process.finish(self.seconds)
            self._owes_commit = False

    def terminate(self) -> None:
        """Stop the process without a commit."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
