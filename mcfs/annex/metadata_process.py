"""One `git annex metadata --batch --json` process, from its start to its commit.

Owns the process and the threads at its pipes, so that neither side ever waits for the other with full pipes.

git-annex writes what it is sent to its journal and commits it when its input ends: one commit, however many
tracks. Killed before that, it leaves the journal, which the next git-annex commits. When we are killed, it
still writes and commits what it was sent; it can inherit file descriptors, such as that of a lock.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcfs.annex.batch import ODD_ANSWER
from mcfs.annex.library import Library
from mcfs.annex.process import read_errors, shorten, start_process
from mcfs.errors import LibraryError

# Not `git annex`: git would leave git-annex behind if it had to be killed.
_COMMAND = ("git-annex", "metadata", "--batch", "--json", "--json-error-messages")
_SECONDS_TO_END = 5.0
# How much of an answer that cannot be read is shown.
_SHOWN = 200
# git-annex tells of each field when it was last changed, as if that was a field, too.
_DERIVED = "lastchanged"


@dataclass(frozen=True, slots=True)
class MetadataChange:
    """Fields of a key and the values that each is to have, exactly these; [] removes all values.

    Without fields it changes nothing, and is answered with all values that the key has.
    """

    key: str
    fields: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What git-annex answered to a change."""

    # Why it did not make the change; "" if it did.
    refusal: str
    # None if that cannot be read from the answer.
    key: str | None = None
    _fields: Mapping[str, Any] = field(default_factory=dict)

    def values(self) -> dict[str, tuple[str, ...]]:
        """All values of the key now: folded name of a field → its values, sorted."""
        return {
            name.casefold(): tuple(sorted(map(str, values)))
            for name, values in self._fields.items()
            if name != _DERIVED and not name.endswith(f"-{_DERIVED}")
        }


class MetadataProcess:
    """A running git-annex that changes metadata."""

    def __init__(self, library: Library, inherited: Sequence[int] = ()) -> None:
        # How many changes it was sent, and how many answers were taken.
        self.sent = 0
        self.answered = 0
        self._refused_one = False
        self._process = start_process(_COMMAND, library.top, inherited=inherited)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin, self._stdout, self._stderr = (
            self._process.stdin,
            self._process.stdout,
            self._process.stderr,
        )
        self._error_output: list[bytes] = []
        # Bytes to be written to its input; None ends the input.
        self._to_write: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # None when the process has ended.
        self._answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=each, daemon=True)
            for each in (self._write_input, self._read_answers, self._read_errors)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting_answers(self) -> int:
        """How many answers can be taken without waiting; the end of the process counts as one."""
        return self._answers.qsize()

    def send(self, changes: Sequence[MetadataChange]) -> None:
        """Have it make these changes; does not wait for it."""
        self.sent += len(changes)
        self._to_write.put(b"".join(map(_request, changes)))

    def next_answer(self, seconds: float) -> Answer | None:
        """Its answer to the next change; None when it ended without one."""
        answer = self._take_answer(seconds)
        if answer is not None:
            self.answered += 1
            self._refused_one |= answer.refusal != ""
        return answer

    def end_input(self) -> None:
        """Send no more: it commits."""
        self._to_write.put(None)

    def finish(self, seconds: float) -> None:
        """Have it commit; a `LibraryError` with the reason when it could not."""
        self.end_input()
        while self._take_answer(seconds) is not None:
            pass
        status = self._process.wait()
        reason = self.terminate()
        # Its exit status also reports a failure when it refused a change.
        if status != 0 and not self._refused_one:
            raise LibraryError(f"git-annex metadata failed ({status}): {reason}")

    def _take_answer(self, seconds: float) -> Answer | None:
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            self._process.kill()
            raise LibraryError(f"git-annex metadata did not finish in {seconds:g} s") from None

    def terminate(self) -> str:
        """Stop it, if it has not ended; returns what it wrote about its failure."""
        # SIGTERM first: it has locks to release and programs of its own to end.
        self._process.terminate()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._to_write.put(None)
        for thread in self._threads:
            thread.join()
        self._stdout.close()
        self._stderr.close()
        error_output = b"".join(self._error_output).decode("utf-8", "replace")
        text = shorten(" ".join(error_output.split()))
        return text or f"it ended ({self._process.returncode}) and gave no reason"

    def _write_input(self) -> None:
        # A process that died has closed its input; the reason is in its exit status and error output.
        with contextlib.suppress(BrokenPipeError), self._stdin:
            while (piece := self._to_write.get()) is not None:
                self._stdin.write(piece)
                self._stdin.flush()

    def _read_answers(self) -> None:
        # Every answer repeats all values of the key; git-annex stops until the pipe has room for it.
        try:
            for line in self._stdout:
                if not line.endswith(b"\n"):
                    break
                self._answers.put(_answer(line))
        finally:
            self._answers.put(None)

    def _read_errors(self) -> None:
        read_errors(self._stderr, self._error_output)


def _request(change: MetadataChange) -> bytes:
    fields = {name: list(values) for name, values in change.fields.items()}
    return json.dumps({"key": change.key, "fields": fields}).encode() + b"\n"


def _answer(line: bytes) -> Answer:
    try:
        answer = json.loads(line)
        key = answer.get("key")
        if answer.get("success"):
            return Answer("", key, answer["fields"])
        messages = " ".join(" ".join(answer.get("error-messages", ())).split())
    except ODD_ANSWER:
        return Answer(f"git-annex answered {line[:_SHOWN]!r}")
    return Answer(messages or f"git-annex refused {key} and gave no reason", key)
