"""What a test cannot do without: it is skipped where that is missing, and fails where CI promised it."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

import pytest


def _missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and under CI=true nothing is skipped")
    pytest.skip(what)


def needs_git_annex() -> None:
    """Real git-annex, of the system or of the wheel."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")])
    if shutil.which("git-annex", path=path) is None:
        _missing("git-annex is not installed")


def needs_fuse() -> None:
    """Real mounts: the device, and the program that unmounts for users."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        _missing("/dev/fuse is not here, or not for this user")
    if shutil.which("fusermount3") is None:
        _missing("fusermount3 is not installed")


def needs_root(why: str) -> None:
    """To mount a tiny disk, or one that cannot be written."""
    if os.geteuid() != 0:
        _missing(f"not root, which is needed {why}")


def git_annex_environment(home: Path) -> dict[str, str]:
    """For running git-annex by hand in a test: the wheel found, the user's own settings kept out."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")])
    return {
        "PATH": path,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_AUTHOR_NAME": "test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
    }
