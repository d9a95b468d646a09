"""Where nothing is mounted though it should be: why a file that Mixxx knows is not there.

Owns how to tell a mount that is down from a file that is gone. It is certain for a mount of mcfs that an
earlier import has seen, and for one that /etc/fstab names. Else an empty folder on the way to the file is
taken for a mount point, and so is a folder that is gone from where desktops mount disks.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcfs.annex.library import Library
from mcfs.mount_probe import Health, health_of
from mcfs.mount_table import FSTAB, MCFS_TYPE, all_mounts, fstab_mount_points

# Below these, desktops and people make a folder for each disk.
_FOLDERS_OF_DISKS = ("/media", "/run/media", "/mnt", "/Volumes")


@dataclass(frozen=True, slots=True)
class MissingMount:
    """A mount point without its file system."""

    mount_point: str
    # Why a file below it is not found.
    reason: str
    # The command that mounts it.
    command: str | None = None


class MissingMounts:
    """Finds the mounts that are down. `known` are mount points of this library from earlier imports."""

    def __init__(self, library: Library, known: Iterable[str] = (), fstab: Path = FSTAB) -> None:
        self._top = os.fspath(library.top)
        self._of_folder: dict[str, MissingMount | None] = {}
        mounted = {os.fspath(mount.mount_point): mount for mount in all_mounts()}
        self._mounted = set(mounted)
        self._expected: dict[str, MissingMount] = {}
        for mount_point in fstab_mount_points(fstab):
            self._expect(os.fspath(mount_point), f"mount {_quoted(mount_point)}")
        for place in known:
            self._expect(place, f"mcfs mount {_quoted(self._top)} {_quoted(place)}")
        # Each is asked whether it answers when a path below it is looked for, which may take seconds.
        self._unasked = {place for place, mount in mounted.items() if mount.type == MCFS_TYPE}

    @property
    def found(self) -> list[MissingMount]:
        """Each mount that `of` has returned."""
        found = {missing.mount_point: missing for missing in self._of_folder.values() if missing}
        return [found[place] for place in sorted(found)]

    def of(self, path: str) -> MissingMount | None:
        """The mount that a path which is not there lies on, if that is down."""
        folder = os.path.dirname(path)  # noqa: PTH120  (a text)
        if folder not in self._of_folder:
            self._of_folder[folder] = self._find(folder)
        return self._of_folder[folder]

    def _expect(self, place: str, command: str) -> None:
        if place not in self._mounted:
            self._expected[place] = _nothing_mounted(place, command)

    def _ask(self, place: str) -> None:
        """Expect nothing below a mount that is dead or hangs."""
        self._unasked.remove(place)
        health = health_of(Path(place))
        if health is not Health.ANSWERS:
            trouble = "is dead" if health is Health.DEAD else "does not answer"
            command = f"mcfs umount {_quoted(place)}, then mount it again"
            self._expected[place] = MissingMount(place, f"the mount at {place} {trouble}", command)

    def _find(self, folder: str) -> MissingMount | None:
        for place in [place for place in self._unasked if f"{folder}/".startswith(f"{place}/")]:
            self._ask(place)
        expected = [place for place in self._expected if f"{folder}/".startswith(f"{place}/")]
        if expected:
            return self._expected[max(expected, key=len)]
        if not folder.startswith("/") or f"{folder}/".startswith(f"{self._top}/"):
            return None
        below, place = "", folder
        while not os.path.isdir(place):  # noqa: PTH112  (a text)
            place, _, below = place.rpartition("/")
            place = place or "/"
        if place in self._mounted:
            return None
        if below and _holds_disks(place):
            return _nothing_mounted(f"{place}/{below}")
        return _nothing_mounted(place) if _is_empty(place) else None


def _nothing_mounted(place: str, command: str | None = None) -> MissingMount:
    return MissingMount(place, f"nothing is mounted at {place}", command)


def _holds_disks(folder: str) -> bool:
    # Some desktops have a folder for each user between: /media/USER/DISK.
    return folder in _FOLDERS_OF_DISKS or os.path.dirname(folder) in _FOLDERS_OF_DISKS[:2]  # noqa: PTH120  (a text)


def _is_empty(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def _quoted(path: str | Path) -> str:
    return shlex.quote(os.fspath(path))
