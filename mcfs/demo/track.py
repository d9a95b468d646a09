"""The shape of a demo track: its files, its tune, its metadata and where it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from mcfs.demo.tune import Tune

Fields = Mapping[str, tuple[str, ...]]


class Kept(Enum):
    """Which of the two repositories has the content."""

    HERE = auto()
    BOTH = auto()
    ARCHIVE = auto()


@dataclass(frozen=True, slots=True)
class Track:
    """One sound; every one of its work paths holds it."""

    work_paths: tuple[str, ...]
    tune: Tune
    fields: Fields = field(default_factory=dict)  # git-annex metadata
    tags: Fields = field(default_factory=dict)  # inside the file
    unlocked: bool = False
    kept: Kept = Kept.HERE

    @property
    def extension(self) -> str:
        """What kind of file it is."""
        return self.work_paths[0].rpartition(".")[2]
