"""A sync that waits for its turn: another process, such as a mount, may be syncing already.

Owns the waiting and the second try. The other sync may have read the library before the change that the
caller needs in the store, so our sync runs after it in any case.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from mcfs.errors import SyncRunningError
from mcfs.store.locks import wait_for_sync
from mcfs.sync.report import SyncReport


def sync_in_turn(
    store_folder: Path,
    sync: Callable[[], SyncReport],
    *,
    stop: threading.Event | None = None,
    patience: float = threading.TIMEOUT_MAX,
) -> SyncReport | None:
    """Call `sync`, again whenever another sync was in its way; None when `stop` was set meanwhile.

    Raises the `SyncRunningError` when others are still syncing after `patience` seconds.
    """
    stop = stop or threading.Event()
    deadline = time.monotonic() + patience
    while not stop.is_set():
        try:
            return sync()
        except SyncRunningError:
            if not wait_for_sync(store_folder, stop, deadline - time.monotonic()) and (
                not stop.is_set()
            ):
                raise
    return None
