"""`mcfs tag`: changes metadata of all tracks of a query, after showing what it would change."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import click

from mcfs.cli import options
from mcfs.cli.edits import change_lines, first_files
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.progress import count_bar, report_stale_snapshots, sync_with_bar
from mcfs.cli.session import Session, open_session
from mcfs.cli.terminal import print_lines, print_message, print_note
from mcfs.cli.text_layout import count_noun
from mcfs.editing.assignments import is_assignment, read_assignments
from mcfs.editing.editor import editing
from mcfs.editing.tag import TagResult, planned_tags, tag
from mcfs.editing.value_changes import ValueEdit
from mcfs.errors import ExitCode, McfsError
from mcfs.sql import select_tracks
from mcfs.store.records import TrackChange
from mcfs.sync.run import sync
from mcfs.sync.waiting import sync_in_turn
from mcfs.text.printable import printable

# How many tracks are listed before the question.
_LISTED = 20


@click.command("tag", cls=options.QueryCommand)
@click.argument("words", metavar="QUERY FIELD=VALUE...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only show what would be changed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--undo", "take_back", is_flag=True, help="Take back the last mcfs tag.")
@json_option("Print the result as one object, with all changes.")
@options.library
def command(
    words: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    take_back: bool,
    as_json: bool,
    library_path: Path | None,
) -> int:
    """Change the metadata of all tracks of a query, in git-annex.

    \b
      mcfs tag genre:techno bpm:124-130 crate+=Peak
      mcfs tag crate:warmup crate-=Warmup rating=4
      mcfs tag title:intro comment=

    += adds a value, -= takes one away, = replaces all values of the field, and =
    alone removes them. A field that has one value, such as rating, gets the new one.
    The query ends where the first of these stands; '' means all tracks.

    Shows what would change, and asks. To take it back: mcfs undo.
    """
    if take_back:
        if words or yes:
            raise click.UsageError(
                "--undo takes back the last mcfs tag: only --dry-run goes with it"
            )
        from mcfs.cli.undo import undo_edit

        return undo_edit(library_path, None, "tag", dry_run=dry_run, as_json=as_json)
    query_words, assignments = _divided(words)
    with open_session(library_path) as session:
        sync_in_turn(
            session.store.folder,
            lambda: sync_with_bar(session.library, session.store, session.settings),
        )
        query_text = " ".join(query_words)
        keys, edits = _read(session, query_text, assignments)
        planned = list(planned_tags(session.library, keys, edits))
        result = TagResult()
        needs_consent = bool(planned) and not dry_run and not yes
        is_asked = needs_consent and not as_json and _is_terminal()
        if not as_json and (dry_run or needs_consent):
            _list_changes(session, planned, _LISTED if is_asked else None)
        refused = needs_consent and not (is_asked and _confirmed(planned))
        if planned and not dry_run and not refused:
            result = _tag(session, keys, edits, assignments, query_text)
        if as_json:
            is_made = not (dry_run or refused)
            print_json(_object(session, len(keys), planned, result, dry_run=not is_made))
        elif not refused:
            print_lines([_summary(len(keys), planned, result, dry_run=dry_run)])
        for key, file in first_files(session, list(result.failed)).items():
            print_message(f"failed {file}: {result.failed[key]}")
    if refused and is_asked:
        print_message("nothing was changed")
        return ExitCode.FAILED
    if refused:
        print_message("nothing was changed; to change it without a question: --yes")
        return ExitCode.USAGE
    return ExitCode.PARTLY_DONE if result.failed else ExitCode.DONE


def _divided(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The words of the query, and the assignments behind them. The first word is of the query."""
    end = next((at for at, word in enumerate(words) if at and is_assignment(word)), len(words))
    if end == len(words):
        what = "which tracks, and " if not words or is_assignment(words[0]) else ""
        raise click.UsageError(
            f"say {what}what to change: mcfs tag genre:techno crate+=Peak ('' for all tracks)"
        )
    return words[:end], words[end:]


def _read(
    session: Session, query_text: str, assignments: Sequence[str]
) -> tuple[list[str], tuple[ValueEdit, ...]]:
    """The annex keys of the tracks, and what to change of each."""
    with session.store.cache.reading() as read:
        edits = read_assignments(assignments, session.vocabulary(read))
        query = session.parse(query_text, read)
        found = read.select(select_tracks(session.bind(query, read)))
        if not found:
            from mcfs.inspect.suggest import no_tracks_message

            print_message(no_tracks_message(query_text, query, read))
    return [row.annex_key for row in found], edits


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _confirmed(planned: Sequence[TrackChange]) -> bool:
    sys.stdout.flush()  # the list comes before the question
    return click.confirm(f"Change {count_noun(len(planned), 'track')}?", err=True)


def _list_changes(session: Session, planned: Sequence[TrackChange], most: int | None) -> None:
    shown = list(islice(planned, most))
    files = first_files(session, [track.annex_key for track in shown])
    for track in shown:
        print_lines([printable(files[track.annex_key]), *change_lines(track.changes)])
    if len(planned) > len(shown):
        print_note(f"and {len(planned) - len(shown)} more; --dry-run lists all")


def _tag(
    session: Session,
    keys: Sequence[str],
    edits: Sequence[ValueEdit],
    assignments: Sequence[str],
    query_text: str,
) -> TagResult:
    def sync_now() -> None:
        # What fails now is reported by the sync after it.
        with suppress(McfsError):
            sync(session.library, session.store, session.settings)

    with editing(session.library, session.store) as editor, count_bar("tagging") as show:
        result = tag(
            editor,
            keys,
            edits,
            assignments,
            query_text,
            on_progress=lambda done: show(done, len(keys)),
            while_committing=sync_now,
        )
    if result.changed:
        sync_in_turn(
            session.store.folder, lambda: sync(session.library, session.store, session.settings)
        )
        report_stale_snapshots(session.store, session.settings)
    return result


def _summary(
    matched: int, planned: Sequence[TrackChange], result: TagResult, *, dry_run: bool
) -> str:
    changed = len(planned) if dry_run else result.changed
    already = matched - (len(planned) if dry_run else changed + len(result.failed))
    parts = [f"{'would change' if dry_run else 'changed'} {count_noun(changed, 'track')}"]
    if already:
        parts.append(f"{already} already so")
    if result.failed:
        parts.append(f"{len(result.failed)} failed")
    return ", ".join(parts)


def _object(
    session: Session,
    matched: int,
    planned: Sequence[TrackChange],
    result: TagResult,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """The result for programs."""
    files = first_files(session, [track.annex_key for track in planned])
    return {
        "dry_run": dry_run,
        "matched": matched,
        "changed": len(planned) if dry_run else result.changed,
        "failed": [
            {"annex_key": key, "file": files.get(key, key), "error": reason}
            for key, reason in result.failed.items()
        ],
        "changes": [
            {
                "file": files[track.annex_key],
                "annex_key": track.annex_key,
                "fields": {
                    name: {"old": list(change.old), "new": list(change.new)}
                    for name, change in track.changes.items()
                },
            }
            for track in planned
        ],
    }
