"""A dozen tracks that one can remember, and the real git-annex library that holds them.

Tests name them by title. What is odd about each is said beside it. The contents are a few bytes and no
sound; `mcfs demo` makes libraries that play.
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
    """One file and its metadata as git-annex is told it."""

    file: str
    fields: dict[str, list[str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What tests call it."""
        return self.fields.get("title", [Path(self.file).stem])[0]


def _sample(file: str, artist: str, title: str, genre: str, bpm: str, **more: str) -> Sample:
    fields = {"artist": artist, "title": title, "genre": genre, "bpm": bpm, **more}
    return Sample(file, {name: text.split("|") for name, text in fields.items() if text})


SAMPLES = [
    _sample("Surgeon/Force + Form/01.flac", "Surgeon", "Remnants", "Techno", "134.5",
            album="Force + Form", year="1998", rating="5", key="8A", crate="Peak time|Festival"),
    # Two of one name: both are marked.
    _sample("white/a.mp3", "Anon", "Untitled", "techno", "125", rating="3"),
    _sample("white/b.mp3", "Anon", "Untitled", "techno", "128"),
    # Several genres.
    _sample("orbital.mp3", "Orbital", "Halcyon", "Techno|Ambient", "120", year="1992", rating="4"),
    # The work file is no link.
    _sample("underworld.wav", "Underworld", "Rez", "techno", "126", comment="50% 'live' \"_\""),
    # Content is elsewhere.
    _sample("basic channel.flac", "Basic Channel", "Phylyps", "Dub Techno|techno", "129"),
    _sample("beyonce.mp3", "Beyoncé", "Halo", "Pop", "80", rating="4"),
    _sample("acdc.mp3", "AC/DC", "T.N.T.", "Rock", "127", year="1975"),
    _sample("kino.mp3", "Кино", "Группа крови", "рок", "132"),
    _sample("sakamoto.mp3", "坂本龍一", "戦場 🎹", "Soundtrack", "", year="1983"),
    # Not what the field promises.
    _sample("broken.mp3", "Broken", "Fast", "techno", "fast"),
    Sample("unsorted/nothing known.wav"),
]  # fmt: skip
UNLOCKED = "underworld.wav"
ABSENT = "basic channel.flac"
SECOND_PATH = ("orbital.mp3", "best of/orbital again.mp3")


def make_library(folder: Path) -> None:
    """A git-annex repository of the samples, made by git-annex."""
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


def in_library(library: Library, line: str) -> None:
    """A line of shell, with git-annex in the path."""
    subprocess.run(
        ["sh", "-ec", line],
        cwd=library.top,
        env=git_annex_environment(library.top),
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, made once. Nobody writes to it; `library_folder` is a copy."""
    needs_git_annex()
    folder = tmp_path_factory.mktemp("pristine") / "library"
    make_library(folder)
    return folder


@pytest.fixture(scope="session")
def pristine_store(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of that library, synced once, lying elsewhere."""
    folder = tmp_path_factory.mktemp("store") / "mcfs"
    with open_store(folder) as store:
        sync(open_library(pristine), store)
    return folder


@contextmanager
def copy_of(pristine: Path, folder: Path) -> Iterator[Library]:
    """A library like that one, to do with as one likes."""
    subprocess.run(["cp", "-a", "--reflink=auto", pristine, folder], check=True)
    yield open_library(folder)
    # git-annex takes the write bits away, and then nobody can clear the folder.
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)


@pytest.fixture
def library(pristine: Path, tmp_path: Path) -> Iterator[Library]:
    """A copy of the library for one test, never synced."""
    with copy_of(pristine, tmp_path / "library") as copied:
        yield copied


@pytest.fixture
def synced(library: Library, pristine_store: Path) -> Iterator[Store]:
    """The store of the copy, in step with it."""
    shutil.copytree(pristine_store, library.store_dir)
    with open_store(library.store_dir) as store:
        yield store
