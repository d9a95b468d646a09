"""Who may change the library's metadata now: one mcfs at a time, and all of them in turn.

Owns `edit.lock`. Its first byte is the lock; the second is the place of the next in the queue, so that
somebody who takes the lock again and again, as a mount does, cannot keep the others waiting. Each edit that
is not finished has a byte of its own, which its mcfs holds: if nobody does, its mcfs was killed.

A git-annex that writes for us inherits the descriptor: if we are killed, nobody else edits until it has
written what we had sent to it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcfs.errors import EditRunningError
from mcfs.store.locks import (
    HeldLock,
    holder_words,
    is_alive,
    is_locked_by_others,
    open_lock,
    read_holder,
    release,
    try_to_lock,
    unlock,
)

_NAME = "edit.lock"
_TURN, _NEXT = 0, 1
# The byte of the edit with number 0; far from those above.
_EDITS = 1 << 20
# How long a git-annex whose mcfs was killed may need to write what was sent to it, and to commit.
_ORPHAN_SECONDS = 60.0
# A turn of a mount takes some hundredths of a second, an import takes minutes.
_FIRST_LOOK, _LAST_LOOK = 0.002, 0.1


class EditLock:
    """The lock of one who edits, to be taken and released many times."""

    def __init__(self, folder: Path) -> None:
        # git-annex inherits it.
        self.descriptor = open_lock(folder / _NAME)
        self._open_edits: set[int] = set()

    def close(self) -> None:
        """Release everything."""
        for edit_id in list(self._open_edits):
            self.end_edit(edit_id)
        os.close(self.descriptor)

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """Be the only one who edits; an `EditRunningError` if others do for longer than `patience`."""
        deadline = time.monotonic() + patience
        self._wait_for(_NEXT, deadline)
        try:
            self._wait_for(_TURN, deadline)
        finally:
            unlock(self.descriptor, _NEXT)
        try:
            HeldLock(self.descriptor)  # writes down who holds it
            yield
        finally:
            release(self.descriptor)

    def begin_edit(self, edit_id: int) -> None:
        """Show others that an edit is being made, until `end_edit`."""
        try_to_lock(self.descriptor, _EDITS + edit_id)
        self._open_edits.add(edit_id)

    def end_edit(self, edit_id: int) -> None:
        """The edit is finished, or given up: then the next turn finds out what became of it."""
        self._open_edits.discard(edit_id)
        unlock(self.descriptor, _EDITS + edit_id)

    def is_being_made(self, edit_id: int) -> bool:
        """Whether an edit that is not finished is being made by a living mcfs."""
        return edit_id in self._open_edits or is_locked_by_others(self.descriptor, _EDITS + edit_id)

    def _wait_for(self, byte: int, deadline: float) -> None:
        pause = _FIRST_LOOK
        orphan_deadline = time.monotonic() + _ORPHAN_SECONDS
        while not try_to_lock(self.descriptor, byte):
            holder = read_holder(self.descriptor)
            is_orphan = holder is not None and not is_alive(holder.pid)
            if time.monotonic() > (orphan_deadline if is_orphan else deadline):
                raise EditRunningError(
                    f"another mcfs is editing this library{holder_words(self.descriptor)}"
                )
            time.sleep(pause)
            pause = min(2 * pause, _LAST_LOOK)


@contextmanager
def edit_lock(folder: Path, patience: float = 0.0) -> Iterator[EditLock]:
    """Be the only one who edits, while the block runs."""
    lock = EditLock(folder)
    try:
        with lock.turn(patience):
            yield lock
    finally:
        lock.close()
