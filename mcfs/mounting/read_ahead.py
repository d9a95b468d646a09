"""Has the kernel read further ahead in a file than it does by itself, where this process may say so.

A mount begins with 128 KiB. A larger read-ahead means fewer and larger requests: eight times fewer for a file
that is read from one end to the other. Only root may raise it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

# As much as one request can ask for.
_KIBIBYTES = 1024


def raise_read_ahead(mount_point: Path) -> None:
    """Once the mount answers. To be called in a thread of its own, because it asks the mount."""
    with contextlib.suppress(OSError):  # not root, or a container without this part of /sys
        file = _setting(mount_point)
        if int(file.read_text()) < _KIBIBYTES:
            file.write_text(f"{_KIBIBYTES}\n")


def _setting(mount_point: Path) -> Path:
    device = mount_point.stat().st_dev
    return Path(f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb")
