"""Planned changes → git-annex, and what happened to each track.

Owns the record in `user.db` of what imports wrote. A value is recorded before it is written, so that an
import that was interrupted can simply be run again: the next one knows every value that this one may have
written.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mcfs.annex.library import Library
from mcfs.annex.metadata_process import MetadataChange
from mcfs.annex.metadata_writer import MetadataWriter, metadata_writer
from mcfs.config.settings import Settings
from mcfs.errors import McfsError
from mcfs.imports.changes import Changes, Fields
from mcfs.imports.result import Failed, Imported, ImportResult, OnEvent, OnProgress, Skipped
from mcfs.store import Store
from mcfs.store.batches import chunks
from mcfs.store.cache_reader import CacheReader
from mcfs.sync.run import sync
from mcfs.text.raw_text import is_utf8

# How many tracks git-annex gets at a time, at least and at most.
_MIN_BATCH = 16
_MAX_BATCH = 500
_NOT_UTF8 = "git-annex takes no key in JSON that is not UTF-8"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What to write of a track, and the record of imported values before and after that."""

    annex_key: str
    changes: Changes
    imported_before: Fields = field(default_factory=dict)
    imported_after: Fields = field(default_factory=dict)

    @property
    def imported_meanwhile(self) -> Fields:
        """All values that imports may have written until git-annex has answered."""
        before, after = self.imported_before, self.imported_after
        return {
            name: tuple(sorted({*before.get(name, ()), *after.get(name, ())}))
            for name in (*before, *(name for name in after if name not in before))
        }


class TrackWriter:
    """Writes the changes of one import, and counts what happened in its `result`."""

    def __init__(
        self,
        library: Library,
        store: Store,
        settings: Settings,
        read: CacheReader,
        result: ImportResult,
        on_event: OnEvent,
        on_progress: OnProgress,
        total: int,
    ) -> None:
        self._library = library
        self._store = store
        self._settings = settings
        self._read = read
        self._result = result
        self._on_event = on_event
        self._on_progress = on_progress
        self._total = total

    @property
    def dry_run(self) -> bool:
        """Whether changes are only reported."""
        return self._result.dry_run

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

    def count_unchanged(self, count: int = 1) -> None:
        """Count tracks that need no change."""
        self._result.unchanged += count

    def correct_imported(self, corrections: Mapping[str, Fields]) -> None:
        """Correct the record of what imports wrote, for tracks that need no change."""
        if corrections and not self.dry_run:
            self._store.user.remember_imported(corrections)

    def write(self, planned: Iterable[PlannedChange], commit_every: int | None = None) -> None:
        """Write all changes; in a dry run only report them."""
        if self.dry_run:
            for some in chunks(planned, _MAX_BATCH):
                self._report(some, [None] * len(some))
            return
        with metadata_writer(self._library, commit_every) as annex:
            self._write(annex, planned)
            if self._result.imported:
                # git-annex commits now, which takes a while. What it commits is already in its journal,
                # where a sync finds it, so the sync after the import has little left to read. If this one
                # fails, that one reports it.
                with suppress(McfsError):
                    sync(self._library, self._store, self._settings)

    def _write(self, annex: MetadataWriter, planned: Iterable[PlannedChange]) -> None:
        unanswered: deque[PlannedChange] = deque()
        batch: list[PlannedChange] = []
        # For each answered change, in order: why it failed, or None.
        failures: list[str | None] = []
        for change in planned:
            if not is_utf8(change.annex_key):
                key = change.annex_key
                self.fail(self.first_files([key])[key], key, _NOT_UTF8)
                continue
            batch.append(change)
            # git-annex is the slowest part. The first batches are small, so that it can begin soon; later
            # ones are as large as what it still has to do, so that it never waits for the next.
            if len(batch) == _MAX_BATCH or len(batch) >= max(_MIN_BATCH, annex.pending):
                failures += self._submit(annex, unanswered, batch)
                batch = []
                if len(failures) >= _MAX_BATCH:
                    self._finish(unanswered, failures)
                    failures = []
        failures += self._submit(annex, unanswered, batch)
        self._finish(unanswered, failures)
        failures = annex.wait_for_all()
        annex.end_input()
        self._finish(unanswered, failures)

    def _submit(
        self,
        annex: MetadataWriter,
        unanswered: deque[PlannedChange],
        batch: Sequence[PlannedChange],
    ) -> list[str | None]:
        """Record a batch, and send it to git-annex; returns the answers that have come for earlier ones."""
        meanwhile = {
            planned.annex_key: planned.imported_meanwhile
            for planned in batch
            if planned.imported_before or planned.imported_after
        }
        if meanwhile:
            self._store.user.remember_imported(meanwhile)
        unanswered += batch
        return annex.submit(
            MetadataChange(planned.annex_key, {n: c.new for n, c in planned.changes.items()})
            for planned in batch
        )

    def _finish(self, unanswered: deque[PlannedChange], failures: Sequence[str | None]) -> None:
        """Correct the record of the tracks that were answered, and report them."""
        answered = [unanswered.popleft() for _ in failures]
        corrections = {
            planned.annex_key: imported
            for planned, failure in zip(answered, failures, strict=True)
            if (imported := planned.imported_after if failure is None else planned.imported_before)
            != planned.imported_meanwhile
        }
        if corrections:
            self._store.user.remember_imported(corrections)
        if answered:
            self._report(answered, failures)

    def _report(self, some: Sequence[PlannedChange], failures: Sequence[str | None]) -> None:
        files = self.first_files(planned.annex_key for planned in some)
        for planned, failure in zip(some, failures, strict=True):
            file = files[planned.annex_key]
            if failure is None:
                self._result.imported += 1
                self._on_event(Imported(file, planned.annex_key, planned.changes))
            else:
                self.fail(file, planned.annex_key, failure)
        self._on_progress(self._result.total_requested, self._total)

    def first_files(self, annex_keys: Iterable[str]) -> dict[str, str]:
        """Key → its first work path, which is what messages call the track."""
        files: dict[str, str] = {}
        for file in self._read.work_files(annex_keys):
            files[file.annex_key] = min(file.work_path, files.get(file.annex_key, file.work_path))
        return files
