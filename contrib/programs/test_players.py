"""Players that read folders of a mount."""

from __future__ import annotations

import os
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
