"""Shows on stderr how far a sync, an import, a fetch or an export is: on a terminal, and gone at the end.

Owns when a bar appears, and counts what it shows. `progress_bars.py` draws it with rich, which takes longer
to load than most syncs take: it is loaded when the work has gone on for half a second. What does the work is
imported when it is done: a command that may have to sync seldom has to.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from mcfs.cli.terminal import print_message
from mcfs.cli.text_layout import truncate
from mcfs.text.printable import printable

# A command needs one of these, and importing the others takes longer than a sync that has nothing to do.
if TYPE_CHECKING:
    from mcfs.annex.get import GetProgress, GetResult
    from mcfs.annex.library import Library
    from mcfs.config.settings import Settings
    from mcfs.export.prepared import PreparedExport
    from mcfs.export.writing import ExportResult
    from mcfs.store import Store, TrackRecord
    from mcfs.sync.progress import SyncProgress
    from mcfs.sync.report import SyncReport

# Seconds until a bar appears.
_SHOW_AFTER = 0.5
_LONGEST_NAME = 30

State = TypeVar("State")
State_contra = TypeVar("State_contra", contravariant=True)


class Bar(Protocol[State_contra]):
    """A progress bar on the screen."""

    def show(self, state: State_contra) -> None:
        """Show this state."""

    def stop(self) -> None:
        """Take the bar off the screen."""


def sync_with_bar(
    library: Library,
    store: Store,
    settings: Settings,
    *,
    full: bool = False,
    merge: bool = False,
) -> SyncReport:
    """`sync` with a progress bar."""
    from mcfs.sync.run import sync

    with count_bar("syncing") as show:

        def on_progress(progress: SyncProgress) -> None:
            show(progress.done, progress.total)

        report = sync(library, store, settings, full=full, merge=merge, on_progress=on_progress)
    report_stale_snapshots(store, settings)
    return report


def report_stale_snapshots(store: Store, settings: Settings) -> None:
    """After a sync, name the snapshots with which the library does not agree any more."""
    from mcfs.snapshots.after_sync import newly_stale

    for snapshot in newly_stale(store, settings):
        print_message(f"the snapshot {snapshot.name} is stale: {snapshot.stale_reason}")


@contextmanager
def count_bar(
    doing: str, *, show_after: float = _SHOW_AFTER
) -> Iterator[Callable[[int, int], None]]:
    """Counts tracks: call the result with how many are done, and the total or 0 if it is unknown."""

    def make() -> Bar[tuple[int, int]]:
        from mcfs.cli.progress_bars import CountBar

        return CountBar(doing)

    with _delayed(make, (0, 0), show_after) as show:
        yield lambda done, total: show((done, total))


def fetch_with_bar(
    library: Library, tracks: tuple[TrackRecord, ...], remote: str | None
) -> dict[str, str]:
    """`fetch` with a progress bar that counts bytes."""
    from mcfs.annex.get import GetProgress, GetResult
    from mcfs.fetching.fetch import fetch

    sizes = {track.annex_key: track.size or 0 for track in tracks}
    names = {track.annex_key: truncate(printable(track.name), _LONGEST_NAME) for track in tracks}
    moved: dict[str, int] = {}
    size = ended = 0

    def make() -> Bar[tuple[int, int, str]]:
        from mcfs.cli.progress_bars import ByteBar

        return ByteBar(tracks=len(tracks), size=sum(sizes.values()))

    with _delayed(make, (0, 0, ""), _SHOW_AFTER) as show:

        def on_event(event: GetProgress | GetResult) -> None:
            nonlocal size, ended
            key = event.annex_key
            match event:
                case GetProgress():
                    now = event.done
                case GetResult():
                    now = sizes[key]  # a failed fetch counts as over
                    ended += 1
            size += now - moved.get(key, 0)
            moved[key] = now
            show((size, ended, names[key]))

        return fetch(library, tracks, remote, on_event)


def copy_with_bar(prepared: PreparedExport) -> ExportResult:
    """`write_export` with a progress bar that counts bytes."""
    from mcfs.export.writing import write_export

    def make() -> Bar[tuple[int, int, str]]:
        from mcfs.cli.progress_bars import ByteBar

        return ByteBar(tracks=len(prepared.changes.write), size=prepared.bytes_to_copy)

    with _delayed(make, (0, 0, ""), _SHOW_AFTER) as show:

        def on_progress(size: int, written: int, name: str) -> None:
            show((size, written, truncate(printable(name), _LONGEST_NAME)))

        return write_export(prepared, on_progress)


@contextmanager
def _delayed(
    make: Callable[[], Bar[State]], state: State, show_after: float
) -> Iterator[Callable[[State], None]]:
    """Makes the bar after a while, if stderr is a terminal and the work is not done by then."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    bar: Bar[State] | None = None

    def appear() -> None:
        nonlocal bar
        made = make()
        made.show(state)
        bar = made

    def show(now: State) -> None:
        nonlocal state
        state = now
        if bar is not None:
            bar.show(now)

    timer = threading.Timer(show_after, appear)
    timer.daemon = True
    timer.start()
    try:
        yield show
    finally:
        timer.cancel()
        timer.join()
        if bar is not None:
            bar.stop()
