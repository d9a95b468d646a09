"""Where an export goes: whether it may go there, and what the file system of that place can do.

Owns the file systems whose names, sizes or links are limited, and which places are refused: a mount of mcfs,
the library itself and its git directory, a mount point with nothing mounted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from mcfs.annex.git import git
from mcfs.annex.library import Library
from mcfs.errors import DestinationError, LibraryError
from mcfs.mount_table import all_mounts, fstab_mount_points, mount_containing


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What a kind of file system can do."""

    # As people call it.
    name: str
    has_links: bool = True
    # It allows only portable names, and takes names that differ in case for one.
    needs_portable_names: bool = False
    # In bytes.
    largest_file: int | None = None
    # Files can share the blocks of others, so that a copy takes no space.
    shares_blocks: bool = False
    # syncfs(2) forces its files to the disk. Programs that make file systems are not told of it.
    has_syncfs: bool = True


_FAT = FileSystem("FAT", False, True, 4 * 1024**3 - 1)
_EXFAT = FileSystem("exFAT", has_links=False, needs_portable_names=True)
_NTFS = FileSystem("NTFS", has_links=False, needs_portable_names=True)
_WINDOWS = FileSystem("a Windows share", has_links=False, needs_portable_names=True)
_PHONE = FileSystem("a device", has_links=False, needs_portable_names=True)
# By the type in the table of mounts.
_LIMITED = {
    "vfat": _FAT,
    "msdos": _FAT,
    "fuse.fusefat": _FAT,
    "exfat": _EXFAT,
    "fuse.exfat": _EXFAT,
    "ntfs": _NTFS,
    "ntfs3": _NTFS,
    "fuse.ntfs-3g": _NTFS,
    # Which of them it is the table does not say.
    "fuseblk": FileSystem("exFAT or NTFS", has_links=False, needs_portable_names=True),
    "cifs": _WINDOWS,
    "smb3": _WINDOWS,
    "fuse.gvfsd-fuse": _PHONE,
    "fuse.jmtpfs": _PHONE,
    "fuse.simple-mtpfs": _PHONE,
    "fuse.go-mtpfs": _PHONE,
}
_SHARING = frozenset(("btrfs", "xfs", "bcachefs", "zfs", "ocfs2"))


@dataclass(frozen=True, slots=True)
class Destination:
    """A folder that an export may be written to. It need not exist yet, but the one above it does."""

    # As it was given.
    shown: str
    # Absolute, without links.
    path: Path
    file_system: FileSystem
    # Of the library's file system too.
    is_on_disk_of_library: bool
    # Relative to the top of the library, if it is inside.
    work_path: str | None
    is_ignored_by_git: bool

    @property
    def exists(self) -> bool:
        """Whether the folder is there."""
        return self.path.is_dir()


def find_destination(text: str, library: Library) -> Destination:
    """Where this path leads; a `DestinationError` where nothing may be written."""
    given = os.path.expanduser(text)  # noqa: PTH111  (text)
    in_mount = mount_containing(given)
    if in_mount is not None:
        raise DestinationError(
            f"{text} is in the mount {in_mount[0].mount_point}, where nothing can be written; "
            "name a folder outside of it"
        )
    path = Path(os.path.realpath(given))
    if path.exists():
        if not path.is_dir():
            raise DestinationError(f"{text} is a file; name a folder")
        existing = path
    else:
        existing = path.parent
        if not existing.is_dir():
            # Making all of it would fill the disk below a mount point whose stick is not there.
            raise DestinationError(
                f"{text} cannot be made, because {existing} is not there; is its disk mounted?"
            )
    _refuse_empty_mount_point(text, path)
    work_path = _inside(text, path, library)
    return Destination(
        text,
        path,
        _file_system_of(path),
        existing.stat().st_dev == library.common_dir.stat().st_dev,
        work_path,
        work_path is not None and _is_ignored(work_path, library),
    )


def _refuse_empty_mount_point(text: str, path: Path) -> None:
    """An empty mount point of /etc/fstab waits for its disk: what is written there would be below it."""
    meant = {place for place in fstab_mount_points() if path.is_relative_to(place)}
    mounted = {mount.mount_point for mount in all_mounts()}
    for place in sorted(meant - mounted):
        if place.is_dir() and not any(place.iterdir()):
            raise DestinationError(f"{text}: nothing is mounted at {place}; mount its disk first")


def _file_system_of(path: Path) -> FileSystem:
    """By the mount point, since the device of a folder may be another one, as on btrfs."""
    above = [mount for mount in all_mounts() if path.is_relative_to(mount.mount_point)]
    if not above:
        return FileSystem("unknown")
    # Of two at one place, the later one is on top.
    *_, mount = sorted(above, key=lambda mount: len(mount.mount_point.parts))
    known = _LIMITED.get(mount.type) or FileSystem(mount.type)
    return replace(
        known,
        shares_blocks=mount.type in _SHARING,
        has_syncfs=not mount.type.startswith("fuse"),
    )


def _inside(text: str, path: Path, library: Library) -> str | None:
    top = Path(os.path.realpath(library.top))
    for git_dir in (library.git_dir, library.common_dir):
        if path.is_relative_to(os.path.realpath(git_dir)):
            raise DestinationError(f"{text} is in the git directory of the library")
    if path == top:
        raise DestinationError(f"{text} is the library itself; name a folder for the export")
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else None


def _is_ignored(work_path: str, library: Library) -> bool:
    try:
        git(library, "check-ignore", "-q", f"{work_path}/")
    except LibraryError:
        return False
    return True


def gitignore_line(work_path: str) -> str:
    """The line of `.gitignore` that keeps git and git-annex from adding this folder."""
    special = "\\*?[]!# "
    return "/" + "".join(f"\\{char}" if char in special else char for char in work_path) + "/"
