"""`mcfs sync`."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.annex.library import open_library
from mcfs.cli import options
from mcfs.cli.progress import sync_with_bar
from mcfs.cli.terminal import say
from mcfs.config.load import load_settings
from mcfs.store import open_store
from mcfs.sync.run import SyncKind, SyncReport, preview


@click.command("sync")
@click.option("--full", is_flag=True, help="Read everything again, whatever is known.")
@click.option("--merge", is_flag=True, help="Have git-annex merge what remotes sent, first.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@options.library
def command(full: bool, merge: bool, dry_run: bool, asked_for: Path | None) -> None:
    """Bring the store up to date with the library.

    All of it the first time, and what has changed from then on. Nothing in the
    library is changed, but for --merge.
    """
    if dry_run and (full or merge):
        raise click.UsageError("--dry-run says what a plain sync would change; leave the other out")
    library = open_library(options.library_place(asked_for))
    settings = load_settings(library.top)
    with open_store(library.store_dir) as store:
        if store.notice:
            say(store.notice)
        if dry_run:
            click.echo(f"would change: {_changes(preview(library, store, settings)) or 'nothing'}")
            return
        report = sync_with_bar(library, store, settings, full=full, merge=merge)
    click.echo(_summary(report))
    for sentence in _remarks(report):
        say(sentence)


def _summary(report: SyncReport) -> str:
    tracks = "1 track" if report.tracks == 1 else f"{report.tracks} tracks"
    absent = report.tracks - report.present
    rest = f", {absent} of them not here" if absent else ""
    changes = _changes(report) if report.kind is SyncKind.DIFFERENCE else ""
    return f"{tracks}{rest}" + (f"; {changes}" if changes else "")


def _changes(report: SyncReport) -> str:
    said = (("added", report.added), ("changed", report.changed), ("removed", report.removed))
    return ", ".join(f"{count} {what}" for what, count in said if count)


def _remarks(report: SyncReport) -> list[str]:
    remarks = []
    if report.broken:
        fields = ", ".join(f"{field} ({count})" for field, count in sorted(report.broken.items()))
        remarks.append(f"values that are no number, and found as text only: {fields}")
    if report.unmerged:
        remotes = ", ".join(report.unmerged)
        remarks.append(f"metadata of {remotes} is not merged yet; to have it: mcfs sync --merge")
    return remarks
