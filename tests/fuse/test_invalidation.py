"""The kernel caches names for a day: after a change of the library, every folder must soon be right again."""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.store import Store, TrackRecord, open_store
from mcfs.sync.run import sync
from mcfs.tree.tree import Tree
from tests.cache_access import insert_tracks, remove_tracks, update_tracks
from tests.kernel_check import KernelNames, check_under_changes
from tests.mounts import RunningMount, instrumented_mount, wait_until
from tests.prerequisites import git_annex_environment
from tests.taken_snapshots import frozen, take, taken


def track(name: str, *, added_days_ago: float = 100, **values: str) -> TrackRecord:
    """A track with this name; `|` separates several values of a field."""
    key = f"SHA256E-s{len(name)}--{name}.mp3"
    return TrackRecord(
        annex_key=key,
        name=f"{name}.mp3",
        files=(f"{name}.mp3",),
        content_path=f"annex/objects/{key}",
        present=True,
        size=len(name),
        added_at=datetime.now(UTC) - timedelta(days=added_days_ago),
        values={field: tuple(text.split("|")) for field, text in values.items()},
    )


@dataclass(frozen=True, slots=True)
class Live:
    """A mount and its store."""

    store: Store
    mount: RunningMount

    @property
    def mnt(self) -> Path:
        return self.mount.path

    def holds(self, *records: TrackRecord) -> None:
        """Make these all the tracks there are, and wait until the mount shows them."""
        self.store.cache.replace_all(records)
        self.lists("all", *(record.name for record in records))

    def lists(self, mount_path: str, *names: str) -> None:
        """Wait until a folder lists exactly these names."""
        wait_until(lambda: sorted(os.listdir(self.mnt / mount_path)) == sorted(names))

    def is_there(self, mount_path: str) -> bool:
        """Look up one name: a listing would correct the kernel's cache."""
        return os.path.lexists(self.mnt / mount_path)

    def is_cached(self, mount_path: str) -> None:
        """Wait until the kernel has cached a name for long: it does not ask again after a second."""

        def is_known() -> bool:
            before = self.mount.requests()["lookup"]
            # Longer than the cache time of an uncertain answer.
            time.sleep(1.1)
            return self.is_there(mount_path) and self.mount.requests()["lookup"] == before

        assert self.is_there(mount_path)
        wait_until(is_known)

    def appears(self, mount_path: str) -> None:
        """Wait until a name appears that the kernel has cached as absent."""
        wait_until(lambda: self.is_there(mount_path))

    def disappears(self, mount_path: str) -> None:
        """Wait until a name disappears that the kernel has cached."""
        wait_until(lambda: not self.is_there(mount_path))


@pytest.fixture
def live(library: Library, place: Path, request: pytest.FixtureRequest) -> Iterator[Live]:
    """A mount of a library that has no track yet."""
    options = getattr(request, "param", ())
    with (
        open_store(library.store_dir) as store,
        instrumented_mount(library.top, place, *options) as served,
    ):
        yield Live(store, served)


on_any_linux = pytest.mark.parametrize("live", [(), ("--as-before-6.2",)], indirect=True)


@pytest.mark.parametrize("kernel_caches", [True, False], ids=["caches on", "caches off"])
def test_many_folders_through_many_changes(
    library: Library, place: Path, kernel_caches: bool
) -> None:
    """contrib/soak/live_mount.py runs the same with more folders, and for longer."""
    with (
        open_store(library.store_dir) as store,
        instrumented_mount(library.top, place, "--hurry", kernel_caches=kernel_caches) as served,
    ):
        assert kernel_caches or not served.kernel_caches_are_on()
        for _ in check_under_changes(
            store,
            served.path,
            random.Random(1),
            rounds=12 if kernel_caches else 4,
            folders=500 if kernel_caches else 200,
            some=15,
        ):
            pass


def test_changes_by_git_annex(library: Library, synced: Store, place: Path) -> None:
    changes = [
        "git annex metadata -q -s artist=Anon -s title=Untitled beyonce.mp3",
        "git annex metadata -q -s mood=dark acdc.mp3 kino.mp3",
        "git annex drop -q --force underworld.wav",
        "git mv orbital.mp3 moved.mp3; echo new > new.mp3; git annex add -q new.mp3",
        "git annex metadata -q -r mood acdc.mp3 kino.mp3; git rm -q --cached white/b.mp3",
    ]
    with instrumented_mount(library.top, place) as served:
        kernel = KernelNames(served.path, random.Random(1))
        kernel.explore(Tree(synced), 150)
        for change in changes:
            kernel.ask_for_absent_names(100)
            subprocess.run(
                ["bash", "-ec", change],
                cwd=library.top,
                env=git_annex_environment(library.top),
                check=True,
                capture_output=True,
            )
            sync(library, synced)
            fresh = Tree(synced)
            wait_until(lambda: not kernel.wrong(fresh, list(kernel.names)))  # noqa: B023


class TestMidnight:
    FOLDERS = ("added:>-1d", "sort:title/added:>-1d", "added:>-1d/{{ genre }}/House")

    def test_moves_a_track_out_of_the_last_day(self, live: Live) -> None:
        live.holds(track("new", genre="House", added_days_ago=0), track("old", genre="Techno"))
        names = {folder: os.listdir(live.mnt / folder) for folder in self.FOLDERS}
        assert [len(listed) for listed in names.values()] == [1, 1, 1]
        assert live.is_there("added:<=-1d/old.mp3")
        assert not live.is_there("added:<=-1d/new.mp3")
        assert not live.is_there("added:<=-1d/{{ genre }}/House")
        live.mount.let_a_day_pass()
        for folder, (name,) in names.items():
            live.disappears(f"{folder}/{name}")
        live.disappears("added:>-1d/{{ genre }}/House")
        live.appears("added:<=-1d/new.mp3")
        live.appears("added:<=-1d/{{ genre }}/House")
        live.lists("added:<=-1d/{{ genre }}/House", "new.mp3")
        assert live.is_there("added:<=-1d/old.mp3")

    def test_leaves_other_folders_in_the_cache(self, live: Live) -> None:
        live.holds(track("new", genre="Techno", added_days_ago=0), track("old", genre="Techno"))
        live.is_cached("genre:techno/old.mp3")
        live.is_cached("added:>-1d/new.mp3")
        before = live.mount.requests()
        live.mount.let_a_day_pass()
        live.disappears("added:>-1d/new.mp3")
        after = live.mount.requests()
        assert live.is_there("genre:techno/old.mp3")
        assert live.mount.requests()["lookup"] == after["lookup"] > before["lookup"]


class TestFolders:
    """A process may have its cwd in one."""

    @on_any_linux
    def test_an_unchanged_folder_stays_the_cwd_of_a_process(self, live: Live) -> None:
        live.holds(*(track(f"{n}", genre="Techno", bpm=f"{120 + n}") for n in range(6)))
        for folder in (
            "genre/Techno",
            "limit:5/{{ genre }}/Techno",
            "genre:techno",
            "genre/Techno/bpm:>1",
        ):
            with _Shell(live.mnt / folder) as shell:
                changed = track("0", genre="Techno", bpm="99")
                update_tracks(live.store.cache, [changed])
                live.appears("bpm/99")
                update_tracks(live.store.cache, [replace(changed, values={"genre": ("Techno",)})])
                live.disappears("bpm/99")
                # A full sync, in which fields appear and disappear.
                live.store.cache.replace_all(
                    track(f"{n}", genre="Techno", bpm="125", mood="x") for n in range(6)
                )
                live.appears("{{ mood }}/x")
                assert shell.run("/bin/pwd -P") == str(live.mnt / folder)
                assert shell.run("ls | wc -l") in ("5", "6")
                assert shell.run("stat -c %i .") == str((live.mnt / folder).stat().st_ino)
            live.holds(*(track(f"{n}", genre="Techno", bpm=f"{120 + n}") for n in range(6)))

    @on_any_linux
    def test_a_removed_folder_may_appear_again(self, live: Live) -> None:
        pop, techno = track("a", genre="Pop"), track("a", genre="Techno")
        live.holds(pop)
        with _Shell(live.mnt / "genre" / "Pop") as shell:
            update_tracks(live.store.cache, [techno])
            live.disappears("genre/Pop")
            live.appears("genre/Techno/a.mp3")
            update_tracks(live.store.cache, [pop])
            live.appears("genre/Pop/a.mp3")
            live.disappears("genre/Techno")
            assert shell.run(f"cd '{live.mnt}/genre/Pop' && /bin/pwd -P").endswith("genre/Pop")

    def test_a_query_that_becomes_a_value(self, live: Live) -> None:
        """A title may look like a query: what a folder lists comes first."""
        live.holds(track("a", genre="Pop", title="x"), track("b", genre="Rock", title="y"))
        assert live.is_there("{{ title }}/genre:pop/x")
        update_tracks(live.store.cache, [track("b", genre="Rock", title="genre:pop")])
        live.disappears("{{ title }}/genre:pop/x")
        live.lists("{{ title }}/genre:pop", "b.mp3")

    def test_a_pin_that_another_process_replaced(self, live: Live) -> None:
        live.holds(track("a", genre="Pop"), track("b", genre="Rock"))
        live.store.user.add_pin("mine", "genre:pop")
        live.appears("pins/mine/{{ genre }}/Pop/a.mp3")
        live.store.user.remove_pin("mine")
        live.store.user.add_pin("mine", "genre:rock")
        live.disappears("pins/mine/{{ genre }}/Pop/a.mp3")
        live.appears("pins/mine/{{ genre }}/Rock/b.mp3")


def test_snapshots_that_another_process_takes_refreshes_renames_and_drops(live: Live) -> None:
    a, b, c, d = (track(name, genre="Techno") for name in "abcd")
    snapshots = live.store.user.snapshots
    live.holds(a, b, c, d)
    live.lists("snapshots")
    assert not live.is_there("snapshot:friday")
    take(live.store, "Friday", map(frozen, (b, a)))
    live.lists("snapshots", "Friday")
    live.lists("snapshots/Friday", "001 b.mp3", "002 a.mp3")
    live.appears("snapshot:friday/001 b.mp3")
    live.is_cached("snapshots/Friday/001 b.mp3")
    live.is_cached("-snapshot:friday/c.mp3")
    assert not live.is_there("snapshots/Friday/002 c.mp3")
    assert not live.is_there("-snapshot:friday/a.mp3")

    # What does not touch the frozen tracks leaves their names in the cache.
    before = live.mount.requests()["lookup"]
    update_tracks(live.store.cache, [replace(d, name="dd.mp3")])
    live.appears("all/dd.mp3")
    after = live.mount.requests()["lookup"]
    assert live.is_there("snapshots/Friday/001 b.mp3")
    assert live.mount.requests()["lookup"] == after > before
    # What does, is seen; the names and numbers of the others stay.
    update_tracks(live.store.cache, [replace(b, present=False), replace(a, name="x.mp3")])
    live.disappears("snapshots/Friday/001 b.mp3")
    live.lists("snapshots/Friday", "002 a.mp3")
    update_tracks(live.store.cache, [b, replace(a, files=("moved/a.mp3",))])
    live.appears("snapshots/Friday/001 b.mp3")
    link = live.mnt / "snapshots/Friday/002 a.mp3"
    wait_until(lambda: os.readlink(link).endswith("/moved/a.mp3"))

    with _Shell(live.mnt / "snapshots/Friday") as shell:
        snapshots.refresh("Friday", taken(map(frozen, (b, c))))
        live.appears("snapshots/Friday/002 c.mp3")
        live.disappears("snapshots/Friday/002 a.mp3")
        live.disappears("-snapshot:friday/c.mp3")
        live.appears("-snapshot:friday/a.mp3")
        live.lists("snapshot:friday", "001 b.mp3", "002 c.mp3")
        assert shell.run("ls | tail -1") == "002 c.mp3", "the folder is still the cwd of a process"
    snapshots.rename("Friday", "Sat")
    live.lists("snapshots", "Sat")
    live.disappears("snapshot:friday")
    live.lists("snapshot:sat", "001 b.mp3", "002 c.mp3")
    snapshots.drop("Sat")
    live.lists("snapshots")
    live.disappears("snapshots/Sat")
    live.disappears("snapshot:sat")


class _Shell:
    """Has its cwd in a folder, and runs commands there."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["sh"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def __enter__(self) -> _Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


class TestOpen:
    def test_a_folder_keeps_its_listing_until_it_is_closed(self, live: Live) -> None:
        before = [track(f"{n:04}", genre="Techno") for n in range(500)]
        live.holds(*before)
        with os.scandir(live.mnt / "all") as entries:
            names = [next(entries).name]
            for n in range(100, 200):
                update_tracks(live.store.cache, [replace(before[n], name=f"renamed {n}.mp3")])
            remove_tracks(live.store.cache, (record.annex_key for record in before[:50]))
            live.appears("all/renamed 199.mp3")
            names += [entry.name for entry in entries]
        assert sorted(names) == [record.name for record in before]
        # Names that were listed from an older state were not cached.
        live.disappears("all/0000.mp3")
        live.disappears("all/0100.mp3")
        assert len(os.listdir(live.mnt / "all")) == 450

    def test_a_listing_during_changes_has_no_name_twice(self, live: Live) -> None:
        records = [track(f"{n:03}", title=f"{n:03}") for n in range(300)]
        live.holds(*records)
        ended = threading.Event()
        seen: list[list[str]] = []

        def list_again_and_again() -> None:
            while not ended.is_set():
                seen.append(os.listdir(live.mnt / "sort:title"))

        thread = threading.Thread(target=list_again_and_again)
        thread.start()
        for n in range(0, 300, 20):
            gone = records[n : n + 20]
            remove_tracks(live.store.cache, (record.annex_key for record in gone))
            insert_tracks(live.store.cache, gone)
        ended.set()
        thread.join()
        for names in seen:
            # Numbered in order, "001 …", "002 …", and each track once.
            assert [int(name.split()[0]) for name in names] == list(range(1, len(names) + 1))
            assert len({name.split()[1] for name in names}) == len(names)
