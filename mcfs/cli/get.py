"""`mcfs get`: fetches content with git-annex."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.progress import fetch_with_bar, sync_with_bar
from mcfs.cli.session import Session, open_session
from mcfs.cli.terminal import print_lines, print_message
from mcfs.errors import ExitCode
from mcfs.export.json_objects import error_object, track_object
from mcfs.fetching.fetch import FetchPlan, plan_fetch
from mcfs.store import TrackRecord
from mcfs.sync.waiting import sync_in_turn


@click.command("get", cls=options.QueryCommand)
@click.argument("words", metavar="QUERY...", nargs=-1, required=True)
@click.option("--from", "remote", metavar="REMOTE", help="Fetch only from this remote.")
@json_option("Print an array of the tracks that were not here.")
@options.library
def command(
    words: tuple[str, ...], remote: str | None, as_json: bool, library_path: Path | None
) -> int:
    """Fetch the content of a query's tracks with git-annex, where it is not here.

    \b
      mcfs get crate:festival
      mcfs get genre:techno sort:-rating limit:50
      mcfs get --from usb 'added:>-30d'

    A limit counts all tracks: afterwards, the 50 best are here. If interrupted, run
    it again: git-annex continues where it stopped. Running mounts show what has
    arrived.
    """
    with open_session(library_path) as session:
        with session.store.cache.reading() as read:
            text = " ".join(words)
            query = session.parse(text, read)
            plan = plan_fetch(session.bind(query, read), session.library, read)
            if not plan.matched:
                from mcfs.inspect.suggest import no_tracks_message

                print_message(no_tracks_message(text, query, read))
        failed: dict[str, str] = {}
        if plan.absent:
            failed = fetch_with_bar(session.library, plan.absent, remote)
            if len(failed) < len(plan.absent):
                _sync(session)
    if as_json:
        print_json([_object(track, failed) for track in plan.absent])
    elif plan.matched:
        print_lines([_summary(plan, failed)])
    for track in plan.absent:
        if reason := failed.get(track.annex_key):
            print_message(f"{track.name}: {reason}")
    if not failed:
        return ExitCode.DONE
    return ExitCode.FAILED if len(failed) == len(plan.absent) else ExitCode.PARTLY_DONE


def _sync(session: Session) -> None:
    """Record in the store what has arrived, after a sync that a mount may be running."""
    sync_in_turn(
        session.store.folder,
        lambda: sync_with_bar(session.library, session.store, session.settings),
    )


def _summary(plan: FetchPlan, failed: dict[str, str]) -> str:
    if not plan.absent:
        return "it is here" if plan.matched == 1 else f"all {plan.matched} are here"
    counts = (
        ("fetched", len(plan.absent) - len(failed)),
        ("failed", len(failed)),
        ("here before", plan.matched - len(plan.absent)),
    )
    return ", ".join(f"{count} {what}" for what, count in counts if count)


def _object(track: TrackRecord, failed: dict[str, str]) -> dict[str, Any]:
    """A track that was not here, as it is now."""
    reason = failed.get(track.annex_key)
    return {
        **track_object(track),
        "present": reason is None,
        "error": None if reason is None else error_object(reason),
    }
