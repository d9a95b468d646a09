"""What `mcfs demo` makes, as git-annex itself sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mutagen
import pytest

from mcfs.demo.catalogue import catalogue
from mcfs.demo.library import make_library
from mcfs.demo.track import ContentIn, Track
from mcfs.errors import McfsError
from tests.demo_library import DEMO_SEED, DEMO_TRACKS
from tests.prerequisites import git_annex_environment, needs_git_annex

TRACKS = catalogue(DEMO_TRACKS, DEMO_SEED)


@pytest.fixture(autouse=True)
def _git_annex() -> None:
    needs_git_annex()


def silent(_doing: str, _share: float) -> None:
    """Ignore progress."""


def ask(library: Path, *words: str) -> str:
    """Output of git or git-annex, without the user's settings."""
    done = subprocess.run(
        words,
        cwd=library,
        env=git_annex_environment(library.parent),
        check=True,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    return done.stdout


def objects(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        yield json.loads(line)


def keys_by_file(library: Path) -> dict[str, str]:
    """Annexed work path → annex key, for present and absent content."""
    found = ask(library, "git-annex", "find", "--include=*", "--json")
    return {entry["file"]: entry["key"] for entry in objects(found)}


def metadata_by_key(library: Path) -> dict[str, dict[str, set[str]]]:
    return {
        entry["key"]: {
            name: set(values)
            for name, values in entry["fields"].items()
            if not name.endswith("lastchanged")
        }
        for entry in objects(ask(library, "git-annex", "metadata", "--all", "--json"))
    }


def files(tracks: list[Track]) -> set[str]:
    return {path for track in tracks for path in track.work_paths}


def test_git_annex_fsck_succeeds(demo_copy: Path) -> None:
    for repository in (demo_copy, demo_copy.with_name("library-archive")):
        assert ask(repository, "git-annex", "fsck", "--fast", "--quiet") == ""
        assert ask(repository, "git-annex", "fsck", "--quiet") == ""
        assert ask(repository, "git", "status", "--porcelain") == ""


def test_every_file_is_annexed_with_its_extension(demo_library: Path) -> None:
    keys = keys_by_file(demo_library)
    assert keys.keys() == files(TRACKS) | {"Nadja Wrobel/Concrete Garden/cover.jpg"}
    for file, key in keys.items():
        assert key.startswith("SHA256E-s")
        assert key.rpartition(".")[2] == file.rpartition(".")[2]


def test_one_file_is_in_git(demo_library: Path) -> None:
    everything = ask(demo_library, "git", "ls-files", "-z").rstrip("\0").split("\0")
    assert set(everything) - keys_by_file(demo_library).keys() == {"README.md"}
    assert not (demo_library / "README.md").is_symlink()


def test_every_track_has_its_own_key(demo_library: Path) -> None:
    keys = keys_by_file(demo_library)
    assert len({keys[track.work_paths[0]] for track in TRACKS}) == DEMO_TRACKS
    for track in TRACKS:
        assert len({keys[path] for path in track.work_paths}) == 1


def test_git_annex_knows_the_metadata(demo_library: Path) -> None:
    keys = keys_by_file(demo_library)
    expected = {
        keys[track.work_paths[0]]: {name: set(values) for name, values in track.fields.items()}
        for track in TRACKS
    }
    known = metadata_by_key(demo_library)
    assert {key: fields for key, fields in expected.items() if fields} == {
        key: fields for key, fields in known.items() if fields
    }


def test_the_archive_knows_the_metadata_too(demo_library: Path) -> None:
    archive = demo_library.with_name("library-archive")
    assert metadata_by_key(archive) == metadata_by_key(demo_library)


def test_unlocked_files_are_files(demo_library: Path) -> None:
    unlocked = ask(demo_library, "git-annex", "find", "--unlocked", "--include=*", "--json")
    assert {entry["file"] for entry in objects(unlocked)} == files(
        [track for track in TRACKS if track.unlocked]
    )


def test_content_is_where_it_should_be(demo_library: Path) -> None:
    where: dict[str, set[str]] = {
        entry["file"]: {place["description"].removesuffix(" [here]") for place in entry["whereis"]}
        for entry in objects(ask(demo_library, "git-annex", "whereis", "--json"))
    }
    names = {
        ContentIn.LIBRARY: {"library"},
        ContentIn.BOTH: {"library", "archive"},
        ContentIn.ARCHIVE: {"archive"},
    }
    for track in TRACKS:
        for path in track.work_paths:
            assert where[path] == names[track.content_in], path
    here = {entry["file"] for entry in objects(ask(demo_library, "git-annex", "find", "--json"))}
    absent = files(TRACKS) - here
    assert absent == files([track for track in TRACKS if track.content_in is ContentIn.ARCHIVE])


def test_get_fetches_absent_content(demo_copy: Path) -> None:
    ask(demo_copy, "git-annex", "get", "--quiet", ".")
    assert files(TRACKS) <= {
        entry["file"] for entry in objects(ask(demo_copy, "git-annex", "find", "--json"))
    }
    assert ask(demo_copy, "git-annex", "fsck", "--quiet") == ""


def test_every_file_can_be_read_and_has_its_tags(demo_copy: Path) -> None:
    ask(demo_copy, "git-annex", "get", "--quiet", ".")
    opened: Any = mutagen.File
    for track in TRACKS:
        found = opened(demo_copy / track.work_paths[0])
        assert (
            type(found).__name__ == {"wav": "WAVE", "mp3": "MP3", "flac": "FLAC"}[track.extension]
        )
        assert 1 <= found.info.length <= 2.5
        assert found.info.sample_rate == (44_100 if track.extension == "mp3" else 22_050)
        if not track.tags:
            assert not found.tags
            continue
        title = found.tags["title" if track.extension == "flac" else "TIT2"]
        assert tuple(map(str, title)) == track.tags["title"]


def test_the_same_seed_makes_the_same_library(demo_library: Path, tmp_path: Path) -> None:
    """A smaller one in another folder has the same keys and metadata."""
    again, other = tmp_path / "again", tmp_path / "other"
    make_library(again, 22, DEMO_SEED, silent)
    make_library(other, 22, DEMO_SEED + 1, silent)
    keys, keys_again, keys_other = map(keys_by_file, (demo_library, again, other))
    assert keys_again.items() <= keys.items()
    sounds = files(TRACKS[:20])
    assert not {keys_other[path] for path in sounds} & {keys[path] for path in sounds}
    known, known_again = metadata_by_key(demo_library), metadata_by_key(again)
    assert {key: known.get(key, {}) for key in keys_again.values()} == {
        key: known_again.get(key, {}) for key in keys_again.values()
    }


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_very_small_library_is_whole(count: int, tmp_path: Path) -> None:
    made = make_library(tmp_path / "small", count, 1, silent)
    assert made.tracks == count
    assert made.only_in_archive == (count > 1)
    assert len(keys_by_file(made.library)) == count + 1
    assert ask(made.library, "git-annex", "fsck", "--fast", "--quiet") == ""
    assert ask(made.library, "git", "status", "--porcelain") == ""


def test_both_can_be_moved_together(demo_copy: Path, tmp_path: Path) -> None:
    demo_copy.parent.rename(tmp_path / "moved")
    moved = tmp_path / "moved" / demo_copy.name
    ask(moved, "git-annex", "get", "--quiet", "Nadja Wrobel")
    assert (moved / "Nadja Wrobel/Concrete Garden/02 Fernwärme.flac").exists()
    moved.parent.rename(demo_copy.parent)


class StopError(Exception):
    """An error, to be raised in the middle."""


@pytest.mark.parametrize(
    "when", ["making sound", "git annex add", "git annex metadata", "git annex copy", "done"]
)
@pytest.mark.parametrize("reason", [KeyboardInterrupt, StopError])
def test_a_failure_leaves_no_files(when: str, reason: type[BaseException], tmp_path: Path) -> None:
    def stop(doing: str, _share: float) -> None:
        if doing == when:
            raise reason

    with pytest.raises(reason):
        make_library(tmp_path / "new" / "folders" / "demo", 3, 1, stop)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_was_there_stays_after_a_failure(tmp_path: Path) -> None:
    def stop(_doing: str, _share: float) -> None:
        raise StopError

    place = tmp_path / "demo"
    place.mkdir()
    with pytest.raises(StopError):
        make_library(place, 3, 1, stop)
    assert list(tmp_path.iterdir()) == [place]
    assert not list(place.iterdir())


def test_a_failing_git_annex_is_named(tmp_path: Path) -> None:
    def spoil(doing: str, _share: float) -> None:
        if doing == "git annex copy":
            (tmp_path / "demo" / ".git" / "HEAD").unlink()

    with pytest.raises(McfsError, match=r"^git clone failed \(\d+\): .*\w"):
        make_library(tmp_path / "demo", 3, 1, spoil)
    assert not list(tmp_path.iterdir())


def test_progress_only_grows(tmp_path: Path) -> None:
    reported: list[tuple[str, float]] = []
    make_library(tmp_path / "demo", 3, 1, lambda doing, share: reported.append((doing, share)))
    shares = [share for _, share in reported]
    assert shares == sorted(shares)
    assert [reported[0], reported[-1]] == [("making sound", 0), ("done", 1)]


def test_the_users_settings_have_no_effect(tmp_path: Path) -> None:
    """A user's git configuration, an unusual locale, and a repository around the folder."""
    home = tmp_path / "home"
    (home / ".config/git").mkdir(parents=True)
    (home / ".config/git/ignore").write_text("*.flac\n*.md\n")
    hooks = home / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n"
        "[commit]\n\tgpgSign = true\n[init]\n\tdefaultBranch = odd\n"
        "[annex]\n\tlargefiles = nothing\n\taddunlocked = true\n\tbackend = MD5\n"
    )
    before = sorted(home.rglob("*")), (home / ".gitconfig").read_text()
    environment = git_annex_environment(home) | {"LC_ALL": "C", "GIT_DIR": "/nowhere"}
    for name in [name for name in environment if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-m", "mcfs", "demo", "library", "--tracks", "20"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == b"", "progress is for terminals"
    assert (sorted(home.rglob("*")), (home / ".gitconfig").read_text()) == before
    keys = keys_by_file(tmp_path / "library")
    assert len(keys) == 22
    assert all(key.startswith("SHA256E-") for key in keys.values())
    assert (
        len([fields for fields in metadata_by_key(tmp_path / "library").values() if fields]) == 18
    )
