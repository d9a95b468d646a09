"""A git-annex that is asked for metadata and told to change it by turns, for as long as somebody edits.

Owns when its process starts, that one which dies is replaced and told again what it had not answered, and
that every answer is about the key that it was asked about. `metadata_writer.py` writes long lists instead,
and does not ask.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from mcfs.annex.library import Library
from mcfs.annex.metadata_process import Answer, MetadataChange, MetadataProcess
from mcfs.errors import LibraryError

# For one answer or one commit: another git-annex may be committing.
_SECONDS = 60.0
# How often a change is sent to a new process, after one has died of it.
_TRIES = 2


class MetadataSession:
    """One git-annex process at a time. For one thread at a time."""

    def __init__(
        self, library: Library, inherited: Sequence[int] = (), seconds: float = _SECONDS
    ) -> None:
        self._library = library
        self._inherited = inherited
        self._seconds = seconds
        self._process: MetadataProcess | None = None
        # Whether something was written that no process has committed since.
        self._owes_commit = False

    def exchange(self, changes: Sequence[MetadataChange]) -> list[Answer]:
        """The answers to all of these changes, in their order.

        A `LibraryError` when git-annex does not answer, or about something else: then it is unknown which
        changes it has made.
        """
        answers: list[Answer] = []
        waiting = deque(changes)
        unsent = True
        tries = 0
        self._owes_commit |= any(change.fields for change in changes)
        while waiting:
            if self._process is None:
                self._process = MetadataProcess(self._library, self._inherited)
                unsent = True
            if unsent:
                self._process.send(list(waiting))
                unsent = False
            answer = self._next_answer(self._process)
            if answer is None:
                tries += 1
                reason = self.terminate()
                if tries == _TRIES:
                    answers.append(Answer(f"git-annex metadata failed: {reason}"))
                    waiting.popleft()
                    tries = 0
                continue
            tries = 0
            change = waiting.popleft()
            if answer.key not in (None, change.key):
                self.terminate()
                raise LibraryError(f"git-annex answered about {answer.key} instead of {change.key}")
            answers.append(answer)
        return answers

    def _next_answer(self, process: MetadataProcess) -> Answer | None:
        try:
            return process.next_answer(self._seconds)
        except LibraryError:
            self.terminate()
            raise

    def commit(self) -> None:
        """Let git-annex commit all changes and end. A `LibraryError` says why it could not."""
        process, self._process = self._process, None
        if process is None and self._owes_commit:
            process = MetadataProcess(self._library, self._inherited)
        if process is not None:
            process.finish(self._seconds)
            self._owes_commit = False

    def terminate(self) -> str:
        """Stop the process without a commit, if there is one; returns what it wrote about its failure."""
        process, self._process = self._process, None
        return "" if process is None else process.terminate()
