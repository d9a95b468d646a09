"""The last errors of one process, in sentences for its user: what `.mcfs/errors` shows.

Owns these lines and nothing else. A path whose name is no valid query is here too: that is no failure of
mcfs, but its user may wonder why the folder does not exist.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class LoggedError:
    """A sentence, when it was logged first and last, and how often."""

    sentence: str
    first_at: datetime
    last_at: datetime
    times: int = 1


class ErrorLog:
    """Keeps the last errors. Safe to use from several threads.

    A sentence that comes again is counted, so that a repeated error does not push out the others.
    """

    def __init__(
        self, limit: int = 100, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._errors: deque[LoggedError] = deque(maxlen=limit)
        self._lock = threading.Lock()

    def add(self, sentence: str) -> None:
        """Log an error."""
        now = self._now()
        with self._lock:
            for error in self._errors:
                if error.sentence == sentence:
                    self._errors.remove(error)
                    again = LoggedError(sentence, error.first_at, now, error.times + 1)
                    self._errors.append(again)
                    return
            self._errors.append(LoggedError(sentence, now, now))

    def entries(self) -> list[LoggedError]:
        """All errors; the one that was logged last comes last."""
        with self._lock:
            return list(self._errors)

    def text(self) -> str:
        """One line for each error, with its local time."""
        return "".join(f"{_line(error)}\n" for error in self.entries())


def _line(error: LoggedError) -> str:
    again = f" ({error.times} times)" if error.times > 1 else ""
    return f"{error.last_at.astimezone():%Y-%m-%d %H:%M:%S}  {error.sentence}{again}"
