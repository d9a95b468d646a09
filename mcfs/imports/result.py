"""What came of an import: the values that are handed to whoever asked for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mcfs.imports.changes import Change


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was left out, and why: a path as the source has it."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A track that could not be read or written, and why."""

    file: str
    annex_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A track that was changed, or would be; `file` is a work path."""

    file: str
    annex_key: str
    changes: Mapping[str, Change]


Event = Imported | Skipped | Failed
OnEvent = Callable[[Event], None]
# Tracks done, and how many there are.
OnProgress = Callable[[int, int], None]


@dataclass(slots=True)
class ImportResult:
    """How it ended."""

    source: str
    dry_run: bool = False
    imported: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    # Folders that the source knows and that are not there: the library may be one of them, moved.
    lost_folders: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def total_requested(self) -> int:
        """Everything that was asked for, whatever came of it."""
        return self.imported + self.unchanged + len(self.skipped) + len(self.failed)

    @property
    def success(self) -> bool:
        """Whether nothing failed; what is skipped was never to be imported."""
        return not self.failed

    def reasons(self) -> dict[str, int]:
        """Why tracks were skipped, the commonest reason first."""
        return dict(Counter(skipped.reason for skipped in self.skipped).most_common())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            **asdict(self),
            "total_requested": self.total_requested,
            "success": self.success,
        }

    def as_log(self) -> dict[str, Any]:
        """For `user.db`: numbers, and not a line for every track."""
        return {
            "source": self.source,
            "imported": self.imported,
            "unchanged": self.unchanged,
            "skipped": self.reasons(),
            "failed": len(self.failed),
            "seconds": self.seconds,
        }
