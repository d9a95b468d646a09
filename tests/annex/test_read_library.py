"""Reading a library in many states, compared with git-annex."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from tests.annex.git_annex_oracle import Repository, check_against_git_annex, read
from tests.tracks import ABSENT, SECOND_PATH, UNLOCKED

TRACK = "acdc.mp3"


def test_the_samples(library: Library) -> None:
    reading = check_against_git_annex(library)
    assert reading.at(UNLOCKED).present
    assert not reading.at(ABSENT).present
    assert reading.at(SECOND_PATH[0]).work_paths == tuple(sorted(SECOND_PATH))
    assert reading.at("cover.jpg").metadata.values == {}
    assert "notes.txt" not in reading.files


def test_only_wanted_files(library: Library) -> None:
    reading = read(library, lambda path: path.endswith(".flac"))
    assert {path.rpartition(".")[2] for path in reading.files} == {"flac"}
    assert len(reading.keys) == 2


# Metadata.


def test_metadata_set_changed_and_unset(library: Library, repository: Repository) -> None:
    states = [check_against_git_annex(library)]
    for settings in (
        ["mood=dark"],
        ["mood=light", "mood+=odd", "rating=1"],
        ["mood-=odd"],
        ["mood-=light", "artist=", "Genre=Rock"],
    ):
        repository.describe(TRACK, *settings)
        states.append(check_against_git_annex(library, before=states[-1]))
    repository.annex("metadata", "-q", "--remove-all", TRACK)
    after = check_against_git_annex(library, before=states[-1])
    assert after.values(TRACK) == {}
    assert len({reading.state.annex_commit for reading in (*states, after)}) == 6


def test_several_writes_in_one_second(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    key = repository.key(TRACK)
    lines = "".join(f'{{"key":"{key}","fields":{{"mood":["{n}"]}}}}\n' for n in range(20))
    repository.annex("metadata", "-q", "--batch", "--json", stdin=lines)
    assert check_against_git_annex(library, before=before).values(TRACK)["mood"] == ["19"]


def test_the_newest_spelling_of_a_field(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.describe(TRACK, "Label=one")
    repository.describe(TRACK, "LABEL+=two")
    after = check_against_git_annex(library, before=before)
    assert after.values(TRACK)["LABEL"] == ["one", "two"]


def test_values_with_special_characters(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    values = ["", " ", "a b", "tab\tx", "!bang", "cr\rx", "new\nline", "+p", "-m", "\u2028", "=é="]
    repository.describe(TRACK, *(f"hard+={value}" for value in values))
    assert check_against_git_annex(library, before=before).values(TRACK)["hard"] == sorted(values)


def test_a_value_that_is_not_utf_8(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.describe(TRACK, "odd=" + os.fsdecode(b"caf\xe9"))
    assert check_against_git_annex(library, before=before).values(TRACK)["odd"] == ["caf\udce9"]


# What is written and not committed.


def test_the_journal(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.git("config", "annex.alwayscommit", "false")
    repository.describe(TRACK, "mood=dark")
    journaled = check_against_git_annex(library, before=before)
    assert journaled.state.annex_commit == before.state.annex_commit
    assert journaled.values(TRACK)["mood"] == ["dark"]
    repository.describe(TRACK, "mood=soft")
    again = check_against_git_annex(library, before=journaled)
    assert again.values(TRACK)["mood"] == ["soft"]
    repository.annex("drop", "-q", "--force", TRACK)
    dropped = check_against_git_annex(library, before=again)
    assert not dropped.at(TRACK).present
    repository.git("-c", "annex.alwayscommit=true", "annex", "merge", "-q")
    flushed = check_against_git_annex(library, before=dropped)
    assert not flushed.state.journal
    assert flushed.keys == dropped.keys


def test_a_private_repository(library: Library, repository: Repository) -> None:
    repository.git("config", "annex.private", "true")
    before = check_against_git_annex(library)
    repository.annex("drop", "-q", "--force", TRACK)
    dropped = check_against_git_annex(library, before=before)
    repository.write("private.mp3", "a private track")
    repository.annex("add", "-q", "private.mp3")
    added = check_against_git_annex(library, before=dropped)
    assert any(name.startswith("journal-private/") for name in added.state.journal)
    assert added.at("private.mp3").added_at is not None
    repository.describe("private.mp3", "mood=secret")
    described = check_against_git_annex(library, before=added)
    assert described.values("private.mp3") == {"mood": ["secret"]}


# Content.


def test_get_and_drop(library: Library, repository: Repository, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    repository.git("clone", "-q", ".", os.fspath(other.folder))
    other.annex("init", "-q", "other")
    other.annex("get", "-q", TRACK)
    repository.git("remote", "add", "other", os.fspath(other.folder))
    repository.annex("sync", "-q", "--no-content", "other")
    before = check_against_git_annex(library)
    repository.annex("drop", "-q", TRACK)
    dropped = check_against_git_annex(library, before=before)
    assert (before.at(TRACK).present, dropped.at(TRACK).present) == (True, False)
    repository.annex("get", "-q", TRACK)
    got = check_against_git_annex(library, before=dropped)
    assert got.at(TRACK).present
    assert check_against_git_annex(open_library(other.folder)).at(TRACK).present


def test_dead_keys_are_left_out(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    key = repository.key(TRACK)
    repository.annex("drop", "-q", "--force", TRACK)
    repository.annex("dead", f"--key={key}")
    dead = check_against_git_annex(library, before=before, dead=[key])
    assert key in before.keys
    assert key not in dead.keys


# Files.


def test_unlocking_and_locking(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.annex("unlock", "-q", TRACK)
    unlocked = check_against_git_annex(library, before=before)
    assert unlocked.keys == before.keys
    repository.annex("lock", "-q", TRACK, UNLOCKED)
    check_against_git_annex(library, before=unlocked)


def test_rename_deletion_and_a_second_path(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.git("mv", TRACK, "renamed.mp3")
    renamed = check_against_git_annex(library, before=before)
    assert renamed.at("renamed.mp3").work_paths == ("renamed.mp3",)
    copy = library.top / "deep" / "er" / "copy.mp3"
    copy.parent.mkdir(parents=True)
    copy.symlink_to("../../" + os.readlink(library.top / "beyonce.mp3"))
    repository.git("add", "deep")
    copied = check_against_git_annex(library, before=renamed)
    assert copied.at("beyonce.mp3").work_paths == ("beyonce.mp3", "deep/er/copy.mp3")
    repository.git("rm", "-qf", "renamed.mp3", SECOND_PATH[0])
    deleted = check_against_git_annex(library, before=copied)
    assert deleted.at(SECOND_PATH[1]).work_paths == (SECOND_PATH[1],)
    repository.git("commit", "-qm", "moved")
    assert check_against_git_annex(library, before=deleted).keys == deleted.keys


def test_a_file_that_becomes_another_key(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.write(TRACK, "remastered")
    repository.annex("add", "-q", TRACK)
    replaced = check_against_git_annex(library, before=before)
    assert replaced.at(TRACK).key != before.at(TRACK).key
    repository.write(UNLOCKED, "edited in place")
    repository.git("add", UNLOCKED)
    edited = check_against_git_annex(library, before=replaced)
    assert edited.at(UNLOCKED).key != before.at(UNLOCKED).key
    repository.git("rm", "-q", "--cached", TRACK)
    repository.write(TRACK, "no longer annexed")
    repository.git("-c", "annex.largefiles=nothing", "add", TRACK)
    assert TRACK not in check_against_git_annex(library, before=edited).files


# Branches that show other files.


def test_adjusted_to_unlocked_and_back(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.annex("adjust", "-q", "--unlock")
    unlocked = check_against_git_annex(library, before=before)
    assert unlocked.keys == before.keys
    repository.annex("adjust", "-q", "--lock")
    locked = check_against_git_annex(library, before=unlocked)
    assert locked.keys == before.keys


@pytest.mark.parametrize("also", [[], ["--unlock"]])
def test_adjusted_to_hide_missing_files(
    library: Library, repository: Repository, also: list[str]
) -> None:
    before = check_against_git_annex(library)
    repository.annex("adjust", "-q", "--hide-missing", *also)
    hidden = check_against_git_annex(library, "main", before=before)
    assert hidden.reachable_path(ABSENT) is None
    assert hidden.reachable_path(TRACK) == TRACK
    assert {key: value.work_paths for key, value in hidden.keys.items()} == {
        key: value.work_paths for key, value in before.keys.items()
    }
    repository.annex("drop", "-q", "--force", TRACK)
    repository.annex("adjust", "-q", "--hide-missing", *also)
    more = check_against_git_annex(library, "main", before=hidden)
    assert more.reachable_path(TRACK) is None


@pytest.mark.parametrize("adjusted", [[], ["--hide-missing", "--unlock"]])
def test_a_view(library: Library, repository: Repository, adjusted: list[str]) -> None:
    before = check_against_git_annex(library)
    if adjusted:
        repository.annex("adjust", "-q", *adjusted)
    repository.annex("view", "-q", "genre=*")
    assert not (library.top / TRACK).exists()
    viewed = check_against_git_annex(library, "main", before=before)
    assert viewed.at(TRACK).work_paths == (TRACK,)
    assert viewed.reachable_path(TRACK) is None
    repository.annex("vfilter", "-q", "genre=rock")
    filtered = check_against_git_annex(library, "main", before=viewed)
    assert filtered.keys == viewed.keys
    repository.annex("vpop", "-q", "2")
    if not adjusted:
        assert check_against_git_annex(library, before=filtered).keys == before.keys


def test_a_detached_head(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.git("checkout", "-q", "--detach")
    detached = check_against_git_annex(library, before=before)
    assert detached.keys == before.keys


def test_many_keys_are_read_from_the_whole_branch(
    library: Library, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcfs.annex.read_library.MANY_KEYS", 1)
    before = check_against_git_annex(library)
    repository.describe(TRACK, "mood=dark")
    assert check_against_git_annex(library, before=before).values(TRACK)["mood"] == ["dark"]
