"""The kernel believes for a day what it was told: what changes must be told it, everywhere and in time."""

from __future__ import annotations

import os
import random
import shutil
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
from tests.prerequisites import git_annex_environment, needs_fuse
from tests.tracks import copy_of_library


def track(name: str, *, added_days_ago: float = 100, **values: str) -> TrackRecord:
    """A track that is called so; several values of a field by `|`."""
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
    """A mount, and the store that it follows."""

    store: Store
    served: RunningMount

    @property
    def mnt(self) -> Path:
        return self.served.path

    def holds(self, *records: TrackRecord) -> None:
        """These are all tracks; known to the mount."""
        self.store.cache.replace_all(records)
        self.lists("all", *(record.name for record in records))

    def lists(self, mount_path: str, *names: str) -> None:
        """It does so soon."""
        wait_until(lambda: sorted(os.listdir(self.mnt / mount_path)) == sorted(names))

    def is_there(self, mount_path: str) -> bool:
        """By the name alone: a listing would put right what the kernel believes."""
        return os.path.lexists(self.mnt / mount_path)

    def believes(self, mount_path: str) -> None:
        """The kernel, for a day: it does not ask again."""

        def is_known() -> bool:
            before = self.served.requests()["lookup"]
            # Longer than what nobody is sure of is believed.
            time.sleep(1.1)
            return self.is_there(mount_path) and self.served.requests()["lookup"] == before

        assert self.is_there(mount_path)
        wait_until(is_known)

    def comes(self, mount_path: str) -> None:
        """What the kernel believes is not there."""
        wait_until(lambda: self.is_there(mount_path))

    def goes(self, mount_path: str) -> None:
        """What the kernel believes is there."""
        wait_until(lambda: not self.is_there(mount_path))


@pytest.fixture
def live(library: Library, place: Path, request: pytest.FixtureRequest) -> Iterator[Live]:
    """A library with no track yet."""
    options = getattr(request, "param", ())
    with (
        open_store(library.store_dir) as store,
        instrumented_mount(library.top, place, *options) as served,
    ):
        yield Live(store, served)


on_any_linux = pytest.mark.parametrize("live", [(), ("--as-before-6.2",)], indirect=True)


def test_a_thousand_folders_through_a_hundred_changes(library: Library, place: Path) -> None:
    """A longer one is contrib/soak/live_mount.py."""
    with (
        open_store(library.store_dir) as store,
        instrumented_mount(library.top, place, "--hurry") as served,
    ):
        for _ in check_under_changes(
            store, served.path, random.Random(1), rounds=25, folders=1000, some=15
        ):
            pass


def test_what_git_annex_changes(library: Library, synced: Store, place: Path) -> None:
    changes = [
        "git annex metadata -q -s artist=Anon -s title=Untitled beyonce.mp3",
        "git annex metadata -q -s mood=dark acdc.mp3 kino.mp3",
        "git annex drop -q --force underworld.wav",
        "git mv orbital.mp3 moved.mp3; echo new > new.mp3; git annex add -q new.mp3",
        "git annex metadata -q -r mood acdc.mp3 kino.mp3; git rm -q --cached white/b.mp3",
    ]
    with instrumented_mount(library.top, place) as served:
        believed = KernelNames(served.path, random.Random(1))
        believed.explore(Tree(synced), 150)
        for change in changes:
            believed.ask_for_absent_names(100)
            subprocess.run(
                ["bash", "-ec", change],
                cwd=library.top,
                env=git_annex_environment(library.top),
                check=True,
                capture_output=True,
            )
            sync(library, synced)
            fresh = Tree(synced)
            wait_until(lambda: not believed.wrong(fresh, list(believed.names)))  # noqa: B023


class TestMidnight:
    FOLDERS = ("added:>-1d", "sort:title/added:>-1d", "added:>-1d/{{ genre }}/House")

    def test_passes_over_what_is_new_today(self, live: Live) -> None:
        live.holds(track("new", genre="House", added_days_ago=0), track("old", genre="Techno"))
        names = {folder: os.listdir(live.mnt / folder) for folder in self.FOLDERS}
        assert [len(listed) for listed in names.values()] == [1, 1, 1]
        assert live.is_there("added:<=-1d/old.mp3")
        assert not live.is_there("added:<=-1d/new.mp3")
        assert not live.is_there("added:<=-1d/{{ genre }}/House")
        live.served.let_a_day_pass()
        for folder, (name,) in names.items():
            live.goes(f"{folder}/{name}")
        live.goes("added:>-1d/{{ genre }}/House")
        live.comes("added:<=-1d/new.mp3")
        live.comes("added:<=-1d/{{ genre }}/House")
        live.lists("added:<=-1d/{{ genre }}/House", "new.mp3")
        assert live.is_there("added:<=-1d/old.mp3")

    def test_says_nothing_of_other_folders(self, live: Live) -> None:
        live.holds(track("new", genre="Techno", added_days_ago=0), track("old", genre="Techno"))
        live.believes("genre:techno/old.mp3")
        live.believes("added:>-1d/new.mp3")
        before = live.served.requests()
        live.served.let_a_day_pass()
        live.goes("added:>-1d/new.mp3")
        after = live.served.requests()
        assert live.is_there("genre:techno/old.mp3")
        assert live.served.requests()["lookup"] == after["lookup"] > before["lookup"]


class TestFolders:
    """Somebody may stand in one."""

    @on_any_linux
    def test_one_that_stays_is_not_taken_from_under_who_stands_in_it(self, live: Live) -> None:
        live.holds(*(track(f"{n}", genre="Techno", bpm=f"{120 + n}") for n in range(6)))
        for folder in (
            "genre/Techno",
            "limit:5/{{ genre }}/Techno",
            "genre:techno",
            "genre/Techno/bpm:>1",
        ):
            with _standing_in(live.mnt / folder) as shell:
                changed = track("0", genre="Techno", bpm="99")
                update_tracks(live.store.cache, [changed])
                live.comes("bpm/99")
                update_tracks(live.store.cache, [replace(changed, values={"genre": ("Techno",)})])
                live.goes("bpm/99")
                # Fields come and go, and everything is made anew.
                live.store.cache.replace_all(
                    track(f"{n}", genre="Techno", bpm="125", mood="x") for n in range(6)
                )
                live.comes("{{ mood }}/x")
                assert shell.say("/bin/pwd -P") == str(live.mnt / folder)
                assert shell.say("ls | wc -l") in ("5", "6")
                assert shell.say("stat -c %i .") == str((live.mnt / folder).stat().st_ino)
            live.holds(*(track(f"{n}", genre="Techno", bpm=f"{120 + n}") for n in range(6)))

    @on_any_linux
    def test_one_that_goes_may_come_again(self, live: Live) -> None:
        pop, techno = track("a", genre="Pop"), track("a", genre="Techno")
        live.holds(pop)
        with _standing_in(live.mnt / "genre" / "Pop") as shell:
            update_tracks(live.store.cache, [techno])
            live.goes("genre/Pop")
            live.comes("genre/Techno/a.mp3")
            update_tracks(live.store.cache, [pop])
            live.comes("genre/Pop/a.mp3")
            live.goes("genre/Techno")
            assert shell.say(f"cd '{live.mnt}/genre/Pop' && /bin/pwd -P").endswith("genre/Pop")

    def test_a_name_that_is_another_folder_now(self, live: Live) -> None:
        """A title is called as a query is: what a folder lists comes first."""
        live.holds(track("a", genre="Pop", title="x"), track("b", genre="Rock", title="y"))
        assert live.is_there("{{ title }}/genre:pop/x")
        update_tracks(live.store.cache, [track("b", genre="Rock", title="genre:pop")])
        live.goes("{{ title }}/genre:pop/x")
        live.lists("{{ title }}/genre:pop", "b.mp3")

    def test_a_pin_made_anew_by_somebody_else(self, live: Live) -> None:
        live.holds(track("a", genre="Pop"), track("b", genre="Rock"))
        live.store.user.add_pin("mine", "genre:pop")
        live.comes("pins/mine/{{ genre }}/Pop/a.mp3")
        live.store.user.remove_pin("mine")
        live.store.user.add_pin("mine", "genre:rock")
        live.goes("pins/mine/{{ genre }}/Pop/a.mp3")
        live.comes("pins/mine/{{ genre }}/Rock/b.mp3")


class _Shell:
    """Stands in a folder, and answers."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["sh"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def __enter__(self) -> _Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


_standing_in = _Shell


class TestOpen:
    def test_a_folder_keeps_its_listing_until_it_is_closed(self, live: Live) -> None:
        before = [track(f"{n:04}", genre="Techno") for n in range(500)]
        live.holds(*before)
        with os.scandir(live.mnt / "all") as entries:
            names = [next(entries).name]
            for n in range(100, 200):
                update_tracks(live.store.cache, [replace(before[n], name=f"renamed {n}.mp3")])
            remove_tracks(live.store.cache, (record.annex_key for record in before[:50]))
            live.comes("all/renamed 199.mp3")
            names += [entry.name for entry in entries]
        assert sorted(names) == [record.name for record in before]
        # What was shown of an older state is not believed.
        live.goes("all/0000.mp3")
        live.goes("all/0100.mp3")
        assert len(os.listdir(live.mnt / "all")) == 450

    def test_who_lists_while_it_changes_sees_no_name_twice(self, live: Live) -> None:
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
            # In order: "001 …", "002 …", and each track once.
            assert [int(name.split()[0]) for name in names] == list(range(1, len(names) + 1))
            assert len({name.split()[1] for name in names}) == len(names)


@pytest.fixture(scope="module")
def counted(
    pristine_library: Path, pristine_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningMount]:
    """The samples, mounted where requests can be counted; nobody changes them."""
    needs_fuse()
    folder = tmp_path_factory.mktemp("counted")
    with copy_of_library(pristine_library, folder / "library") as library:
        shutil.copytree(pristine_store, library.store_dir)
        with instrumented_mount(library.top, folder / "mnt") as served:
            yield served


def _run(*words: str | Path, cwd: Path | None = None) -> str:
    return subprocess.run(words, cwd=cwd, check=True, capture_output=True, text=True).stdout


class TestRequests:
    """The cheapest is the one that the kernel never sends."""

    @pytest.mark.parametrize("folder", ["all", "genre", "bpm:>1/{{ genre }}", "sort:title"])
    @pytest.mark.parametrize(
        "command", ["ls -U .", "find .", "echo *", "ls -d *", "test ! -e nothing"]
    )
    def test_what_is_asked_again_is_in_memory(
        self, counted: RunningMount, folder: str, command: str
    ) -> None:
        first = _run("sh", "-c", command, cwd=counted.path / folder)
        before = counted.requests()
        assert _run("sh", "-c", command, cwd=counted.path / folder) == first
        asked = counted.requests() - before
        assert asked["lookup"] == asked["readlink"] == 0
        assert set(asked) <= {"opendir", "readdir", "releasedir", "getattr", "access"}

    def test_a_long_listing_reads_each_link_once(self, counted: RunningMount) -> None:
        names = _run("ls", "-l", counted.path / "all").count(" -> ")
        before = counted.requests()
        _run("ls", "-l", counted.path / "all")
        asked = counted.requests() - before
        assert asked["readlink"] == names
        assert asked["lookup"] == 0

    def test_extended_attributes_are_asked_for_once(self, counted: RunningMount) -> None:
        for _ in range(2):
            for name in os.listdir(counted.path / "all"):
                file = counted.path / "all" / name
                with pytest.raises(OSError, match="not supported"):
                    os.getxattr(file, "security.selinux", follow_symlinks=False)
                with pytest.raises(OSError, match="not supported"):
                    os.listxattr(file, follow_symlinks=False)
        asked = counted.requests()
        assert (asked["getxattr"], asked["listxattr"]) == (1, 1)

    PROBES = (
        ".Trash", ".Trash-1000", ".hidden", ".sh_thumbnails", ".directory", ".mpdignore", ".git",
        "HEAD", "config", "GNUmakefile", "makefile", "Makefile", "RCS", "SCCS", "node_modules",
        ".python-version", "libsoup-3.0.so.0", "*.mp3", "autorun.inf", "Desktop.ini", "qt_temp.x",
    )  # fmt: skip
    SHAPED = ("package.json", "bpm:120-130\\ genre:techno", "mood:dark", "pyvenv.cfg.json")

    @pytest.mark.parametrize("folder", ["", "all", "genre", "genre/Pop", "genre:techno", ".mcfs"])
    def test_probes_are_answered_once(self, counted: RunningMount, folder: str) -> None:
        where = counted.path / folder
        where.stat()
        before = counted.requests()
        for _ in range(3):
            for name in self.PROBES:
                assert not os.path.lexists(where / name)
        asked = counted.requests() - before
        assert asked["lookup"] - (len(folder.split("/")) if folder == ".mcfs" else 0) <= len(
            self.PROBES
        )

    def test_what_a_new_field_could_make_valid_is_asked_for_once_a_second(
        self, counted: RunningMount
    ) -> None:
        for name in self.SHAPED:
            before = counted.requests()["lookup"]
            for _ in range(20):
                assert not os.path.lexists(counted.path / "all" / name)
            assert counted.requests()["lookup"] - before <= 3
