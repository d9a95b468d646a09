"""Library → store: one sync, in full the first time, then by difference.

Owns the life of a sync: its lock, its retries, and what is recorded of it. Reads through `annex/` what
`changes.py` says has to be read, and writes through `store/`, one commit for one generation. Changes nothing
in the library, unless the caller asks git-annex to merge what remotes have sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from mcfs.annex.branch import merge_remotes, unmerged_branches
from mcfs.annex.covers import read_covers
from mcfs.annex.files import read_files
from mcfs.annex.fingerprint import Fingerprint
from mcfs.annex.journal import Journal
from mcfs.annex.library import Library
from mcfs.annex.parallel import read_in_subprocess, subprocess_pays_off
from mcfs.annex.read_library import (
    AnnexedKey,
    fingerprint_and_journal,
    read_all_keys,
    read_keys,
    read_library,
)
from mcfs.config.settings import DEFAULTS, Settings
from mcfs.errors import (
    CacheDamagedError,
    LibraryError,
    McfsError,
    StoreBusyError,
    StoreError,
    bug_sentence,
)
from mcfs.store import CacheRepository, Store, SyncState
from mcfs.store.cache_writer import CacheWriter
from mcfs.store.locks import HeldLock, sync_lock
from mcfs.sync.changes import (
    find_changes,
    full_sync_is_quicker,
    stored_files,
    synced_fingerprint,
)
from mcfs.sync.derive import cover_records, track_record
from mcfs.sync.progress import OnProgress, ProgressReporter
from mcfs.sync.report import SyncKind, SyncReport
from mcfs.text.track_names import is_audio

# A library that is written to without a pause is left to the next sync after so many rounds.
_ROUNDS = 5
_PAUSE = 0.2  # seconds, doubled every time


def sync(
    library: Library,
    store: Store,
    settings: Settings = DEFAULTS,
    *,
    full: bool = False,
    merge: bool = False,
    on_progress: OnProgress = lambda _: None,
) -> SyncReport:
    """Bring the store in step with the library; reports what changed."""
    started = time.monotonic()
    if not library.is_reachable():
        raise LibraryError(f"{library.top} is not there any more")
    with sync_lock(store.folder) as lock:
        try:
            rescued = _rescue_user_data(store)
            if merge:
                merge_remotes(library)
            report = _sync_or_rebuild(library, store.cache, settings, lock, on_progress, full=full)
        except StoreBusyError:
            raise  # this is no failure of the sync, and a busy store could not record one
        except (Exception, KeyboardInterrupt) as error:
            sentence = _sentence(error)
            # The failure itself must reach the user, even when it cannot be recorded.
            with suppress(McfsError):
                detail = {"error": sentence, "seconds": time.monotonic() - started}
                store.user.finish_run(store.user.start_run("sync"), "failed", detail)
            raise
    report.seconds = time.monotonic() - started
    report.rescued = rescued
    if report.kind is not SyncKind.NOTHING:
        # The store is in step, whether that can be logged or not.
        with suppress(StoreError):
            number = store.user.start_run("sync", {"kind": report.kind.value})
            store.user.finish_run(number, "done", report.as_json())
    return report


def _rescue_user_data(store: Store) -> str | None:
    """Repair a damaged user.db, which a sync does not need; what became of it."""
    if store.user.damage is None:
        return None
    try:
        return store.user.rescue()
    except StoreError as error:
        return str(error)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    foreseen = isinstance(error, (McfsError, OSError))
    return str(error) if foreseen else bug_sentence(error)


def preview(library: Library, store: Store, settings: Settings = DEFAULTS) -> SyncReport:
    """What a sync would change: it is done, counted and rolled back."""
    with sync_lock(store.folder) as lock:
        return _Sync(library, store.cache, settings, lock, lambda _: None).preview()


def _sync_or_rebuild(
    library: Library,
    cache: CacheRepository,
    settings: Settings,
    lock: HeldLock,
    on_progress: OnProgress,
    *,
    full: bool,
) -> SyncReport:
    """Sync; where the cache is damaged, read the whole library into a new one."""
    if cache.damage is None:
        try:
            return _Sync(library, cache, settings, lock, on_progress).run(full=full)
        except CacheDamagedError:
            pass
    reports = []

    def fill(new: CacheRepository) -> None:
        reports.append(_Sync(library, new, settings, lock, on_progress).run(full=True))

    sentence = cache.rebuild(fill)
    return replace(reports[0], rebuilt=sentence)


class _RollBack(Exception):  # noqa: N818  (not an error: it ends every preview)
    """Ends a transaction that was only to be counted."""


class _Sync:
    """One sync under way."""

    def __init__(
        self,
        library: Library,
        cache: CacheRepository,
        settings: Settings,
        lock: HeldLock,
        on_progress: OnProgress,
    ) -> None:
        self._library = library
        self._cache = cache
        self._extensions = sorted(settings.extensions)
        self._is_wanted = partial(is_audio, extensions=settings.extensions)
        self._progress = ProgressReporter(lock, on_progress)
        self._started_at = datetime.now(UTC)
        self._report = SyncReport()

    def run(self, *, full: bool) -> SyncReport:
        """Sync until the library stays as it was read, or for so many rounds."""
        synced = None if full else self._synced_fingerprint()
        pause = _PAUSE
        for round_ in range(_ROUNDS):
            try:
                now, journal = fingerprint_and_journal(self._library)
                if now == synced:
                    break
                if synced is None or not self._sync_by_difference(synced, now, journal):
                    self._sync_in_full(now, journal)
                synced = now
            except LibraryError:
                # git-annex may have packed or dropped what we were about to read.
                if round_ == _ROUNDS - 1 or not self._library.is_reachable():
                    raise
                time.sleep(pause)
                pause *= 2
        assert synced is not None
        return self._finish(synced)

    def preview(self) -> SyncReport:
        """A sync by difference that is rolled back in the end."""
        synced = self._synced_fingerprint()
        now, journal = fingerprint_and_journal(self._library)
        if now == synced:
            return self._report
        cache = self._cache
        changed = synced and find_changes(self._library, cache, synced, now, self._is_wanted)
        if changed:
            keys = changed.keys
            found = read_keys(self._library, now.annex_commit, changed.files, journal, keys)
        else:
            before = stored_files(cache)
            files = read_files(self._library, now, self._is_wanted, before)
            keys = {file.key for file in (*before.values(), *files.values())}
            found = read_all_keys(self._library, now.annex_commit, files, journal)
        with suppress(_RollBack), cache.writing() as write:
            self._replace(write, found, keys)
            raise _RollBack
        return self._report

    def _synced_fingerprint(self) -> Fingerprint | None:
        return synced_fingerprint(self._cache.state(), self._library, self._extensions)

    def _sync_in_full(self, now: Fingerprint, journal: Journal) -> None:
        self._report.kind = SyncKind.FULL
        cache = self._cache
        before = cache.count()
        with self._all_keys(now, journal) as (total, keys):
            # While the subprocess reads the tracks.
            covers = cover_records(read_covers(self._library, now, ()))
            records = map(track_record, self._progress.count(keys, total))
            cache.replace_all(records, self._state(now), covers)
        self._report.added = max(0, cache.count() - before)

    @contextmanager
    def _all_keys(
        self, now: Fingerprint, journal: Journal
    ) -> Iterator[tuple[int, Iterator[AnnexedKey]]]:
        """How many keys there are, and the keys; a subprocess reads them when the library is large."""
        if subprocess_pays_off(now):
            with read_in_subprocess(self._library, now, self._is_wanted, journal) as found:
                yield found
        else:
            yield read_library(self._library, now, self._is_wanted, journal)

    def _sync_by_difference(self, synced: Fingerprint, now: Fingerprint, journal: Journal) -> bool:
        """Bring the store to `now`; False when the difference is unknown or too large for that."""
        cache = self._cache
        changed = find_changes(self._library, cache, synced, now, self._is_wanted)
        if changed is None or full_sync_is_quicker(changed, cache):
            return False
        covers_changed = set(changed.old_covers) != set(changed.new_covers)
        if self._report.kind is SyncKind.NOTHING and (changed.keys or covers_changed):
            self._report.kind = SyncKind.DIFFERENCE
        with cache.writing() as write:
            if changed.keys:
                found = read_keys(
                    self._library, now.annex_commit, changed.files, journal, changed.keys
                )
                self._replace(write, found, changed.keys)
            write.change_covers(changed.old_covers, changed.new_covers)
            write.set_state(self._state(now))
        return True

    def _replace(self, write: CacheWriter, found: Iterable[AnnexedKey], keys: set[str]) -> None:
        """Replace what the store has of these keys by what was found of them."""
        records = {key.key: track_record(key) for key in self._progress.count(found, len(keys))}
        stored = write.existing_keys(keys | records.keys())
        gone = stored - records.keys()
        write.remove(gone)
        self._report.removed += len(gone)
        self._report.changed += write.update(records[key] for key in stored - gone)
        new = records.keys() - stored
        write.insert(records[key] for key in sorted(new))
        self._report.added += len(new)

    def _state(self, fingerprint: Fingerprint) -> SyncState:
        return SyncState(
            library_uuid=self._library.uuid,
            fingerprint={**fingerprint.as_json(), "extensions": self._extensions},
            started_at=self._started_at,
        )

    def _finish(self, synced: Fingerprint) -> SyncReport:
        report = self._report
        with self._cache.reading() as read:
            counts = read.counts()
        report.tracks, report.present, report.broken = counts.tracks, counts.present, counts.broken
        report.incomplete, report.incomplete_tracks = counts.incomplete, counts.incomplete_tracks
        report.unmerged = tuple(unmerged_branches(self._library, synced))
        self._cache.record_finish(datetime.now(UTC), counts)
        return report
