"""Progress bars for a sync, an import and a fetch: on stderr, only on a terminal, gone at the end.

What ends quickly shows no bar.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import (
    Progress as Bars,
)
from rich.table import Column
from rich.text import Text

from mcfs.annex.get import GetProgress, GetResult
from mcfs.annex.library import Library
from mcfs.cli.text_layout import printable, truncate
from mcfs.config.settings import Settings
from mcfs.fetching.fetch import fetch
from mcfs.store import Store, TrackRecord
from mcfs.sync.progress import SyncProgress
from mcfs.sync.report import SyncReport
from mcfs.sync.run import sync

# Seconds until a bar appears.
_SHOW_AFTER = 0.5
_LONGEST_NAME = 30


class _DoneOfTotal(ProgressColumn):
    """ "3/10"; empty until the total is known."""

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
    """`sync` with a progress bar."""
    with count_bar("syncing") as show:

        def on_progress(progress: SyncProgress) -> None:
            show(progress.done, progress.total)

        return sync(library, store, settings, full=full, merge=merge, on_progress=on_progress)


@contextmanager
def count_bar(
    doing: str, *, show_after: float = _SHOW_AFTER
) -> Iterator[Callable[[int, int], None]]:
    """Counts tracks: call the result with how many are done, and the total or 0 if it is unknown."""
    columns = (
        TextColumn(doing),
        _wide_bar(),
        _DoneOfTotal(table_column=Column(no_wrap=True)),  # numbers are never cut: the bar shrinks
        _Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True),
    )
    with _shown(*columns, show_after=show_after) as bars:
        task = bars.add_task(doing, total=None)

        def show(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total or None)

        yield show


def fetch_with_bar(
    library: Library, tracks: tuple[TrackRecord, ...], remote: str | None
) -> dict[str, str]:
    """`fetch` with a progress bar that counts bytes."""
    sizes = {track.annex_key: track.size or 0 for track in tracks}
    names = {track.annex_key: truncate(printable(track.name), _LONGEST_NAME) for track in tracks}
    columns = (
        TextColumn("{task.fields[count]}", table_column=Column(no_wrap=True)),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        _wide_bar(),
        DownloadColumn(table_column=Column(no_wrap=True)),
        TransferSpeedColumn(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True),
    )
    moved: dict[str, int] = {}
    ended = 0
    with _shown(*columns) as bars:
        task = bars.add_task("", total=sum(sizes.values()), count=f"0/{len(tracks)}")

        def show(event: GetProgress | GetResult) -> None:
            nonlocal ended
            key = event.annex_key
            match event:
                case GetProgress():
                    now = event.done
                case GetResult():
                    now = sizes[key]  # a failed fetch counts as over
                    ended += 1
            bars.advance(task, now - moved.get(key, 0))
            moved[key] = now
            bars.update(task, description=names[key], count=f"{ended}/{len(tracks)}")

        return fetch(library, tracks, remote, show)


def _wide_bar() -> BarColumn:
    """Takes the width that the other columns leave."""
    return BarColumn(bar_width=None, table_column=Column(ratio=1))


@contextmanager
def _shown(*columns: ProgressColumn, show_after: float = _SHOW_AFTER) -> Iterator[Bars]:
    console = Console(stderr=True)
    bars = Bars(
        *columns, console=console, transient=True, expand=True, disable=not console.is_terminal
    )
    later = threading.Timer(show_after, bars.start)
    later.daemon = True
    try:
        later.start()
        yield bars
    finally:
        later.cancel()
        if later.ident is not None:
            later.join()
        bars.stop()
