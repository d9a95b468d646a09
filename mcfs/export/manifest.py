"""What exports have made in a folder, so that each of them replaces and removes only what it made itself.

    DEST/.mcfs-export/6f1d0c0f23a1.json     one file for each query or path that is exported there
    DEST/.mcfs-export/lock                  held while an export writes
    DEST/.mcfs-export/17.part               a file that is being copied; renamed when it is complete

Owns these names, and how a manifest is read and written. Before an export writes anything, it notes what it
is going to write (`begun`): after a crash, the next one knows its own files by that. Each file is named
relative to the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from mcfs.errors import DestinationDamagedError, ExportRunningError

FOLDER = ".mcfs-export"
PART_ENDING = ".part"
_ENDING = ".json"
_VERSION = 1
# A process that was killed may need a moment to end, and holds the lock until then.
_SECONDS_TO_END = 2.0
_SECONDS_BETWEEN_LOOKS = 0.05


class Kind(Enum):
    """What an exported file is on the disk."""

    LINK = "link"
    COPY = "copy"
    TEXT = "text"


class Made(NamedTuple):
    """A file of an export, as it is when it is complete."""

    kind: str
    # Equal exactly if the files are: the target of a link, the annex key of a copy, a hash of a text.
    content: str
    # In bytes; None for a link.
    size: int | None
    # Of the track.
    annex_key: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one export has made."""

    # Which library, and what of it, in words that are the same every time.
    library: str
    source: str
    made: Mapping[str, Made] = field(default_factory=dict)
    # What it was about to make when this was written.
    begun: Mapping[str, Made] = field(default_factory=dict)
    # The folders that it has made, each after the one that it is in.
    folders: tuple[str, ...] = ()

    @property
    def all_made(self) -> dict[str, Made]:
        """What it has made, and what it may have made."""
        return {**self.begun, **self.made}

    @property
    def file_name(self) -> str:
        """Its name in `.mcfs-export`."""
        text = f"{self.library}\0{self.source}".encode("utf-8", "surrogateescape")
        return hashlib.blake2b(text, digest_size=6).hexdigest() + _ENDING


class ManifestFolder:
    """The folder `.mcfs-export` in a destination. `descriptor` is that of the destination."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read_all(self) -> list[Manifest]:
        """The manifests of all exports into this folder."""
        try:
            names = _names_in(self._descriptor)
        except FileNotFoundError:
            return []
        return [self._read(name) for name in sorted(names) if name.endswith(_ENDING)]

    def _read(self, name: str) -> Manifest:
        try:
            with open(self._open(name, os.O_RDONLY), "rb") as file:
                return _from_json(json.load(file))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DestinationDamagedError(
                f"{FOLDER}/{name} in the destination, the list of what an earlier export made, cannot be "
                f"read ({error}); if you delete it, mcfs leaves those files alone"
            ) from error

    def make(self) -> int:
        """Make the folder if it is not there; returns a descriptor of it, which the caller closes."""
        with suppress(FileExistsError):
            os.mkdir(FOLDER, dir_fd=self._descriptor)
        return _open_folder(self._descriptor)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock of this destination, or raise an `ExportRunningError`."""
        descriptor = self._open("lock", os.O_RDWR | os.O_CREAT)
        try:
            deadline = time.monotonic() + _SECONDS_TO_END
            while not _lock(descriptor):
                if time.monotonic() > deadline:
                    raise ExportRunningError("another mcfs exports into this folder")
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            yield
        finally:
            os.close(descriptor)

    def write(self, manifest: Manifest) -> None:
        """Complete, or as it was before."""
        part = manifest.file_name + PART_ENDING
        raw = json.dumps(_to_json(manifest), separators=(",\n", ":")).encode()
        with open(self._open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        name = f"{FOLDER}/{manifest.file_name}"
        os.rename(
            f"{FOLDER}/{part}", name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor
        )

    def remove_parts(self) -> None:
        """Remove what an export that was killed has left of files that it was copying."""
        for name in _names_in(self._descriptor):
            if name.endswith(PART_ENDING):
                os.unlink(f"{FOLDER}/{name}", dir_fd=self._descriptor)

    def _open(self, name: str, flags: int) -> int:
        flags |= os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(f"{FOLDER}/{name}", flags, 0o666, dir_fd=self._descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_folder(descriptor: int) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(FOLDER, flags, dir_fd=descriptor)
    except NotADirectoryError as error:
        raise DestinationDamagedError(
            f"{FOLDER} in the destination is not a folder, and mcfs has to list there what it makes; "
            "move it away"
        ) from error


def _names_in(descriptor: int) -> list[str]:
    folder = _open_folder(descriptor)
    try:
        return os.listdir(folder)  # noqa: PTH208  (of a descriptor)
    finally:
        os.close(folder)


def _to_json(manifest: Manifest) -> dict[str, Any]:
    return {
        "about": "what `mcfs export` has made in this folder; without this file, it leaves all of it alone",
        "version": _VERSION,
        "library": manifest.library,
        "source": manifest.source,
        "made": manifest.made,
        "begun": manifest.begun,
        "folders": manifest.folders,
    }


def _from_json(read: Mapping[str, Any]) -> Manifest:
    if read["version"] != _VERSION:
        raise ValueError(f"it has version {read['version']}")
    for path in (*read["made"], *read["begun"], *read["folders"]):
        _refuse_outside(path)
    return Manifest(
        library=read["library"],
        source=read["source"],
        made={path: Made(*made) for path, made in read["made"].items()},
        begun={path: Made(*made) for path, made in read["begun"].items()},
        folders=tuple(read["folders"]),
    )


def _refuse_outside(path: str) -> None:
    """The stick may come from anybody: its list must not make us remove what is elsewhere."""
    if path.startswith("/") or (".." in path and ".." in path.split("/")):
        raise ValueError(f"it names {path}")
