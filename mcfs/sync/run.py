"""Library → store: what git-annex says, as tracks; in full the first time, then by difference.

Owns the decision what has to be read again, and the life of one sync: its lock, its progress, its
retries, what is remembered of it. Reads through `annex/`, writes through `store/`, one commit for one
generation, and changes nothing in the library.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any

from mcfs.annex.branch import Journal, changed_keys, unmerged_branches
from mcfs.annex.files import AnnexedFile, read_files
from mcfs.annex.fingerprint import Fingerprint
from mcfs.annex.library import Library
from mcfs.annex.parallel import read_in_subprocess, subprocess_pays_off
from mcfs.annex.process import run
from mcfs.annex.read_library import (
    AnnexedKey,
    fingerprint_and_journal,
    read_all_keys,
    read_keys,
    read_library,
)
from mcfs.config.settings import DEFAULTS, Settings
from mcfs.errors import LibraryError, McfsError, StoreBusyError, bug_sentence
from mcfs.store import Store, SyncState
from mcfs.store.cache_writer import CacheWriter
from mcfs.store.locks import HeldLock, sync_lock
from mcfs.sync.derive import track_record
from mcfs.text.track_names import is_audio

# A library that somebody writes to without a pause is left to the next sync in the end.
_ROUNDS = 5
_PAUSE = 0.2  # seconds, doubled every time
_PROGRESS_EVERY = 0.1
# Of so many changed keys, and of that part of all tracks, a full sync is the quicker one.
_FEW = 1000
_MOST = 0.2


class SyncKind(Enum):
    """How much of the library a sync read."""

    FULL = "full"
    DIFFERENCE = "difference"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far a sync has come; `total` is 0 until it is known."""

    done: int
    total: int


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
    # Remotes whose metadata git-annex has not merged yet.
    unmerged: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the log, and for programs."""
        return {**asdict(self), "kind": self.kind.value}


OnProgress = Callable[[SyncProgress], None]


def sync(
    library: Library,
    store: Store,
    settings: Settings = DEFAULTS,
    *,
    full: bool = False,
    merge: bool = False,
    on_progress: OnProgress = lambda _: None,
) -> SyncReport:
    """Bring the store in step with the library; says what changed."""
    started = time.monotonic()
    if not library.is_reachable():
        raise LibraryError(f"{library.top} is not there any more")
    with sync_lock(store.folder) as lock:
        try:
            if merge:
                # By its own name: `git annex` would leave it behind if it had to be ended.
                run(["git-annex", "merge", "--quiet"], folder=library.top, seconds=3600)
            report = _Sync(library, store, settings, lock, on_progress).run(full=full)
        except StoreBusyError:
            raise  # nothing has failed; and who cannot write cannot write that down either
        except (Exception, KeyboardInterrupt) as error:
            sentence = _sentence(error)
            # The failure itself is what has to be heard, not that it could not be written down.
            with suppress(McfsError):
                store.cache.record_error(sentence)
                detail = {"error": sentence, "seconds": time.monotonic() - started}
                store.user.finish_run(store.user.start_run("sync"), "failed", detail)
            raise
    report.seconds = time.monotonic() - started
    if report.kind is not SyncKind.NOTHING:
        number = store.user.start_run("sync", {"kind": report.kind.value})
        store.user.finish_run(number, "done", report.as_json())
    return report


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    foreseen = isinstance(error, (McfsError, OSError))
    return str(error) if foreseen else bug_sentence(error)


def preview(library: Library, store: Store, settings: Settings = DEFAULTS) -> SyncReport:
    """What a sync would change; it is done, counted, and undone."""
    with sync_lock(store.folder) as lock:
        return _Sync(library, store, settings, lock, lambda _: None).preview()


class _Undone(Exception):  # noqa: N818  (no error: it is what was meant to happen)
    """Ends a transaction that was only to be counted."""


@dataclass(frozen=True, slots=True)
class _Changed:
    """Keys that may differ, and at least all files of theirs."""

    keys: set[str]
    files: Mapping[str, AnnexedFile]


class _Sync:
    """One sync under way."""

    def __init__(
        self,
        library: Library,
        store: Store,
        settings: Settings,
        lock: HeldLock,
        on_progress: OnProgress,
    ) -> None:
        self._library = library
        self._store = store
        self._extensions = sorted(settings.extensions)
        self._wanted = partial(is_audio, extensions=settings.extensions)
        self._lock = lock
        self._on_progress = on_progress
        self._shown_at = 0.0
        self._started_at = datetime.now(UTC)
        self._report = SyncReport()

    def run(self, *, full: bool) -> SyncReport:
        """Read until nothing moves any more, or for so many rounds."""
        seen = None if full else self._seen()
        pause = _PAUSE
        for round_ in range(_ROUNDS):
            try:
                fingerprint, journal = fingerprint_and_journal(self._library)
                if fingerprint == seen:
                    break
                if seen is None or not self._by_difference(seen, fingerprint, journal):
                    self._in_full(fingerprint, journal)
                seen = fingerprint
            except LibraryError:
                # git-annex may have packed or dropped what we were about to read.
                if round_ == _ROUNDS - 1 or not self._library.is_reachable():
                    raise
                time.sleep(pause)
                pause *= 2
        assert seen is not None
        return self._finished(seen)

    def preview(self) -> SyncReport:
        """As a sync by difference, but for the end."""
        seen = self._seen()
        fingerprint, journal = fingerprint_and_journal(self._library)
        if fingerprint == seen:
            return self._report
        changed = seen and self._changed(seen, fingerprint)
        commit = fingerprint.annex_commit
        if changed:
            keys = changed.keys
            found = read_keys(self._library, commit, changed.files, journal, keys)
        else:
            before = self._known_files()
            files = read_files(self._library, fingerprint, self._wanted, before)
            keys = {file.key for file in (*before.values(), *files.values())}
            found = read_all_keys(self._library, commit, files, journal)
        with suppress(_Undone), self._store.cache.writing() as write:
            self._write(write, found, keys)
            raise _Undone
        return self._report

    def _seen(self) -> Fingerprint | None:
        """The state that the store is a picture of; None where it is none of this library."""
        return synced_fingerprint(self._store.cache.state(), self._library, self._extensions)

    def _in_full(self, fingerprint: Fingerprint, journal: Journal) -> None:
        self._report.kind = SyncKind.FULL
        before = self._store.cache.count()
        with self._everything(fingerprint, journal) as (total, keys):
            records = map(track_record, self._shown(keys, total))
            self._store.cache.replace_all(records, self._state(fingerprint))
        self._report.added = max(0, self._store.cache.count() - before)

    @contextmanager
    def _everything(
        self, fingerprint: Fingerprint, journal: Journal
    ) -> Iterator[tuple[int, Iterator[AnnexedKey]]]:
        """How many keys there are, and the keys; of a large library, another process reads them."""
        if subprocess_pays_off(fingerprint):
            with read_in_subprocess(self._library, fingerprint, self._wanted, journal) as found:
                yield found
        else:
            yield read_library(self._library, fingerprint, self._wanted, journal)

    def _by_difference(self, seen: Fingerprint, now: Fingerprint, journal: Journal) -> bool:
        """Whether the difference could be told; if so, the store has it now."""
        changed = self._changed(seen, now)
        if changed is None or self._is_most(changed.keys):
            return False
        if self._report.kind is SyncKind.NOTHING and changed.keys:
            self._report.kind = SyncKind.DIFFERENCE
        with self._store.cache.writing() as write:
            if changed.keys:
                found = read_keys(
                    self._library, now.annex_commit, changed.files, journal, changed.keys
                )
                self._write(write, found, changed.keys)
            write.state(self._state(now))
        return True

    def _is_most(self, keys: set[str]) -> bool:
        """Whether it is quicker to read everything, in one stream, than so many keys one by one."""
        return len(keys) > _FEW and len(keys) > self._store.cache.count() * _MOST

    def _changed(self, seen: Fingerprint, now: Fingerprint) -> _Changed | None:
        """The keys that may differ, and the files of them; None when nobody can tell."""
        keys = changed_keys(self._library, seen, now)
        if keys is None:
            return None
        if _of_files(seen) == _of_files(now):
            files = self._known_files(keys)
            # A key that the store does not have may have files all the same: it was dead.
            if keys <= {file.key for file in files.values()}:
                return _Changed(keys, files)
        before = self._known_files()
        after = read_files(self._library, now, self._wanted, before)
        for path in before.keys() | after.keys():
            if before.get(path) != after.get(path):
                keys |= {file.key for file in (before.get(path), after.get(path)) if file}
        return _Changed(keys, after)

    def _write(self, write: CacheWriter, found: Iterable[AnnexedKey], keys: set[str]) -> None:
        """Put what was found of these keys in the place of what they were."""
        records = {key.key: track_record(key) for key in self._shown(found, len(keys))}
        stored = write.existing_keys(keys | records.keys())
        gone = stored - records.keys()
        write.remove(gone)
        self._report.removed += len(gone)
        self._report.changed += write.update(records[key] for key in stored - gone)
        new = records.keys() - stored
        write.insert(records[key] for key in sorted(new))
        self._report.added += len(new)

    def _known_files(self, keys: Iterable[str] | None = None) -> dict[str, AnnexedFile]:
        with self._store.cache.reading() as read:
            return {
                file.work_path: AnnexedFile(file.annex_key, file.blob, file.in_work_tree)
                for file in read.work_files(keys)
            }

    def _shown(self, keys: Iterable[AnnexedKey], total: int) -> Iterator[AnnexedKey]:
        """The same keys, with the progress said as they pass."""
        self._show(0, total)
        done = 0
        for done, key in enumerate(keys, 1):
            if time.monotonic() - self._shown_at > _PROGRESS_EVERY:
                self._show(done, total)
            yield key
        self._show(done, total)

    def _show(self, done: int, total: int) -> None:
        self._shown_at = time.monotonic()
        self._lock.report_progress(done, total)
        self._on_progress(SyncProgress(done, total))

    def _state(self, fingerprint: Fingerprint) -> SyncState:
        return SyncState(
            library_uuid=self._library.uuid,
            fingerprint={**fingerprint.as_json(), "extensions": self._extensions},
            started_at=self._started_at,
        )

    def _finished(self, fingerprint: Fingerprint) -> SyncReport:
        report = self._report
        with self._store.cache.reading() as read:
            counts = read.counts()
        report.tracks, report.present, report.broken = counts.tracks, counts.present, counts.broken
        report.unmerged = tuple(unmerged_branches(self._library, fingerprint))
        self._store.cache.record_finish(datetime.now(UTC), counts)
        return report


def synced_fingerprint(
    state: SyncState, library: Library, extensions: Collection[str]
) -> Fingerprint | None:
    """The state of this library that a store is a picture of; None where it is none of it.

    Where other files counted as tracks than do now, it is one with an index that nobody has seen.
    """
    kept = state.fingerprint
    if kept is None or state.library_uuid != library.uuid:
        return None
    seen = Fingerprint.of_json(kept)
    return seen if kept.get("extensions") == sorted(extensions) else replace(seen, index=None)


def _of_files(fingerprint: Fingerprint) -> tuple[object, ...]:
    """What the files of the library depend on."""
    return fingerprint.index, fingerprint.head, fingerprint.basis_commit
