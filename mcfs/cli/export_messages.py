"""What `mcfs export` says: before it writes, about what is not here, and about what it has done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mcfs.cli.terminal import print_message
from mcfs.cli.text_layout import count_noun
from mcfs.errors import ExitCode
from mcfs.export.destination import gitignore_line
from mcfs.export.json_objects import error_object
from mcfs.export.portable_plan import MarkedName
from mcfs.export.prepared import PreparedExport, shown_size
from mcfs.export.writing import Action, ExportResult
from mcfs.text.printable import printable

# Of absent tracks and marked names: messages name so many, --json all.
_MOST_NAMED = 20
# Of each track that is not here: its key, its name, and why it could not be fetched.
Absent = list[tuple[str, str, str | None]]


def report_before(prepared: PreparedExport, marked: tuple[MarkedName, ...]) -> None:
    """What is known before anything is written."""
    destination = prepared.destination
    if destination.work_path is not None and not destination.is_ignored_by_git:
        print_message(
            f"{destination.shown} is in the library, where git annex add would add it; "
            f"to prevent that, add this line to .gitignore: {gitignore_line(destination.work_path)}"
        )
    for each in marked[:_MOST_NAMED]:
        print_message(
            f"{each.path} differs from another name only in case; it becomes {each.new_name}"
        )
    if len(marked) > _MOST_NAMED:
        print_message(f"so do {len(marked) - _MOST_NAMED} more")
    for blocked in prepared.too_large:
        print_message(f"{blocked.wanted.path}: {blocked.reason}")
    if (stale := len(prepared.changes.left)) and not prepared.options.sync:
        are = (
            "1 file of an earlier run is" if stale == 1 else f"{stale} files of an earlier run are"
        )
        print_message(f"{are} no longer part of this export; --sync removes such files")


def report_absent(absent: Absent, *, gets: bool, dry_run: bool) -> None:
    """Which tracks are not here, and what to do about it."""
    for _, name, reason in absent[:_MOST_NAMED]:
        print_message(f"{name}: {reason}" if reason else f"{name} is not here")
    if len(absent) > _MOST_NAMED:
        print_message(f"{len(absent) - _MOST_NAMED} more are not here")
    if absent and gets and dry_run:
        print_message("without --dry-run, they are fetched first and exported, too")
    if absent and not gets:
        print_message("--get fetches them first; present:yes in the query leaves them out")


def report_after(result: ExportResult, prepared: PreparedExport, *, absent: bool) -> int:
    """What failed, and why it ended; returns the exit code."""
    too_large = {blocked.wanted.path for blocked in prepared.too_large}
    failed = [each for each in result.outcomes if each.action is Action.FAILED]
    for each in failed:
        if each.path not in too_large:
            print_message(f"{each.path}: {each.reason}")
    there = len(result.outcomes) - len(failed)
    if result.ended is not None:
        missing = count_noun(len(result.not_reached), "file")
        print_message(f"{result.ended}; what is there is complete, {missing} to go: run it again")
    if result.ended is None and not failed and not absent:
        return ExitCode.DONE
    return ExitCode.PARTLY_DONE if there else ExitCode.FAILED


_WORDS = (
    (Action.LINKED, "linked"),
    (Action.COPIED, "copied"),
    (Action.WRITTEN, "written"),
    (Action.RENAMED, "renamed"),
    (Action.KEPT, "there before"),
    (Action.REMOVED, "removed"),
    (Action.FAILED, "failed"),
)


def summary(result: ExportResult, prepared: PreparedExport, *, dry_run: bool) -> str:
    """The one line of a result."""
    counts = Counter(outcome.action for outcome in result.outcomes)
    size = sum(each.size or 0 for each in result.outcomes if each.action is Action.COPIED)
    parts = [f"{counts[action]} {word}" for action, word in _WORDS if counts[action]]
    if size:
        parts = [part.replace(" copied", f" copied ({shown_size(size)})") for part in parts]
    shown = ", ".join(parts) or "nothing"
    start = "would be: " if dry_run else ""
    return f"{start}{shown}; in {printable(prepared.destination.shown)}"


def objects(result: ExportResult, absent: Absent) -> Iterator[dict[str, Any]]:
    """What became of each file, for programs."""
    for outcome in result.outcomes:
        yield {
            "path": outcome.path,
            "annex_key": outcome.annex_key or None,
            "action": outcome.action.value,
            "size": outcome.size,
            "error": None if outcome.reason is None else error_object(outcome.reason),
        }
    for wanted in result.not_reached:
        yield {
            "path": wanted.path,
            "annex_key": getattr(wanted.origin, "annex_key", None),
            "action": Action.FAILED.value,
            "size": wanted.made.size,
            "error": error_object(result.ended or ""),
        }
    for key, name, reason in absent:
        yield {
            "path": name,
            "annex_key": key,
            "action": "absent",
            "size": None,
            "error": error_object(reason or "its content is not here"),
        }
