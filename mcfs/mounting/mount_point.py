"""Whether a library can be mounted at a path, and if not, why.

Owns the rules for a mount point, and that only one command at a time mounts there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mcfs.errors import MountError
from mcfs.mount_probe import Health, health_of
from mcfs.mount_table import MCFS_TYPE, mount_containing, real_mount_point, type_mounted_at
from mcfs.mounting.unmount import unmount_dead

# autofs and systemd's automount put this where they wait for somebody to come; the real mount goes on top.
_AUTOMOUNT_TYPE = "autofs"


@dataclass(frozen=True, slots=True)
class ClaimedMountPoint:
    """A free mount point that no other command mounts on until it is released."""

    path: Path
    # Closes the folder, which was opened while nothing was mounted there: its lock is the claim. To be called
    # when something is mounted there, in each process that has forked with it.
    release: Callable[[], None]


@contextmanager
def claimed_mount_point(mount_point: Path, library_top: Path) -> Iterator[ClaimedMountPoint]:
    """Wait until no other command is mounting there; raises a `MountError` as `prepare_mount_point` does."""
    place = _free_place(mount_point)
    with ExitStack() as folder:
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            # It says why, in a sentence.
            prepare_mount_point(mount_point, library_top)
            raise
        folder.callback(os.close, descriptor)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Only now: while another command mounts there, an empty folder becomes one that is full.
        prepare_mount_point(mount_point, library_top)
        yield ClaimedMountPoint(place, folder.close)


def prepare_mount_point(mount_point: Path, library_top: Path) -> Path:
    """The real path of a mount point that is free; a dead mount there is removed.

    Raises a `MountError` that says why nothing can be mounted there.
    """
    place = _free_place(mount_point)
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


def _free_place(mount_point: Path) -> Path:
    """The real path of a mount point that nothing is mounted at. Does not look into the folder."""
    place = real_mount_point(mount_point)
    _require_fuse()
    if type_mounted_at(place) == MCFS_TYPE and (health := health_of(place)) is not Health.ANSWERS:
        if health is Health.SILENT:
            raise MountError(
                f"{mount_point} is mounted already, and does not answer; to take it away: "
                f"mcfs umount {mount_point}"
            )
        unmount_dead(place)
    mounted = type_mounted_at(place)
    if mounted == MCFS_TYPE:
        raise MountError(
            f"{mount_point} is mounted already; to take it away: mcfs umount {mount_point}"
        )
    if mount_containing(str(place)) is not None:
        raise MountError(f"{mount_point} is inside a mount of mcfs; mount elsewhere")
    if mounted not in {None, _AUTOMOUNT_TYPE}:
        raise MountError(f"{mount_point} is a mount of something else; mount elsewhere")
    return place


def _require_fuse() -> None:
    if not Path("/dev/fuse").exists():
        raise MountError("there is no /dev/fuse: run `modprobe fuse`, or give it to the container")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise MountError("/dev/fuse is not open to you; as root, run: chmod 666 /dev/fuse")
