"""The child processes of this test."""

from __future__ import annotations

import threading
from pathlib import Path


def children() -> list[int]:
    """The pids of the processes that the calling thread has started and that have not ended."""
    text = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
    return [int(word) for word in text.split()]
