"""The progress bar of a sync: on a terminal, on stderr, and gone when it is done.

A sync that is over in a moment shows none.
"""

from __future__ import annotations

import threading

from rich.console import Console
from rich.progress import (
    BarColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bars,
)
from rich.table import Column
from rich.text import Text

from mcfs.annex.library import Library
from mcfs.config import Settings
from mcfs.store import Store
from mcfs.sync import Progress, SyncReport, sync

_QUICK = 0.5  # seconds


class _Done(ProgressColumn):
    """Of how many; nothing before that is known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


class _Rate(ProgressColumn):
    """Tracks a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.0f}/s")


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
    bars = Bars(
        TextColumn("syncing"),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        _Done(table_column=Column(no_wrap=True)),  # the bar gives way to numbers
        _Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        expand=True,
        disable=not console.is_terminal,
    )
    bar = bars.add_task("syncing", total=None)
    later = threading.Timer(_QUICK, bars.start)
    later.daemon = True

    def show(progress: Progress) -> None:
        bars.update(bar, completed=progress.done, total=progress.total or None)

    try:
        later.start()
        return sync(library, store, settings, full=full, merge=merge, on_progress=show)
    finally:
        later.cancel()
        if later.ident is not None:
            later.join()
        bars.stop()
