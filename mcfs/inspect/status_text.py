"""The status in sentences: the same for `mcfs status` and for `.mcfs/status` in a mount.

The caller lays them out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime

from mcfs.inspect.status import MountStatus, Status
from mcfs.inspect.times import ago, duration
from mcfs.mount_probe import Health
from mcfs.store import Counts, Run
from mcfs.store.records import incomplete_sentences


def status_lines(status: Status) -> Iterator[tuple[str, str]]:
    """Pairs of a label and a sentence; neighbours may share their label."""
    yield "library", str(status.library.top)
    yield "library", status.library.uuid
    if status.counts is not None:
        yield from _count_lines(status.counts)
    for sentence in (*_sync_sentences(status), *status.store_errors):
        yield "sync", sentence
    if status.unmerged:
        yield "remotes", f"metadata of {', '.join(status.unmerged)} is not merged yet"
        yield "remotes", "to merge it: mcfs sync --merge"
    if status.branch is not None:
        yield "branch", _branch_sentence(status, status.branch)
    for mount in status.mounts:
        yield "mounts", f"{mount.mount_point}{_trouble(mount)}"
        for sentence in (*mount.kernel, *mount.edit):
            yield "mounts", sentence
    if not status.mounts:
        yield "mounts", "none"
    yield "pins", f"{len(status.pins)}: {', '.join(status.pins)}" if status.pins else "none"
    yield from _snapshot_lines(status)
    if status.last_import is not None:
        yield "import", _import_sentence(status.last_import, status.at)
    if status.config_error is not None:
        yield "config", status.config_error
    for problem in status.problems:
        yield "config", f"{problem}; the view is left out"
    for sentence in status.broken_views:
        yield "config", f"{sentence}; it is left out"
    for run in status.runs:
        yield "runs", _run_sentence(run, status.at)


def _snapshot_lines(status: Status) -> Iterator[tuple[str, str]]:
    if not status.snapshots:
        return
    stale = status.stale_snapshots
    which = f", {len(stale)} of them stale: {', '.join(stale)}" if stale else ""
    yield "snapshots", f"{len(status.snapshots)}{which}"
    if stale:
        yield "snapshots", "to see what has changed: mcfs snapshot list"


def _count_lines(counts: Counts) -> Iterator[tuple[str, str]]:
    bare = f", {counts.without_metadata} without metadata" if counts.without_metadata else ""
    yield "tracks", f"{counts.tracks}, {counts.present} of them here{bare}"
    if counts.broken:
        broken = ", ".join(f"{field} ({count})" for field, count in sorted(counts.broken.items()))
        yield "tracks", f"values that cannot be read as numbers: {broken}"
    for sentence in incomplete_sentences(counts.incomplete, counts.incomplete_tracks):
        yield "tracks", sentence


def _trouble(mount: MountStatus) -> str:
    if mount.health is Health.ANSWERS:
        return ""
    trouble = "is dead" if mount.health is Health.DEAD else "does not answer"
    return f" {trouble}; to remove it: mcfs umount {shlex.quote(str(mount.mount_point))}"


def _sync_sentences(status: Status) -> Iterator[str]:
    last = status.last_sync
    if last is not None:
        yield f"{ago(last.at, status.at)}{_sync_result(last.run)}"
    elif status.generation is not None and status.generation.counter and not status.is_synced:
        yield "the store belongs to another library"
    else:
        yield "never synced"
    running, failed = status.syncing, status.failure
    if running is not None:
        share = f", {100 * running.done // running.total} %" if running.total else ""
        passed = max(0, round((status.at - running.started_at).total_seconds()))
        yield f"syncing{share} (pid {running.pid}, for {passed} s)"
    elif failed is not None:
        reason = (failed.detail or {}).get("error", "interrupted")
        yield (
            f"sync failed {ago(failed.finished_at or failed.started_at, status.at)}: {reason}; "
            "to try again: mcfs sync"
        )
    elif last is None:
        yield "to read the library: mcfs sync"
    elif status.changed_since:
        yield "the library has changed since; to read it: mcfs sync"
    elif status.is_stale:
        yield "that is more than a day; to check for changes: mcfs sync"


def _sync_result(run: Run | None) -> str:
    if run is None:
        return "; nothing had changed"
    detail = run.detail or {}
    took = f", took {duration(detail['seconds'])}" if "seconds" in detail else ""
    changes = _changes(run)
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


def _import_sentence(run: Run, now: datetime) -> str:
    detail = run.detail or {}
    when = ago(run.finished_at or run.started_at, now)
    source = f"from {detail['source']}, " if "source" in detail else ""
    match run.outcome:
        case "failed":
            result = f"failed: {detail.get('error', 'interrupted')}; it can be run again"
        case None:
            result = "not finished; it can be run again"
        case _:
            result = _changes(run) or "nothing had changed"
    return f"{source}{when}: {result}"


def _branch_sentence(status: Status, branch: str) -> str:
    if status.is_view:
        return (
            f"{branch} is a view of git-annex: tracks are the files of {status.basis}, and links "
            "lead straight to their content"
        )
    if status.basis is not None:
        return f"{branch} hides files that are not here; tracks are all files of {status.basis}"
    return f"{branch} is adjusted by git-annex: its files are tracks like any others"


def _run_sentence(run: Run, now: datetime) -> str:
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
