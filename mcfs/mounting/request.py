"""The command line of one mount: the settings it overrides, options for the kernel, the log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mcfs.config.settings import Absent, Entries, Settings


@dataclass(frozen=True, slots=True)
class MountRequest:
    """What one mount was started with. None leaves the choice to mcfs.toml."""

    entries: Entries | None = None
    absent: Absent | None = None
    edit: tuple[str, ...] | None = None
    # Whether many tracks may lose values in a few seconds.
    edits_in_bulk: bool = False
    kernel_options: frozenset[str] = frozenset()
    log_file: Path | None = None
    verbosity: int = 0

    @property
    def logs_requests(self) -> bool:
        """Whether each request of the kernel is logged."""
        return self.verbosity >= 2

    def override(self, settings: Settings) -> Settings:
        """The settings of this mount."""
        return replace(
            settings,
            entries=self.entries or settings.entries,
            absent=self.absent or settings.absent,
            edit=settings.edit if self.edit is None else self.edit,
        )
