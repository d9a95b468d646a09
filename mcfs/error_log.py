"""What went wrong lately, for people to read: the last hundred sentences, each with its time.

Owns nothing but these lines. A path that means nothing is no failure of ours, yet somebody may wonder
why there is no such folder.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

MOST = 100


@dataclass(frozen=True, slots=True)
class LoggedError:
    """A sentence, when it was first said and last, and how often."""

    sentence: str
    first_at: datetime
    last_at: datetime
    times: int = 1


class ErrorLog:
    """The last complaints; the same one again counts up instead of crowding out the others."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._said: deque[LoggedError] = deque(maxlen=MOST)
        self._lock = threading.Lock()

    def add(self, sentence: str) -> None:
        """Something went wrong."""
        now = self._now()
        with self._lock:
            for said in self._said:
                if said.sentence == sentence:
                    self._said.remove(said)
                    self._said.append(LoggedError(sentence, said.first_at, now, said.times + 1))
                    return
            self._said.append(LoggedError(sentence, now, now))

    def entries(self) -> list[LoggedError]:
        """The oldest first."""
        with self._lock:
            return list(self._said)

    def text(self) -> str:
        """One line each, in local time."""
        return "".join(f"{_line(said)}\n" for said in self.entries())


def _line(said: LoggedError) -> str:
    again = f" ({said.times} times)" if said.times > 1 else ""
    return f"{said.last_at.astimezone():%Y-%m-%d %H:%M:%S}  {said.sentence}{again}"
