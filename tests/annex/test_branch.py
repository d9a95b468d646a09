"""The git-annex branch: remotes, merges, `git annex forget`, private logs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mcfs.annex.branch import changed_keys, unmerged_branches
from mcfs.annex.fingerprint import basis_of, is_view
from mcfs.annex.library import Library
from tests.annex.git_annex_oracle import Repository, check_against_git_annex
from tests.tracks import ABSENT

TRACK = "acdc.mp3"


def _clone(repository: Repository, folder: Path) -> Repository:
    other = Repository(folder)
    repository.git("clone", "-q", ".", os.fspath(folder))
    other.annex("init", "-q", "other")
    repository.git("remote", "add", "other", os.fspath(folder))
    # Otherwise the next git-annex command would write this to the configuration.
    uuid = other.git("config", "annex.uuid").decode().strip()
    repository.git("config", "remote.other.annex-uuid", uuid)
    repository.git("fetch", "-q", "other")
    return other


@pytest.mark.parametrize(
    ("head", "basis", "view"),
    [
        (None, None, False),
        ("refs/heads/main", None, False),
        ("0123456789" * 4, None, False),
        ("refs/heads/adjusted/main(unlocked)", None, False),
        ("refs/heads/adjusted/main", None, False),
        ("refs/heads/adjusted/main(hidemissing)", "refs/heads/main", False),
        ("refs/heads/adjusted/main(hidemissing-unlocked)", "refs/heads/main", False),
        ("refs/heads/adjusted/live(2019)(hidemissing)", "refs/heads/live(2019)", False),
        ("refs/heads/views/a/b(genre=_;year=1_)", "refs/heads/a/b", True),
        ("refs/heads/adjusted/views/main(genre=_)(unlocked)", "refs/heads/main", True),
        ("refs/heads/views/adjusted/main(hidemissing)(genre=_)", "refs/heads/main", True),
    ],
)
def test_the_branch_that_another_is_based_on(
    head: str | None, basis: str | None, view: bool
) -> None:
    assert basis_of(head) == basis
    assert is_view(head) is view


def test_branches_that_are_fetched_and_not_merged(
    library: Library, repository: Repository, tmp_path: Path
) -> None:
    other = _clone(repository, tmp_path / "other")
    before = check_against_git_annex(library)
    assert unmerged_branches(library, before.state) == ["refs/remotes/other/git-annex"]
    other.describe(TRACK, "mood=elsewhere")
    repository.git("fetch", "-q", "other")
    fetched = check_against_git_annex(library, before=before)
    assert fetched.keys == before.keys
    assert fetched.state.remote_commits != before.state.remote_commits
    # As a push leaves it where git-annex's hook did not run.
    repository.git("branch", "-q", "synced/git-annex", "other/git-annex")
    pushed = check_against_git_annex(library, before=fetched)
    assert unmerged_branches(library, pushed.state) == [
        "refs/heads/synced/git-annex",
        "refs/remotes/other/git-annex",
    ]
    repository.annex("merge", "-q")
    merged = check_against_git_annex(library, before=pushed)
    assert merged.values(TRACK)["mood"] == ["elsewhere"]
    assert unmerged_branches(library, merged.state) == []


def test_the_branch_after_git_annex_forget(
    library: Library, repository: Repository, tmp_path: Path
) -> None:
    repository.describe(TRACK, "mood=dark")
    _clone(repository, tmp_path / "other")
    repository.annex("merge", "-q")
    before = check_against_git_annex(library)
    repository.annex("forget", "--force", "-q")
    forgotten = check_against_git_annex(library, before=before)
    assert forgotten.keys == before.keys
    assert unmerged_branches(library, forgotten.state) == []
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("remote", "remove", "other")
    repository.git("gc", "-q", "--prune=now")
    assert changed_keys(library, before.state, forgotten.state) is None
    never = replace(before.state, annex_commit=None)
    assert changed_keys(library, never, forgotten.state) is None
    assert check_against_git_annex(library, before=forgotten).keys == before.keys


def test_logs_that_are_not_ours(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    key = repository.key(TRACK)
    repository.annex("registerurl", "-q", key, "http://example.org/track")
    uuid = library.uuid
    folders = repository.annex("examinekey", key, "--format=${hashdirlower}").decode()
    journal = library.git_dir / "annex" / "journal"
    for kind in (".log.rmet", ".log.cnk", ".log.cid", ".log.rmt"):
        name = f"{folders}{key}{kind}".replace("_", "__").replace("/", "_")
        (journal / name).write_text(f"1s {uuid}:mood +wrong\n")
    (journal / "trust.log").write_text(f"{uuid} 1 timestamp=1s\n")
    after = check_against_git_annex(library, before=before)
    assert after.keys == before.keys
    repository.annex("merge", "-q")
    assert check_against_git_annex(library, before=after).keys == before.keys


def test_an_unfinished_merge(library: Library, repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "theirs")
    repository.write(TRACK, "their version")
    repository.annex("add", "-q", TRACK)
    repository.git("commit", "-qm", "theirs")
    repository.git("checkout", "-q", "main")
    repository.write(TRACK, "our version")
    repository.annex("add", "-q", TRACK)
    repository.git("commit", "-qm", "ours")
    before = check_against_git_annex(library)
    repository.git("merge", "-q", "theirs", fails=True)
    assert b" 2\t" in repository.git("ls-files", "--unmerged")
    (library.top / ".git" / "index.lock").touch()
    conflict = check_against_git_annex(library, before=before)
    assert conflict.at(TRACK) == before.at(TRACK), "the work tree has our side"
    (library.top / ".git" / "index.lock").unlink()
    repository.git("checkout", "-q", "--theirs", TRACK)
    repository.git("add", TRACK)
    assert check_against_git_annex(library, before=conflict).at(TRACK).present


def test_the_location_log_of_a_key_without_metadata(
    library: Library, repository: Repository
) -> None:
    before = check_against_git_annex(library)
    assert before.at("cover.jpg").added_at is not None
    repository.annex("drop", "-q", "--force", "cover.jpg")
    assert not check_against_git_annex(library, before=before).at("cover.jpg").present
    assert before.at(ABSENT).added_at is not None


def test_logs_that_are_committed_after_they_were_read(
    library: Library, repository: Repository
) -> None:
    """Such a log is not read again, unless it changed in between."""
    before = check_against_git_annex(library)
    later = ("-c", "annex.alwayscommit=false", "annex", "metadata", "-q")
    repository.git(*later, "-s", "mood=dark", TRACK)
    repository.git(*later, "-s", "mood=bright", "kino.mp3")
    noted = check_against_git_annex(library, before=before)
    keys = {file: noted.files[file].key for file in (TRACK, "kino.mp3", "beyonce.mp3")}
    assert changed_keys(library, before.state, noted.state) == {keys[TRACK], keys["kino.mp3"]}
    repository.git(*later, "-s", "mood=brighter", "kino.mp3")
    repository.describe("beyonce.mp3", "mood=new")
    committed = check_against_git_annex(library, before=noted)
    assert committed.state.journal == {}
    assert changed_keys(library, noted.state, committed.state) == {
        keys["kino.mp3"],
        keys["beyonce.mp3"],
    }
    # Who saw what was before the journal has to read all of them.
    assert changed_keys(library, before.state, committed.state) == set(keys.values())


def test_private_logs_are_not_committed(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.git("-c", "annex.alwayscommit=false", "annex", "metadata", "-q", "-s", "a=b", TRACK)
    journal = library.common_dir / "annex" / "journal"
    (log,) = journal.glob("*.log.met")
    private = journal.with_name("journal-private")
    private.mkdir(exist_ok=True)
    (private / log.name).write_bytes(log.read_bytes())
    noted = check_against_git_annex(library, before=before)
    (private / log.name).unlink()
    repository.describe("kino.mp3", "a=b")
    committed = check_against_git_annex(library, before=noted)
    changed = changed_keys(library, noted.state, committed.state)
    assert changed == {noted.files[file].key for file in (TRACK, "kino.mp3")}
