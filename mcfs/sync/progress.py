"""How far a sync has come, for its caller and for other processes (`mcfs status`).

Owns how often that is reported. Other processes read it from the lock of the sync.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mcfs.annex.read_library import AnnexedKey
from mcfs.store.locks import HeldLock

_SECONDS_BETWEEN = 0.1


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far a sync has come; `total` is 0 until it is known."""

    done: int
    total: int


OnProgress = Callable[[SyncProgress], None]


class ProgressReporter:
    """Reports progress to the holder of the lock and to the caller of the sync."""

    def __init__(self, lock: HeldLock, on_progress: OnProgress) -> None:
        self._lock = lock
        self._on_progress = on_progress
        self._reported_at = 0.0

    def count(self, keys: Iterable[AnnexedKey], total: int) -> Iterator[AnnexedKey]:
        """The same keys; their number is reported as they pass."""
        self._report(0, total)
        done = 0
        for done, key in enumerate(keys, 1):
            if time.monotonic() - self._reported_at > _SECONDS_BETWEEN:
                self._report(done, total)
            yield key
        self._report(done, total)

    def _report(self, done: int, total: int) -> None:
        self._reported_at = time.monotonic()
        self._lock.report_progress(done, total)
        self._on_progress(SyncProgress(done, total))
