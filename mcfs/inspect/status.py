"""Gathers the status of a library, its store and its mounts, and changes nothing.

Creates no store where there is none, and works while a sync runs and on a read-only disk. The words are
in `status_text.py`, the JSON in `status_json.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mcfs.annex.branch import unmerged_branches
from mcfs.annex.fingerprint import Fingerprint, basis_of, is_view, take_fingerprint
from mcfs.annex.library import Library
from mcfs.config.load import load_settings
from mcfs.config.problems import Problem
from mcfs.config.settings import DEFAULTS, Settings
from mcfs.errors import ConfigError
from mcfs.fields import Vocabulary
from mcfs.inspect.edit_text import NOTHING
from mcfs.mount_probe import Health, health_of, read_from_mount
from mcfs.mount_table import mount_points_of
from mcfs.store import Counts, Generation, Run
from mcfs.store.locks import running_sync
from mcfs.store.records import STALE_AFTER
from mcfs.store.summary import StoreSummary, read_summary
from mcfs.sync.changes import synced_fingerprint

_SHOWN_RUNS = 5


@dataclass(frozen=True, slots=True)
class LastSync:
    """The last sync that ended well."""

    at: datetime
    # None when nothing had changed: such a sync is not logged.
    run: Run | None


@dataclass(frozen=True, slots=True)
class SyncInProgress:
    """The sync that is running."""

    pid: int
    started_at: datetime
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class MountStatus:
    """A mount of this library."""

    mount_point: Path
    health: Health
    # What the kernel does for it, in sentences; nothing where this user may not ask.
    kernel: tuple[str, ...] = ()
    # What can be edited in it, in sentences.
    edit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """A library, its store and its mounts, at one moment."""

    at: datetime
    library: Library
    # None without a store.
    generation: Generation | None
    # Whether the store belongs to this library; false before the first sync.
    is_synced: bool
    counts: Counts | None
    last_sync: LastSync | None
    # A failed sync that is newer than the last good one.
    failure: Run | None
    syncing: SyncInProgress | None
    # Whether the library has changed since the last sync; None when that is not known.
    changed_since: bool | None
    # Remotes whose metadata git-annex has not merged.
    unmerged: tuple[str, ...]
    # Only for a branch that git-annex made: its name, and the branch whose files are the tracks instead.
    branch: str | None
    basis: str | None
    is_view: bool
    mounts: tuple[MountStatus, ...]
    pins: tuple[str, ...]
    snapshots: tuple[str, ...]
    # Name → why the library does not agree with it.
    stale_snapshots: Mapping[str, str]
    last_import: Run | None
    runs: tuple[Run, ...]
    # Why a database cannot be read.
    store_errors: tuple[str, ...]
    # Why the settings cannot be read.
    config_error: str | None
    # Views in the settings that cannot be read.
    problems: tuple[Problem, ...]
    # Views that can be read, but not used in this library.
    broken_views: tuple[str, ...]

    @property
    def is_stale(self) -> bool:
        """Whether the last sync is more than a day ago."""
        return self.last_sync is not None and self.at - self.last_sync.at > STALE_AFTER


def _broken_views(settings: Settings, vocabulary: Vocabulary) -> tuple[str, ...]:
    if not settings.views:
        return ()  # those that are built in can always be read
    from mcfs.tree.views import read_views  # takes a fifth of the time that this command needs

    return read_views(settings, vocabulary.configured(settings.field_kinds)).broken


def gather_status(library: Library) -> Status:
    """The status now; raises `LibraryError` when the library cannot be reached."""
    settings, config_error = DEFAULTS, None
    try:
        settings = load_settings(library.top)
    except ConfigError as error:
        config_error = str(error)
    # In this order a sync that ends meanwhile may show twice, but is never missed.
    syncing = _sync_in_progress(library)
    summary = read_summary(library.store_dir, _SHOWN_RUNS)
    current = take_fingerprint(library)
    synced = synced_fingerprint(summary.state, library, settings.extensions)
    branch, basis = _branch(current)
    return Status(
        at=datetime.now(UTC),
        library=library,
        generation=summary.generation,
        is_synced=synced is not None,
        counts=summary.counts if synced else None,
        last_sync=_last_sync(summary) if synced else None,
        failure=_failure(summary),
        syncing=syncing,
        changed_since=synced != current if synced and config_error is None else None,
        unmerged=tuple(map(_remote_name, unmerged_branches(library, current))),
        branch=branch,
        basis=basis,
        is_view=is_view(current.head),
        mounts=tuple(_mounts(library)),
        pins=summary.pins,
        snapshots=summary.snapshots,
        stale_snapshots=summary.stale_snapshots,
        last_import=summary.last_import,
        runs=summary.runs,
        store_errors=summary.errors,
        config_error=config_error,
        problems=settings.problems,
        broken_views=_broken_views(settings, summary.vocabulary) if synced else (),
    )


def _sync_in_progress(library: Library) -> SyncInProgress | None:
    running = running_sync(library.store_dir)
    if running is None:
        return None
    started = datetime.fromtimestamp(running.started, UTC)
    return SyncInProgress(running.pid, started, running.done, running.total)


def _last_sync(summary: StoreSummary) -> LastSync | None:
    # A sync that was killed after it had written everything has no end time.
    at = summary.state.finished_at or summary.state.started_at
    if at is None:
        return None
    logged = summary.done_sync
    return LastSync(at, logged if logged and logged.started_at >= at else None)


def _failure(summary: StoreSummary) -> Run | None:
    failed, ended = summary.failed_sync, summary.state.finished_at
    return failed if failed and (ended is None or failed.started_at > ended) else None


def _branch(current: Fingerprint) -> tuple[str | None, str | None]:
    branch = (current.head or "").removeprefix("refs/heads/")
    if not branch.startswith(("adjusted/", "views/")):
        return None, None
    basis = basis_of(current.head)
    return branch, basis and basis.removeprefix("refs/heads/")


def _remote_name(ref: str) -> str:
    """`refs/remotes/origin/git-annex` belongs to `origin`."""
    bare = ref.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    return bare.removesuffix("/git-annex")


def _mounts(library: Library) -> Iterator[MountStatus]:
    for mount_point in sorted(mount_points_of(library.top)):
        health = health_of(mount_point)
        if health is Health.ANSWERS:
            kernel, edit = (_sentences(mount_point, name) for name in ("kernel", "edit"))
            yield MountStatus(mount_point, health, kernel, () if edit == (NOTHING,) else edit)
        else:
            yield MountStatus(mount_point, health)


def _sentences(mount_point: Path, name: str) -> tuple[str, ...]:
    """Of a file in `.mcfs/`: only the process of a mount knows them."""
    text = read_from_mount(mount_point / ".mcfs" / name)
    # None of a mount of another user, or of one that has just ended.
    return tuple(text.decode("utf-8", "replace").splitlines()) if text is not None else ()
