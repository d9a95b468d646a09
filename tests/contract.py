"""What must hold for every mount of any library: checks that take a folder of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


def folders(mnt: Path) -> Iterator[Path]:
    """Some folders of every kind."""
    for name in (
        "",
        "all",
        "genre",
        "genre:techno",
        "sort:-bpm",
        "pins",
        ".mcfs",
        "{{ genre }}/{{ bpm }}",
    ):
        yield mnt / name
    yield from (entry for entry in (mnt / "genre").iterdir())
    yield mnt / "{{ bpm }} {{ title }}.{{ ext }}"


def listed_is_statable(folder: Path) -> None:
    """`lstat` gives every entry the inode and type that the listing gave."""
    for entry in os.scandir(folder):
        what = os.lstat(entry.path)
        assert entry.inode() == what.st_ino
        assert entry.is_symlink() == stat.S_ISLNK(what.st_mode)
        assert entry.is_dir(follow_symlinks=False) == stat.S_ISDIR(what.st_mode)
        assert entry.is_file(follow_symlinks=False) == stat.S_ISREG(what.st_mode)


def statable_is_openable(folder: Path) -> None:
    """Every file can be read, and is as long as `stat` says."""
    for path in folder.iterdir():
        if path.is_dir():
            list(path.iterdir())
        else:
            with path.open("rb") as file:
                assert len(file.read()) == path.stat().st_size


def nlink_owner_and_mode(folder: Path) -> None:
    """Link count, owner and mode, which `find` and file managers use."""
    for path in (folder, *folder.iterdir()):
        what = path.lstat()
        assert what.st_nlink == 1
        assert (what.st_uid, what.st_gid) == (os.getuid(), os.getgid())
        if not stat.S_ISLNK(what.st_mode):
            expected = 0o755 if stat.S_ISDIR(what.st_mode) else 0o444
            assert stat.S_IMODE(what.st_mode) == expected
            assert os.access(path, os.X_OK) == stat.S_ISDIR(what.st_mode)


def attributes_stay(folder: Path) -> None:
    """A second listing has the same attributes."""
    if folder.name == ".mcfs":
        return  # its files change with the state of the mount

    def look() -> dict[str, tuple[int, ...]]:
        return {
            path.name: (what.st_ino, what.st_mode, what.st_size, what.st_mtime_ns)
            for path in folder.iterdir()
            for what in [path.lstat()]
        }

    assert look() == look()


def dots_are_themselves(folder: Path) -> None:
    """`.` and `..` are the folder itself and its parent."""
    # pathlib would remove the dot.
    assert os.stat(f"{folder}/.").st_ino == folder.stat().st_ino  # noqa: PTH116
    if folder.parent.stat().st_dev == folder.stat().st_dev:
        assert os.stat(f"{folder}/..").st_ino == folder.parent.stat().st_ino  # noqa: PTH116


def writes_are_refused(folder: Path) -> None:
    """Every way to write fails with EROFS, and changes nothing."""
    before = sorted(folder.iterdir())
    new = folder / "new file"
    attempts: list[Callable[[], object]] = [
        lambda: new.write_bytes(b"x"),
        lambda: new.symlink_to("x"),
        lambda: os.mkfifo(new),
        lambda: os.utime(folder),
    ]
    if folder.name != "pins":
        attempts.append(new.mkdir)
    for path in before[:3]:
        if not path.is_dir():
            attempts.append(path.unlink)
    for attempt in attempts:
        with pytest.raises(OSError) as raised:  # noqa: PT011
            attempt()
        assert raised.value.errno == errno.EROFS
    assert sorted(folder.iterdir()) == before


CHECKS = (
    listed_is_statable,
    statable_is_openable,
    nlink_owner_and_mode,
    attributes_stay,
    dots_are_themselves,
    writes_are_refused,
)
