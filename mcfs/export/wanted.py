"""A plan as the files that are to be in a destination: where each link leads, what each copy is a copy of.

Owns that a link leads to the file in the work tree, as in a mount, and that a copy is made of the annexed
object, which only git-annex writes.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from mcfs.annex.library import Library
from mcfs.annex.objects import content_finder
from mcfs.export.changes import Wanted
from mcfs.export.destination import Destination
from mcfs.export.manifest import Kind, Made
from mcfs.export.plan import PlannedFile, PlannedFolder


@dataclass(frozen=True, slots=True)
class LinkTargets:
    """How links of a destination name the files of the library."""

    top: str
    git_dir: str
    # Whether these are relative to the destination.
    relative: bool

    @classmethod
    def of(cls, library: Library, destination: Destination, *, absolute: bool) -> LinkTargets:
        """Relative ones survive when both are moved together, as on a disk that is mounted elsewhere."""
        top, git_dir = os.path.realpath(library.top), os.path.realpath(library.common_dir)
        if absolute:
            return cls(top, git_dir, relative=False)
        start = destination.path
        return cls(os.path.relpath(top, start), os.path.relpath(git_dir, start), relative=True)

    def of_file(self, path: str, file: PlannedFile) -> str:
        """Where the link at this path leads."""
        up = "../" * path.count("/") if self.relative else ""
        if file.work_path is not None:
            return f"{up}{self.top}/{file.work_path}"
        return f"{up}{self.git_dir}/{file.content_path}"


def wanted_links(plan: PlannedFolder, targets: LinkTargets) -> list[Wanted]:
    """Every file as a link, and the texts."""
    link = Kind.LINK.value
    links = [
        Wanted(path, Made(link, targets.of_file(path, file), None, file.annex_key), file)
        for path, file in plan.files()
    ]
    return links + _texts(plan)


def wanted_copies(plan: PlannedFolder, library: Library) -> list[Wanted]:
    """Every file as a copy, and the texts."""
    copies = [Wanted(path, _copy_of(file, library), file) for path, file in plan.files()]
    return copies + _texts(plan)


def linked_file(file: PlannedFile, library: Library) -> str:
    """The file that a link leads to."""
    if file.work_path is not None:
        return f"{library.top}/{file.work_path}"
    return f"{library.common_dir}/{file.content_path}"


class CopySources:
    """The files that copies are made of."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._find = content_finder(library)

    def of_file(self, file: PlannedFile) -> str:
        """The annexed object, if there is one."""
        if file.annex_key and (content_path := self._find(file.annex_key)) is not None:
            return f"{self._library.common_dir}/{content_path}"
        return linked_file(file, self._library)


def _copy_of(file: PlannedFile, library: Library) -> Made:
    if file.annex_key and file.size is not None:
        return Made(Kind.COPY.value, file.annex_key, file.size, file.annex_key)
    try:
        info = os.stat(linked_file(file, library))  # noqa: PTH116  (text)
    except OSError:
        return Made(
            Kind.COPY.value, file.annex_key, file.size, file.annex_key
        )  # copying it will say why
    content = file.annex_key or f"{file.work_path} {info.st_mtime_ns}"
    return Made(Kind.COPY.value, content, info.st_size, file.annex_key)


def _texts(plan: PlannedFolder) -> list[Wanted]:
    return [
        Wanted(
            path,
            Made(
                Kind.TEXT.value,
                hashlib.blake2b(text.content, digest_size=16).hexdigest(),
                len(text.content),
            ),
            text,
        )
        for path, text in plan.texts()
    ]
