"""Programs that watch folders of a real mount with inotify hear which names come and go."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.config.settings import Entries
from mcfs.fuse.watched_folders import watched_inodes
from mcfs.store import Store
from tests.announcement_check import check_announcements
from tests.inotify import Watcher, watcher
from tests.mounts import RunningMount, instrumented_mount, mounted, wait_until
from tests.prerequisites import git_annex_environment
from tests.random_changes import RandomChanges

_CHANGES = {"symlink", "mknod", "mkdir", "unlink", "rmdir"}


@pytest.mark.parametrize(
    ("entries", "kernel_caches", "options"),
    [
        (Entries.LINKS, True, ()),
        (Entries.FILES, True, ()),
        (Entries.LINKS, False, ("--as-before-6.2",)),
    ],
    ids=["links", "files", "links before Linux 6.2, without the kernel's caches"],
)
def test_a_watcher_hears_of_every_name_once(
    library: Library,
    synced: Store,
    place: Path,
    entries: Entries,
    kernel_caches: bool,
    options: tuple[str, ...],
) -> None:
    draw = random.Random(11)
    changes = RandomChanges(synced, draw)
    words = ("--entries", entries.value, "--hurry", *options)
    with (
        instrumented_mount(library.top, place, *words, kernel_caches=kernel_caches) as mount,
        watcher() as heard,
    ):
        # With this seed, some of every kind; contrib/soak/watchers.py makes as many as one likes.
        list(check_announcements(synced, place, heard, changes, draw, rounds=4))
        made = sum(count for kind, count in mount.requests().items() if kind in _CHANGES)
        assert heard.count <= made <= heard.count * 1.1, "nothing is announced where nobody watches"
        assert heard.count > 40
        assert heard.folders


def test_what_is_announced_is_as_real_as_before(
    library: Library, synced: Store, place: Path, tmp_path: Path
) -> None:
    """A removal that is announced in one folder leaves the track alone in all others."""
    # The log of requests names what is gone, too.
    options = ("-vv", "--log", str(tmp_path / "log"))
    with mounted(library.top, place, options=options) as mount, watcher() as heard:
        everything = {path.name: path.lstat() for path in (mount.path / "all").iterdir()}
        techno = mount.path / "genre:techno"
        heard.watch(techno, set(os.listdir(techno)))
        name = min(heard.names[techno])
        _set(library, name, mount, "genre=Nothing")
        wait_until(lambda: _hears(heard) and name not in heard.names[techno])
        again = {path.name: path.lstat() for path in (mount.path / "all").iterdir()}
        assert {n: (s.st_ino, s.st_nlink) for n, s in again.items()} == {
            n: (s.st_ino, s.st_nlink) for n, s in everything.items()
        }
        assert (mount.path / "all" / name).read_bytes()
        _set(library, name, mount, "genre=Techno")
        wait_until(lambda: _hears(heard) and name in heard.names[techno])
        assert (techno / name).read_bytes() == (mount.path / "all" / name).read_bytes()
        assert heard.count == 2
        # Nobody else may do what the mount does.
        with pytest.raises(OSError, match="Read-only file system"):
            (techno / name).unlink()
        with pytest.raises(OSError, match="Read-only file system"):
            (techno / "new").symlink_to("x")
        with pytest.raises(OSError, match="Read-only file system"):
            (techno / "new").mkdir()
    log = (tmp_path / "log").read_text()
    for change in ("unlink", "symlink"):
        assert f"{change} {f'/genre:techno/{name}'!r}" in log


def test_which_inodes_are_watched(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    what = tmp_path.stat()
    assert what.st_ino not in watched_inodes(what.st_dev)
    with watcher() as heard:
        heard.watch(tmp_path, {"sub"})
        found = watched_inodes(what.st_dev)
        assert what.st_ino in found
        assert (tmp_path / "sub").stat().st_ino not in found
        assert what.st_ino not in watched_inodes(what.st_dev + 1)
        (tmp_path / "new").touch()
        heard.listen()
        assert heard.names[tmp_path] == {"sub", "new"}


def _hears(heard: Watcher) -> bool:
    heard.listen()
    return True


def _set(library: Library, name: str, mount: RunningMount, change: str) -> None:
    work_path = os.path.relpath((mount.path / "all" / name).readlink(), library.top)
    subprocess.run(
        ["git", "annex", "metadata", "-q", work_path, "-s", change],
        cwd=library.top,
        env=git_annex_environment(library.top),
        check=True,
    )
