"""Failures of reading: each becomes one sentence, and leaves no process or thread behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs.annex import git as plumbing
from mcfs.annex.branch import changed_keys
from mcfs.annex.files import read_files
from mcfs.annex.fingerprint import take_fingerprint
from mcfs.annex.journal import journal_key
from mcfs.annex.library import Library, open_library
from mcfs.annex.process import environment
from mcfs.annex.read_library import fingerprint_and_journal, read_all_keys, read_keys
from mcfs.errors import LibraryError
from tests.annex.git_annex_oracle import Repository, check_against_git_annex, read
from tests.tracks import SECOND_PATH

TRACK = "acdc.mp3"


@pytest.fixture(autouse=True)
def leaves_no_thread() -> Iterator[None]:
    """The threads that serve a pipe must have ended."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def _sentence(library: Library, expected: str) -> None:
    with pytest.raises(LibraryError, match=expected) as caught:
        read(library)
    assert "\n" not in str(caught.value)


def _object(library: Library, name: str) -> Path:
    """The file of a loose git object."""
    repository = Repository(library.top)
    blob = repository.git("rev-parse", name).decode().strip()
    return library.common_dir / "objects" / blob[:2] / blob[2:]


def _log_name(library: Library, kind: str) -> str:
    repository = Repository(library.top)
    key = repository.key(TRACK)
    folders = repository.annex("examinekey", key, "--format=${hashdirlower}").decode()
    return f"git-annex:{folders}{key}{kind}"


@pytest.mark.parametrize("kind", [".log", ".log.met"])
def test_a_log_is_lost(library: Library, kind: str) -> None:
    _object(library, _log_name(library, kind)).unlink()
    _sentence(library, "damaged: git has no object")
    state, journal = fingerprint_and_journal(library)
    files = read_files(library, state, lambda _: True, {})
    keys = [files[TRACK].key]
    with pytest.raises(LibraryError, match="damaged: git has no object"):
        list(read_keys(library, state.annex_commit, files, journal, keys))


@pytest.mark.parametrize("damage", [b"", b"rubbish"])
def test_a_log_is_cut_off(library: Library, damage: bytes) -> None:
    cut = _object(library, _log_name(library, ".log.met"))
    cut.chmod(0o644)
    cut.write_bytes(damage or cut.read_bytes()[:20])
    _sentence(library, "corrupt|unable to|damaged")


def test_a_link_is_lost(library: Library) -> None:
    _object(library, f":{TRACK}").unlink()
    _sentence(library, "damaged: git has no object")


def test_the_tree_of_the_branch_is_lost(library: Library) -> None:
    _object(library, "git-annex^{tree}").unlink()
    _sentence(library, "git ls-tree failed")
    state = take_fingerprint(library)
    assert changed_keys(library, state, state) in (set(), None)


def test_the_index_is_damaged(library: Library) -> None:
    (library.git_dir / "index").write_bytes(b"rubbish")
    _sentence(library, "git ls-files failed")


def test_the_disk_is_gone(library: Library) -> None:
    library.top.rename(library.top.with_name("away"))
    try:
        _sentence(library, "is not there")
        with pytest.raises(LibraryError, match="is not there"):
            open_library(library.top)
    finally:
        library.top.with_name("away").rename(library.top)


def test_a_repository_around_it_is_not_read_instead(library: Library) -> None:
    """As when a disk is mounted inside a home folder that is itself in git."""
    Repository(library.top.parent).git("init", "-q")
    state, _ = fingerprint_and_journal(library)
    library.git_dir.rename(library.top / "away")
    with pytest.raises(LibraryError, match="not a git repository"):
        take_fingerprint(library)
    with pytest.raises(LibraryError, match="not a git repository"):
        read_files(library, state, lambda _: True, {})


def test_the_library_disappears_while_it_is_read(library: Library) -> None:
    state, journal = fingerprint_and_journal(library)
    files = read_files(library, state, lambda _: True, {})
    reading = read_all_keys(library, state.annex_commit, files, journal)
    next(reading)
    library.top.rename(library.top.with_name("away"))
    # What is in the pipe already may be all there is; else it is an error, and never less than all.
    with contextlib.suppress(LibraryError):
        assert len(list(reading)) == len(files.keys() - {SECOND_PATH[1]}) - 1
    library.top.with_name("away").rename(library.top)


def test_reading_is_given_up_halfway(library: Library) -> None:
    state, journal = fingerprint_and_journal(library)
    files = read_files(library, state, lambda _: True, {})
    reading = read_all_keys(library, state.annex_commit, files, journal)
    next(reading)
    reading.close()  # type: ignore[attr-defined]


def test_git_is_not_installed(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(environment(), "PATH", os.fspath(tmp_path))
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    _sentence(library, "git is not installed: install git")


def test_git_hangs(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (slow / "git").chmod(0o755)
    monkeypatch.setitem(environment(), "PATH", f"{slow}:{os.environ['PATH']}")
    monkeypatch.setenv("PATH", f"{slow}:{os.environ['PATH']}")
    monkeypatch.setattr(plumbing, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(LibraryError, match=r"git for-each-ref did not finish in"):
        plumbing.git(library, "for-each-ref")
    with pytest.raises(LibraryError, match=r"git cat-file did not answer for"):
        list(plumbing.blob_contents(library, [b"0" * 40]))


def test_a_locked_index_can_be_read(library: Library) -> None:
    (library.git_dir / "index.lock").touch()
    check_against_git_annex(library)


def test_rubbish_in_the_journal(library: Library) -> None:
    before = read(library)
    journal = library.git_dir / "annex" / "journal"
    (journal / "aaa_bbb_SHA256E-s1--x.log.met").write_bytes(b"\xff\x00 rubbish \n\n1s")
    (journal / "no key.log").write_bytes(b"rubbish")
    (journal / "folder").mkdir()
    assert read(library).keys == before.keys


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("aaa_bbb_SHA256E-s1--x.log.met", "SHA256E-s1--x"),
        ("journal/aaa_bbb_SHA256E-s1--x.log", "SHA256E-s1--x"),
        ("journal-private/aaa_bbb_WORM--a__b%c.log", "WORM--a_b/c"),
        ("aaa_bbb_WORM--a___b.log", None),
        ("journal/uuid.log", None),
        ("journal/aaa_bbb_SHA256E-s1--x.log.web", None),
    ],
)
def test_the_key_of_a_journal_file(name: str, key: str | None) -> None:
    assert journal_key(name) == key


def test_reading_while_git_annex_writes(library: Library, repository: Repository) -> None:
    """Reading differences, as a sync does, ends with the same as reading everything."""
    script = f"""
        for i in 1 2 3 4; do
            git annex metadata -q -s mood=$i {TRACK} beyonce.mp3
            git -c annex.alwayscommit=false annex metadata -q -s mood=x$i {TRACK} kino.mp3
            git -c annex.alwayscommit=false annex drop -q --force beyonce.mp3
            git -c annex.alwayscommit=false annex metadata -q -s taken+=$i {TRACK}
            git mv {TRACK} moved.mp3; git mv moved.mp3 {TRACK}
        done
    """
    before = read(library)
    known, state = dict(before.keys), before.state
    files, journal = before.files, before.journal
    writer = subprocess.Popen(["sh", "-ec", script], cwd=library.top, env=environment())
    rounds = 0
    while True:
        running = writer.poll() is None
        now, journal = fingerprint_and_journal(library)
        rounds += 1
        found = read_files(library, now, lambda _: True, files)
        changed = changed_keys(library, state, now)
        assert changed is not None
        changed |= {
            file.key
            for path in found.keys() | files.keys()
            for file in (found.get(path), files.get(path))
            if file is not None and found.get(path) != files.get(path)
        }
        for key in changed:
            known.pop(key, None)
        for read_key in read_keys(library, now.annex_commit, found, journal, changed):
            known[read_key.key] = read_key
        state, files = now, found
        if not running:
            break
    assert writer.returncode == 0
    assert rounds > 3
    assert known == check_against_git_annex(library).keys
