"""What a test needs from the machine. Where it is missing the test is skipped; with `CI=true` it fails."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

import pytest


def skip_or_fail(what: str) -> None:
    """End this test, because `what` is missing: skipped, or failed with `CI=true`."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and under CI=true nothing is skipped")
    pytest.skip(what)


def needs_git_annex() -> None:
    """git-annex, from the system or from the wheel in .venv."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")])
    if shutil.which("git-annex", path=path) is None:
        skip_or_fail("git-annex is not installed")


def needs_fuse() -> None:
    """What real mounts need: /dev/fuse, and fusermount3, which unmounts for users."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        skip_or_fail("/dev/fuse is not here, or not for this user")
    if shutil.which("fusermount3") is None:
        skip_or_fail("fusermount3 is not installed")


def needs_root(why: str) -> None:
    """The rights to mount a disk image."""
    if os.geteuid() != 0:
        skip_or_fail(f"not root, which is needed {why}")


def git_annex_environment(home: Path) -> dict[str, str]:
    """Environment to run git-annex in: with the wheel in PATH, without the user's git settings."""
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
