"""What a trial can ask pytest for: its programs, an empty home, a mount point, a screen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.programs.running import Screen, screen_running
from tests.prerequisites import needs_fuse, skip_or_fail

# Where programs for root are; they need not be in the PATH of a user.
_PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


@pytest.fixture(autouse=True)
def programs_are_installed(request: pytest.FixtureRequest) -> None:
    """Skip a trial whose programs are not here: `@pytest.mark.programs("mpd", "mpc")`."""
    for marker in request.node.iter_markers("programs"):
        for name in marker.args:
            if shutil.which(name, path=_PLACES) is None:
                skip_or_fail(f"{name} is not installed (contrib/setup --programs does it)")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder: the programs read no settings of the developer, and leave none behind."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The path for the trial's mount point; nothing is there yet."""
    needs_fuse()
    return tmp_path / "mnt"


@pytest.fixture
def screen(home: Path, tmp_path: Path) -> Iterator[Screen]:
    """An X server without a screen. The trial must be marked with "Xvfb" and what else it runs."""
    with screen_running(tmp_path / "screen") as running:
        yield running
