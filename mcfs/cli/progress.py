"""The progress bar of a sync: on a terminal, on stderr, and gone when it is done."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bars,
)

from mcfs.annex.library import Library
from mcfs.config import Settings
from mcfs.store import Store
from mcfs.sync import Progress, SyncReport, sync


def sync_with_bar(
    library: Library,
    store: Store,
    settings: Settings,
    *,
    full: bool = False,
    merge: bool = False,
) -> SyncReport:
    """`sync`, shown to whoever watches."""
    console = Console(stderr=True)
    with Bars(
        TextColumn("syncing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        bar = bars.add_task("syncing", total=None)

        def show(progress: Progress) -> None:
            bars.update(bar, completed=progress.done, total=progress.total or None)

        return sync(library, store, settings, full=full, merge=merge, on_progress=show)
