"""The kernel's table of mounts: what is mounted where, and which mounts are mcfs's.

Owns how a mount says which library it shows: the source of its line is the library's path. Light on imports,
because `mcfs umount` needs no more: no database, no event loop, and no library, which may be gone.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUBTYPE = "mcfs"
MCFS_TYPE = f"fuse.{SUBTYPE}"
FSTAB = Path("/etc/fstab")


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    mount_point: Path
    # Of the file system: "ext4", "fuse.mcfs".
    type: str
    # What is mounted, as its file system calls it; for mcfs, the library's path.
    source: str
    # Its device number, as stat(2) has it.
    device: int


def all_mounts() -> Iterator[Mount]:
    """Every mount that this process can see. Of two at one mount point, the later one is on top."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return  # without /proc, no mounts can be found
    for line in lines:
        before, _, after = line.partition(b" - ")
        type_, source, *_ = after.split(b" ")
        _, _, device, _, mount_point, *_ = before.split(b" ")
        major, minor = map(int, device.split(b":"))
        yield Mount(
            Path(_unescape(mount_point)),
            type_.decode(),
            _unescape(source),
            os.makedev(major, minor),
        )


def fstab_mount_points(fstab: Path = FSTAB) -> list[Path]:
    """Where something is to be mounted, by /etc/fstab, whether it is or not."""
    try:
        lines = fstab.read_bytes().splitlines()
    except OSError:
        return []
    words_of_lines = (line.split() for line in lines if not line.lstrip().startswith(b"#"))
    return [
        Path(_unescape(words[1]))
        for words in words_of_lines
        if len(words) > 2 and words[1].startswith(b"/")
    ]


def mcfs_mounts() -> list[Mount]:
    """The mounts of mcfs, of any library."""
    return [mount for mount in all_mounts() if mount.type == MCFS_TYPE]


def mount_points_of(library_top: Path) -> set[Path]:
    """Where mcfs has mounted this library."""
    top = os.fspath(library_top)
    return {mount.mount_point for mount in mcfs_mounts() if mount.source == top}


def mount_containing(path: str) -> tuple[Mount, str] | None:
    """The mcfs mount that a path lies in, and the rest of the path inside it; None outside of all."""
    candidates = mcfs_mounts()
    if not candidates:
        return None
    try:
        absolute = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  (Path.resolve would ask the mount)
    except FileNotFoundError:
        return None  # the current folder was deleted
    # A symbolic link may lead to the mount; the last name can be a link inside it, which is left alone.
    folder, name = os.path.split(absolute)
    for place in (absolute, os.path.join(os.path.realpath(folder), name)):  # noqa: PTH118  (as above)
        for mount in candidates:
            mount_point = os.fspath(mount.mount_point)
            if place == mount_point or place.startswith(f"{mount_point}/"):
                return mount, place[len(mount_point) :]
    return None


def type_mounted_at(mount_point: Path) -> str | None:
    """The type of the file system that is mounted at exactly this path; None where none is."""
    types = [mount.type for mount in all_mounts() if mount.mount_point == mount_point]
    return types[-1] if types else None


def real_mount_point(mount_point: Path) -> Path:
    """The path as the table has it: absolute, without symbolic links."""
    # Not Path.resolve: it raises on a dead mount.
    return Path(os.path.realpath(mount_point))


def is_dead(mount_point: Path) -> bool:
    """Whether the process behind a mount is gone."""
    try:
        # Not stat: the kernel may have cached its answer.
        os.statvfs(mount_point)
    except OSError as error:
        return error.errno in (errno.ENOTCONN, errno.ECONNABORTED)
    return False


def _unescape(text: bytes) -> str:
    """The kernel writes spaces, newlines and backslashes as octal numbers: "\\040"."""
    return os.fsdecode(re.sub(rb"\\([0-3][0-7]{2})", lambda code: bytes([int(code[1], 8)]), text))
