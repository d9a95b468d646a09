"""A dozen tracks, and a real git-annex library that holds them.

Tests call tracks by their titles; a comment says what is special about each. Their contents are a few bytes
and no sound; `mcfs demo` makes libraries that play.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from mcfs.store import Store, open_store
from mcfs.sync.run import sync
from tests.prerequisites import git_annex_environment, needs_git_annex


@dataclass(frozen=True, slots=True)
class Sample:
    """One file, and its metadata as `git annex metadata --batch --json` takes it."""

    file: str
    fields: dict[str, list[str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What tests call it: its title, or the stem of its file."""
        return self.fields.get("title", [Path(self.file).stem])[0]


def _sample(file: str, artist: str, title: str, genre: str, bpm: str, **more: str) -> Sample:
    fields = {"artist": artist, "title": title, "genre": genre, "bpm": bpm, **more}
    return Sample(file, {name: text.split("|") for name, text in fields.items() if text})


SAMPLES = [
    _sample("Surgeon/Force + Form/01.flac", "Surgeon", "Remnants", "Techno", "134.5",
            album="Force + Form", year="1998", rating="5", key="8A", crate="Peak time|Festival"),
    # Two tracks of the same name: both names get a hash.
    _sample("white/a.mp3", "Anon", "Untitled", "techno", "125", rating="3"),
    _sample("white/b.mp3", "Anon", "Untitled", "techno", "128"),
    # Several genres.
    _sample("orbital.mp3", "Orbital", "Halcyon", "Techno|Ambient", "120", year="1992", rating="4"),
    # Unlocked: its file is not a link.
    _sample("underworld.wav", "Underworld", "Rez", "techno", "126", comment="50% 'live' \"_\""),
    # Its content is not here.
    _sample("basic channel.flac", "Basic Channel", "Phylyps", "Dub Techno|techno", "129"),
    _sample("beyonce.mp3", "Beyoncé", "Halo", "Pop", "80", rating="4"),
    _sample("acdc.mp3", "AC/DC", "T.N.T.", "Rock", "127", year="1975"),
    _sample("kino.mp3", "Кино", "Группа крови", "рок", "132"),
    _sample("sakamoto.mp3", "坂本龍一", "戦場 🎹", "Soundtrack", "", year="1983"),
    # A tempo that is not a number.
    _sample("broken.mp3", "Broken", "Fast", "techno", "fast"),
    Sample("unsorted/nothing known.wav"),
]  # fmt: skip
UNLOCKED = "underworld.wav"
ABSENT = "basic channel.flac"
SECOND_PATH = ("orbital.mp3", "best of/orbital again.mp3")


def make_library(folder: Path) -> None:
    """Make a git-annex repository with the sample tracks."""
    environment = git_annex_environment(folder)

    def run(*words: str, stdin: str = "") -> None:
        subprocess.run(
            words,
            cwd=folder,
            env=environment,
            input=stdin.encode(),
            check=True,
            capture_output=True,
        )

    folder.mkdir()
    run("git", "init", "-q", "-b", "main")
    run("git", "config", "user.name", "test")
    run("git", "config", "user.email", "test@example.org")
    run("git", "annex", "init", "-q", "library")
    for sample in SAMPLES:
        file = folder / sample.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"sound of {sample.file}\n".encode() * 40)
    copy = folder / SECOND_PATH[1]
    copy.parent.mkdir()
    shutil.copy(folder / SECOND_PATH[0], copy)
    (folder / "cover.jpg").write_bytes(b"a picture")
    run("git", "annex", "add", "-q", ".")
    (folder / "notes.txt").write_text("not annexed\n")
    run("git", "add", "notes.txt")
    run("git", "annex", "unlock", "-q", UNLOCKED)
    run("git", "commit", "-qm", "the library")
    described = [json.dumps({"file": s.file, "fields": s.fields}) for s in SAMPLES if s.fields]
    run("git", "annex", "metadata", "-q", "--batch", "--json", stdin="\n".join(described) + "\n")
    run("git", "annex", "drop", "-q", "--force", ABSENT)


def run_in_library(library: Library, line: str) -> None:
    """Run a line of shell in the library, with git-annex in PATH."""
    subprocess.run(
        ["sh", "-ec", line],
        cwd=library.top,
        env=git_annex_environment(library.top),
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="session")
def pristine_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, made once for all tests. Read only; `library` is a copy to change."""
    needs_git_annex()
    folder = tmp_path_factory.mktemp("pristine-library") / "library"
    make_library(folder)
    return folder


@pytest.fixture(scope="session")
def pristine_store(pristine_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of that library after one sync, in a folder of its own."""
    folder = tmp_path_factory.mktemp("store") / "mcfs"
    with open_store(folder) as store:
        sync(open_library(pristine_library), store)
    return folder


@contextmanager
def copy_of_library(pristine_library: Path, folder: Path) -> Iterator[Library]:
    """A copy of a library, which a test may change."""
    subprocess.run(["cp", "-a", "--reflink=auto", pristine_library, folder], check=True)
    yield open_library(folder)
    # git-annex removes write permission from contents; pytest needs it to remove the folder.
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)


@pytest.fixture
def library(pristine_library: Path, tmp_path: Path) -> Iterator[Library]:
    """A copy of the library for one test, not yet synced."""
    with copy_of_library(pristine_library, tmp_path / "library") as copied:
        yield copied


@pytest.fixture
def synced(library: Library, pristine_store: Path) -> Iterator[Store]:
    """The store of that copy, synced."""
    shutil.copytree(pristine_store, library.store_dir)
    with open_store(library.store_dir) as store:
        yield store
