"""The status as a JSON object."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from mcfs.export.json_objects import error_object
from mcfs.inspect.status import Status
from mcfs.mount_probe import Health
from mcfs.store import Counts, Run


def status_object(status: Status) -> dict[str, Any]:
    """The status for programs; times are in UTC."""
    last, failed, running = status.last_sync, status.failure, status.syncing
    return {
        "library": {"path": str(status.library.top), "uuid": status.library.uuid},
        "store": str(status.library.store_dir),
        "generation": status.generation and asdict(status.generation),
        **asdict(status.counts or Counts(0, 0, 0, {})),
        "last_sync": last and {"at": _time(last.at), **_sync_result(last.run)},
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
            "error": _error_of(failed),
        },
        "unmerged": list(status.unmerged),
        "branch": status.branch,
        "basis": status.basis,
        "mounts": [
            {
                "path": str(mount.mount_point),
                "dead": mount.health is Health.DEAD,
                "answers": mount.health is Health.ANSWERS,
                "kernel": list(mount.kernel),
                "edit": list(mount.edit),
            }
            for mount in status.mounts
        ],
        "pins": list(status.pins),
        "snapshots": list(status.snapshots),
        "stale_snapshots": [
            {"name": name, "reason": reason} for name, reason in status.stale_snapshots.items()
        ],
        "last_import": status.last_import and _run_object(status.last_import),
        "config_error": status.config_error and error_object(status.config_error),
        "broken_views": list(status.broken_views),
        "problems": [
            {"file": str(p.file), "line": p.line, "key": p.key, "message": p.sentence}
            for p in status.problems
        ],
        "store_errors": list(status.store_errors),
        "runs": [_run_object(run) for run in status.runs],
    }  # fmt: skip


def _run_object(run: Run) -> dict[str, Any]:
    detail = None if run.detail is None else dict(run.detail)
    if detail and "error" in detail:
        detail["error"] = _error_of(run)
    return {
        "kind": run.kind,
        "started_at": _time(run.started_at),
        "finished_at": run.finished_at and _time(run.finished_at),
        "outcome": run.outcome,
        "detail": detail,
    }


def _sync_result(run: Run | None) -> dict[str, Any]:
    """What a sync did; one that is not logged changed nothing."""
    detail = (run and run.detail) or {}
    names = ("kind", "seconds", "added", "changed", "removed")
    return {"kind": "nothing", **{name: detail[name] for name in names if name in detail}}


def _error_of(run: Run) -> dict[str, Any] | None:
    message = (run.detail or {}).get("error")
    return message and error_object(message)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
