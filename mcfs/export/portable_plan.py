"""Plans whose names are valid on FAT, exFAT and Windows, and differ in more than case.

Owns which names two file systems would take for one, and says which those were. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcfs.export.plan import PlannedFolder
from mcfs.text.portable import portable_name
from mcfs.text.unique_names import unique_names


@dataclass(frozen=True, slots=True)
class MarkedName:
    """A name that only case or accents tell from another one in its folder, and the name that it gets."""

    path: str
    new_name: str


def portable_plan(plan: PlannedFolder) -> tuple[PlannedFolder, tuple[MarkedName, ...]]:
    """The plan with portable names, and those among them that had to be marked to stay different."""
    marked: list[MarkedName] = []
    return _portable(plan, "", marked), tuple(marked)


def _portable(folder: PlannedFolder, inside: str, marked: list[MarkedName]) -> PlannedFolder:
    portable = {entry.name: portable_name(entry.name) for entry in folder.entries}
    # As the mount does it, so that an export has the same names.
    names = unique_names(portable.items())
    marked += [
        MarkedName(inside + name, names[name])
        for name, alone in portable.items()
        if names[name] != alone
    ]
    return replace(
        folder,
        entries=tuple(
            replace(_portable(entry, f"{inside}{entry.name}/", marked), name=names[entry.name])
            if isinstance(entry, PlannedFolder)
            else replace(entry, name=names[entry.name])
            for entry in folder.entries
        ),
    )
