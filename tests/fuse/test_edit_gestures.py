"""Folders that edit, on real mounts: what programs do in them, and what git-annex has then."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.edit_model import EditModel, git_annex_values
from tests.mounts import REPOSITORY, is_mounted, mounted, wait_until
from tests.prerequisites import git_annex_environment, needs_fuse, needs_root
from tests.tracks import copy_of_library

_SAYS = "mcfs: folders of crate, genre and rating can be edited; to take an edit back: mcfs undo\n"
STEPS = 60


@pytest.fixture(scope="module")
def editable(
    pristine_library: Path, pristine_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Path]]:
    """A library, and a mount of it that edits; the tests of this module follow each other in it."""
    needs_fuse()
    folder = tmp_path_factory.mktemp("editable")
    with copy_of_library(pristine_library, folder / "library") as library:
        shutil.copytree(pristine_store, library.store_dir)
        with mounted(
            library.top, folder / "mnt", _SAYS, ("--edit", "crate,genre,rating")
        ) as running:
            yield library.top, running.path


def _errors(mount: Path) -> str:
    return (mount / ".mcfs/errors").read_text()


def _refused(number: int, call: object, *arguments: object) -> None:
    with pytest.raises(OSError) as raised:  # noqa: PT011
        call(*arguments)  # type: ignore[operator]
    assert raised.value.errno == number, raised.value


def test_what_is_refused_says_why(editable: tuple[Path, Path]) -> None:
    library, mount = editable
    before = git_annex_values(library)
    rez, halo = "Underworld - Rez.wav", "Beyoncé - Halo.mp3"
    in_festival = mount / "crate/Festival"
    (listed,) = os.listdir(in_festival)
    said: list[tuple[Any, ...]] = [
        # Where, what is tried, the errno, and a part of the sentence.
        (errno.EPERM, shutil.copyfile, mount / "all" / rez, in_festival / rez, "copy its link: cp -P"),
        (errno.EPERM, os.symlink, "/etc/passwd", in_festival / "x", "no track of this library"),
        (errno.EPERM, os.symlink, library / "notes.txt", in_festival / "x", "no track of this library"),
        (errno.EPERM, os.symlink, library / "basic channel.flac", in_festival / "x", "is not here"),
        (errno.EEXIST, os.symlink, mount / "all" / listed, in_festival / "again", "is here already"),
        (errno.EPERM, os.rename, in_festival / listed, in_festival / "y", "its name from its metadata"),
        (errno.EROFS, os.rename, mount / "all" / rez, in_festival / rez, "cp -P"),
        (errno.EPERM, os.rename, in_festival / listed, mount / "crate/Unknown" / listed, "without crate"),
        (errno.EPERM, os.unlink, mount / "crate/Unknown" / rez, "no crate that could be taken away"),
        (errno.ENOTEMPTY, os.rmdir, in_festival, "there are tracks in it"),
        (errno.EPERM, os.mkdir, mount / "rating/six", "is no value of rating"),
        (errno.EPERM, os.mkdir, mount / "crate/ late", "is called late"),
        (errno.EEXIST, os.mkdir, mount / "crate/Festival", ""),
        (errno.ENOTEMPTY, os.mkdir, mount / "crate/FESTIVAL", "there is Festival already"),
        (errno.EPERM, os.rename, mount / "crate/Unknown", mount / "crate/Some", "without crate"),
        (errno.EROFS, os.symlink, mount / "all" / rez, mount / "all/x", "queries find the tracks"),
        (errno.EROFS, os.symlink, mount / "all" / rez, mount / "genre:techno/x", "queries find"),
        (errno.EROFS, os.symlink, mount / "all" / rez, mount / "pins/x", "pins are queries"),
        (errno.EROFS, os.symlink, mount / "all" / rez, mount / "snapshots/x", "are frozen results"),
        (errno.EROFS, os.symlink, mount / "all" / rez, mount / "library/x", "is the work tree"),
        (errno.EROFS, os.symlink, mount / "all" / rez, mount / "year/1975/x", "year is not edited"),
        (errno.EROFS, os.symlink, mount / "all" / rez, mount / "bpm/120/x", "more than the value"),
        (errno.EROFS, os.unlink, mount / "year/1975/AC∕DC - T.N.T..mp3", "year is not edited"),
        (errno.EPERM, os.symlink, mount / "all" / halo, mount / "genre:techno/{{ crate }}/Festival/x",
         "does not match the query"),
    ]  # fmt: skip
    for number, call, *arguments, _ in said:
        _refused(number, call, *arguments)
    # Made at most once a second.
    wait_until(lambda: "does not match the query" in _errors(mount), 5)
    lines = _errors(mount).splitlines()
    for _, _, *_, place, sentence in said:
        where = str(place).removeprefix(str(mount))
        assert any(str(sentence) in line for line in lines), (where, sentence, lines)
    assert git_annex_values(library) == before
    assert not os.access(mount / "all", os.W_OK)
    assert os.access(in_festival, os.W_OK)
    assert os.access(mount / "crate", os.W_OK)


def test_a_value_is_written_as_other_tracks_have_it(editable: tuple[Path, Path]) -> None:
    library, mount = editable
    before = git_annex_values(library)
    place = mount / "genre/Rock∕Pop"
    place.mkdir()
    tracks = ("Underworld - Rez.wav", "Beyoncé - Halo.mp3")
    for track in tracks:
        (place / track).symlink_to(mount / "all" / track)
    changed = [each["genre"] for each in git_annex_values(library).values()]
    assert sum("Rock/Pop" in genres for genres in changed) == 2
    for track in tracks:
        (place / track).unlink()
    place.rmdir()
    assert git_annex_values(library) == before


def test_names_that_were_asked_for_are_found_for_a_while(editable: tuple[Path, Path]) -> None:
    _, mount = editable
    rez = "Underworld - Rez.wav"
    place = mount / "crate/Festival"
    assert not (place / rez).exists(), "what does not exist is not remembered"
    subprocess.run(["cp", "-a", mount / "library/underworld.wav", place], check=True)
    assert (place / "underworld.wav").readlink() == (place / rez).readlink()
    assert rez in os.listdir(place)
    assert "underworld.wav" not in os.listdir(place)
    # rsync makes a link by another name first, if it replaces one.
    (place / "underworld.wav").unlink()
    assert not os.path.lexists(place / "underworld.wav")
    assert not os.path.lexists(place / rez)
    Path(place / ".tmp.XYZ").symlink_to(mount / "all" / rez)
    Path(place / ".tmp.XYZ").rename(place / rez)
    # To the kernel both are one file, so a rename does nothing. What is listed is right.
    assert ".tmp.XYZ" not in os.listdir(place)
    assert rez in os.listdir(place)
    (place / rez).unlink()


def test_names_with_numbers_can_be_removed_by_the_names_of_one_listing(
    editable: tuple[Path, Path],
) -> None:
    library, mount = editable
    place = mount / "sort:title/{{ crate }}/Numbered"
    (mount / "crate/Numbered").mkdir()
    for track in ("Underworld - Rez.wav", "Beyoncé - Halo.mp3", "AC∕DC - T.N.T..mp3"):
        Path(mount / "crate/Numbered" / track).symlink_to(mount / "all" / track)
    names = sorted(os.listdir(place))
    assert [name[:4] for name in names] == ["001 ", "002 ", "003 "]
    for name in names:
        (place / name).unlink()
    assert os.listdir(place) == []
    place.rmdir()
    assert "Numbered" not in os.listdir(mount / "crate")
    assert not any("Numbered" in each["crate"] for each in git_annex_values(library).values())


def test_another_mount_follows(editable: tuple[Path, Path], tmp_path: Path) -> None:
    library, mount = editable
    says = _SAYS.replace("crate, genre and rating", "crate")
    with mounted(
        library, tmp_path / "other", says, ("--edit", "crate", "--entries", "files")
    ) as other:
        rez = "Underworld - Rez.wav"
        assert not (other.path / "crate/Festival" / rez).exists()
        # A link in one mount that leads through the other.
        Path(mount / "crate/Festival" / rez).symlink_to(other.path / "all" / rez)
        wait_until((other.path / "crate/Festival" / rez).exists, 5)
        (mount / "crate/Empty").mkdir()
        wait_until((other.path / "crate/Empty").exists, 5)
        # Files can be linked and moved; their content cannot be written.
        halo = "Beyoncé - Halo.mp3"
        Path(other.path / "crate/Empty/x").symlink_to(other.path / "all" / halo)
        os.link(other.path / "all" / rez, other.path / "crate/Empty" / rez)
        assert sorted(os.listdir(other.path / "crate/Empty")) == [halo, rez]
        assert (other.path / "crate/Empty" / rez).is_file()
        Path(other.path / "crate/Empty" / halo).rename(other.path / "crate/Festival" / halo)
        Path(other.path / "crate/Empty" / rez).unlink()
        (other.path / "crate/Empty").rmdir()
        Path(other.path / "crate/Festival" / halo).unlink()
        Path(other.path / "crate/Festival" / rez).unlink()
        wait_until(lambda: not os.path.lexists(mount / "crate/Festival" / rez), 5)


def test_a_mount_follows_tag_and_undo_and_what_rm_took_comes_back(
    editable: tuple[Path, Path],
) -> None:
    library, mount = editable
    before, rez = git_annex_values(library), "Underworld - Rez.wav"
    time.sleep(1.1)  # a burst of the tests above ends
    moment = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
    _mcfs(library, "tag", "--yes", "title:rez", "crate+=Tagged")
    wait_until((mount / "crate/Tagged" / rez).exists, 5)
    # The folder of the tracks without a crate stays.
    subprocess.run(["rm", "-rf", mount / "crate"], check=False, capture_output=True)
    assert os.listdir(mount / "crate") == ["Unknown"]
    assert not any(each["crate"] for each in git_annex_values(library).values())
    _mcfs(library, "undo", "--since", moment)
    assert git_annex_values(library) == before
    wait_until((mount / "crate/Festival").exists, 5)
    wait_until(lambda: len(os.listdir(mount / "crate/Festival")) == 1, 5)
    assert not (mount / "crate/Tagged" / rez).exists()


def test_a_full_disk_a_lock_that_was_left_over_and_a_killed_mount(
    pristine_library: Path, pristine_store: Path, tmp_path: Path
) -> None:
    needs_fuse()
    needs_root("to make a small disk")
    disk, mount, rez = tmp_path / "disk", tmp_path / "mnt", "Underworld - Rez.wav"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], check=True)
    try:
        with copy_of_library(pristine_library, disk / "library") as library:
            shutil.copytree(pristine_store, library.store_dir)
            options = ("--edit", "crate,genre,rating")
            before = git_annex_values(library.top)
            _edit_until_killed(library.top, mount, options)
            with mounted(library.top, mount, _SAYS, options):
                assert os.listdir(mount / "crate/New") == [rez]
                _mcfs(library.top, "undo")
                assert git_annex_values(library.top) == before
                with contextlib.suppress(OSError), (disk / "full").open("wb", 0) as file:
                    while True:
                        file.write(bytes(4096))
                link = mount / "crate/Festival" / rez
                _refused(errno.ENOSPC, os.symlink, mount / "all" / rez, link)
                _refused(errno.ENOSPC, os.mkdir, mount / "crate/Newer")
                assert not os.path.lexists(link)
                (disk / "full").unlink()
                assert git_annex_values(library.top) == before
                # A git that was killed leaves its lock.
                lock = library.top / ".git/index.lock"
                lock.touch()
                link.symlink_to(mount / "all" / rez)
                assert rez in os.listdir(link.parent)
                lock.unlink()
            assert git_annex_values(library.top) != before
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def _edit_until_killed(library: Path, mount: Path, options: Sequence[str]) -> None:
    """Put a track into a new crate, and kill the mount while a program goes on changing it."""
    mount.mkdir()
    command: list[str | Path] = [sys.executable, "-m", "mcfs", "mount", "--foreground", *options]
    command += [library, mount]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: is_mounted(mount) or process.poll() is not None)
        (mount / "crate/New").mkdir()
        rez = "Underworld - Rez.wav"
        (mount / "crate/New" / rez).symlink_to(mount / "all" / rez)
        loop = "while mkdir rating/5 && rmdir rating/5; do :; done"
        with subprocess.Popen(["sh", "-c", loop], cwd=mount, stderr=subprocess.DEVNULL) as caller:
            time.sleep(0.2)
            process.kill()
            assert caller.wait(10) == 0, "nothing hangs"
    subprocess.run(["fusermount3", "-u", mount], check=True)


def _mcfs(library: Path, command: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "mcfs", command, "--library", library, *arguments],
        cwd=REPOSITORY,
        env=git_annex_environment(library),
        capture_output=True,
        check=True,
    )


def test_another_user_and_a_library_that_cannot_be_written(
    editable: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    needs_root("to be another user, and to mount read-only")
    library, _ = editable
    place = tmp_path_factory.mktemp("other")
    for folder in (place, *place.parents):
        if folder.stat().st_mode & 0o077 == 0:
            folder.chmod(0o711)
    before = git_annex_values(library)
    options = ("--edit", "crate,genre,rating", "-o", "allow_other")
    with mounted(library, place / "mnt", _SAYS, options) as running:
        festival, rez = running.path / "crate/Festival", "Underworld - Rez.wav"
        (listed,) = os.listdir(festival)
        commands: list[list[str | Path]] = [
            ["ln", "-s", running.path / "all" / rez, festival / rez],
            ["rm", "-f", festival / listed],
            ["mkdir", running.path / "crate/Mine"],
        ]
        for command in commands:
            done = subprocess.run(command, user=65534, capture_output=True, text=True, check=False)
            assert "Permission denied" in done.stderr, done
        git_dir = library / ".git"
        subprocess.run(["mount", "--bind", git_dir, git_dir], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", git_dir], check=True)
        try:
            _refused(errno.EROFS, os.symlink, running.path / "all" / rez, festival / rez)
            _refused(errno.EROFS, os.unlink, festival / listed)
            _refused(errno.EROFS, os.mkdir, running.path / "crate/Mine")
        finally:
            # A git-annex that reads may still have a file open there.
            subprocess.run(["umount", "--lazy", git_dir], check=True)
    assert git_annex_values(library) == before


def test_random_gestures_do_what_the_model_says_and_undo_restores_all(
    editable: tuple[Path, Path],
) -> None:
    library, mount = editable
    before = git_annex_values(library)
    model = EditModel(library, mount, seed=5)
    for _ in range(STEPS):
        model.step()
    assert list(model.differences()) == []
    assert git_annex_values(library) != before
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mcfs",
            "undo",
            "--library",
            library,
            "--since",
            "1 hour ago",
        ],
        cwd=REPOSITORY,
        env=git_annex_environment(library),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert git_annex_values(library) == before
