"""What a library says, in every state that its user can bring it into: git-annex is the oracle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from tests.annex.git_annex_oracle import Repository, agree, read
from tests.tracks import ABSENT, SECOND_PATH, UNLOCKED

TRACK = "acdc.mp3"


def test_the_samples(library: Library) -> None:
    reading = agree(library)
    assert reading.at(UNLOCKED).present
    assert not reading.at(ABSENT).present
    assert reading.at(SECOND_PATH[0]).work_paths == tuple(sorted(SECOND_PATH))
    assert reading.at("cover.jpg").metadata.values == {}
    assert "notes.txt" not in reading.files


def test_only_what_is_wanted(library: Library) -> None:
    reading = read(library, lambda path: path.endswith(".flac"))
    assert {path.rpartition(".")[2] for path in reading.files} == {"flac"}
    assert len(reading.keys) == 2


# Metadata.


def test_metadata_set_changed_and_unset(library: Library, repository: Repository) -> None:
    states = [agree(library)]
    for settings in (
        ["mood=dark"],
        ["mood=light", "mood+=odd", "rating=1"],
        ["mood-=odd"],
        ["mood-=light", "artist=", "Genre=Rock"],
    ):
        repository.describe(TRACK, *settings)
        states.append(agree(library, before=states[-1]))
    repository.annex("metadata", "-q", "--remove-all", TRACK)
    after = agree(library, before=states[-1])
    assert after.values(TRACK) == {}
    assert len({reading.state.annex_commit for reading in (*states, after)}) == 6


def test_several_writes_in_one_second(library: Library, repository: Repository) -> None:
    before = agree(library)
    key = repository.key(TRACK)
    lines = "".join(f'{{"key":"{key}","fields":{{"mood":["{n}"]}}}}\n' for n in range(20))
    repository.annex("metadata", "-q", "--batch", "--json", stdin=lines)
    assert agree(library, before=before).values(TRACK)["mood"] == ["19"]


def test_the_newest_spelling_of_a_field(library: Library, repository: Repository) -> None:
    before = agree(library)
    repository.describe(TRACK, "Label=one")
    repository.describe(TRACK, "LABEL+=two")
    after = agree(library, before=before)
    assert after.values(TRACK)["LABEL"] == ["one", "two"]


def test_values_that_are_hard_to_carry(library: Library, repository: Repository) -> None:
    before = agree(library)
    values = ["", " ", "a b", "tab\tx", "!bang", "cr\rx", "new\nline", "+p", "-m", "\u2028", "=é="]
    repository.describe(TRACK, *(f"hard+={value}" for value in values))
    assert agree(library, before=before).values(TRACK)["hard"] == sorted(values)


def test_a_value_that_is_not_utf_8(library: Library, repository: Repository) -> None:
    before = agree(library)
    repository.describe(TRACK, "odd=" + os.fsdecode(b"caf\xe9"))
    assert agree(library, before=before).values(TRACK)["odd"] == ["caf\udce9"]


# What is written and not committed.


def test_the_journal(library: Library, repository: Repository) -> None:
    before = agree(library)
    repository.git("config", "annex.alwayscommit", "false")
    repository.describe(TRACK, "mood=dark")
    journaled = agree(library, before=before)
    assert journaled.state.annex_commit == before.state.annex_commit
    assert journaled.values(TRACK)["mood"] == ["dark"]
    repository.describe(TRACK, "mood=soft")
    again = agree(library, before=journaled)
    assert again.values(TRACK)["mood"] == ["soft"]
    repository.annex("drop", "-q", "--force", TRACK)
    dropped = agree(library, before=again)
    assert not dropped.at(TRACK).present
    repository.git("-c", "annex.alwayscommit=true", "annex", "merge", "-q")
    flushed = agree(library, before=dropped)
    assert not flushed.state.journal
    assert flushed.keys == dropped.keys


def test_a_private_repository(library: Library, repository: Repository) -> None:
    repository.git("config", "annex.private", "true")
    before = agree(library)
    repository.annex("drop", "-q", "--force", TRACK)
    dropped = agree(library, before=before)
    repository.write("private.mp3", "heard by nobody")
    repository.annex("add", "-q", "private.mp3")
    added = agree(library, before=dropped)
    assert any(name.startswith("journal-private/") for name in added.state.journal)
    assert added.at("private.mp3").added_at is not None
    repository.describe("private.mp3", "mood=secret")
    described = agree(library, before=added)
    assert described.values("private.mp3") == {"mood": ["secret"]}


# Content.


def test_get_and_drop(library: Library, repository: Repository, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    repository.git("clone", "-q", ".", os.fspath(other.folder))
    other.annex("init", "-q", "other")
    other.annex("get", "-q", TRACK)
    repository.git("remote", "add", "other", os.fspath(other.folder))
    repository.annex("sync", "-q", "--no-content", "other")
    before = agree(library)
    repository.annex("drop", "-q", TRACK)
    dropped = agree(library, before=before)
    assert (before.at(TRACK).present, dropped.at(TRACK).present) == (True, False)
    repository.annex("get", "-q", TRACK)
    got = agree(library, before=dropped)
    assert got.at(TRACK).present
    assert agree(open_library(other.folder)).at(TRACK).present


def test_dead_keys_are_left_out(library: Library, repository: Repository) -> None:
    before = agree(library)
    key = repository.key(TRACK)
    repository.annex("drop", "-q", "--force", TRACK)
    repository.annex("dead", f"--key={key}")
    dead = agree(library, before=before, dead=[key])
    assert key in before.keys
    assert key not in dead.keys


# Files.


def test_unlocking_and_locking(library: Library, repository: Repository) -> None:
    before = agree(library)
    repository.annex("unlock", "-q", TRACK)
    unlocked = agree(library, before=before)
    assert unlocked.keys == before.keys
    repository.annex("lock", "-q", TRACK, UNLOCKED)
    agree(library, before=unlocked)


def test_rename_deletion_and_a_second_path(library: Library, repository: Repository) -> None:
    before = agree(library)
    repository.git("mv", TRACK, "renamed.mp3")
    renamed = agree(library, before=before)
    assert renamed.at("renamed.mp3").work_paths == ("renamed.mp3",)
    copy = library.top / "deep" / "er" / "copy.mp3"
    copy.parent.mkdir(parents=True)
    copy.symlink_to("../../" + os.readlink(library.top / "beyonce.mp3"))
    repository.git("add", "deep")
    copied = agree(library, before=renamed)
    assert copied.at("beyonce.mp3").work_paths == ("beyonce.mp3", "deep/er/copy.mp3")
    repository.git("rm", "-qf", "renamed.mp3", SECOND_PATH[0])
    deleted = agree(library, before=copied)
    assert deleted.at(SECOND_PATH[1]).work_paths == (SECOND_PATH[1],)
    repository.git("commit", "-qm", "moved")
    assert agree(library, before=deleted).keys == deleted.keys


def test_a_file_that_becomes_another_key(library: Library, repository: Repository) -> None:
    before = agree(library)
    repository.write(TRACK, "remastered")
    repository.annex("add", "-q", TRACK)
    replaced = agree(library, before=before)
    assert replaced.at(TRACK).key != before.at(TRACK).key
    repository.write(UNLOCKED, "edited in place")
    repository.git("add", UNLOCKED)
    edited = agree(library, before=replaced)
    assert edited.at(UNLOCKED).key != before.at(UNLOCKED).key
    repository.git("rm", "-q", "--cached", TRACK)
    repository.write(TRACK, "no longer annexed")
    repository.git("-c", "annex.largefiles=nothing", "add", TRACK)
    assert TRACK not in agree(library, before=edited).files


# Branches that show other files.


def test_adjusted_to_unlocked_and_back(library: Library, repository: Repository) -> None:
    before = agree(library)
    repository.annex("adjust", "-q", "--unlock")
    unlocked = agree(library, before=before)
    assert unlocked.keys == before.keys
    repository.annex("adjust", "-q", "--lock")
    locked = agree(library, before=unlocked)
    assert locked.keys == before.keys


@pytest.mark.parametrize("also", [[], ["--unlock"]])
def test_adjusted_to_hide_what_is_missing(
    library: Library, repository: Repository, also: list[str]
) -> None:
    before = agree(library)
    repository.annex("adjust", "-q", "--hide-missing", *also)
    hidden = agree(library, "main", before=before)
    assert hidden.at(ABSENT).work_path is None
    assert hidden.at(TRACK).work_path == TRACK
    assert {key: value.work_paths for key, value in hidden.keys.items()} == {
        key: value.work_paths for key, value in before.keys.items()
    }
    repository.annex("drop", "-q", "--force", TRACK)
    repository.annex("adjust", "-q", "--hide-missing", *also)
    more = agree(library, "main", before=hidden)
    assert more.at(TRACK).work_path is None


@pytest.mark.parametrize("adjusted", [[], ["--hide-missing", "--unlock"]])
def test_a_view(library: Library, repository: Repository, adjusted: list[str]) -> None:
    before = agree(library)
    if adjusted:
        repository.annex("adjust", "-q", *adjusted)
    repository.annex("view", "-q", "genre=*")
    assert not (library.top / TRACK).exists()
    viewed = agree(library, "main", before=before)
    assert viewed.at(TRACK).work_paths == (TRACK,)
    assert viewed.at(TRACK).work_path is None
    repository.annex("vfilter", "-q", "genre=rock")
    filtered = agree(library, "main", before=viewed)
    assert filtered.keys == viewed.keys
    repository.annex("vpop", "-q", "2")
    if not adjusted:
        assert agree(library, before=filtered).keys == before.keys


def test_a_detached_head(library: Library, repository: Repository) -> None:
    before = agree(library)
    repository.git("checkout", "-q", "--detach")
    detached = agree(library, before=before)
    assert detached.keys == before.keys


def test_very_many_keys_are_read_as_a_few_are(
    library: Library, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcfs.annex.read_library.MANY_KEYS", 1)
    before = agree(library)
    repository.describe(TRACK, "mood=dark")
    assert agree(library, before=before).values(TRACK)["mood"] == ["dark"]
