"""Draws progress bars on stderr with rich: the columns of each, and how wide they are."""

from __future__ import annotations

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


class CountBar:
    """How many of how many are done. The total is 0 while it is unknown."""

    def __init__(self, doing: str) -> None:
        self._bars = _bars(
            TextColumn(doing),
            _wide_bar(),
            _DoneOfTotal(table_column=_uncut()),  # numbers are never cut: the bar shrinks
            _Rate(table_column=_uncut()),
            TimeRemainingColumn(compact=True),
        )
        self._task = self._bars.add_task(doing, total=None)
        self._bars.start()

    def show(self, state: tuple[int, int]) -> None:
        """How many are done, and the total."""
        done, total = state
        self._bars.update(self._task, completed=done, total=total or None)

    def stop(self) -> None:
        """Take the bar off the screen."""
        self._bars.stop()


class ByteBar:
    """How many bytes of how many tracks have come, or have been copied."""

    def __init__(self, *, tracks: int, size: int) -> None:
        self._tracks = tracks
        self._bars = _bars(
            TextColumn("{task.fields[count]}", table_column=_uncut()),
            TextColumn("{task.description}", markup=False, table_column=_uncut()),
            _wide_bar(),
            DownloadColumn(table_column=_uncut()),
            TransferSpeedColumn(table_column=_uncut()),
            TimeRemainingColumn(compact=True),
        )
        self._task = self._bars.add_task("", total=size, count=f"0/{tracks}")
        self._bars.start()

    def show(self, state: tuple[int, int, str]) -> None:
        """How many bytes have come, how many tracks have ended, and the name of the one that comes now."""
        size, ended, name = state
        self._bars.update(
            self._task, completed=size, description=name, count=f"{ended}/{self._tracks}"
        )

    def stop(self) -> None:
        """Take the bar off the screen."""
        self._bars.stop()


class _DoneOfTotal(ProgressColumn):
    """ "3/10"; empty until the total is known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


class _Rate(ProgressColumn):
    """Tracks a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.0f}/s")


def _bars(*columns: ProgressColumn) -> Bars:
    return Bars(*columns, console=Console(stderr=True), transient=True, expand=True)


def _wide_bar() -> BarColumn:
    """Takes the width that the other columns leave."""
    return BarColumn(bar_width=None, table_column=Column(ratio=1))


def _uncut() -> Column:
    return Column(no_wrap=True)
