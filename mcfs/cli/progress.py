"""The progress bar of a sync or an import: on a terminal, on stderr, and gone when it is done.

What is over in a moment shows none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    with bar("syncing") as show:

        def on_progress(progress: Progress) -> None:
            show(progress.done, progress.total)

        return sync(library, store, settings, full=full, merge=merge, on_progress=on_progress)


@contextmanager
def bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how many of how many are done; 0 is a number that is not known yet."""
    console = Console(stderr=True)
    bars = Bars(
        TextColumn(doing),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        _Done(table_column=Column(no_wrap=True)),  # the bar gives way to numbers
        _Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        expand=True,
        disable=not console.is_terminal,
    )
    task = bars.add_task(doing, total=None)
    later = threading.Timer(_QUICK, bars.start)
    later.daemon = True

    def show(done: int, total: int) -> None:
        bars.update(task, completed=done, total=total or None)

    try:
        later.start()
        yield show
    finally:
        later.cancel()
        if later.ident is not None:
            later.join()
        bars.stop()
