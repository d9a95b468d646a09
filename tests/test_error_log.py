"""The log of the last errors: bounded, and a repeated error is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mcfs.error_log import ErrorLog, LoggedError

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """Later by a step at each look."""

    def __init__(self, step: timedelta = timedelta(minutes=1)) -> None:
        self.step = step
        self.now = START - step

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


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


def _look_up(log: ErrorLog, *names: str) -> list[str]:
    """The names whose errors are left after all of these were looked up; none but `good` exists."""
    for name in names:
        log.goes_on(name)
        if not name.endswith("good"):
            log.add_name(name, "no such name")
    return [error.name for error in log.entries()]


def test_only_the_last_error_of_a_name_that_is_typed_stays() -> None:
    log = ErrorLog(now=Clock(timedelta(seconds=1)))
    log.add("the disk is full")
    assert _look_up(log, "bpm:", "bpm:12x", "bpm:12x y", "gnere:") == ["", "bpm:12x y", "gnere:"]
    assert _look_up(log, "gnere: good") == ["", "bpm:12x y"], "a name that exists ends the typing"
    assert _look_up(log, "bpm:12", "bpm:12") == ["", "bpm:12x y", "bpm:12"]


def test_an_error_stays_when_another_name_that_begins_so_comes_much_later() -> None:
    log = ErrorLog(now=Clock(timedelta(seconds=20)))
    assert _look_up(log, "bpm:", "bpm:12x") == ["bpm:", "bpm:12x"]


def test_a_terminal_has_nothing_to_obey() -> None:
    log = ErrorLog()
    log.add_name("genre:\x1b]0;title\x07\u202e\n", 'unknown field "\x9b2J"')
    assert log.text().endswith('  genre:␛]0;title␇\ufffd : unknown field "\ufffd2J"\n')
    assert log.text().count("\n") == 1
