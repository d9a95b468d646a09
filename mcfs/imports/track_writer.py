"""Planned changes of an import → the editor, and what happened to each track."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from mcfs.annex.library import Library
from mcfs.config.settings import Settings
from mcfs.editing.editor import Editor
from mcfs.errors import McfsError
from mcfs.imports.result import (
    Disagreed,
    Failed,
    Imported,
    ImportResult,
    OnEvent,
    OnProgress,
    Skipped,
)
from mcfs.store import Store
from mcfs.store.batches import chunks
from mcfs.store.cache_reader import CacheReader
from mcfs.store.records import ImportedRow, TrackChange
from mcfs.sync.run import sync

# How many tracks of a dry run are reported at a time.
_AT_ONCE = 500

_log = logging.getLogger(__name__)


class TrackWriter:
    """Writes the changes of one import, and counts what happened in its `result`."""

    def __init__(
        self,
        library: Library,
        store: Store,
        settings: Settings,
        editor: Editor | None,
        read: CacheReader,
        result: ImportResult,
        on_event: OnEvent,
        on_progress: OnProgress,
        total: int,
    ) -> None:
        self._library = library
        self._store = store
        self._settings = settings
        # None in a dry run: changes are only reported.
        self._editor = editor
        self._read = read
        self._result = result
        self._on_event = on_event
        self._on_progress = on_progress
        self._total = total

    def skip(self, file: str, reason: str) -> None:
        """Count a track that the import leaves out."""
        skipped = Skipped(file, reason)
        self._result.skipped.append(skipped)
        _log.info("skipped %s: %s", file, reason)
        self._on_event(skipped)

    def fail(self, file: str, annex_key: str, reason: str) -> None:
        """Count a track that could not be read or written."""
        failed = Failed(file, annex_key, reason)
        self._result.failed.append(failed)
        _log.info("failed %s: %s", file, reason)
        self._on_event(failed)

    def disagree(self, event: Disagreed) -> None:
        """Report a track that the source has twice, with different values."""
        self._result.disagreements.append(event)
        self._on_event(event)

    def count_decided(
        self, replaced: Iterable[str], kept: Iterable[str], undecided: Iterable[str]
    ) -> None:
        """Count the fields of a track in which the source and git-annex have different values."""
        result = self._result
        for counts, names in (
            (result.replaced, replaced),
            (result.kept, kept),
            (result.undecided, undecided),
        ):
            for name in names:
                counts[name] = counts.get(name, 0) + 1

    def count_unchanged(self, count: int = 1) -> None:
        """Count tracks that need no change."""
        self._result.unchanged += count

    def remember(self, records: Sequence[ImportedRow]) -> None:
        """Record what rows of the source have, for tracks that need no change."""
        if records and self._editor is not None:
            self._store.user.remember_imported_rows(records)

    def write(
        self,
        planned: Iterable[TrackChange],
        *,
        commit_every: int | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Write all changes; in a dry run only report them. `detail` is for the journal."""
        if self._editor is None:
            for some in chunks(planned, _AT_ONCE):
                self._report(some, [None] * len(some))
            return
        self._editor.write(
            f"import {self._result.source}",
            planned,
            on_answers=self._report,
            while_committing=self._sync,
            detail=detail,
            commit_every=commit_every,
        )

    def _sync(self) -> None:
        """Sync while git-annex commits, which takes a while.

        What it commits is already in its journal, where a sync finds it, so the sync after the import has
        little left to read. If this one fails, that one reports it.
        """
        if self._result.imported:
            with suppress(McfsError):
                sync(self._library, self._store, self._settings)

    def _report(self, some: Sequence[TrackChange], failures: Sequence[str | None]) -> None:
        files = self.first_files(track.annex_key for track in some)
        for track, failure in zip(some, failures, strict=True):
            file = files[track.annex_key]
            if failure is None:
                self._result.imported += 1
                self._on_event(Imported(file, track.annex_key, track.changes))
            else:
                self.fail(file, track.annex_key, failure)
        self._on_progress(self._result.total_requested, self._total)

    def first_files(self, annex_keys: Iterable[str]) -> dict[str, str]:
        """Key → its first work path, which is what messages call the track."""
        return self._read.first_files(annex_keys)
