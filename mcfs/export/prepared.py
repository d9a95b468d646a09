"""What an export would do in a destination. Reads the destination, and writes nothing.

Owns what is said before anything is written: what is too large for the file system, and whether there is
room.
"""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from mcfs.annex.library import Library
from mcfs.errors import DestinationError, DestinationLostError
from mcfs.export.changes import Blocked, Changes, Wanted, find_changes
from mcfs.export.destination import Destination
from mcfs.export.manifest import Kind, Manifest, ManifestFolder
from mcfs.export.plan import PlannedFile, PlannedFolder
from mcfs.export.target_folders import TargetFolders
from mcfs.export.wanted import LinkTargets, linked_file, wanted_copies, wanted_links

# In the manifest, for each file.
_NOTE_BYTES = 300


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to export."""

    # What is exported, in words that are the same every time: by it the export knows its own files.
    source: str
    links: bool
    # Of links.
    absolute: bool = False
    # Whether to remove what left the plan.
    sync: bool = False


@dataclass(frozen=True, slots=True)
class PreparedExport:
    """What there is to do for one plan in one destination."""

    destination: Destination
    library: Library
    options: ExportOptions
    wanted: Sequence[Wanted]
    # The keys of what would be wanted, too, if its content were here.
    absent: Collection[str]
    too_large: Sequence[Blocked]
    # What earlier exports have made there: this one, and those of other queries or paths.
    ours: Manifest
    others: Sequence[Manifest]
    changes: Changes

    @property
    def bytes_to_copy(self) -> int:
        """How much will be written."""
        moved = set(find_moves(self).values())
        return sum(each.made.size or 0 for each in self.changes.write if each.path not in moved)

    @property
    def removes(self) -> Sequence[str]:
        """The paths that will be removed."""
        return tuple(self.changes.left) if self.options.sync else ()

    @property
    def has_nothing_to_do(self) -> bool:
        """Whether the destination is as it is to be."""
        changes, made = self.changes, self.ours.made
        has_all = all(made.get(each.path) == each.made for each in changes.kept)
        gives_up = self.options.sync and changes.unwanted
        return not changes.write and not gives_up and not self.ours.begun and has_all


def prepare_export(
    plan: PlannedFolder,
    absent: Collection[str],
    destination: Destination,
    library: Library,
    options: ExportOptions,
) -> PreparedExport:
    """Find out what there is to do. `absent` are the keys of what belongs to the plan and is not here."""
    if options.links:
        targets = LinkTargets.of(library, destination, absolute=options.absolute)
        wanted = wanted_links(plan, targets)
    else:
        wanted = wanted_copies(plan, library)
    too_large = tuple(_too_large(wanted, destination))
    if too_large:
        left_out = {each.wanted.path for each in too_large}
        wanted = [each for each in wanted if each.path not in left_out]
    prepared = PreparedExport(
        destination,
        library,
        options,
        wanted,
        absent,
        too_large,
        Manifest(library.uuid, options.source),
        (),
        Changes(tuple(wanted), frozenset(), (), (), (), {}, frozenset()),
    )
    if not destination.exists:
        return prepared
    with open_destination(destination) as descriptor:
        return look_again(prepared, descriptor)


def find_moves(prepared: PreparedExport) -> dict[str, str]:
    """Copies that only have another name now, such as another number: old path → new path."""
    copies = {
        made.content: path
        for path in prepared.removes
        if (made := prepared.ours.all_made[path]).kind == Kind.COPY.value
    }
    return {
        copies.pop(each.made.content): each.path
        for each in prepared.changes.write
        if each.made.content in copies and each.path not in prepared.changes.replaced
    }


def choose_links(
    wanted: bool | None, destination: Destination, library: Library, source: str
) -> bool:
    """Whether to link or to copy.

    Unless the user says it: as this export did it before in this place; else links on the library's own disk,
    because they take no space, and copies on any other, because that one will be carried away.
    """
    file_system = destination.file_system
    if wanted and not file_system.has_links:
        raise DestinationError(f"{file_system.name} has no symbolic links; export with --copy")
    if wanted is not None or not file_system.has_links:
        return bool(wanted)
    if destination.exists:
        with open_destination(destination) as descriptor:
            name = Manifest(library.uuid, source).file_name
            for manifest in ManifestFolder(descriptor).read_all():
                kinds = {made.kind for made in manifest.all_made.values()}
                if manifest.file_name == name and kinds & {Kind.LINK.value, Kind.COPY.value}:
                    return Kind.LINK.value in kinds
    return destination.is_on_disk_of_library


@contextmanager
def open_destination(destination: Destination) -> Iterator[int]:
    """A descriptor of the folder."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(destination.path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def same_name(destination: Destination) -> Callable[[str], str]:
    """Equal texts for names that the file system takes for one."""
    return str.casefold if destination.file_system.needs_portable_names else str


def look_again(prepared: PreparedExport, descriptor: int) -> PreparedExport:
    """The same with what is in the destination now."""
    ours = Manifest(prepared.library.uuid, prepared.options.source)
    others: list[Manifest] = []
    for manifest in ManifestFolder(descriptor).read_all():
        if manifest.file_name == ours.file_name:
            ours = manifest
        else:
            others.append(manifest)
    fold = same_name(prepared.destination)
    paths = dict.fromkeys(each.path for each in prepared.wanted)
    paths |= dict.fromkeys((*ours.made, *ours.begun))
    changes = find_changes(
        prepared.wanted,
        TargetFolders(descriptor, fold).look(paths),
        ours,
        others,
        absent=prepared.absent,
        same_content=lambda wanted: _has_same_content(wanted, prepared),
        same_name=fold,
    )
    return replace(prepared, ours=ours, others=others, changes=changes)


def _has_same_content(wanted: Wanted, prepared: PreparedExport) -> bool:
    there = prepared.destination.path / wanted.path
    with suppress(OSError):
        match wanted.origin:
            case PlannedFile() as file if prepared.options.links:
                return True
            case PlannedFile() as file:
                return filecmp.cmp(linked_file(file, prepared.library), there, shallow=False)
            case text:
                return there.read_bytes() == text.content
    return False


def _too_large(wanted: Sequence[Wanted], destination: Destination) -> Iterator[Blocked]:
    largest = destination.file_system.largest_file
    if largest is None:
        return
    for each in wanted:
        if (each.made.size or 0) > largest:
            name = destination.file_system.name
            yield Blocked(each, f"it is too large for {name}, where a file has less than 4 GiB")


def check_space(prepared: PreparedExport) -> None:
    """A `DestinationLostError` where what is to be copied has no room."""
    destination, changes = prepared.destination, prepared.changes
    if not changes.write or prepared.options.links:
        return
    if destination.file_system.shares_blocks and destination.is_on_disk_of_library:
        return  # copies take no space
    place = destination.path if destination.exists else destination.path.parent
    disk = os.statvfs(place)
    block = max(1, disk.f_frsize)

    def taken(size: int) -> int:
        return -(-size // block) * block

    needed = sum(taken(each.made.size or 0) + _NOTE_BYTES for each in changes.write)
    freed = sum(taken(changes.left[path]) for path in prepared.removes)
    free = disk.f_bavail * disk.f_frsize
    if needed > free + freed:
        raise DestinationLostError(
            f"{destination.shown} has {shown_size(free + freed)} free, and the export needs "
            f"{shown_size(needed)}; nothing was written"
        )


def shown_size(size: int) -> str:
    """ "1.5 GB": as disks are sold, and as file managers count."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return (
                f"{amount:.0f} {unit}"
                if unit == "bytes" or amount >= 100
                else f"{amount:.1f} {unit}"
            )
        amount /= 1000
    return f"{amount:.1f} TB"
