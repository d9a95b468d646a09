"""Progress bars: only on a terminal, never wider than it, and gone at the end."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from tests.cli.running import CommandRunner, in_terminal
from tests.mounts import REPOSITORY
from tests.prerequisites import git_annex_environment

# Counts to 100,000 in two seconds.
_SLOW = """
import time
from mcfs.cli.progress import count_bar

with count_bar("syncing", show_after=0.1) as show:
    time.sleep(0.5)
    for done in range(0, 100_001, 10_000):
        show(done, 100_000)
        time.sleep(0.15)
print("done")
"""


def _environment(folder: Path) -> dict[str, str]:
    return git_annex_environment(folder) | {"PYTHONPATH": str(REPOSITORY), "TERM": "xterm"}


@pytest.mark.parametrize("columns", [40, 80])
def test_bar(tmp_path: Path, columns: int) -> None:
    sent = in_terminal(
        [sys.executable, "-c", _SLOW],
        columns=columns,
        folder=tmp_path,
        environment=_environment(tmp_path),
    )
    assert sent.endswith("\x1b[2Kdone\n"), "the bar must be gone"
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent).replace("\r", "\n").split("\n")
    drawn = [line for line in lines if line.startswith("syncing")]
    assert max(len(line) for line in drawn) == columns
    assert "/" not in drawn[0], "the total is not known yet"
    assert any(re.search(r"━ [1-9]0000/100000 \d+/s +\d\d:\d\d$", line) for line in drawn)


def test_quick_work_shows_no_bar(tmp_path: Path) -> None:
    sent = in_terminal(
        [sys.executable, "-c", _SLOW.replace("show_after=0.1", "show_after=600")],
        columns=80,
        folder=tmp_path,
        environment=_environment(tmp_path),
    )
    assert sent == "done\n"


def test_a_sync_leaves_no_bar(mcfs: CommandRunner) -> None:
    sent = mcfs.in_terminal("sync", "--full", columns=80)
    # A bar was there if the sync took more than half a second.
    _, _, left = sent.rpartition("\x1b[2K")
    assert re.sub(r"\x1b\[\?25[hl]", "", left).splitlines() == [
        "12 tracks, 1 of them not here",
        "mcfs: values that cannot be read as numbers, and are only text: bpm (1)",
    ]


def test_there_is_no_bar_without_a_terminal(library: Library) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SLOW],
        cwd=library.top,
        env=_environment(library.top),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
