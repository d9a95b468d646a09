"""Which folders of a mount some program watches with inotify, such as a file manager that shows them.

Owns this question to /proc, which is the only one who knows: the kernel tells a file system nothing about
watches. Only processes that this user may look into are found, which are those of the same user.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

_INOTIFY = "anon_inode:inotify"
# A line of /proc/PID/fdinfo/FD: `inotify wd:1 ino:2a sdev:35 mask:fc6 ignored_mask:0 …`, in hexadecimal.
_WATCH = re.compile(
    rb"^inotify wd:\S+ ino:([0-9a-f]+) sdev:([0-9a-f]+) mask:([0-9a-f]+)", re.MULTILINE
)
_IN_CREATE, _IN_DELETE = 0x100, 0x200
_MINOR_BITS = 20


def watched_inodes(device: int) -> set[int]:
    """The inodes of a device whose watchers want to hear which names come and go."""
    wanted = os.major(device) << _MINOR_BITS | os.minor(device)
    return {
        int(inode, 16)
        for fdinfo in _inotify_descriptors()
        for inode, on_device, mask in _WATCH.findall(_read(fdinfo))
        if int(on_device, 16) == wanted and int(mask, 16) & (_IN_CREATE | _IN_DELETE)
    }


def _inotify_descriptors() -> Iterator[str]:
    """The paths in /proc that describe each inotify descriptor."""
    # Not pathlib: there are thousands of descriptors.
    for process in os.listdir("/proc"):  # noqa: PTH208
        if not process.isdigit():
            continue
        folder = f"/proc/{process}"
        try:
            descriptors = os.listdir(f"{folder}/fd")  # noqa: PTH208
        except OSError:
            continue  # it has ended, or is somebody else's
        for descriptor in descriptors:
            try:
                if os.readlink(f"{folder}/fd/{descriptor}") == _INOTIFY:  # noqa: PTH115
                    yield f"{folder}/fdinfo/{descriptor}"
            except OSError:
                continue  # it was closed


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
