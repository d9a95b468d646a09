"""What there is to say of a library, its store and its mounts, on one screen.

Owns the gathering, which changes nothing: no store is made where there is none, and it works while a
sync runs and on a disk that cannot be written. Owns the sentences too, for they are the same in a
terminal and in a mount; how they are laid out is whose screen it is.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mcfs.annex.branch import unmerged_branches
from mcfs.annex.fingerprint import Fingerprint, basis_of, is_view, take_fingerprint
from mcfs.annex.library import Library
from mcfs.config.load import load_settings
from mcfs.config.problems import Problem
from mcfs.config.settings import DEFAULTS
from mcfs.errors import ConfigError
from mcfs.mount_table import is_dead, our_mounts
from mcfs.store import Counts, Generation, Run
from mcfs.store.locks import running_sync
from mcfs.store.records import STALE_AFTER
from mcfs.store.summary import StoreSummary, read_summary
from mcfs.sync.run import synced_fingerprint
from mcfs.tree.views import read_views

_RUNS = 5
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_DATE_AFTER = 7 * _DAY


@dataclass(frozen=True, slots=True)
class LastSync:
    """The last one that came to its end; what it found is None where nothing had changed."""

    at: datetime
    found: Run | None


@dataclass(frozen=True, slots=True)
class Syncing:
    """The one that runs now."""

    pid: int
    started_at: datetime
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Mounted:
    """A mount of this library."""

    place: Path
    # Its process is gone.
    dead: bool


@dataclass(frozen=True, slots=True)
class Status:
    """All of it, as it is at one moment."""

    at: datetime
    library: Library
    # None before there is a store.
    generation: Generation | None
    # Whether the store is one of this library at all; it is not before the first sync.
    known: bool
    counts: Counts | None
    last_sync: LastSync | None
    # Since the last one that did not.
    failure: Run | None
    syncing: Syncing | None
    # Whether a sync would look at the library again; None where none can be done.
    changed_since: bool | None
    # Whose metadata git-annex has not merged.
    unmerged: tuple[str, ...]
    # The checked-out branch, and the one whose files count in its place, where it is no ordinary one.
    branch: str | None
    basis: str | None
    is_view: bool
    mounts: tuple[Mounted, ...]
    pins: tuple[str, ...]
    last_import: Run | None
    runs: tuple[Run, ...]
    # Why a database cannot be read.
    troubles: tuple[str, ...]
    # Why the settings cannot be, or what of them is left out.
    config_error: str | None
    problems: tuple[Problem, ...]
    # Views that mean nothing in this library.
    broken_views: tuple[str, ...]

    @property
    def is_stale(self) -> bool:
        """Whether the last sync is too long ago."""
        return self.last_sync is not None and self.at - self.last_sync.at > STALE_AFTER


def status_of(library: Library) -> Status:
    """The status now; a `LibraryError` where the library cannot be reached."""
    settings, config_error = DEFAULTS, None
    try:
        settings = load_settings(library.top)
    except ConfigError as error:
        config_error = str(error)
    # In this order: what happens meanwhile is said twice, or as a change, and never missed.
    syncing = _syncing(library)
    look = read_summary(library.store_dir, _RUNS)
    now = take_fingerprint(library)
    seen = synced_fingerprint(look.state, library, settings.extensions)
    branch, basis = _branch(now)
    return Status(
        at=datetime.now(UTC),
        library=library,
        generation=look.generation,
        known=seen is not None,
        counts=look.counts if seen else None,
        last_sync=_last_sync(look) if seen else None,
        failure=_failure(look),
        syncing=syncing,
        changed_since=seen != now if seen and config_error is None else None,
        unmerged=tuple(map(_remote, unmerged_branches(library, now))),
        branch=branch,
        basis=basis,
        is_view=is_view(now.head),
        mounts=tuple(_mounts(library)),
        pins=look.pins,
        last_import=look.last_import,
        runs=look.runs,
        troubles=look.troubles,
        config_error=config_error,
        problems=settings.problems,
        broken_views=read_views(settings, look.vocabulary).broken if seen else (),
    )


def _syncing(library: Library) -> Syncing | None:
    running = running_sync(library.store_dir)
    if running is None:
        return None
    started = datetime.fromtimestamp(running.started, UTC)
    return Syncing(running.pid, started, running.done, running.total)


def _last_sync(look: StoreSummary) -> LastSync | None:
    # One that was killed after it had written all has no end.
    at = look.state.finished_at or look.state.started_at
    if at is None:
        return None
    logged = look.done_sync
    # A sync that finds nothing changed is not logged.
    return LastSync(at, logged if logged and logged.started_at >= at else None)


def _failure(look: StoreSummary) -> Run | None:
    failed, ended = look.failed_sync, look.state.finished_at
    return failed if failed and (ended is None or failed.started_at > ended) else None


def _branch(now: Fingerprint) -> tuple[str | None, str | None]:
    branch = (now.head or "").removeprefix("refs/heads/")
    if not branch.startswith(("adjusted/", "views/")):
        return None, None
    basis = basis_of(now.head)
    return branch, basis and basis.removeprefix("refs/heads/")


def _remote(ref: str) -> str:
    """As people call it: refs/remotes/origin/git-annex is origin's."""
    bare = ref.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    return bare.removesuffix("/git-annex")


def _mounts(library: Library) -> Iterator[Mounted]:
    places = {mount.place for mount in our_mounts() if mount.source == os.fspath(library.top)}
    for place in sorted(places):
        yield Mounted(place, is_dead(place))


# --- in words


def sentences(status: Status) -> Iterator[tuple[str, str]]:
    """(what it is about, a sentence); several in a row may be about the same."""
    yield "library", str(status.library.top)
    yield "library", status.library.uuid
    if status.counts is not None:
        yield from _of_counts(status.counts)
    for sentence in (*_of_sync(status), *status.troubles):
        yield "sync", sentence
    if status.unmerged:
        yield "remotes", f"metadata of {', '.join(status.unmerged)} is not merged yet"
        yield "remotes", "to have it: mcfs sync --merge"
    if status.branch is not None:
        yield "branch", _of_branch(status, status.branch)
    for mount in status.mounts:
        dead = f" is dead; to take it away: mcfs umount {shlex.quote(str(mount.place))}"
        yield "mounts", f"{mount.place}{dead if mount.dead else ''}"
    if not status.mounts:
        yield "mounts", "none"
    yield "pins", f"{len(status.pins)}: {', '.join(status.pins)}" if status.pins else "none"
    if status.last_import is not None:
        yield "import", _of_import(status.last_import, status.at)
    if status.config_error is not None:
        yield "config", status.config_error
    for problem in status.problems:
        yield "config", f"{problem}; the view is left out"
    for sentence in status.broken_views:
        yield "config", f"{sentence}; it is left out"
    for run in status.runs:
        yield "runs", _of_run(run, status.at)


def _of_counts(counts: Counts) -> Iterator[tuple[str, str]]:
    bare = f", {counts.without_metadata} without metadata" if counts.without_metadata else ""
    yield "tracks", f"{counts.tracks}, {counts.present} of them here{bare}"
    if counts.broken:
        broken = ", ".join(f"{field} ({count})" for field, count in sorted(counts.broken.items()))
        yield "tracks", f"values that are not what their field promises: {broken}"


def _of_sync(status: Status) -> Iterator[str]:
    last = status.last_sync
    if last is not None:
        yield f"{ago(last.at, status.at)}{_of_found(last.found)}"
    elif status.generation is not None and status.generation.counter and not status.known:
        yield "the store is another library's; a sync reads this one"
    else:
        yield "never synced"
    running, failed = status.syncing, status.failure
    if running is not None:
        share = f", {100 * running.done // running.total} %" if running.total else ""
        passed = max(0, round((status.at - running.started_at).total_seconds()))
        yield f"syncing{share} (pid {running.pid}, for {passed} s)"
    elif failed is not None:
        said = (failed.detail or {}).get("error", "interrupted")
        yield (
            f"sync failed {ago(failed.finished_at or failed.started_at, status.at)}: {said}; "
            "run `mcfs sync` again"
        )
    elif last is None:
        yield "to read the library: mcfs sync"
    elif status.changed_since:
        yield "the library has changed since: run `mcfs sync`"
    elif status.is_stale:
        yield "that is more than a day: run `mcfs sync`"


def _of_found(found: Run | None) -> str:
    if found is None:
        return "; nothing had changed"
    detail = found.detail or {}
    took = f", took {duration(detail['seconds'])}" if "seconds" in detail else ""
    changes = _changes(found)
    return took + (f": {changes}" if changes else "")


def _changes(run: Run) -> str:
    detail = run.detail or {}
    skipped = detail.get("skipped", {})
    counted = (
        *((what, detail.get(what, 0)) for what in ("added", "changed", "removed")),
        ("imported", detail.get("imported", 0)),
        ("skipped", sum(skipped.values())),
        ("failed", detail.get("failed", 0)),
    )
    return ", ".join(f"{count} {what}" for what, count in counted if count)


def _of_import(run: Run, now: datetime) -> str:
    """The last one, however many syncs came after it."""
    detail = run.detail or {}
    when = ago(run.finished_at or run.started_at, now)
    source = f"from {detail['source']}, " if "source" in detail else ""
    match run.outcome:
        case "failed":
            said = f"failed: {detail.get('error', 'interrupted')}; it can be run again"
        case None:
            said = "not finished; it can be run again"
        case _:
            said = _changes(run) or "nothing had changed"
    return f"{source}{when}: {said}"


def _of_branch(status: Status, branch: str) -> str:
    if status.is_view:
        return (
            f"{branch} is a view of git-annex: tracks are the files of {status.basis}, and links "
            "go past the view to their content"
        )
    if status.basis is not None:
        return f"{branch} hides files that are not here: all of {status.basis} are tracks"
    return f"{branch} is adjusted by git-annex: its files are tracks like any others"


def _of_run(run: Run, now: datetime) -> str:
    detail = run.detail or {}
    when = ago(run.finished_at or run.started_at, now)
    match run.outcome:
        case "failed":
            seconds = detail.get("seconds")
            after = f" after {duration(seconds)}" if seconds else ""
            return f"{run.kind}, {when}: failed{after}: {detail.get('error', 'interrupted')}"
        case None:
            return f"{run.kind}, {when}: not finished"
        case _:
            how = " (full)" if detail.get("kind") == "full" else ""
            parts = [f"{run.kind}{how}, {when}"]
            if "seconds" in detail:
                parts.append(duration(detail["seconds"]))
            parts += [changes] if (changes := _changes(run)) else []
            return ", ".join(parts)


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, as one would say it; the local date of what is longer ago than a week."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < _MINUTE:
        return "just now"
    if not 0 < seconds < _DATE_AFTER:
        return f"{moment.astimezone():%Y-%m-%d %H:%M}"
    units = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))
    size, unit = next((size, unit) for size, unit in units if seconds >= size)
    count = int(seconds // size)
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


def duration(seconds: float) -> str:
    """How long something took: "1.3 s", "2 min 5 s"."""
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s"


# --- for programs


def status_object(status: Status) -> dict[str, Any]:
    """The same, for programs: times in UTC."""
    last, failed, running = status.last_sync, status.failure, status.syncing
    return {
        "library": {"path": str(status.library.top), "uuid": status.library.uuid},
        "store": str(status.library.store_dir),
        "generation": status.generation and asdict(status.generation),
        **asdict(status.counts or Counts(0, 0, 0, {})),
        "last_sync": last and {"at": _time(last.at), **_found(last.found)},
        "stale": status.is_stale,
        "changed_since": status.changed_since,
        "syncing": running and {
            "pid": running.pid,
            "started_at": _time(running.started_at),
            "done": running.done,
            "total": running.total,
        },
        "failure": failed and {
            "at": _time(failed.finished_at or failed.started_at),
            "error": (failed.detail or {}).get("error"),
        },
        "unmerged": list(status.unmerged),
        "branch": status.branch,
        "basis": status.basis,
        "mounts": [{"path": str(mount.place), "dead": mount.dead} for mount in status.mounts],
        "pins": list(status.pins),
        "last_import": status.last_import and _run_object(status.last_import),
        "config_error": status.config_error,
        "broken_views": list(status.broken_views),
        "problems": [
            {"file": str(p.file), "line": p.line, "key": p.key, "sentence": p.sentence}
            for p in status.problems
        ],
        "troubles": list(status.troubles),
        "runs": [_run_object(run) for run in status.runs],
    }  # fmt: skip


def _run_object(run: Run) -> dict[str, Any]:
    return {
        "kind": run.kind,
        "started_at": _time(run.started_at),
        "finished_at": run.finished_at and _time(run.finished_at),
        "outcome": run.outcome,
        "detail": run.detail,
    }


def _found(run: Run | None) -> dict[str, Any]:
    """What a sync says of itself; one that is not logged had found nothing."""
    detail = (run and run.detail) or {}
    wanted = ("kind", "seconds", "added", "changed", "removed")
    return {"kind": "nothing", **{name: detail[name] for name in wanted if name in detail}}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
