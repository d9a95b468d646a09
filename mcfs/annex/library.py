"""One git-annex library: where it is, and its UUID.

Owns how a library and its folders are found. `read_library.py` reads what is in it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcfs.annex.process import run
from mcfs.errors import LibraryError
from mcfs.text.escape import escape


@dataclass(frozen=True, slots=True)
class Library:
    """A git-annex repository with a work tree."""

    top: Path
    # The git directory of this work tree; differs from `common_dir` only in a linked work tree.
    git_dir: Path
    common_dir: Path
    uuid: str

    # The folder of our databases: in the git directory, unless that cannot be written.
    store_dir: Path
    # Where that folder was, or will be, while the git directory's rights are others.
    other_store_dir: Path

    def is_reachable(self) -> bool:
        """Whether the library still exists: its disk may have been unplugged."""
        return os.path.lexists(self.git_dir / "HEAD")


@contextlib.contextmanager
def explain_disk_errors(library: Library) -> Iterator[None]:
    """Turn an `OSError` from reading files of the library into a `LibraryError`."""
    try:
        yield
    except OSError as error:
        raise LibraryError(
            f"cannot read {error.filename or library.top}: {error.strerror}"
        ) from error


def open_library(place: Path) -> Library:
    """The library that contains `place`; a `LibraryError` when there is none."""
    if not place.is_dir():
        what = "is not a folder" if place.exists() else "is not there"
        raise LibraryError(f"{place} {what}")
    try:
        top, git_dir, common_dir = _folders(place)
    except LibraryError as error:
        reason = str(error)
        if "not a git repository" not in reason and "must be run in a work tree" not in reason:
            raise
        raise LibraryError(
            f"{place} is not in a git-annex repository; name one with --library, "
            "or make one to try: mcfs demo DIR"
        ) from error
    try:
        uuid = run(["git", "config", "annex.uuid"], folder=top).decode().strip()
    except LibraryError as error:
        raise LibraryError(
            f"{top} is a git repository without git-annex; run: git annex init"
        ) from error
    return Library(top, git_dir, common_dir, uuid, *_store_dirs(git_dir, common_dir, uuid))


def _store_dirs(git_dir: Path, common_dir: Path, uuid: str) -> tuple[Path, Path]:
    """In the git directory; or in the user's data folder when the git directory cannot be written.

    The other of the two is the second.
    """
    inside = git_dir / "mcfs"
    configured = Path(os.environ.get("XDG_DATA_HOME", ""))
    data = configured if configured.is_absolute() else Path.home() / ".local" / "share"
    # A linked work tree has an index of its own, so it needs a store of its own.
    outside = data / "mcfs" / escape(uuid) / os.path.relpath(git_dir, common_dir)
    if os.access(inside if inside.exists() else git_dir, os.W_OK | os.X_OK):
        return inside, outside
    return outside, inside


_FOLDERS = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")


def _folders(place: Path) -> list[Path]:
    """The top of the work tree, its own git directory, and the common one."""
    output = _rev_parse(place, *_FOLDERS).split(b"\n")
    if len(output) != len(_FOLDERS):
        # The path of one of them contains a line break.
        output = [_rev_parse(place, folder) for folder in _FOLDERS]
    return [Path(os.fsdecode(folder)) for folder in output]


def _rev_parse(place: Path, *options: str) -> bytes:
    command = ["git", "rev-parse", "--path-format=absolute", *options]
    return run(command, folder=place).removesuffix(b"\n")
