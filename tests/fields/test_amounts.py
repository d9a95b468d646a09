"""Numbers as people write them in queries: what each spelling means, and what is no number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcfs.fields.amounts import Interval, duration, plain, size, size_bound, year

Read = Callable[[str], Interval | None]
KIBI, MEBI, GIBI = 1024, 1024**2, 1024**3


@pytest.mark.parametrize(
    ("read", "written", "low", "high"),
    [
        (plain, "126", 126, 126),
        (plain, "126.5", 126.5, 126.5),
        (plain, "126,5", 126.5, 126.5),
        (plain, ".5", 0.5, 0.5),
        (plain, "007", 7, 7),
        (year, "1998", 1998, 1998),
        (year, "0999", 999, 999),
        (year, "2025-06", 2025, 2025),
        (year, "2025-6-1", 2025, 2025),
        (duration, "95.4", 95.4, 95.4),
        (size, "0", 0, 0),
        (size, "3072", 3072, 3072),
        (size, "3k", 3 * KIBI, 4 * KIBI - 1),
        (size, "10M", 10 * MEBI, 11 * MEBI - 1),
        (size, "10MB", 10 * MEBI, 11 * MEBI - 1),
        (size, "10MiB", 10 * MEBI, 11 * MEBI - 1),
        (size, "1G", GIBI, 2 * GIBI - 1),
        (size, "1T", 1024 * GIBI, 2048 * GIBI - 1),
        # a third of a byte is no byte: the first that is not less
        (size, "0.001k", 2, 3),
        (size, "1.5M", 1572864, 1677721),
        (size_bound, "10M", 10 * MEBI, 10 * MEBI),
        (size_bound, "1,5G", 1536 * MEBI, 1536 * MEBI),
    ],
)
def test_the_interval_of_an_amount(read: Read, written: str, low: float, high: float) -> None:
    assert read(written) == Interval(low, high)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0), ("90", 90), ("90.0", 90), ("1:30", 90), ("01:30", 90), ("2:", 120), ("1:3", 63),
        ("0:59", 59), ("90:00", 5400), ("1:02:03", 3723), ("90s", 90), ("2m", 120), ("1m30s", 90),
        ("1m30", 90), ("2:10s", 130), ("1H", 3600), ("1h30s", 3630), ("1h2m3s", 3723),
    ],
)  # fmt: skip
def test_a_duration_is_a_whole_second(written: str, seconds: float) -> None:
    assert duration(written) == Interval(seconds, seconds + 1, high_open=True)


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (plain, ""), (plain, "."), (plain, "-1"), (plain, "+1"), (plain, "1e3"), (plain, "1.2.3"),
        (plain, " 1"), (plain, "1\n"), (plain, "٣"), (plain, "²"), (plain, "nan"), (plain, "9" * 16),
        (year, "98"), (year, "19980"), (year, "1998-13"), (year, "1998-00"), (year, "1998-"),
        (duration, ""), (duration, ":"), (duration, ":30"), (duration, "1:60"), (duration, "1:2:3:4"),
        (duration, "30s1m"), (duration, "1h30"), (duration, "1m60"),
        (duration, "2:10ss"), (duration, "2:s"), (duration, "m"), (duration, "1d"),
        (size, ""), (size, "M"), (size, "1P"), (size, "1 M"), (size, ".5M"), (size, "1.0001G"),
        (size_bound, "10 M"),
    ],
)  # fmt: skip
def test_text_that_is_no_amount(read: Read, written: str) -> None:
    assert read(written) is None
