"""Unmounting, of a dead mount too.

Owns the calls of `fusermount3`. Light on imports, for `mcfs umount`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from mcfs.errors import MountError
from mcfs.mount_table import MCFS_TYPE, is_dead, real_mount_point, type_mounted_at

_TIMEOUT = 30


def unmount(mount_point: Path) -> None:
    """Unmount a mount of mcfs; its process may be gone already."""
    place = real_mount_point(mount_point)
    mounted = type_mounted_at(place)
    if mounted is None:
        raise MountError(f"{mount_point} is not mounted")
    if mounted != MCFS_TYPE:
        raise MountError(f"{mount_point} is a mount of something else; mcfs leaves it alone")
    if is_dead(place):
        unmount_dead(place)
    else:
        _fusermount("-u", place)


def unmount_dead(place: Path) -> None:
    """Remove a mount that has no process, even while others have files or a cwd in it."""
    _fusermount("-u", place, "-z")


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
            complaint = "a program still uses it (a shell in it, a player); leave it and try again"
        raise MountError(complaint)
