"""Programs that watch folders of a real mount with inotify hear which names come and go."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.config.settings import DEFAULTS, Entries
from mcfs.fuse.watched_folders import watched_inodes
from mcfs.store import Store
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.inotify import Watcher, watcher
from tests.mounts import RunningMount, instrumented_mount, mounted, wait_until
from tests.prerequisites import git_annex_environment
from tests.random_changes import RandomChanges

WATCHED = (
    "all", "genre", "genre:techno", "library", "library/Surgeon", "{{ artist }}",
    "{{ title }}.{{ ext }}", "rating:>=4",
    "sort:title limit:7", "added:>-1d", "genre:techno/{{ bpm | round_to(5) }}",
)  # fmt: skip
_CHANGES = {"symlink", "mknod", "mkdir", "unlink", "rmdir"}


def _names(store: Store, mount_path: str) -> set[str]:
    tree = Tree(store, DEFAULTS)
    return set(tree.children(tree.resolve(Route.parse(mount_path))).entries)


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
    changes = RandomChanges(synced, random.Random(7))
    words = ("--entries", entries.value, "--hurry", *options)
    with (
        instrumented_mount(library.top, place, *words, kernel_caches=kernel_caches) as mount,
        watcher() as heard,
    ):
        for mount_path in WATCHED:
            heard.watch(place / mount_path, _names(synced, mount_path))
        draw = random.Random(11)
        for _ in range(40):
            changes.make()
            # Some changes come together, and some folders are looked at just then.
            time.sleep(draw.choice((0, 0, 0.05, 0.15)))
            os.listdir(place / draw.choice(WATCHED[:3]))
            heard.listen()
        _wait_until_told(heard, synced, place)
        made = sum(count for kind, count in mount.requests().items() if kind in _CHANGES)
        assert heard.count <= made <= heard.count * 1.1, "nothing is announced where nobody watches"
        assert heard.count > 100
        assert heard.folders
        for folder, names in heard.names.items():
            assert set(os.listdir(folder)) == names


def _wait_until_told(heard: Watcher, store: Store, place: Path) -> None:
    expected = {folder: _names(store, str(folder.relative_to(place))) for folder in heard.names}

    def told() -> bool:
        heard.listen(0.05)
        return heard.names == expected

    try:
        wait_until(told)
    finally:
        for folder, names in heard.names.items():
            assert names == expected[folder], folder


def test_what_is_announced_is_as_real_as_before(
    library: Library, synced: Store, place: Path
) -> None:
    """A removal that is announced in one folder leaves the track alone in all others."""
    with mounted(library.top, place) as mount, watcher() as heard:
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


def test_a_read_only_mount_announces_nothing(library: Library, synced: Store, place: Path) -> None:
    with mounted(library.top, place, options=("-o", "ro")) as mount, watcher() as heard:
        techno = mount.path / "genre:techno"
        before = set(os.listdir(techno))
        heard.watch(techno, before)
        _set(library, min(before), mount, "genre=Nothing")
        wait_until(lambda: set(os.listdir(techno)) != before)
        heard.listen(0.5)
        assert heard.count == 0


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
