"""Pins that were moved to the trash: one small file for each, and the notes that desktops write about them.

Owns the folder `trash/` of the store, and the rule that nothing in it is ever replaced by accident. They are
files and not rows, because a desktop writes its notes as files, piece by piece, and reads them back byte
by byte. What each part is for is in the Trash specification of freedesktop.org:

    files/      a file per trashed pin: its query text, then the names of its snapshots, each after a NUL
    info/       NAME.trashinfo: where it came from, and when; written and read by the desktop alone
    expunged/   where gvfs moves what it is about to delete for good
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mcfs.errors import NotFoundError, PinExistsError

# A link may lead to a file that is not ours.
_NEVER_THROUGH_LINKS = os.O_NOFOLLOW | os.O_CLOEXEC


class TrashPart(Enum):
    """The folders of a trash, by name."""

    FILES = "files"
    INFO = "info"
    EXPUNGED = "expunged"


@dataclass(frozen=True, slots=True)
class TrashedPin:
    """What is kept of a pin: its query, and which snapshots belonged to it."""

    query_text: str
    snapshots: tuple[str, ...] = ()


class PinTrash:
    """The trash of one store. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self, part: TrashPart) -> list[str]:
        """What is in one part."""
        try:
            folder = self._folder / part.value
            return sorted((path.name for path in folder.iterdir()), key=os.fsencode)
        except FileNotFoundError:
            return []

    def has(self, part: TrashPart, name: str) -> bool:
        """Whether one part has this name."""
        return os.path.lexists(self._path(part, name))

    def put(self, name: str, pin: TrashedPin) -> None:
        """Keep a pin under a name that is still free."""
        path = self._path(TrashPart.FILES, name)
        self._make_folder(TrashPart.FILES)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise PinExistsError(f"the trash has a {name} already") from error
        try:
            with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write("\0".join([pin.query_text, *pin.snapshots]))
                file.flush()
                # The pin itself is removed next.
                os.fsync(descriptor)
        except OSError:
            path.unlink()  # half a query is another one
            raise

    def pin(self, part: TrashPart, name: str) -> TrashedPin:
        """A trashed pin."""
        try:
            text = self._read(part, name).decode("utf-8", "surrogateescape")
        except FileNotFoundError as error:
            raise _nothing(name) from error
        query_text, *snapshots = text.split("\0")
        return TrashedPin(query_text, tuple(snapshots))

    def rename(self, part: TrashPart, name: str, new_part: TrashPart, new_name: str) -> None:
        """Move a pin or a note inside the trash. Only a note may take the place of another."""
        self._make_folder(new_part)
        if new_part is not TrashPart.INFO and self.has(new_part, new_name):
            raise PinExistsError(f"the trash has a {new_name} already")
        try:
            self._path(part, name).rename(self._path(new_part, new_name))
        except FileNotFoundError as error:
            raise _nothing(name) from error

    def remove(self, part: TrashPart, name: str) -> None:
        """Delete a pin or a note for good."""
        try:
            self._path(part, name).unlink()
        except FileNotFoundError as error:
            raise _nothing(name) from error

    # --- notes

    def open_note(self, name: str, flags: int) -> int:
        """A descriptor of a note. With O_CREAT in `flags` it is made, readable for its owner alone."""
        if flags & os.O_CREAT:
            self._make_folder(TrashPart.INFO)
        try:
            return os.open(self._path(TrashPart.INFO, name), flags | _NEVER_THROUGH_LINKS, 0o600)
        except FileNotFoundError as error:
            raise _nothing(name) from error

    def note(self, name: str) -> bytes:
        """The text of a note."""
        try:
            return self._read(TrashPart.INFO, name)
        except FileNotFoundError as error:
            raise _nothing(name) from error

    def _read(self, part: TrashPart, name: str) -> bytes:
        with open(
            os.open(self._path(part, name), os.O_RDONLY | _NEVER_THROUGH_LINKS), "rb"
        ) as file:
            return file.read()

    def _path(self, part: TrashPart, name: str) -> Path:
        assert "/" not in name, "the kernel passes one name"
        return self._folder / part.value / name

    def _make_folder(self, part: TrashPart) -> None:
        (self._folder / part.value).mkdir(parents=True, exist_ok=True)


def _nothing(name: str) -> NotFoundError:
    return NotFoundError(f"the trash has no {name}")
