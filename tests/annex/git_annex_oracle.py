"""Compares what we read of a library with what git-annex itself says.

A test changes a real repository and calls `check_against_git_annex` before and after. It checks that

- reading writes nothing: the repository is unchanged, byte for byte, and so is the fingerprint;
- reading everything gives the same as reading each key by itself;
- values, files, presence and sizes are those of git-annex;
- the difference between two fingerprints names every key that has changed, so that reading only these keys
  again is enough.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcfs.annex.branch import changed_keys
from mcfs.annex.files import AnnexedFile, read_files
from mcfs.annex.fingerprint import Fingerprint, take_fingerprint
from mcfs.annex.journal import Journal
from mcfs.annex.library import Library
from mcfs.annex.read_library import AnnexedKey, fingerprint_and_journal, read_all_keys, read_keys
from tests.prerequisites import git_annex_environment

# git-annex must not commit the journal or merge fetched branches when we only ask it.
_READ_ONLY_OPTIONS = ["-c", "annex.alwayscommit=false", "-c", "annex.merge-annex-branches=false"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One state of a library, and everything that was read of it."""

    state: Fingerprint
    journal: Journal
    files: dict[str, AnnexedFile]
    keys: dict[str, AnnexedKey]

    def at(self, work_path: str) -> AnnexedKey:
        """The key of one file."""
        return self.keys[self.files[work_path].key]

    def reachable_path(self, work_path: str) -> str | None:
        """The first file of the same key that can be reached in the work tree."""
        key = self.at(work_path)
        return next((path for path in key.work_paths if path not in key.hidden), None)

    def values(self, work_path: str) -> dict[str, list[str]]:
        """The metadata of one file."""
        return {name: list(held) for name, held in self.at(work_path).metadata.values.items()}


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that a test changes through git and git-annex."""

    folder: Path

    def git(
        self, *words: str, stdin: bytes | str = b"", fails: bool = False, **variables: str
    ) -> bytes:
        """Run git in the repository; the first word may be `annex`."""
        assert self.folder.is_absolute()
        done = subprocess.run(
            ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", *words],
            cwd=self.folder,
            env=git_annex_environment(self.folder.parent)
            | {"GIT_CEILING_DIRECTORIES": os.fspath(self.folder.parent)}
            | variables,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, (
            f"{' '.join(words)}: {output.decode(errors='replace')}"
        )
        return done.stdout

    def annex(self, *words: str, stdin: bytes | str = b"") -> bytes:
        """Run git-annex in the repository."""
        return self.git("annex", *words, stdin=stdin)

    def describe(self, file: str, *settings: str) -> None:
        """Set metadata, written as for `git annex metadata -s`."""
        self.annex("metadata", "-q", *(word for one in settings for word in ("-s", one)), file)

    def write(self, file: str, text: str | bytes) -> None:
        """The path of a file in the work tree; makes its folder."""
        place = self.folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)

    def key(self, file: str) -> str:
        """The key of a file, according to git-annex."""
        return os.fsdecode(self.annex("lookupkey", file).removesuffix(b"\n"))


def read(library: Library, wanted: Callable[[str], bool] = lambda _: True) -> Reading:
    """Read everything, in both ways of reading, and check that both give the same."""
    state, journal = fingerprint_and_journal(library)
    files = read_files(library, state, wanted, {})
    listed = list(read_all_keys(library, state.annex_commit, files, journal))
    keys = {key.key: key for key in listed}
    assert len(keys) == len(listed), "a key was read twice"
    named = {file.key for file in files.values()}
    some = list(read_keys(library, state.annex_commit, files, journal, named))
    assert {key.key: key for key in some} == keys, "read_all_keys and read_keys differ"
    assert read_files(library, state, wanted, files) == files, "known files are read differently"
    assert Fingerprint.of_json(json.loads(json.dumps(state.as_json()))) == state
    return Reading(state, journal, files, keys)


def every_byte(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """All files below a folder: mode, time and contents."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for place, folders, names in os.walk(os.fsencode(folder)):
        for name in (*names, *folders, b"."):
            path = os.path.join(place, name)  # noqa: PTH118
            what = os.lstat(path)
            text = b""
            if stat.S_ISLNK(what.st_mode):
                text = os.readlink(path)
            elif stat.S_ISREG(what.st_mode):
                text = Path(os.fsdecode(path)).read_bytes()
            # git touches what a split index is based on whenever it reads it.
            touched = name.startswith(b"sharedindex.")
            found[os.fsdecode(path)] = (what.st_mode, 0 if touched else what.st_mtime_ns, text)
    return found


def check_against_git_annex(
    library: Library,
    branch: str | None = None,
    before: Reading | None = None,
    dead: Collection[str] = (),
) -> Reading:
    """Read the library, make all checks, and return what was read.

    The files are those of the work tree, or those of a `branch` when the work tree has others. git-annex
    lists `dead` keys that still have a file; we do not.
    """
    bytes_before = every_byte(library.top) | every_byte(library.common_dir)
    reading = read(library)
    assert take_fingerprint(library) == reading.state, "reading changed the fingerprint"
    assert every_byte(library.top) | every_byte(library.common_dir) == bytes_before, (
        "reading wrote to the library"
    )
    _compare_with_git_annex(library, reading, branch, dead)
    if before is not None:
        _check_that_changes_are_named(library, before, reading)
    return reading


def _check_that_changes_are_named(library: Library, before: Reading, after: Reading) -> None:
    differ = {
        key
        for key in before.keys.keys() | after.keys.keys()
        if before.keys.get(key) != after.keys.get(key)
    }
    assert not differ or before.state != after.state, "a change that the fingerprint does not show"
    described = changed_keys(library, before.state, after.state)
    if described is None:
        return
    moved = {
        file.key
        for path in before.files.keys() | after.files.keys()
        for file in (before.files.get(path), after.files.get(path))
        if file is not None and before.files.get(path) != after.files.get(path)
    }
    assert differ <= described | moved, "a change that nothing names"


def _compare_with_git_annex(
    library: Library, reading: Reading, branch: str | None, dead: Collection[str]
) -> None:
    at = [f"--branch={branch}"] if branch else []

    def ask(words: list[str]) -> bytes:
        return Repository(library.top).git(*_READ_ONLY_OPTIONS, "annex", *words)

    form = r"--format=${key}\000${file}\000"
    questions = [
        ["find", *at, "--in=here", form],
        ["metadata", "--json", *at, "--include=*"],
        *([["find", *at, "--include=*", form]] if branch else []),
    ]
    with ThreadPoolExecutor(len(questions)) as threads:
        here, described, *listed = threads.map(ask, questions)

    lines = [json.loads(line) for line in described.decode("utf-8", "replace").split("\n")[:-1]]
    expected = {line["key"]: line["fields"] for line in lines}
    ours = {path: file.key for path, file in reading.files.items()}
    if branch:
        assert ours == _pairs(listed[0])
    else:
        assert _as_json(ours) == {line["file"]: line["key"] for line in lines}
    assert reading.keys.keys() == set(ours.values()) - set(dead) == expected.keys() - set(dead)
    assert _pairs(here) == {
        path: key for path, key in ours.items() if key in reading.keys and reading.keys[key].present
    }
    for key, read_key in reading.keys.items():
        values = {name: sorted(held) for name, held in read_key.metadata.values.items()}
        fields = dict(expected[key])
        changed = fields.pop("lastchanged", [None])[0]
        assert _as_json(values) == {
            name: sorted(held) for name, held in fields.items() if not name.endswith("-lastchanged")
        }
        moment = read_key.metadata.changed_at
        assert (moment.strftime("%Y-%m-%d@%H-%M-%S") if moment else None) == changed
        assert (library.common_dir / read_key.content_path).exists() == read_key.present
        if read_key.present:
            content = library.common_dir / read_key.content_path
            assert read_key.size == content.stat().st_size
        assert list(read_key.work_paths) == sorted(
            path for path, file in reading.files.items() if file.key == key
        )
        for path in set(read_key.work_paths) - read_key.hidden:
            assert os.path.lexists(library.top / path)


def _pairs(output: bytes) -> dict[str, str]:
    words = [os.fsdecode(word) for word in output.split(b"\0")]
    return {file: key for key, file in zip(words[0:-1:2], words[1:-1:2], strict=True)}


def _as_json(values: Mapping[str, str | list[str]]) -> Any:
    """The values as git-annex prints them: it replaces bytes that are not UTF-8."""
    text = json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogateescape")
    return json.loads(text.decode("utf-8", "replace"))
