"""Progress bars of a sync, an import, a fetch: on a terminal, on stderr, and gone when it is done.

What is over in a moment shows none.
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
from mcfs.cli.terminal import cut, fit
from mcfs.config.settings import Settings
from mcfs.fetching.fetch import fetch
from mcfs.store import Store, TrackRecord
from mcfs.sync.run import SyncProgress, SyncReport, sync

_QUICK = 0.5  # seconds
_LONGEST_NAME = 30


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

        def on_progress(progress: SyncProgress) -> None:
            show(progress.done, progress.total)

        return sync(library, store, settings, full=full, merge=merge, on_progress=on_progress)


@contextmanager
def bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how many of how many are done; 0 is a number that is not known yet."""
    columns = (
        TextColumn(doing),
        _wide_bar(),
        _Done(table_column=Column(no_wrap=True)),  # the bar gives way to numbers
        _Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True),
    )
    with _shown(*columns) as bars:
        task = bars.add_task(doing, total=None)

        def show(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total or None)

        yield show


def fetch_with_bar(
    library: Library, tracks: tuple[TrackRecord, ...], remote: str | None
) -> dict[str, str]:
    """`fetch`, shown to whoever watches, by bytes."""
    sizes = {track.annex_key: track.size or 0 for track in tracks}
    names = {track.annex_key: cut(fit(track.name), _LONGEST_NAME) for track in tracks}
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
                    now = sizes[key]  # what failed is not waited for any more
                    ended += 1
            bars.advance(task, now - moved.get(key, 0))
            moved[key] = now
            bars.update(task, description=names[key], count=f"{ended}/{len(tracks)}")

        return fetch(library, tracks, remote, show)


def _wide_bar() -> BarColumn:
    """What all others leave."""
    return BarColumn(bar_width=None, table_column=Column(ratio=1))


@contextmanager
def _shown(*columns: ProgressColumn) -> Iterator[Bars]:
    console = Console(stderr=True)
    bars = Bars(
        *columns, console=console, transient=True, expand=True, disable=not console.is_terminal
    )
    later = threading.Timer(_QUICK, bars.start)
    later.daemon = True
    try:
        later.start()
        yield bars
    finally:
        later.cancel()
        if later.ident is not None:
            later.join()
        bars.stop()
