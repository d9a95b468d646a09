"""The kernel's table of mounts: what is mounted where, and which mounts are mcfs's.

Owns how a mount says which library it shows: the source of its line is the library's path. Light on imports,
because `mcfs umount` needs no more: no database, no event loop, and no library, which may be gone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

SUBTYPE = "mcfs"
MCFS_TYPE = f"fuse.{SUBTYPE}"
FSTAB = Path("/etc/fstab")
# As many as Linux follows.
_MOST_LINKS = 40


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
    candidates = {os.fspath(mount.mount_point): mount for mount in mcfs_mounts()}
    if not candidates:
        return None
    try:
        absolute = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  (Path.resolve would ask the mount)
    except FileNotFoundError:
        return None  # the current folder was deleted
    place, inside = _resolve(absolute, candidates)
    return (candidates[place], inside) if place in candidates else None


def resolved(path: str) -> tuple[Mount | None, str]:
    """Where an absolute path leads: into a mount of mcfs, and where inside it; or to a path outside of all.

    Links are followed, but those in a mount of mcfs: none is asked.
    """
    mounts = {os.fspath(mount.mount_point): mount for mount in mcfs_mounts()}
    place, inside = _resolve(path, mounts)
    return (mounts[place], inside) if place in mounts else (None, place)


def mounted_at(mount_point: Path) -> Mount | None:
    """What is mounted at exactly this path, on top of all else; None where nothing is."""
    found = [mount for mount in all_mounts() if mount.mount_point == mount_point]
    return found[-1] if found else None


def type_mounted_at(mount_point: Path) -> str | None:
    """The type of the file system that is mounted at exactly this path; None where none is."""
    mount = mounted_at(mount_point)
    return None if mount is None else mount.type


def real_mount_point(mount_point: Path) -> Path:
    """The path as the table has it: absolute, without symbolic links. Never asks a mount of mcfs."""
    mounts = {os.fspath(mount.mount_point) for mount in mcfs_mounts()}
    place, inside = _resolve(os.path.join(os.getcwd(), mount_point), mounts)  # noqa: PTH109, PTH118  (as below)
    return Path(place + inside)


def _resolve(path: str, mounts: Collection[str]) -> tuple[str, str]:
    """A path without symbolic links, up to the mount that it lies in, and the rest of it inside that mount.

    Like os.path.realpath, which would ask the mount, and wait for ever when that hangs.
    """
    place = ""
    names = path.split("/")[::-1]
    links = 0
    while names:
        name = names.pop()
        if name in {"", "."}:
            continue
        if name == "..":
            place = place.rpartition("/")[0]
            continue
        here = f"{place}/{name}"
        if here in mounts:
            inside = _take_inside(names)
            if inside is not None:
                return here, inside
            continue  # with the folder that the mount point is in
        try:
            target = os.readlink(here)  # noqa: PTH115  (text)
        except OSError:
            place = here  # no link, or nothing at all
            continue
        links += 1
        if links > _MOST_LINKS:
            place = here
            continue
        if target.startswith("/"):
            place = ""
        names += target.split("/")[::-1]
    return place or "/", ""


def _take_inside(names: list[str]) -> str | None:
    """The path inside a mount that these names lead to, the first one last; None once a `..` leaves it."""
    inside: list[str] = []
    while names:
        name = names.pop()
        if name == "..":
            if not inside:
                return None
            inside.pop()
        elif name not in {"", "."}:
            inside.append(name)
    return "".join(f"/{name}" for name in inside)


def _unescape(text: bytes) -> str:
    """The kernel writes spaces, newlines and backslashes as octal numbers: "\\040"."""
    return os.fsdecode(re.sub(rb"\\([0-3][0-7]{2})", lambda code: bytes([int(code[1], 8)]), text))
