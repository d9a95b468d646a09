"""Players that read folders of a mount."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contrib.programs.running import mpd_playing
from tests.mounts import mounted, wait_until


@pytest.mark.programs("mpd", "mpc")
def test_mpd_finds_every_track_and_plays_it(
    demo_copy: Path, place: Path, home: Path, tmp_path: Path
) -> None:
    with mounted(demo_copy, place), mpd_playing(place / "all", tmp_path / "mpd") as mpd:
        mpd.mpc("update", "--wait")
        assert sorted(mpd.mpc("listall")) == sorted(os.listdir(place / "all"))
        mpd.mpc("add", "/")
        mpd.mpc("play")
        wait_until(lambda: any(line.startswith("[playing]") for line in mpd.mpc("status")))


PLAYLISTS = (
    *("genre:techno.m3u8", "all.m3u8", "genre/Techno.m3u8", "pins/Peak time.m3u8"),
    *("bpm:120-130/genre:techno.m3u8", "sort:-rating limit:9.m3u8"),
)


def pin_techno(library: Path) -> None:
    """Make the pin that one of the playlists is of."""
    command = [sys.executable, "-m", "mcfs", "pin", "--name", "Peak time", "genre:techno"]
    subprocess.run([*command, "--library", os.fspath(library)], check=True)


@pytest.mark.programs("mpd", "mpc")
def test_mpd_knows_every_track_of_every_playlist(
    demo_copy: Path, place: Path, home: Path, tmp_path: Path
) -> None:
    """Its music folder is `library/`, which is walked once; playlists are read from beside it."""
    pin_techno(demo_copy)
    with mounted(demo_copy, place), mpd_playing(place / "library", tmp_path / "mpd") as mpd:
        mpd.mpc("update", "--wait")
        known = set(mpd.mpc("listall"))
        music = place / "library"
        assert known == {
            str(file.relative_to(music)) for file in music.rglob("*.*") if file.is_file()
        }
        for playlist in PLAYLISTS:
            mpd.mpc("clear")
            mpd.mpc("load", str(place / playlist))
            loaded = mpd.mpc("--format", "%file%", "playlist")
            tracks = (place / playlist).read_text().count("#EXTINF")
            assert len(loaded) == tracks > 0, playlist
            assert set(loaded) <= known, playlist
