"""The changes that programs are making in folders of the mount right now.

Owns which folders the kernel has locked for them. Until such a change is answered, nothing else can be done
to the names of its folders: a notification about one of them would wait, and so would an announcement. If the
answer waited for that in turn, neither would ever come. So whoever wants to do something to a name asks here
first, and does it later where the folder is locked.

There is a moment in which the kernel has locked a folder and the request is not here yet. What begins to wait
in it waits for one change only: no change waits for what began before the change itself (`number`).

The kernel also tells those who watch a folder of what a program does in it, so that is not announced again.

For the trio thread alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

# A name in a folder, and whether it comes there or goes.
KnownChange = tuple[int, str, bool]


class ChangesUnderWay:
    """The changes of one mount that are not answered yet."""

    def __init__(self) -> None:
        self._locked: Counter[int] = Counter()
        self._known: Counter[KnownChange] = Counter()
        self._last_number = 0
        self._on_end: list[Callable[[], None]] = []

    @contextmanager
    def change(self, folders: Iterable[int], known: Iterable[KnownChange] = ()) -> Iterator[int]:
        """A program changes these folders, until the block ends; gives the number of the change."""
        folders, known = list(folders), list(known)
        self._locked.update(folders)
        self._known.update(known)
        try:
            yield self.number()
        finally:
            self._locked -= Counter(folders)
            self._known -= Counter(known)
            for call in self._on_end:
                call()

    def number(self) -> int:
        """A number that is greater than all before."""
        self._last_number += 1
        return self._last_number

    def is_locked(self, folder: int) -> bool:
        """Whether the kernel has locked a folder, as far as that is known."""
        return folder in self._locked

    def is_known(self, change: KnownChange) -> bool:
        """Whether the kernel itself tells watchers of this."""
        return change in self._known

    def call_at_end(self, call: Callable[[], None]) -> None:
        """Call this whenever a change has been made, just before its answer."""
        self._on_end.append(call)
