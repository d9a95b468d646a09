"""What an export consists of: folders in order, and in each of them files of the library and texts.

    PlannedFolder("")                                 what goes into the destination itself
    ├── PlannedFolder("Techno")
    │   ├── PlannedFile("Surgeon - Remnants.flac")    a track: its key, where its content is, its size
    │   └── PlannedFile("cover.jpg")                  a cover; it may have no key
    └── PlannedText("genre=techno.m3u8", b"…")        what mcfs writes itself

`tree/export_plan.py` makes one of anything that a mount shows. The other modules of this room change it,
write it to a disk, and write it in the formats of other programs, which read the metadata of its tracks by
`annex_key` (`CacheReader.records`). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of the library, and its name in its folder of the export."""

    name: str
    # Also of a cover that is annexed. "" for one that git itself keeps.
    annex_key: str
    # Where its content is in the work tree; None where it is not there.
    work_path: str | None
    # The same relative to the common git directory. Only where there is no work path.
    content_path: str | None
    # None where git-annex does not know it.
    size: int | None


@dataclass(frozen=True, slots=True)
class PlannedText:
    """A file whose content mcfs makes: a playlist."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PlannedFolder:
    """A folder, with its entries in the order of the mount. The one at the top has the name ""."""

    name: str
    entries: tuple[PlannedFolder | PlannedFile | PlannedText, ...]

    def files(self, inside: str = "") -> Iterator[tuple[str, PlannedFile]]:
        """Every file in it and below it, with its path: "Techno/Surgeon - Remnants.flac"."""
        for entry in self.entries:
            match entry:
                case PlannedFile():
                    yield inside + entry.name, entry
                case PlannedFolder():
                    yield from entry.files(f"{inside}{entry.name}/")
                case PlannedText():
                    pass

    def texts(self, inside: str = "") -> Iterator[tuple[str, PlannedText]]:
        """Every text in it and below it, with its path."""
        for entry in self.entries:
            match entry:
                case PlannedText():
                    yield inside + entry.name, entry
                case PlannedFolder():
                    yield from entry.texts(f"{inside}{entry.name}/")
                case PlannedFile():
                    pass

    def folders(self, inside: str = "") -> Iterator[str]:
        """The path of every folder below it, each after the folder that it is in."""
        for entry in self.entries:
            if isinstance(entry, PlannedFolder):
                yield inside + entry.name
                yield from entry.folders(f"{inside}{entry.name}/")

    def with_files(self, wanted: Callable[[PlannedFile], bool]) -> PlannedFolder:
        """The same with only the files that are wanted, and without folders that this leaves empty."""
        entries: list[PlannedFolder | PlannedFile | PlannedText] = []
        for entry in self.entries:
            match entry:
                case PlannedFolder():
                    folder = entry.with_files(wanted)
                    if folder.entries:
                        entries.append(folder)
                case PlannedFile():
                    if wanted(entry):
                        entries.append(entry)
                case PlannedText():
                    entries.append(entry)
        return replace(self, entries=tuple(entries))
