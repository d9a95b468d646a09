"""`mcfs sync`: reads what has changed in the library."""

from __future__ import annotations

from pathlib import Path

import click

from mcfs.cli import options
from mcfs.cli.json_output import json_option, print_json
from mcfs.cli.progress import sync_with_bar
from mcfs.cli.session import open_session
from mcfs.cli.terminal import print_message
from mcfs.cli.text_layout import count_noun
from mcfs.store.records import incomplete_sentences
from mcfs.sync.report import SyncKind, SyncReport
from mcfs.sync.run import preview


@click.command("sync")
@click.option("--full", is_flag=True, help="Read the whole library again.")
@click.option("--merge", is_flag=True, help="First let git-annex merge what remotes have sent.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@json_option("Print an object.")
@options.library
def command(
    full: bool, merge: bool, dry_run: bool, as_json: bool, library_path: Path | None
) -> None:
    """Bring the store up to date with the library.

    The first sync reads everything, later ones only what has changed. The library
    itself stays as it is, except with --merge.
    """
    if dry_run and (full or merge):
        raise click.UsageError("--dry-run cannot be combined with --full or --merge")
    with open_session(library_path, sync_first=False) as session:
        settings = session.settings
        if dry_run:
            report = preview(session.library, session.store, settings)
        else:
            report = sync_with_bar(session.library, session.store, settings, full=full, merge=merge)
    if as_json:
        print_json({"dry_run": dry_run, **report.as_json()})
    elif dry_run:
        click.echo(f"would change: {_changes(report) or 'nothing'}")
    else:
        click.echo(_summary(report))
    if not dry_run:
        for remark in _remarks(report):
            print_message(remark)


def _summary(report: SyncReport) -> str:
    tracks = count_noun(report.tracks, "track")
    absent = report.tracks - report.present
    rest = f", {absent} of them not here" if absent else ""
    changes = _changes(report) if report.kind is SyncKind.DIFFERENCE else ""
    return f"{tracks}{rest}" + (f"; {changes}" if changes else "")


def _changes(report: SyncReport) -> str:
    counts = (("added", report.added), ("changed", report.changed), ("removed", report.removed))
    return ", ".join(f"{count} {what}" for what, count in counts if count)


def _remarks(report: SyncReport) -> list[str]:
    remarks = [sentence for sentence in (report.rebuilt, report.rescued) if sentence is not None]
    if report.broken:
        fields = ", ".join(f"{field} ({count})" for field, count in sorted(report.broken.items()))
        remarks.append(f"values that cannot be read as numbers, and are only text: {fields}")
    remarks += incomplete_sentences(report.incomplete, report.incomplete_tracks)
    if report.unmerged:
        remotes = ", ".join(report.unmerged)
        remarks.append(f"metadata of {remotes} is not merged yet; to merge it: mcfs sync --merge")
    return remarks
