"""What happened in an import: counted, and listed where it takes attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mcfs.imports.changes import Disagreement
from mcfs.imports.missing_mounts import MissingMount
from mcfs.store.records import Change


@dataclass(frozen=True, slots=True)
class Skipped:
    """A track that was left out, and why; `file` is the path that the source has."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A track that could not be read or written, and why; `file` is a work path."""

    file: str
    annex_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A track that was changed, or in a dry run would be; `file` is a work path."""

    file: str
    annex_key: str
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True)
class Disagreed:
    """The source has a track twice, with different values; `file` is a work path."""

    file: str
    annex_key: str
    disagreement: Disagreement


Event = Imported | Skipped | Failed | Disagreed
OnEvent = Callable[[Event], None]
# Called with how many tracks are done, and how many there are.
OnProgress = Callable[[int, int], None]


@dataclass(slots=True)
class ImportResult:
    """Counts for the whole import, and every track that was skipped or failed."""

    source: str
    dry_run: bool = False
    imported: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    # Music folders of the source that do not exist: the library may have moved away from one of them.
    lost_folders: list[str] = field(default_factory=list)
    # Mounts that are down, on which the source has tracks.
    missing_mounts: list[MissingMount] = field(default_factory=list)
    # How many tracks the source has itself marked as missing.
    missing: int = 0
    # Field → in how many tracks a value was replaced that no import had written …
    replaced: dict[str, int] = field(default_factory=dict)
    # … or was kept, because nobody said that it may be replaced.
    kept: dict[str, int] = field(default_factory=dict)
    # … or was kept, because nothing tells which value is newer while the file cannot be read.
    undecided: dict[str, int] = field(default_factory=dict)
    disagreements: list[Disagreed] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def total_requested(self) -> int:
        """All tracks of the import so far: imported, unchanged, skipped and failed."""
        return self.imported + self.unchanged + len(self.skipped) + len(self.failed)

    @property
    def success(self) -> bool:
        """Whether all was imported. Skipped tracks are no failure, except where a mount is down."""
        return not self.failed and not self.kept and not self.missing_mounts

    def reasons(self) -> dict[str, int]:
        """Why tracks were skipped → how many, the commonest reason first."""
        return dict(Counter(skipped.reason for skipped in self.skipped).most_common())

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            **asdict(self),
            "total_requested": self.total_requested,
            "success": self.success,
        }

    def as_log(self) -> dict[str, Any]:
        """The record for `user.db`: counts, no list of tracks."""
        return {
            "source": self.source,
            "imported": self.imported,
            "unchanged": self.unchanged,
            "skipped": self.reasons(),
            "replaced": self.replaced,
            "kept": self.kept,
            "failed": len(self.failed),
            "seconds": self.seconds,
        }
