"""The two repositories of the demo: the library, and an archive beside it. git-annex makes both.

Owns the order of the git-annex commands, and that nothing is left behind if one fails.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcfs.annex.process import run
from mcfs.demo.catalogue import catalogue
from mcfs.demo.sound import encode
from mcfs.demo.tags import with_tags
from mcfs.demo.track import ContentIn, Track
from mcfs.errors import LibraryError, McfsError

# Called with the current step, and how much of all is done, 0 to 1.
OnProgress = Callable[[str, float], None]

# Ignore the user's git settings: signed commits, or `*.wav` in git, would spoil the demo. Hooks are not off,
# as they are in the libraries of others: git-annex makes them here.
_WITHOUT_USER_SETTINGS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "0",
}
_IDENTITY = {"user.name": "mcfs demo", "user.email": "demo@mcfs.invalid"}
_ARCHIVE = "archive"
_SECONDS = 3600  # enough for thousands of files on a slow disk

_NOTES = Path("README.md")
_NOTES_TEXT = """\
# A demo library

Made by `mcfs demo`: short made-up beats, with the metadata that a DJ would give them.
Everything here may be changed, and all of it thrown away.

Some tracks are not here but in the archive beside this folder; `git annex get .` brings them.
What git-annex keeps is read-only: before you remove this folder and the archive, `chmod -R u+w` them.
"""
_COVER = Path("Nadja Wrobel/Concrete Garden/cover.jpg")
_COVER_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAgAAAQABAAD/2wBDAAgUFBcUFxsbGxsbGyAeICEhISAgICAhISEkJCQqKiokJCQhISQkKCgq"
    "Ki4vLisrKisvLzIyMjw8OTlGRkhWVmf/xABLAAEBAAAAAAAAAAAAAAAAAAAABgEBAAAAAAAAAAAAAAAAAAAABRAB"
    "AAAAAAAAAAAAAAAAAAAAABEBAAAAAAAAAAAAAAAAAAAAAP/AABEIABAAEAMBIgACEQADEQD/2gAMAwEAAhEDEQA/"
    "AIoAsNf/2Q=="
)


@dataclass(frozen=True, slots=True)
class DemoLibrary:
    """The two repositories, and how many tracks they have."""

    library: Path
    archive: Path
    tracks: int
    only_in_archive: int


def make_library(place: Path, count: int, seed: int, on_progress: OnProgress) -> DemoLibrary:
    """Make a library of `count` tracks at `place`, and its archive at `place`-archive; or neither."""
    library = place.resolve()
    if ":" in library.name:
        raise McfsError(f"{library} contains a colon, so git-annex would read it as HOST:PATH")
    _refuse_unless_free(library)
    archive = library.with_name(f"{library.name}-{_ARCHIVE}")
    _refuse_unless_free(archive)
    for command in (["git", "--version"], ["git-annex", "version", "--raw"]):
        run(command, folder=Path("/"))  # fails here if it is missing, with nothing to clean up
    tracks = catalogue(count, seed)
    with _removed_on_failure(library, archive):
        _init_library(library)
        for done, track in enumerate(tracks):
            on_progress("making sound", 0.5 * done / count)
            _write_track(library, track)
        on_progress("git annex add", 0.5)
        _annex_add(library, tracks)
        on_progress("git annex metadata", 0.7)
        _set_metadata(library, tracks)
        on_progress("git annex copy", 0.8)
        _fill_archive(library, archive, tracks)
        on_progress("done", 1)
    only_in_archive = sum(track.content_in is ContentIn.ARCHIVE for track in tracks)
    return DemoLibrary(library, archive, count, only_in_archive)


def _refuse_unless_free(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise McfsError(f"{folder} is a file; name a folder that is new or empty")
    if folder.exists() and any(folder.iterdir()):
        raise McfsError(f"{folder} is not empty; name a folder that is new or empty")


@contextlib.contextmanager
def _removed_on_failure(*folders: Path) -> Iterator[None]:
    """On failure or Ctrl-C, remove the folders, and the parents that did not exist before."""
    missing = {
        part for folder in folders for part in (folder, *folder.parents) if not part.exists()
    }
    try:
        yield
    except BaseException:
        for folder in folders:
            _empty(folder)
        for part in sorted(missing, key=lambda part: len(part.parts), reverse=True):
            # Fails if it was never made, or if another process put a file in it.
            with contextlib.suppress(OSError):
                part.rmdir()
        raise


def _empty(folder: Path) -> None:
    # git-annex makes its objects, and the folders that hold them, read-only.
    for inner, _, _ in os.walk(folder):
        Path(inner).chmod(0o700)
    for entry in folder.iterdir() if folder.exists() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _init_library(library: Path) -> None:
    library.mkdir(parents=True, exist_ok=True)
    _run(library, "git", "init", "--quiet", "--initial-branch=main")
    for name, value in _IDENTITY.items():
        _run(library, "git", "config", name, value)
    _run(library, "git-annex", "init", "--quiet", "library")
    _file_in(library, _NOTES).write_text(_NOTES_TEXT)
    _file_in(library, _COVER).write_bytes(_COVER_JPEG)


def _write_track(library: Path, track: Track) -> None:
    sound = with_tags(encode(track.tune, track.extension), track.extension, track.tags)
    for work_path in track.work_paths:
        _file_in(library, work_path).write_bytes(sound)


def _file_in(library: Path, work_path: Path | str) -> Path:
    file = library / work_path
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _annex_add(library: Path, tracks: list[Track]) -> None:
    add = ("git-annex", "add", "--quiet", "--force-large", "--no-check-gitignore", "--batch", "-z")
    locked = [path for track in tracks if not track.unlocked for path in track.work_paths]
    unlocked = [path for track in tracks if track.unlocked for path in track.work_paths]
    _run(library, *add, stdin=_null_terminated([str(_COVER), *locked]))
    _run(library, *add, "-c", "annex.addunlocked=true", stdin=_null_terminated(unlocked))
    _run(library, "git", "add", "--force", str(_NOTES))
    _run(library, "git", "commit", "--quiet", "--message=A demo library")


def _set_metadata(library: Path, tracks: list[Track]) -> None:
    lines = [
        json.dumps({"file": track.work_paths[0], "fields": track.fields})
        for track in tracks
        if track.fields
    ]
    stdin = "".join(f"{line}\n" for line in lines).encode()
    _run(library, "git-annex", "metadata", "--quiet", "--batch", "--json", stdin=stdin)


def _fill_archive(library: Path, archive: Path, tracks: list[Track]) -> None:
    """Clone the library, and copy or move content. The two are each other's remotes, by relative paths."""
    identity = [f"--config={name}={value}" for name, value in _IDENTITY.items()]
    _run(library, "git", "clone", "--quiet", *identity, str(library), str(archive))
    _run(archive, "git", "remote", "set-url", "origin", f"../{library.name}")
    _run(archive, "git-annex", "init", "--quiet", _ARCHIVE)
    _run(library, "git", "remote", "add", _ARCHIVE, f"../{archive.name}")
    for command, content_in in (("copy", ContentIn.BOTH), ("move", ContentIn.ARCHIVE)):
        paths = [
            path for track in tracks if track.content_in is content_in for path in track.work_paths
        ]
        to_archive = (command, "--quiet", f"--to={_ARCHIVE}", "--batch", "-z")
        _run(library, "git-annex", *to_archive, stdin=_null_terminated(paths))


def _null_terminated(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def _run(folder: Path, *command: str, stdin: bytes = b"") -> None:
    # Called as `git-annex`: when `git annex` is stopped, only git ends and git-annex goes on.
    try:
        run(command, folder=folder, stdin=stdin, seconds=_SECONDS, variables=_WITHOUT_USER_SETTINGS)
    except LibraryError as error:
        # A LibraryError means exit code 69, "the library cannot be reached". Here, making it failed.
        raise McfsError(str(error)) from error
