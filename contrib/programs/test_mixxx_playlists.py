"""Mixxx with `library/` as its music folder, and the playlists of a mount."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from contrib.programs.running import Screen
from contrib.programs.test_players import PLAYLISTS, pin_techno
from tests.mounts import mounted, wait_until

# Where Mixxx's own skin has "Playlists" in its sidebar, on a screen of 1280 × 800.
PLAYLISTS_IN_SIDEBAR = ("70", "509")
# Mixxx reads its skin and makes its database before it shows the next window.
_SECONDS_TO_SHOW = 60


@pytest.mark.programs("mixxx", "Xvfb", "xdotool", "import")
def test_mixxx_knows_every_track_of_every_playlist(
    demo_copy: Path, place: Path, home: Path, screen: Screen
) -> None:
    """No import of a playlist adds a track to those that a scan of `library/` found."""
    pin_techno(demo_copy)
    database = home / ".mixxx" / "mixxxdb.sqlite"
    database.parent.mkdir()
    database.with_name("mixxx.cfg").write_text("[Config]\nVersion 2.3.3\n")
    with (
        mounted(demo_copy, place),
        screen.showing(["mixxx"], "Choose music library directory", QT_QPA_PLATFORM="xcb"),
    ):
        _enter(screen, place / "library")
        _wait_for_window(screen, "No Output Devices")
        screen.keys("Return")
        # Mixxx keeps one of two names that lead to the same file.
        files = {file.resolve() for file in (place / "library").rglob("*.*") if file.is_file()}
        known = len([file for file in files if file.suffix != ".jpg"])
        wait_until(lambda: _count(database, "library") == known)
        _wait_for_window(screen, "No Output Devices", gone=True)
        time.sleep(3)  # until the window takes clicks; nothing says when
        for number, playlist in enumerate(PLAYLISTS, 1):
            import_playlist(screen, database, place / playlist)
            screen.screenshot(f"playlist {number}")
            assert _count(database, "library") == known, playlist
            assert _count(database, "track_locations") == known, playlist


def import_playlist(screen: Screen, database: Path, playlist: Path) -> None:
    """Import a playlist into a running Mixxx, and wait until it has all of its tracks."""
    tracks = playlist.read_text().count("#EXTINF")
    before = _count(database, "PlaylistTracks")
    screen.xdotool("mousemove", *PLAYLISTS_IN_SIDEBAR, "click", "1")
    time.sleep(1)
    screen.xdotool("click", "3")
    time.sleep(1)
    screen.keys("Down", "Down", "Return")
    _wait_for_window(screen, "Import Playlist")
    _enter(screen, playlist)
    wait_until(lambda: _count(database, "PlaylistTracks") - before == tracks)
    _wait_for_window(screen, "Import Playlist", gone=True)


def _wait_for_window(screen: Screen, title: str, *, gone: bool = False) -> None:
    wait_until(lambda: bool(screen.windows(title)) != gone, _SECONDS_TO_SHOW)


def _enter(screen: Screen, path: Path) -> None:
    """Choose a file or a folder in the dialog that is open."""
    time.sleep(1)
    screen.xdotool("type", "--delay", "30", str(path))
    time.sleep(1)
    screen.keys("Return")


def _count(database: Path, table: str) -> int:
    """How many rows a table of Mixxx has; 0 before there is one."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            return count
    except sqlite3.OperationalError:
        return 0
