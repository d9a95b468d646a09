"""The options of `mcfs export` for Rekordbox: checks them together, and reports on the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from mcfs.annex.library import Library
from mcfs.cli.session import Session
from mcfs.cli.terminal import print_message
from mcfs.cli.text_layout import count_noun
from mcfs.export.destination import Destination
from mcfs.export.plan import PlannedFolder
from mcfs.export.wanted import LinkTargets
from mcfs.export.writing import Action, ExportResult
from mcfs.text.printable import printable


@dataclass(frozen=True, slots=True)
class RekordboxOption:
    """The file to write, and what the folder of the tracks is called where it is read."""

    file: Path
    # None: as here.
    root: str | None

    @classmethod
    def of(
        cls, file: Path | None, root: str | None, destination: Path | None
    ) -> RekordboxOption | None:
        """What was given on the command line, once it is found to be possible."""
        if file is None:
            if root is not None:
                raise click.UsageError(
                    "--rekordbox-root says where the tracks of --rekordbox FILE are"
                )
            return None
        # Takes time to import, and few exports write such a file.
        from mcfs.export.rekordbox_file import check_rekordbox_file, folder_for_rekordbox

        check_rekordbox_file(file, destination)
        return cls(file, None if root is None else folder_for_rekordbox(root))

    def paths_in(
        self, destination: Destination, plan: PlannedFolder, result: ExportResult
    ) -> dict[str, str]:
        """Annex key → the path of what an export has put into its destination, in the order of the plan."""
        missing = (Action.FAILED, Action.REMOVED)
        there = {each.path for each in result.outcomes if each.action not in missing}
        root = str(destination.path).rstrip("/") if self.root is None else self.root
        paths: dict[str, str] = {}
        for path, file in plan.files():
            # A track may be in several folders; Rekordbox has it once.
            if file.annex_key and path in there:
                paths.setdefault(file.annex_key, f"{root}/{path}")
        return paths

    def paths_in_library(self, library: Library, plan: PlannedFolder) -> dict[str, str]:
        """The same for the files of the library."""
        top = str(library.top) if self.root is None else self.root
        targets = LinkTargets(top, str(library.common_dir), relative=False)
        return {
            file.annex_key: targets.of_file(path, file)
            for path, file in plan.files()
            if file.annex_key
        }

    def write(
        self,
        session: Session,
        plan: PlannedFolder,
        name: str,
        paths: Mapping[str, str],
        *,
        dry_run: bool,
    ) -> str:
        """Write the file, or only find out what would be in it; returns that in words."""
        from mcfs.export.rekordbox_file import write_rekordbox_file  # as above

        with session.store.cache.reading() as read:
            summary = write_rekordbox_file(
                None if dry_run else self.file, plan, name, paths, read.records_in_order
            )
        if summary.left_out:
            reasons = "; ".join(f"{why} ({count})" for why, count in summary.left_out.items())
            count = sum(summary.left_out.values())
            print_message(f"Rekordbox does not import {count} of these tracks: {reasons}")
        start = "would be: " if dry_run else ""
        return f"{start}{count_noun(summary.tracks, 'track')} for Rekordbox; in {printable(str(self.file))}"
