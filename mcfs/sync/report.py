"""What a sync reports when it is done: how it read, what it found and what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any


class SyncKind(Enum):
    """How much of the library a sync read."""

    FULL = "full"
    DIFFERENCE = "difference"
    NOTHING = "nothing"


@dataclass(slots=True)
class SyncReport:
    """What a sync found, and what it changed."""

    kind: SyncKind = SyncKind.NOTHING
    tracks: int = 0
    present: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    seconds: float = 0.0
    # Values that are not what their field promises ("bpm=fast"), by field.
    broken: Mapping[str, int] = field(default_factory=dict)
    # Tracks that are stored without a part of their metadata; and some of them, by name, with what that is.
    incomplete: int = 0
    incomplete_tracks: Mapping[str, str] = field(default_factory=dict)
    # Remotes whose metadata git-annex has not merged yet.
    unmerged: tuple[str, ...] = ()
    # Why the cache was replaced by a new one, and where the damaged one is.
    rebuilt: str | None = None
    # What was rescued of a damaged user.db, or why it cannot be used.
    rescued: str | None = None

    def as_json(self) -> dict[str, Any]:
        """For the log, and for programs."""
        return {**asdict(self), "kind": self.kind.value}
