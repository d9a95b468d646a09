"""Lets go of a request whose caller was killed while it waited for a slow answer.

Owns how that is found out. The kernel keeps a killed process until its request is answered, and tells pyfuse3
nothing: somebody who ends a `stat` of a large library's playlist would wait for it all the same.
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import trio
from pyfuse3 import FUSEError

# Most answers come before the first look.
_SECONDS = 0.3
_PENDING = ("SigPnd:", "ShdPnd:")
_KILLED = 1 << (signal.SIGKILL - 1)

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


async def unless_killed(
    caller: int, work: Callable[[*Arguments], Awaitable[Result]], *arguments: *Arguments
) -> Result:
    """What the work gives. Once the thread that waits for it was killed, it is cancelled: EINTR."""
    found: list[Result] = []
    failed: list[Exception] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cancel_when_killed, caller, nursery.cancel_scope)
        try:
            found.append(await work(*arguments))
        except Exception as error:  # noqa: BLE001  (raised below: a nursery would put it into a group)
            failed.append(error)
        nursery.cancel_scope.cancel()
    if failed:
        raise failed[0]
    if not found:
        raise FUSEError(errno.EINTR)
    return found[0]


async def _cancel_when_killed(caller: int, scope: trio.CancelScope) -> None:
    while True:
        await trio.sleep(_SECONDS)
        if is_killed(caller):
            scope.cancel()


def is_killed(thread: int) -> bool:
    """Whether a signal that ends it is on its way to a thread, which waits in the kernel."""
    try:
        status = Path(f"/proc/{thread}/status").read_text()
    except OSError:
        return False  # not known here: it is in another container, for example
    pending = (line.split()[1] for line in status.splitlines() if line.startswith(_PENDING))
    return any(int(mask, 16) & _KILLED for mask in pending)
