"""The folders of a destination, by descriptors of them, and what is in them.

Owns that an export never leaves its destination: no link inside it is followed, and after the disk was
pulled, a descriptor leads nowhere, where a path would lead to the disk below the mount point.
"""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mcfs.export.changes import Found

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TargetFolders:
    """The folders below one destination."""

    def __init__(self, descriptor: int, same_name: Callable[[str], str]) -> None:
        self.descriptor = descriptor
        self._same_name = same_name

    @contextmanager
    def open(self, folder: str) -> Iterator[int]:
        """A descriptor of a folder; an `OSError` where it is not there, or is a link or a file."""
        descriptor = os.dup(self.descriptor)
        try:
            for name in folder.split("/") if folder else ():
                inner = os.open(name, _FOLDER_FLAGS, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def make(self, folder: str) -> bool:
        """Make a folder in one that is there; False where there is one already."""
        above, _, name = folder.rpartition("/")
        with self.open(above) as descriptor:
            try:
                os.mkdir(name, dir_fd=descriptor)
            except FileExistsError:
                return False
            return True

    def remove(self, path: str) -> None:
        """Remove a file."""
        folder, _, name = path.rpartition("/")
        with self.open(folder) as descriptor:
            os.unlink(name, dir_fd=descriptor)

    def move(self, old: str, new: str) -> None:
        """Rename a file, also into another folder."""
        old_folder, _, old_name = old.rpartition("/")
        new_folder, _, new_name = new.rpartition("/")
        with self.open(old_folder) as source, self.open(new_folder) as target:
            refuse_existing(new_name, target)
            os.rename(old_name, new_name, src_dir_fd=source, dst_dir_fd=target)

    def remove_if_empty(self, folder: str) -> bool:
        """Remove a folder, unless something is in it; False where it stays."""
        above, _, name = folder.rpartition("/")
        try:
            with self.open(above) as descriptor:
                os.rmdir(name, dir_fd=descriptor)
        except FileNotFoundError:
            return True
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.ELOOP):
                return False
            raise
        return True

    def look(self, paths: Iterable[str]) -> dict[str, Found]:
        """What is at these paths; those where nothing is are left out."""
        found: dict[str, Found] = {}
        for folder, names in by_folder(paths).items():
            try:
                with self.open(folder) as descriptor:
                    there = self._entries(descriptor)
                    for name in names:
                        if (entry := there.get(self._same_name(name))) is not None:
                            found[_join(folder, name)] = _found(entry, descriptor)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                    raise
                in_the_way = Found(f"instead of the folder {folder}, a file or a link", None)
                found |= dict.fromkeys((_join(folder, name) for name in names), in_the_way)
        return found

    def _entries(self, descriptor: int) -> dict[str, os.DirEntry[str]]:
        with os.scandir(descriptor) as entries:
            return {self._same_name(entry.name): entry for entry in entries}


def refuse_existing(name: str, descriptor: int) -> None:
    """A `FileExistsError` if there is something of this name in a folder: a rename would replace it.

    Somebody may have put it there since the destination was looked at, which for a full stick is an hour ago.
    """
    try:
        os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return
    raise FileExistsError(errno.EEXIST, "somebody else has made a file of this name meanwhile")


def by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """Folder → the names in it, both in the order of the paths."""
    names = defaultdict[str, list[str]](list)
    for path in paths:
        folder, _, name = path.rpartition("/")
        names[folder].append(name)
    return names


def _found(entry: os.DirEntry[Any], descriptor: int) -> Found:
    if entry.is_symlink():
        return Found("a link", True, target=os.readlink(entry.name, dir_fd=descriptor))
    if entry.is_file(follow_symlinks=False):
        return Found("a file", False, size=entry.stat(follow_symlinks=False).st_size)
    return Found("a folder" if entry.is_dir(follow_symlinks=False) else "a special file", None)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
