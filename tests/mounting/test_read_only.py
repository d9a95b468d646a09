"""A library that cannot be written: its store is in the user's data folder, and every command works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs.annex.library import Library, open_library
from mcfs.store import open_store
from tests.annex.git_annex_oracle import Repository, every_byte
from tests.mounts import REPOSITORY, wait_until
from tests.prerequisites import git_annex_environment, needs_fuse, needs_root


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def sealed(library: Library) -> Iterator[Library]:
    """The library, on a read-only file system."""
    needs_root("to mount read-only")
    _mount("--bind", library.top, library.top)
    _mount("-o", "remount,bind,ro", library.top)
    yield library
    subprocess.run(["umount", library.top], check=True)


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True)


def _mcfs(data: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcfs", *words],
        cwd=REPOSITORY,
        env=git_annex_environment(data.parent) | {"XDG_DATA_HOME": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_writable_library_holds_its_store(library: Library, data: Path) -> None:
    assert open_library(library.top).store_dir == library.git_dir / "mcfs"


def test_the_store_of_a_read_only_library_is_in_the_users_data(
    sealed: Library, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_library(sealed.top).store_dir == data / "mcfs" / sealed.uuid
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    monkeypatch.setenv("HOME", "/home/somebody")
    expected = Path("/home/somebody/.local/share/mcfs") / sealed.uuid
    assert open_library(sealed.top).store_dir == expected
    monkeypatch.delenv("XDG_DATA_HOME")
    assert open_library(sealed.top).store_dir == expected


def test_a_store_that_became_read_only(library: Library, data: Path) -> None:
    needs_root("to mount read-only")
    library.store_dir.mkdir()
    _mount("--bind", library.store_dir, library.store_dir)
    _mount("-o", "remount,bind,ro", library.store_dir)
    try:
        assert open_library(library.top).store_dir == data / "mcfs" / library.uuid
    finally:
        subprocess.run(["umount", library.store_dir], check=True)
    assert open_library(library.top).store_dir == library.store_dir


def test_a_linked_work_tree_has_a_store_of_its_own(
    library: Library, data: Path, tmp_path: Path
) -> None:
    needs_root("to mount read-only")
    linked = tmp_path / "linked"
    Repository(library.top).git("worktree", "add", "-q", "-b", "other", os.fspath(linked))
    _mount("--bind", library.top, library.top)
    _mount("-o", "remount,bind,ro", library.top)
    try:
        place = data / "mcfs" / library.uuid
        assert open_library(linked).store_dir == place / "worktrees" / "linked"
        assert open_library(library.top).store_dir == place
    finally:
        subprocess.run(["umount", library.top], check=True)


@pytest.mark.parametrize("uuid", ["../../elsewhere", "..", "a/b"])
def test_a_uuid_with_slashes_stays_in_the_users_data(
    library: Library, data: Path, uuid: str
) -> None:
    needs_root("to mount read-only")
    Repository(library.top).git("config", "annex.uuid", uuid)
    _mount("--bind", library.top, library.top)
    _mount("-o", "remount,bind,ro", library.top)
    try:
        assert open_library(library.top).store_dir.resolve().parent == data / "mcfs"
    finally:
        subprocess.run(["umount", library.top], check=True)


def test_every_command_works(sealed: Library, data: Path, tmp_path: Path) -> None:
    needs_fuse()
    before = every_byte(sealed.top)
    store_dir = data / "mcfs" / sealed.uuid
    assert _mcfs(data, "sync", "--library", sealed.top).stdout == "12 tracks, 1 of them not here\n"
    assert (store_dir / "cache.db").exists()
    found = _mcfs(data, "search", "--library", sealed.top, "title:Rez", "--format", "paths")
    assert found.stdout == f"{sealed.top}/underworld.wav\n"
    for words in (["fields"], ["explain", "genre:techno"]):
        done = _mcfs(data, *words, "--library", sealed.top)
        assert (done.returncode, done.stderr) == (0, "")
    place = tmp_path / "mnt"
    place.mkdir()
    done = _mcfs(data, "mount", sealed.top, place)
    assert (done.returncode, done.stderr) == (0, "")
    try:
        assert len(os.listdir(place / "genre:techno")) == 6
        assert (store_dir / "mount.log").exists()
        with open_store(store_dir) as store:
            store.user.add_pin("P", "genre:techno")
    finally:
        assert _mcfs(data, "umount", place).returncode == 0
    with open_store(store_dir) as store:
        wait_until(lambda: [pin.name for pin in store.user.pins()] == ["P"])
    assert every_byte(sealed.top) == before


def test_a_store_that_cannot_be_created(sealed: Library, data: Path) -> None:
    data.write_text("a file in the way")
    done = _mcfs(data, "sync", "--library", sealed.top)
    assert done.returncode == 1
    assert done.stderr == f"mcfs: {data}/mcfs/{sealed.uuid} cannot be made: Not a directory\n"
    data.unlink()
    shutil.rmtree(data, ignore_errors=True)


def test_pins_stay_when_a_library_becomes_read_only_and_writable_again(
    library: Library, data: Path
) -> None:
    needs_root("to mount read-only")

    def pins(*words: str) -> tuple[list[str], str]:
        for name in words:
            done = _mcfs(data, "pin", "--library", library.top, "genre:techno", "--name", name)
            assert done.returncode == 0, done.stderr
        done = _mcfs(data, "pins", "--library", library.top)
        return [line.split()[0] for line in done.stdout.splitlines()[1:]], done.stderr

    assert pins("inside", "removed")[0] == ["inside", "removed"]
    _mount("--bind", library.top, library.top)
    _mount("-o", "remount,bind,ro", library.top)
    try:
        found, said = pins()
        assert found == ["inside", "removed"]
        assert f"brought over from {library.git_dir}/mcfs/user.db" in said
        assert _mcfs(data, "unpin", "--library", library.top, "removed").returncode == 0
        assert pins("outside") == (["inside", "outside"], "")
    finally:
        subprocess.run(["umount", library.top], check=True)
    found, said = pins()
    assert found == ["inside", "outside", "removed"]
    assert said.endswith("where the store was before: outside\n")
    assert pins() == (found, "")
