"""`mcfs get`: contents fetched by git-annex."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import click

from mcfs.annex.library import Library
from mcfs.cli import options
from mcfs.cli.progress import fetch_with_bar, sync_with_bar
from mcfs.cli.session import opened
from mcfs.cli.terminal import draw, emit, fit, say, screen
from mcfs.config.load import load_settings
from mcfs.errors import ExitCode, SyncRunningError
from mcfs.export.json_objects import error_object, json_text, track_object
from mcfs.fetching.fetch import FetchPlan, plan_fetch
from mcfs.query import parse
from mcfs.store import Store, TrackRecord
from mcfs.store.locks import wait_for_sync


@click.command("get", cls=options.QueryCommand)
@click.argument("words", metavar="QUERY...", nargs=-1, required=True)
@click.option("--from", "remote", metavar="REMOTE", help="Fetch from this remote and no other.")
@click.option("--json", "as_json", is_flag=True, help="An array of objects.")
@options.library
def command(
    words: tuple[str, ...], remote: str | None, as_json: bool, asked_for: Path | None
) -> int:
    """Have git-annex fetch the content of the tracks that a query names, where it is not here.

    \b
      mcfs get crate:festival
      mcfs get genre:techno sort:-rating limit:50
      mcfs get --from usb 'added:>-30d'

    Order and limit are of all tracks, here or not: the 50 best are here
    afterwards. Interrupted, git-annex goes on next time where it was. Running
    mounts show what has come.
    """
    with opened(options.library_place(asked_for)) as (library, store):
        with store.cache.reading() as read:
            query = parse(" ".join(words), read.vocabulary())
            plan = plan_fetch(query, library, read)
            if not plan.matched:
                from mcfs.inspect.suggest import suggest_term

                meant = suggest_term(query, read)
                say(f"no tracks; did you mean {meant}?" if meant else "no tracks")
        failed: dict[str, str] = {}
        if plan.absent:
            failed = fetch_with_bar(library, plan.absent, remote)
            if len(failed) < len(plan.absent):
                _sync(library, store)
    if as_json:
        _write_objects(plan, failed)
    elif plan.matched:
        draw([_summary(plan, failed)])
    for track in plan.absent:
        if reason := failed.get(track.annex_key):
            say(f"{fit(track.name)}: {fit(reason)}")
    if not failed:
        return ExitCode.DONE
    return ExitCode.FAILED if len(failed) == len(plan.absent) else ExitCode.PARTLY_DONE


def _sync(library: Library, store: Store) -> None:
    """So that everybody sees what has come; a mount may be at it already."""
    while True:
        try:
            sync_with_bar(library, store, load_settings(library.top))
        except SyncRunningError:
            wait_for_sync(store.folder, threading.Event())
        else:
            return


def _summary(plan: FetchPlan, failed: dict[str, str]) -> str:
    if not plan.absent:
        return "it is here" if plan.matched == 1 else f"all {plan.matched} of them are here"
    here = plan.matched - len(plan.absent)
    said = (
        ("fetched", len(plan.absent) - len(failed)),
        ("failed", len(failed)),
        ("here before", here),
    )
    return ", ".join(f"{count} {what}" for what, count in said if count)


def _write_objects(plan: FetchPlan, failed: dict[str, str]) -> None:
    """Those that were not here, as they are now."""
    objects = [
        {
            **track_object(track),
            "present": track.annex_key not in failed,
            "error": _error_of(track, failed),
        }
        for track in plan.absent
    ]
    emit([json_text(objects, indent=2), "\n"], screen())


def _error_of(track: TrackRecord, failed: dict[str, str]) -> dict[str, Any] | None:
    reason = failed.get(track.annex_key)
    return None if reason is None else error_object(reason)
