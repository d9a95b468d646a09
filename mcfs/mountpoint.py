"""The place of a mount: whether it can be used, what is mounted there, and taking that away.

Owns what `/proc` and `fusermount3` say. Light, for `mcfs umount` needs nothing else: no database, no
event loop, and no library that may be gone.
"""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

from mcfs.errors import MountError

SUBTYPE = "mcfs"
_OURS = f"fuse.{SUBTYPE}"


def unmount(mount_point: Path) -> None:
    """Unmount what is mounted here, a mount whose process is gone too."""
    place = _absolute(mount_point)
    if _mounted_at(place) is None:
        raise MountError(f"{mount_point} is not mounted")
    if _mounted_at(place) != _OURS:
        raise MountError(f"{mount_point} is a mount of something else; mcfs leaves it alone")
    _fusermount("-u", place, "-z" if _is_dead(place) else None)


def usable(mount_point: Path, library_top: Path) -> Path:
    """The absolute path of a place that can be mounted on; a `MountError` that says why it cannot."""
    place = _absolute(mount_point)
    if not Path("/dev/fuse").exists():
        raise MountError("there is no /dev/fuse: run `modprobe fuse`, or give it to the container")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise MountError("/dev/fuse is not open to you; as root, run: chmod 666 /dev/fuse")
    if _mounted_at(place) == _OURS and _is_dead(place):
        _fusermount("-u", place, "-z")
    if _mounted_at(place) not in (None, _OURS):
        raise MountError(f"{mount_point} is a mount of something else; mount elsewhere")
    if _mounted_at(place) is not None:
        raise MountError(
            f"{mount_point} is mounted already; to take it away: mcfs umount {mount_point}"
        )
    if not place.exists():
        raise MountError(f"{mount_point} is not there; make it first: mkdir {mount_point}")
    if not place.is_dir():
        raise MountError(f"{mount_point} is not a folder")
    if place.is_relative_to(library_top) or library_top.is_relative_to(place):
        raise MountError(
            f"{mount_point} and the library {library_top} lie inside one another; mount elsewhere"
        )
    if any(place.iterdir()):
        raise MountError(f"{mount_point} is not empty; mount on an empty folder")
    return place


def _absolute(mount_point: Path) -> Path:
    """Where it really is. Not `Path.resolve`, which would fail on a dead mount."""
    return Path(os.path.realpath(mount_point))


def _mounted_at(place: Path) -> str | None:
    """The type of the file system mounted at this very place."""
    kind = None
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        before, _, after = line.partition(b" - ")
        where = before.split(b" ")[4]
        if where.decode("unicode_escape").encode("latin-1") == os.fsencode(place):
            kind = after.split(b" ")[0].decode()
    return kind


def _is_dead(place: Path) -> bool:
    try:
        place.stat()
    except OSError as error:
        return error.errno in (errno.ENOTCONN, errno.ECONNABORTED)
    return False


def _fusermount(*arguments: str | Path | None) -> None:
    words = ["fusermount3", *(str(word) for word in arguments if word is not None)]
    try:
        done = subprocess.run(words, capture_output=True, timeout=30, check=False)
    except FileNotFoundError as error:
        raise MountError("fusermount3 is not installed: install the package fuse3") from error
    except subprocess.TimeoutExpired as error:
        raise MountError("fusermount3 did not finish in 30 s") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        if "busy" in said:
            said = "somebody still uses it (a shell in it, a player); leave it and try again"
        raise MountError(said)
