"""When many removals are taken for an accident."""

from __future__ import annotations

from mcfs.editing.unlink_guard import UnlinkGuard


def remove(
    guard: UnlinkGuard, count: int, now: float, step: float = 0.0
) -> tuple[int, UnlinkGuard]:
    """How many of so many tracks may lose values, one every `step` seconds."""
    allowed = 0
    for number in range(count):
        is_allowed, guard = guard.allows([f"{now} {number}"], now + number * step)
        allowed += is_allowed
    return allowed, guard


def test_a_hundred_tracks_within_ten_seconds() -> None:
    allowed, guard = remove(UnlinkGuard(), 100, 0)
    assert allowed == 100
    assert not guard.allows(["one more"], 9)[0]
    # The same track again is no other track.
    assert guard.allows(["0 7"], 9)[0]
    assert guard.allows(["one more"], 10)[0]


def test_who_removes_slowly_is_never_stopped() -> None:
    assert remove(UnlinkGuard(), 1000, 0, step=0.11)[0] == 1000


def test_who_is_stopped_stays_stopped_until_it_is_quiet() -> None:
    """`rm -r` goes on with the next file, for minutes perhaps."""
    allowed, guard = remove(UnlinkGuard(), 1000, 0, step=0.05)
    assert allowed == 100
    assert not guard.allows(["x"], 59)[0]
    assert not guard.allows(["x"], 59.9)[0]
    assert guard.allows(["x"], 69)[0]


def test_many_tracks_at_once() -> None:
    assert not UnlinkGuard().allows(map(str, range(101)), 0)[0]
