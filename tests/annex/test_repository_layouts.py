"""Repositories in different places and with different settings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from mcfs.errors import LibraryError
from tests.annex.git_annex_oracle import Repository, check_against_git_annex, read
from tests.tracks import UNLOCKED

TRACK = "acdc.mp3"


def test_a_folder_inside(library: Library) -> None:
    assert open_library(library.top / "Surgeon" / "Force + Form") == library


def test_a_linked_work_tree(library: Library, repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "-q", "-b", "other", os.fspath(tmp_path / "linked"))
    linked = Repository(tmp_path / "linked")
    linked.git("rm", "-q", TRACK)
    before = check_against_git_annex(open_library(linked.folder))
    assert TRACK not in before.files
    assert TRACK in read(library).files
    # The journal is the one of the whole repository.
    repository.git("config", "annex.alwayscommit", "false")
    linked.describe("beyonce.mp3", "mood=linked")
    after = check_against_git_annex(open_library(linked.folder), before=before)
    assert after.values("beyonce.mp3")["mood"] == ["linked"]
    assert read(library).values("beyonce.mp3")["mood"] == ["linked"]


def test_a_linked_work_tree_where_git_annex_never_ran(
    library: Library, repository: Repository, tmp_path: Path
) -> None:
    place = tmp_path / "linked"
    repository.git("-c", "core.hooksPath=/dev/null", "worktree", "add", "-q", "-b", "b", str(place))
    if not (place / ".git").is_symlink():
        shutil.rmtree(library.git_dir / "worktrees" / "linked" / "annex", ignore_errors=True)
    reading = read(open_library(place))
    assert reading.at(TRACK).present
    path = reading.reachable_path(TRACK)
    assert path is None or (place / path).exists()


def test_a_work_tree_beside_a_bare_repository(
    library: Library, repository: Repository, tmp_path: Path
) -> None:
    bare, place = Repository(tmp_path / "bare.git"), Repository(tmp_path / "tree")
    repository.git("clone", "-q", "--bare", ".", os.fspath(bare.folder))
    bare.annex("init", "-q", "bare")
    bare.annex("get", "-q", "--branch=main", f"--include={TRACK}")
    bare.git("worktree", "add", "-q", os.fspath(place.folder), "main")
    # git-annex itself refuses to list the files of this one.
    reading = read(open_library(place.folder))
    expected = bare.annex("find", "--branch=main", "--include=*", "--format=${file}\\n").decode()
    assert reading.files.keys() == set(expected.splitlines())
    assert [key.key for key in reading.keys.values() if key.present] == [repository.key(TRACK)]
    assert reading.reachable_path(TRACK) is None, "its link leads nowhere"
    assert reading.values(TRACK) == read(library).values(TRACK)


def test_a_submodule(library: Library, tmp_path: Path) -> None:
    outer = Repository(tmp_path / "outer")
    outer.folder.mkdir()
    outer.git("init", "-q")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", str(library.top), "music")
    music = Repository(outer.folder / "music")
    assert (music.folder / ".git").is_file()
    with pytest.raises(LibraryError, match="without git-annex; run: git annex init"):
        open_library(music.folder)
    music.annex("init", "-q", "music")
    music.annex("get", "-q", TRACK)
    check_against_git_annex(open_library(music.folder))


def test_a_git_directory_that_lies_elsewhere(tmp_path: Path) -> None:
    place = Repository(tmp_path / "tree")
    place.folder.mkdir()
    place.git("init", "-q", "--separate-git-dir", os.fspath(tmp_path / "elsewhere.git"))
    place.annex("init", "-q", "apart")
    place.write(TRACK, "loud")
    place.annex("add", "-q", TRACK)
    place.describe(TRACK, "artist=AC/DC")
    assert check_against_git_annex(open_library(place.folder)).reachable_path(TRACK) == TRACK


def test_a_line_break_in_the_name_of_a_folder(tmp_path: Path) -> None:
    place = Repository(tmp_path / "two\nlines")
    place.folder.mkdir()
    place.git("init", "-q")
    place.annex("init", "-q", "odd")
    library = open_library(place.folder)
    assert (library.top, library.git_dir) == (place.folder, place.folder / ".git")
    assert library.common_dir == library.git_dir


@pytest.mark.parametrize(
    "tuned",
    [
        {"objecthash1"},
        {"objecthashlower"},
        {"branchhash1"},
        {"objecthash1", "objecthashlower", "branchhash1"},
    ],
    ids=lambda tuned: "+".join(sorted(tuned)),
)
def test_a_tuned_repository(tmp_path: Path, tuned: set[str]) -> None:
    place = Repository(tmp_path / "tuned")
    place.folder.mkdir()
    place.git("init", "-q")
    settings = [word for name in sorted(tuned) for word in ("-c", f"annex.tune.{name}=true")]
    place.git(*settings, "annex", "init", "-q", "tuned")
    place.write("here.mp3", "here")
    place.write("gone.mp3", "gone")
    place.annex("add", "-q", ".")
    place.annex("drop", "-q", "--force", "gone.mp3")
    place.describe("gone.mp3", "artist=Gone")
    reading = check_against_git_annex(open_library(place.folder))
    assert reading.at("here.mp3").present
    assert reading.values("gone.mp3") == {"artist": ["Gone"]}


def test_an_empty_library(tmp_path: Path) -> None:
    place = Repository(tmp_path / "new")
    place.folder.mkdir()
    with pytest.raises(LibraryError, match="is not in a git-annex repository"):
        open_library(place.folder)
    place.git("init", "-q", "-b", "main")
    with pytest.raises(LibraryError, match="without git-annex"):
        open_library(place.folder)
    place.git("config", "annex.uuid", "00000000-0000-4000-8000-000000000000")
    nothing = read(open_library(place.folder))
    assert (nothing.state.annex_commit, nothing.state.index, nothing.keys) == (None, None, {})
    place.annex("init", "-q", "new")
    empty = check_against_git_annex(open_library(place.folder), before=nothing)
    assert empty.keys == {}
    place.write(TRACK, "loud")
    place.annex("add", "-q", TRACK)
    assert check_against_git_annex(open_library(place.folder), before=empty).at(TRACK).present
    with pytest.raises(LibraryError, match="is not in a git-annex repository"):
        open_library(place.folder / ".git")


def test_a_sparse_checkout(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.git("update-index", "-q", "--refresh")  # or git keeps files that may have changed
    repository.git("sparse-checkout", "set", "--no-cone", "/*", "!/white/")
    assert not (library.top / "white").exists()
    sparse = read(library)
    assert sparse.reachable_path("white/a.mp3") is None
    assert sparse.reachable_path(TRACK) == TRACK
    assert sparse.state != before.state


def test_an_index_in_two_files(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    repository.git("update-index", "--split-index")
    repository.git("mv", TRACK, "renamed.mp3")
    assert TRACK not in check_against_git_annex(library, before=before).files


def test_file_names_with_special_characters(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    names = [
        "new\nline.mp3",
        "tab\t.mp3",
        "\"quoted\" 'name'.mp3",
        "-leading.mp3",
        "back\\slash.mp3",
        " space .mp3",
        os.fsdecode(b"latin \xe9.mp3"),
        "e\u0301.mp3",
        "deep/\n/x.mp3",
        "glob[*?].mp3",
        ":colon.mp3",
    ]
    for name in names:
        repository.write(name, f"sound of {name!r}")
    repository.annex("add", "-q", ".")
    added = check_against_git_annex(library, before=before)
    assert added.files.keys() - before.files.keys() == set(names)
    assert all(added.at(name).present for name in names)
    # git-annex itself does not get along with the unlocked one that is not UTF-8.
    repository.annex("unlock", "-q", *(f"./{name}" for name in names if name.isprintable()))
    unlocked = check_against_git_annex(library, before=added)
    assert unlocked.keys == added.keys


@pytest.mark.parametrize("backend", ["SHA256", "MD5E", "WORM", "XXH3E", "BLAKE2B256E"])
def test_backends(library: Library, repository: Repository, backend: str) -> None:
    before = check_against_git_annex(library)
    name = "a%b&c:d e's -s5 ünï.mp3"
    repository.write(name, "hard to name")
    repository.annex("add", "-q", f"--backend={backend}", name)
    repository.describe(name, "artist=Hard to name")
    added = check_against_git_annex(library, before=before)
    assert added.at(name).present
    assert added.values(name) == {"artist": ["Hard to name"]}


def test_keys_without_a_size(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    urls = {
        "u.mp3": "URL--http://example.org/a?b=c&d=e:f%20g/h.mp3",
        "w.mp3": "WORM--odd/name&with%all:four of them.mp3",
    }
    for name, key in urls.items():
        repository.annex("fromkey", "-q", "--force", key, name)
        repository.describe(name, "artist=Someone")
    repository.annex("registerurl", "-q", urls["u.mp3"], "http://example.org/a")
    noted = check_against_git_annex(library, before=before)
    assert [noted.at(name).size for name in urls] == [None, None]
    for name, key in urls.items():
        (library.top / "content").write_text(f"content of {name}, at last")
        repository.annex("setkey", "-q", key, "content")
    here = check_against_git_annex(library, before=noted)
    assert [here.at(name).size for name in urls] == [25, 25]


def test_unlocked_files_are_read_from_the_annex(library: Library, repository: Repository) -> None:
    before = check_against_git_annex(library)
    place = library.top / UNLOCKED
    place.write_text("edited, and git does not know")
    after = read(library)
    assert after.at(UNLOCKED) == before.at(UNLOCKED)
