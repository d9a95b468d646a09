"""The last errors of one process, in sentences for its user: what `.mcfs/errors` shows.

Owns these lines and nothing else. A path whose name is no valid query is here too: that is no failure of
mcfs, but its user may wonder why the folder does not exist. While somebody types a name, a file manager looks
up each beginning of it: only the last error of them stays.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mcfs.text.printable import printable

# The longest pause between two letters of a name that is being typed.
_TYPING = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class LoggedError:
    """A sentence, when it was logged first and last, and how often."""

    sentence: str
    first_at: datetime
    last_at: datetime
    times: int = 1
    # The name that somebody looked up; nothing for other errors.
    name: str = ""


class ErrorLog:
    """Keeps the last errors. Safe to use from several threads.

    A sentence that comes again is counted, so that a repeated error does not push out the others.
    """

    def __init__(
        self, limit: int = 100, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._errors: deque[LoggedError] = deque(maxlen=limit)
        self._typing_until: datetime | None = None
        self._lock = threading.Lock()

    def add(self, sentence: str) -> None:
        """Log an error."""
        self._add(sentence, "")

    def add_once(self, sentence: str) -> None:
        """Log what goes on being wrong, and is met again and again: only the first time counts."""
        with self._lock:
            if any(error.sentence == sentence for error in self._errors):
                return
        self._add(sentence, "")

    def add_name(self, name: str, reason: str) -> None:
        """Log why a name that somebody looked up does not exist."""
        self._add(f"{name}: {reason}", name)

    def goes_on(self, name: str) -> None:
        """Drop the errors of names that were only the beginning of this one, which is looked up now."""
        if self._typing_until is None:
            return
        now = self._now()
        with self._lock:
            if now > self._typing_until:
                self._typing_until = None
                return
            kept = [error for error in self._errors if not _was_beginning(error, name, now)]
            if len(kept) < len(self._errors):
                self._errors.clear()
                self._errors.extend(kept)

    def _add(self, sentence: str, name: str) -> None:
        now = self._now()
        with self._lock:
            if name:
                self._typing_until = now + _TYPING
            for error in self._errors:
                if error.sentence == sentence:
                    self._errors.remove(error)
                    again = LoggedError(sentence, error.first_at, now, error.times + 1, name)
                    self._errors.append(again)
                    return
            self._errors.append(LoggedError(sentence, now, now, name=name))

    def entries(self) -> list[LoggedError]:
        """All errors; the one that was logged last comes last."""
        with self._lock:
            return list(self._errors)

    def text(self) -> str:
        """One line for each error, with its local time."""
        return "".join(f"{_line(error)}\n" for error in self.entries())


def _was_beginning(error: LoggedError, name: str, now: datetime) -> bool:
    return (
        bool(error.name)
        and len(error.name) < len(name)
        and name.startswith(error.name)
        # One that was there before the typing began stays.
        and now - error.first_at <= _TYPING
    )


def _line(error: LoggedError) -> str:
    again = f" ({error.times} times)" if error.times > 1 else ""
    # Sentences hold the names that somebody looked up, and a terminal would obey their control characters.
    return f"{error.last_at.astimezone():%Y-%m-%d %H:%M:%S}  {printable(error.sentence)}{again}"
