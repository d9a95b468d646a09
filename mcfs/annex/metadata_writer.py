"""Metadata into git-annex: one `git annex metadata --batch --json` process, told and heard at once.

Owns the process: that neither side ever waits for the other with full pipes, that what kills it is told
from the track that did, and when what it wrote is committed to the git-annex branch. Which values a
track shall have is decided above.

git-annex keeps what it is told in its journal and commits it as it ends: one commit, however many
tracks. Killed before that, it leaves the journal, which the next git-annex commits.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mcfs.annex.library import Library
from mcfs.annex.process import start_process
from mcfs.errors import LibraryError

# By its own name: `git annex` would leave it behind if it had to be ended.
_COMMAND = ("git-annex", "metadata", "--batch", "--json", "--json-error-messages")
# For one call, or for a commit: as long as it may wait for another git-annex that holds the journal.
_SECONDS = 600.0
_TO_END = 5.0
# So many in a row that end without an answer are no fault of what they were asked.
_HOPELESS = 3
# Changes that wait to be made, at most: so many are held in memory.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class MetadataChange:
    """The values that some fields of a key shall have: exactly these; [] for none at all."""

    key: str
    fields: Mapping[str, Sequence[str]]


@contextmanager
def metadata_writer(
    library: Library, commit_every: int | None = None, seconds: float = _SECONDS
) -> Iterator[MetadataWriter]:
    """Writes for as long as it is open; committed when it is closed, and after every so many tracks."""
    writer = MetadataWriter(library, commit_every, seconds)
    try:
        yield writer
        writer.commit()
    finally:
        writer.end()


class MetadataWriter:
    """Sets metadata. What it wrote when an exception ends it stays in git-annex's journal."""

    def __init__(self, library: Library, commit_every: int | None, seconds: float) -> None:
        self._library = library
        self._commit_every = commit_every
        self._seconds = seconds
        self._process: _Process | None = None
        # Whether one died with something in the journal that nobody has committed since.
        self._owes_commit = False
        # How many in a row died and had answered nothing.
        self._fruitless = 0
        # In order: what the process was told, and we have no answer of yet; and what it was not told.
        self._unanswered: deque[MetadataChange] = deque()
        self._untold: deque[MetadataChange] = deque()

    @property
    def pending(self) -> int:
        """How many changes it has still to make."""
        answered = 0 if self._process is None else self._process.unheard
        return len(self._untold) + len(self._unanswered) - answered

    def submit(self, changes: Iterable[MetadataChange]) -> list[str | None]:
        """More changes to make; what became of earlier ones, in the order they were told in.

        For each None, or why it was not made. Does not wait for any, unless there are very many.
        """
        self._untold += changes
        return self._heard(_MOST)

    def wait_for_all(self) -> list[str | None]:
        """What became of all of which it is not known yet."""
        return self._heard(0)

    def _heard(self, most: int) -> list[str | None]:
        """Waits until no more than so many are not answered."""
        reasons: list[str | None] = []
        while self._untold or self._unanswered:
            if self._process is None:
                self._process = _Process(self._library, self._seconds)
            process = self._process
            if some := self._next(process):
                process.submit(some)
                self._unanswered += some
            if len(self._unanswered) + len(self._untold) <= most and not process.unheard:
                break
            reason = process.answer()
            if reason is not None:
                self._unanswered.popleft()
                reasons.append(reason or None)
                self._fruitless = 0
                if process.answered == self._commit_every:
                    self.commit()
                continue
            # It died of the one it had not answered, if that was the first it heard of; else that is
            # asked once more.
            self._process, self._owes_commit = None, True
            complaint = process.end()
            self._untold.extendleft(reversed(self._unanswered))
            self._unanswered.clear()
            if not process.answered:
                self._fruitless += 1
                if self._fruitless == _HOPELESS:
                    raise LibraryError(f"git-annex metadata failed: {complaint}")
                self._untold.popleft()
                reasons.append(complaint)
        return reasons

    def _next(self, process: _Process) -> list[MetadataChange]:
        """What it is to be told now: all, or as many as it is to commit at once."""
        room = len(self._untold)
        if self._commit_every is not None:
            room = min(room, self._commit_every - process.told)
        return [self._untold.popleft() for _ in range(room)]

    def end_input(self) -> None:
        """Tell it that this was all: it commits, while others do something else."""
        if self._process is not None:
            self._process.end_input()

    def commit(self) -> None:
        """Have git-annex commit what it was told."""
        process, self._process = self._process, None
        if process is None and self._owes_commit:
            process = _Process(self._library, self._seconds)
        if process is not None:
            process.finish()
            self._owes_commit = False

    def end(self) -> None:
        """Let go of a process that is not to finish."""
        process, self._process = self._process, None
        if process is not None:
            process.end()


class _Process:
    """One git-annex, from its start to its commit."""

    def __init__(self, library: Library, seconds: float) -> None:
        # How many tracks it was told of, and has answered.
        self.told = 0
        self.answered = 0
        self._refused = False
        self._seconds = seconds
        self._process = start_process(_COMMAND, library.top)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin, self._stdout, self._stderr = (
            self._process.stdin,
            self._process.stdout,
            self._process.stderr,
        )
        self._complaints: list[bytes] = []
        # Bytes to be sent; None is the end of them.
        self._unsent: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # What it refuses of each, "" for nothing; None is the end of it.
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=each, daemon=True)
            for each in (self._send, self._hear, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def unheard(self) -> int:
        """How many answers wait for whoever asks; its end is one."""
        return self._answers.qsize()

    def submit(self, changes: Sequence[MetadataChange]) -> None:
        """Have it make these changes, without waiting for it."""
        self.told += len(changes)
        self._unsent.put(b"".join(map(_request, changes)))

    def answer(self) -> str | None:
        """Its next answer: "", or why it made no change; None if it died instead."""
        reason = self._next_answer()
        if reason is not None:
            self.answered += 1
            self._refused |= reason != ""
        return reason

    def end_input(self) -> None:
        """Tell it no more: it commits."""
        self._unsent.put(None)

    def finish(self) -> None:
        """Have it commit; a `LibraryError` that says why where it could not."""
        self.end_input()
        while self._next_answer() is not None:
            pass
        status = self._process.wait()
        complaint = self.end()
        # It says that it failed where it refused a track, too.
        if status != 0 and not self._refused:
            raise LibraryError(f"git-annex metadata failed ({status}): {complaint}")

    def _next_answer(self) -> str | None:
        try:
            return self._answers.get(timeout=self._seconds)
        except queue.Empty:
            self._process.kill()
            raise LibraryError(
                f"git-annex metadata did not finish in {self._seconds:g} s"
            ) from None

    def end(self) -> str:
        """Stop it, if it has not ended; what it complained of."""
        # Asked first: it has locks to give back, and programs of its own to end.
        self._process.terminate()
        try:
            self._process.wait(_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._unsent.put(None)
        for thread in self._threads:
            thread.join()
        self._stdout.close()
        self._stderr.close()
        said = " ".join(b"".join(self._complaints).decode("utf-8", "replace").split())
        return said or f"it ended ({self._process.returncode}) and gave no reason"

    def _send(self) -> None:
        # One that died closes its end; why it died is in its exit status and stderr.
        with contextlib.suppress(BrokenPipeError), self._stdin:
            while (piece := self._unsent.get()) is not None:
                self._stdin.write(piece)
                self._stdin.flush()

    def _hear(self) -> None:
        # It says all values again, and waits until that is heard.
        try:
            for line in self._stdout:
                if not line.endswith(b"\n"):
                    break
                self._answers.put(_refusal(line))
        finally:
            self._answers.put(None)

    def _listen(self) -> None:
        self._complaints.append(self._stderr.read())


def _request(change: MetadataChange) -> bytes:
    fields = {name: list(values) for name, values in change.fields.items()}
    return json.dumps({"key": change.key, "fields": fields}).encode() + b"\n"


def _refusal(line: bytes) -> str:
    """What an answer says against a change; "" where it was made."""
    try:
        answer = json.loads(line)
    except ValueError:
        return f"git-annex answered {line!r}"
    if answer.get("success"):
        return ""
    said = " ".join(" ".join(answer.get("error-messages", ())).split())
    return said or f"git-annex refused {answer.get('key')} and gave no reason"
