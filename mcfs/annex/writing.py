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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mcfs.annex.library import Library
from mcfs.annex.process import started
from mcfs.errors import LibraryError

# By its own name: `git annex` would leave it behind if it had to be ended.
_COMMAND = ("git-annex", "metadata", "--batch", "--json", "--json-error-messages")
# For one call, or for a commit: as long as it may wait for another git-annex that holds the journal.
_SECONDS = 600.0
_TO_END = 5.0
# So many in a row that end without an answer are no fault of what they were asked.
_HOPELESS = 3


@dataclass(frozen=True, slots=True)
class FieldChange:
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

    def write(self, changes: Sequence[FieldChange]) -> list[str | None]:
        """For each of the changes None, or why it was not made."""
        reasons: list[str | None] = []
        fruitless = 0
        while len(reasons) < len(changes):
            if self._process is None:
                self._process = _Process(self._library, self._seconds)
            process = self._process
            is_fresh = process.told == 0
            room = len(changes) if self._commit_every is None else self._commit_every - process.told
            asked = changes[len(reasons) : len(reasons) + room]
            answers = process.ask(asked)
            reasons += answers
            if len(answers) == len(asked):
                fruitless = 0
                if process.told == self._commit_every:
                    self.commit()
                continue
            # It died of the one it had not answered, if that was the first it heard of; else that is
            # asked once more.
            self._process, self._owes_commit = None, True
            complaint = process.end()
            fruitless = 0 if answers else fruitless + 1
            if fruitless == _HOPELESS:
                raise LibraryError(f"git-annex metadata failed: {complaint}")
            if is_fresh and not answers:
                reasons.append(complaint)
        return reasons

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
        # How many tracks it was told of.
        self.told = 0
        self._refused = False
        self._seconds = seconds
        self._overdue = False
        self._process = started(_COMMAND, library.top)
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
        self._threads = [
            threading.Thread(target=self._send, daemon=True),
            threading.Thread(target=self._listen, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, changes: Sequence[FieldChange]) -> list[str | None]:
        """What `write` returns; less of it, if it died before it had answered all."""
        self.told += len(changes)
        reasons: list[str | None] = []
        self._unsent.put(b"".join(map(_request, changes)))
        with self._bounded():
            for change in changes:
                line = self._stdout.readline()
                if not line.endswith(b"\n"):
                    break
                reasons.append(_reason(line, change.key))
        self._refused |= any(reasons)
        return reasons

    def finish(self) -> None:
        """Have it commit; a `LibraryError` that says why where it could not."""
        self._unsent.put(None)
        with self._bounded():
            self._stdout.read()
            status = self._process.wait()
        complaint = self.end()
        # It says that it failed where it refused a track, too.
        if status != 0 and not self._refused:
            raise LibraryError(f"git-annex metadata failed ({status}): {complaint}")

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

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        watchdog = threading.Timer(self._seconds, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            overdue = watchdog.finished.is_set()
            watchdog.cancel()
        if overdue:
            raise LibraryError(f"git-annex metadata did not finish in {self._seconds:g} s")

    def _send(self) -> None:
        # One that died closes its end; why it died is in its exit status and stderr.
        with contextlib.suppress(BrokenPipeError), self._stdin:
            while (piece := self._unsent.get()) is not None:
                self._stdin.write(piece)
                self._stdin.flush()

    def _listen(self) -> None:
        self._complaints.append(self._stderr.read())


def _request(change: FieldChange) -> bytes:
    fields = {name: list(values) for name, values in change.fields.items()}
    return json.dumps({"key": change.key, "fields": fields}).encode() + b"\n"


def _reason(line: bytes, key: str) -> str | None:
    answer = json.loads(line)
    if answer.get("success"):
        return None
    said = " ".join(" ".join(answer.get("error-messages", ())).split())
    return said or f"git-annex refused {key} and gave no reason"
