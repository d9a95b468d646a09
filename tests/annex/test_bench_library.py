"""The library for benchmarks is a real one: git-annex and mcfs read the same of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mcfs.annex.library import open_library
from tests.annex.git_annex_oracle import Repository, check_against_git_annex
from tests.prerequisites import needs_git_annex

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "contrib" / "bench" / "annex_library.py"
TRACKS = 120


def test_git_annex_accepts_it(tmp_path: Path) -> None:
    needs_git_annex()
    place = Repository(tmp_path / "library")
    command = [sys.executable, str(SCRIPT), str(place.folder), "--tracks", str(TRACKS)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    reading = check_against_git_annex(open_library(place.folder))
    assert len(reading.keys) == TRACKS
    assert 0.6 < sum(key.present for key in reading.keys.values()) / TRACKS < 0.95
    assert all(len(key.metadata.values) >= 9 for key in reading.keys.values())
    assert place.git("status", "--porcelain") == b""
    # Contents are where and what their keys say.
    place.annex("fsck", "-q")
