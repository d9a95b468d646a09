"""A git-annex that answers what git-annex does not: a sentence, and never an exception of another kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcfs.annex.get import get_contents
from mcfs.annex.library import Library
from mcfs.annex.metadata_process import MetadataChange, MetadataProcess
from mcfs.annex.process import environment
from mcfs.annex.whereis import whereis
from mcfs.errors import LibraryError

KEY = "MD5E-s1--0.mp3"
ANSWERS = [
    b"garbage",
    b"\xff\xfe",
    b"[]",
    b"3",
    b"null",
    b'{"action": 7, "byte-progress": 5}',
    b'{"key": ["a"]}',
    b'{"key": "%b"}' % KEY.encode(),
    b'{"key": "%b", "success": false, "error-messages": 5}' % KEY.encode(),
    b'{"key": "%b", "success": false, "error-messages": [5]}' % KEY.encode(),
    b'{"action": {"key": "%b"}, "byte-progress": "many"}' % KEY.encode(),
    b'{"action": {"key": "%b"}, "byte-progress": %b}' % (KEY.encode(), b"9" * 5000),
    b'{"key": "%b", "whereis": [{"uuid": 1}]}' % KEY.encode(),
    b'{"key": "%b", "whereis": 7}' % KEY.encode(),
    b"[" * 100_000,
    # one key has failed, and the exit status says so
    b'{"key": "%b", "success": false, "error-messages": [], "whereis": []}\ngarbage' % KEY.encode(),
]


@pytest.fixture
def library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Library:
    """A library whose git-annex prints this answer to whatever it is asked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "answer").write_bytes(request.param + b"\n")
    program = programs / "git-annex"
    program.write_text(f"#!/bin/sh\nread -r line\ncat '{programs}/answer'\n")
    program.chmod(0o755)
    path = environment()["PATH"]
    monkeypatch.setitem(environment(), "PATH", f"{programs}{os.pathsep}{path}")
    git = tmp_path / ".git"
    (git / "annex").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    return Library(
        top=tmp_path,
        git_dir=git,
        common_dir=git,
        uuid="u",
        store_dir=tmp_path / "store",
        other_store_dir=tmp_path / "other",
    )


@pytest.mark.parametrize("library", ANSWERS, indirect=True)
def test_an_odd_answer_is_an_error_of_the_library(library: Library) -> None:
    with pytest.raises(LibraryError, match="cannot be understood"):
        list(get_contents(library, [KEY], None))
    with pytest.raises(LibraryError, match="cannot be understood"):
        whereis(library, [KEY])


@pytest.mark.parametrize("library", ANSWERS, indirect=True)
def test_an_odd_answer_to_a_change_is_a_refusal(library: Library) -> None:
    process = MetadataProcess(library)
    try:
        process.send([MetadataChange(KEY, {"genre": ["x"]})])
        answer = process.next_answer(20)
    finally:
        process.terminate()
    assert answer is not None
    assert answer.refusal
    assert len(answer.refusal) < 2000
