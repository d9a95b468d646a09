"""A stand-in for trio that looks before it waits: half of what a request costs is the way through epoll.

Owns the looking. Most of the time the next request is there before the last is answered; `fs.py` gives
this to pyfuse3, which shows itself where a stand-in goes (`pyfuse3.asyncio`).
"""

from __future__ import annotations

import select
from types import SimpleNamespace

import trio

# Then the other tasks have their turn: signals, threads that have come back, the clock.
_IN_A_ROW = 64


def eager_trio() -> SimpleNamespace:
    """trio, but for `wait_readable`."""
    polls: dict[int, select.poll] = {}
    taken = 0

    async def wait_readable(descriptor: int) -> None:
        nonlocal taken
        poll = polls.get(descriptor)
        if poll is None:
            poll = polls[descriptor] = select.poll()
            poll.register(descriptor, select.POLLIN)
        taken += 1
        if taken % _IN_A_ROW == 0 or not poll.poll(0):
            await trio.lowlevel.wait_readable(descriptor)

    lowlevel = SimpleNamespace(**{**vars(trio.lowlevel), "wait_readable": wait_readable})
    return SimpleNamespace(**{**vars(trio), "lowlevel": lowlevel})
