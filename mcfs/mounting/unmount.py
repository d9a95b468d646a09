"""Unmounting, of a dead mount too.

Owns the calls of `fusermount3`. Light on imports, for `mcfs umount`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from mcfs.errors import MountBusyError, MountError
from mcfs.mount_probe import Health, health_of
from mcfs.mount_table import MCFS_TYPE, Mount, mounted_at, real_mount_point

_TIMEOUT = 30
# Seconds until a mount in use counts as hanging: what it is asked for then fails.
_PATIENCE = 10.0


def unmount(mount_point: Path) -> None:
    """Unmount a mount of mcfs; its process may be gone already, or hang."""
    place = real_mount_point(mount_point)
    mount = mounted_at(place)
    if mount is None:
        raise MountError(f"{mount_point} is not mounted")
    if mount.type != MCFS_TYPE:
        raise MountError(f"{mount_point} is a mount of something else; mcfs leaves it alone")
    try:
        _fusermount("-u", place)
    except MountBusyError:
        match health_of(place, _PATIENCE):
            case Health.ANSWERS:
                raise
            case Health.DEAD:
                unmount_dead(place)
            case Health.SILENT:
                _release_waiting(mount)
                unmount_dead(place)


def unmount_dead(place: Path) -> None:
    """Remove a mount that has no process, even while others have files or a cwd in it."""
    _fusermount("-u", place, "-z")


def _release_waiting(mount: Mount) -> None:
    """Give an error to all who wait for a mount that does not answer: no signal reaches them."""
    with contextlib.suppress(
        OSError
    ):  # the mount of another user, or the kernel's files are not here
        Path(f"/sys/fs/fuse/connections/{os.minor(mount.device)}/abort").write_text("1")


def _fusermount(*arguments: str | Path) -> None:
    try:
        done = subprocess.run(
            ["fusermount3", *arguments], capture_output=True, timeout=_TIMEOUT, check=False
        )
    except FileNotFoundError as error:
        raise MountError("fusermount3 is not installed: install the package fuse3") from error
    except subprocess.TimeoutExpired as error:
        raise MountError(f"fusermount3 did not finish in {_TIMEOUT} s") from error
    if done.returncode != 0:
        complaint = " ".join(done.stderr.decode("utf-8", "replace").split())
        if "busy" in complaint:
            raise MountBusyError(
                "a program still uses it (a shell in it, a player); leave it and try again"
            )
        raise MountError(complaint)
