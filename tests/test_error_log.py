"""The log of the last errors: bounded, and a repeated error is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mcfs.error_log import ErrorLog, LoggedError

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A minute later at each look."""

    def __init__(self) -> None:
        self.minutes = -1

    def __call__(self) -> datetime:
        self.minutes += 1
        return START + timedelta(minutes=self.minutes)


def test_a_repeated_error_is_counted_and_moves_to_the_end() -> None:
    log = ErrorLog(now=Clock())
    for sentence in ("one", "two", "one"):
        log.add(sentence)
    assert log.entries() == [
        LoggedError("two", START + timedelta(minutes=1), START + timedelta(minutes=1)),
        LoggedError("one", START, START + timedelta(minutes=2), times=2),
    ]


def test_the_oldest_errors_are_forgotten() -> None:
    log = ErrorLog(limit=3)
    for number in range(9):
        log.add(str(number))
    assert [error.sentence for error in log.entries()] == ["6", "7", "8"]


def test_text_has_a_line_for_each_error() -> None:
    log = ErrorLog(now=Clock())
    assert log.text() == ""
    for sentence in ("one", "two", "two"):
        log.add(sentence)
    first, second = log.text().splitlines()
    assert first.endswith("  one")
    assert second.endswith("  two (2 times)")
