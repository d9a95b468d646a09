"""A real Mixxx on a screen in memory: it scans, and a DJ rates tracks, fills a crate, edits a title.

Owns where things are in Mixxx's window (of 2.3, with its default skin on 1280x800), and when a scan is done.
Mixxx reads settings and a database of its own.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contrib.programs.running import Screen
from tests.imports.mixxx_database import MixxxDatabase
from tests.mounts import wait_until

_SETTINGS = """
[Config]
Version 2.3.3

[Library]
RescanOnStartup 1
"""
# The rows of the list of tracks: where their titles and their fourth stars are, and how high a row is.
_TITLE_X, _FOURTH_STAR_X, _FIRST_Y, _ROW = 760, 944, 460, 20.8
# In the window with a track's properties.
_TITLE_FIELD = (270, 86)
_SECONDS_TO_SCAN = 60
_SECONDS_TO_END = 20


@dataclass(frozen=True, slots=True)
class Mixxx:
    """Mixxx's settings and database, whether it runs or not."""

    screen: Screen
    folder: Path

    @property
    def database(self) -> Path:
        """The file that `mcfs import mixxx --db` reads."""
        return self.folder / "mixxxdb.sqlite"

    def select(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(statement).fetchall()

    @contextmanager
    def running(self, scanned: Callable[[], bool]) -> Iterator[None]:
        """Run it until the end of the block; it scans first, until this is true."""
        with self.screen.showing(
            ["mixxx", "--settingsPath", self.folder], "No Output Devices"
        ) as process:
            self._press("Return")
            wait_until(scanned, seconds=_SECONDS_TO_SCAN)
            # It writes one more time when the scan is over.
            time.sleep(3)
            yield
            self._quit(process)

    def _quit(self, process: subprocess.Popen[bytes]) -> None:
        # Without a window manager, a window has the keyboard some time after it is clicked.
        self._choose(0)
        for _ in range(_SECONDS_TO_END):
            time.sleep(0.5)
            self._press("ctrl+q")
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
                return
        raise AssertionError("Mixxx does not quit")

    def rate_4(self, row: int) -> None:
        """Click on the fourth star of the track in this row; Mixxx saves it by the time it quits."""
        self._choose(row)
        # The stars follow the pointer, so it has to come from somewhere.
        self._move(_FOURTH_STAR_X - 14, _y(row))
        self._move(_FOURTH_STAR_X, _y(row))
        self.screen.xdotool("click", "1")
        time.sleep(0.5)

    def put_all_into_new_crate(self, name: str) -> None:
        """Choose all tracks, and make a crate of them."""
        self._choose(0)
        self._press("ctrl+a")
        self.screen.xdotool("click", "3")
        time.sleep(1)
        self._press(*["Down"] * 6, "Right", "Up", "Return")
        self._window("Create New Crate")
        self._press("ctrl+a")
        self.screen.xdotool("type", name)
        self._press("Return")
        wait_until(lambda: bool(self.select("SELECT 1 FROM crate_tracks")))

    def edit_title(self, row: int, new_title: str) -> None:
        """Write another title into the window with the properties of the track in this row."""
        self._choose(row)
        self.screen.xdotool("click", "3")
        time.sleep(1)
        self._press("Up", "Return")
        wait_until(lambda: len(self.screen.windows(".")) == 2)
        (window,) = {*self.screen.windows(".")} - {self._window("^Mixxx$")}
        self._move(*_TITLE_FIELD, window)
        self.screen.xdotool("click", "1")
        self._press("ctrl+a")
        self.screen.xdotool("type", new_title)
        # The first applies it, the second closes the window.
        self._press("Return")
        time.sleep(0.5)
        self._press("Escape")
        wait_until(lambda: len(self.screen.windows(".")) == 1)

    def _choose(self, row: int) -> None:
        """Click on the title in this row."""
        self._move(_TITLE_X, _y(row))
        self.screen.xdotool("click", "1")
        time.sleep(0.5)

    def _move(self, x: int, y: int, window: str | None = None) -> None:
        """Move the pointer to a place in a window; in the main one, if no other is named."""
        window = window or self._window("^Mixxx$")
        self.screen.xdotool("mousemove", "--window", window, str(x), str(y))
        time.sleep(0.5)

    def _window(self, title: str) -> str:
        wait_until(lambda: bool(self.screen.windows(title)))
        time.sleep(0.5)
        return self.screen.windows(title)[-1]

    def _press(self, *keys: str) -> None:
        for key in keys:
            self.screen.keys(key)
            time.sleep(0.15)


def _y(row: int) -> int:
    return round(_FIRST_Y + row * _ROW)


def mixxx_for(music: Path, folder: Path, screen: Screen) -> Mixxx:
    """A Mixxx that looks for music in one folder, and has found none yet."""
    folder.mkdir(parents=True)
    (folder / "mixxx.cfg").write_text(_SETTINGS)
    database = MixxxDatabase(folder / "mixxxdb.sqlite")
    with database.changing() as connection:
        for table in ("directories", "LibraryHashes", "PlaylistTracks", "cues", "track_analysis"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM sqlite_sequence")
        connection.execute("INSERT INTO directories VALUES (?)", [str(music)])
    return Mixxx(screen, folder)
