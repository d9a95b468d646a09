"""contrib/bench/imports.py runs, and measures what it describes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mcfs.annex.library import Library
from tests.imports.mixxx_database import commits
from tests.mounts import REPOSITORY

SCRIPT = REPOSITORY / "contrib" / "bench" / "imports.py"


def test_a_round(library: Library, tmp_path: Path) -> None:
    before = commits(library)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(library.top), "--changed", "5", "--rounds", "1"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "12 tracks, 5 of them changed"
    names = [line.split()[0] for line in lines[1:]]
    assert names == ["git-annex", "first", "changed", "unchanged", "few"]
    # git-annex commits once, and so do the two imports that find changes.
    assert commits(library) == before + 3
