"""Where content can come from: a clone of the sample library without content, and a slow special remote."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from tests.prerequisites import git_annex_environment

# An external special remote. To retrieve a file it reports 500 bytes, sleeps as many seconds as its file
# `pause` says, and copies the rest.
SLOW_REMOTE = """#!/bin/bash
place="$(dirname "$0")"
echo VERSION 1
while read -r command what key file; do
    case "$command" in
        INITREMOTE) echo INITREMOTE-SUCCESS ;;
        PREPARE) echo PREPARE-SUCCESS ;;
        CHECKPRESENT)
            if [ -e "$place/$what" ]; then echo "CHECKPRESENT-SUCCESS $what"
            else echo "CHECKPRESENT-FAILURE $what"; fi ;;
        TRANSFER)
            case "$what" in
                STORE) cp "$file" "$place/$key" ;;
                RETRIEVE)
                    echo PROGRESS 500
                    sleep "$(cat "$place/pause")"
                    cp "$place/$key" "$file" ;;
            esac
            echo "TRANSFER-SUCCESS $what $key" ;;
        *) echo UNSUPPORTED-REQUEST ;;
    esac
done
"""


def annex(folder: Path, *words: str, stdin: str = "") -> str:
    """Run `git annex` in a folder; its output."""
    done = subprocess.run(
        ["git", "annex", *words],
        cwd=folder,
        env=git_annex_environment(folder),
        input=stdin,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=True,
    )
    return done.stdout


@pytest.fixture
def clone(library: Library, tmp_path: Path) -> Iterator[Library]:
    """A clone of the library: all metadata, no content, never synced by mcfs."""
    folder = tmp_path / "clone"
    environment = git_annex_environment(tmp_path)
    subprocess.run(["git", "clone", "-q", library.top, folder], env=environment, check=True)
    # For commands that mcfs runs there: the developer may have no git identity.
    for name, value in (("name", "test"), ("email", "test@example.org")):
        subprocess.run(["git", "config", f"user.{name}", value], cwd=folder, check=True)
    annex(folder, "init", "-q", "laptop")
    yield open_library(folder)
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
