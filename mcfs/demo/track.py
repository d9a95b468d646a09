"""A demo track: its files, its tune, its metadata, and which repository has its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from mcfs.demo.tune import Tune

Fields = Mapping[str, tuple[str, ...]]


class ContentIn(Enum):
    """Which of the two repositories has the content."""

    LIBRARY = auto()
    BOTH = auto()
    ARCHIVE = auto()


@dataclass(frozen=True, slots=True)
class Track:
    """One sound file, which may have several work paths."""

    work_paths: tuple[str, ...]
    tune: Tune
    fields: Fields = field(default_factory=dict)  # git-annex metadata
    tags: Fields = field(default_factory=dict)  # inside the file
    unlocked: bool = False
    content_in: ContentIn = ContentIn.LIBRARY

    @property
    def extension(self) -> str:
        """Extension of its files, without the dot."""
        return self.work_paths[0].rpartition(".")[2]
