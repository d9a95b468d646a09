"""Thunar and pcmanfm on a mount: show folders, delete and make pins, copy a track."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.programs.running import Screen
from tests.mounts import RunningMount, mounted, wait_until
from tests.prerequisites import git_annex_environment


@pytest.fixture
def mount(demo_copy: Path, place: Path, home: Path) -> Iterator[RunningMount]:
    """The demo library, with two pins."""
    with mounted(demo_copy, place) as running:
        (place / "pins/genre:techno").mkdir()
        (place / "pins/genre:house").mkdir()
        yield running


class FileManager:
    """The window of a file manager that shows one folder."""

    def __init__(self, screen: Screen, window: str) -> None:
        self._screen = screen
        self._window = window

    def press(self, *keys: str) -> None:
        """Press keys in its window."""
        (window, *_) = self._screen.windows(self._window)
        self._screen.xdotool("windowfocus", "--sync", window)
        self._screen.xdotool("key", "--clearmodifiers", *keys)
        time.sleep(0.5)

    def type(self, text: str) -> None:
        """Type text where the keyboard's focus is, and accept it."""
        self._screen.xdotool("type", "--delay", "30", text)
        self._screen.xdotool("key", "Return")
        time.sleep(0.5)


PROGRAMS = pytest.mark.parametrize(
    "program",
    [
        pytest.param("thunar", marks=pytest.mark.programs("thunar")),
        pytest.param("pcmanfm", marks=pytest.mark.programs("pcmanfm")),
    ],
)


@PROGRAMS
@pytest.mark.programs("Xvfb", "xdotool", "import", "dbus-run-session")
def test_the_delete_key_moves_a_pin_to_the_trash(
    mount: RunningMount, screen: Screen, program: str
) -> None:
    pins = mount.path / "pins"
    trash = mount.path / f".Trash-{os.getuid()}"
    with screen.showing([program, pins], "pins"):
        time.sleep(2)
        windows = screen.windows("")
        screen.screenshot(f"{program}-before")
        FileManager(screen, "pins").press("ctrl+a", "Delete")
        # pcmanfm asks first.
        if program == "pcmanfm":
            time.sleep(1)
            screen.keys("Return")
        wait_until(lambda: os.listdir(pins) == [])
        time.sleep(1)
        screen.screenshot(f"{program}-after")
        assert screen.windows("") == windows, "it has something to say"
    assert sorted(os.listdir(trash / "files")) == ["genre:house", "genre:techno"]
    assert len(os.listdir(trash / "info")) == 2
    (trash / "files/genre:house").rename(pins / "genre:house")
    assert os.listdir(pins / "genre:house")


@PROGRAMS
@pytest.mark.programs("Xvfb", "xdotool", "import", "dbus-run-session")
def test_a_track_can_be_copied_out(
    mount: RunningMount, screen: Screen, home: Path, program: str
) -> None:
    name = "genre:techno"
    copies = home / "copies"
    copies.mkdir()
    tracks = sorted(os.listdir(mount.path / "pins" / name))
    with screen.showing([program, mount.path / "pins" / name], name):
        time.sleep(2)
        FileManager(screen, name).press("ctrl+a", "ctrl+c")
        screen.screenshot(f"{program}-copied")
        FileManager(screen, name).press("ctrl+l")
        FileManager(screen, name).type(str(copies))
        wait_until(lambda: bool(screen.windows("copies")))
        time.sleep(1)
        FileManager(screen, "copies").press("ctrl+v")
        wait_until(lambda: sorted(os.listdir(copies)) == tracks)
        time.sleep(1)
        screen.screenshot(f"{program}-pasted")
    for track in tracks:
        assert (copies / track).read_bytes() == (mount.path / "all" / track).read_bytes()
    shutil.rmtree(copies)


@PROGRAMS
@pytest.mark.programs("Xvfb", "xdotool", "import", "dbus-run-session")
def test_a_new_folder_becomes_a_query_when_it_is_renamed(
    mount: RunningMount, screen: Screen, program: str
) -> None:
    pins = mount.path / "pins"
    for pin in pins.iterdir():
        pin.rmdir()
    with screen.showing([program, pins], "pins"):
        time.sleep(2)
        window = FileManager(screen, "pins")
        window.press("ctrl+shift+n")
        time.sleep(1)
        screen.screenshot(f"{program}-new-folder")
        window.type("Later")
        wait_until(lambda: os.listdir(pins) == ["Later"])
        assert os.listdir(pins / "Later") == []
        time.sleep(2)
        window.press("ctrl+a", "F2")
        time.sleep(1)
        screen.screenshot(f"{program}-rename")
        screen.keys("ctrl+a")
        window.type("genre:techno")
        wait_until(lambda: os.listdir(pins) == ["genre:techno"])
    assert set(os.listdir(pins / "genre:techno")) == set(os.listdir(mount.path / "genre:techno"))


@PROGRAMS
@pytest.mark.programs("Xvfb", "xdotool", "import", "compare", "dbus-run-session")
def test_a_window_follows_the_library(
    mount: RunningMount, demo_copy: Path, screen: Screen, program: str
) -> None:
    """Nobody touches the window: its picture changes when a track comes, and is as before when it goes."""
    folder = mount.path / "shelf:upper"
    tracks = sorted((mount.path / "genre:techno").iterdir())
    work_paths = [os.path.relpath(track.readlink(), demo_copy) for track in tracks]
    _set(demo_copy, work_paths[0], "shelf=upper")
    wait_until(lambda: folder.exists() and len(os.listdir(folder)) == 1)
    with screen.showing([program, folder], "shelf:upper"):
        time.sleep(3)
        before = screen.screenshot(f"{program}-one-track")
        _set(demo_copy, work_paths[1], "shelf=upper")
        wait_until(lambda: _differ(before, screen.screenshot(f"{program}-two-tracks")), 10)
        time.sleep(1)
        two = screen.screenshot(f"{program}-two-tracks")
        _set(demo_copy, work_paths[1], "shelf-=upper")
        wait_until(lambda: not _differ(before, screen.screenshot(f"{program}-one-again")), 10)
        assert _differ(before, two)


def _set(library: Path, work_path: str, change: str) -> None:
    subprocess.run(
        ["git", "annex", "metadata", "-q", work_path, "-s", change],
        cwd=library,
        env=git_annex_environment(library),
        check=True,
    )


def _differ(one: Path, other: Path) -> bool:
    """Whether two pictures differ in more than a blinking cursor."""
    done = subprocess.run(
        ["compare", "-metric", "AE", "-fuzz", "5%", one, other, "null:"],
        capture_output=True,
        text=True,
        check=False,
    )
    return float(done.stderr) > 500


@PROGRAMS
@pytest.mark.programs("Xvfb", "xdotool", "import", "dbus-run-session")
def test_links_are_copied_into_a_folder_that_edits_and_deleted_there(
    demo_copy: Path, place: Path, home: Path, screen: Screen, program: str
) -> None:
    """From a folder with numbers, so that the tree calls the entry something else than the file manager."""
    says = "mcfs: folders of crate can be edited; to take an edit back: mcfs undo\n"
    with mounted(demo_copy, place, says, ("--edit", "crate")):
        (place / "crate/Trial").mkdir()
        source = place / "sort:title limit:1"
        (numbered,) = os.listdir(source)
        track = numbered.removeprefix("001 ")
        with screen.showing([program, source], "limit"):
            time.sleep(2)
            windows = screen.windows("")
            FileManager(screen, "limit").press("ctrl+a", "ctrl+c", "ctrl+l")
            FileManager(screen, "limit").type(str(place / "crate/Trial"))
            wait_until(lambda: bool(screen.windows("Trial")))
            time.sleep(1)
            FileManager(screen, "Trial").press("ctrl+v")
            wait_until(lambda: os.listdir(place / "crate/Trial") == [track])
            assert (place / "crate/Trial" / numbered).is_symlink(), "what was asked for is found"
            # It hears then that the name it asked for is not listed.
            time.sleep(5)
            screen.screenshot(f"{program}-pasted")
            assert screen.windows("") == windows, "it has something to say"
            FileManager(screen, "Trial").press("ctrl+a", "Delete")
            if program == "pcmanfm":
                time.sleep(1)
                screen.keys("Return")
            wait_until(lambda: os.listdir(place / "crate/Trial") == [])
            time.sleep(1)
            screen.screenshot(f"{program}-deleted")
            assert screen.windows("") == windows, "it has something to say"
        assert os.listdir(place / f".Trash-{os.getuid()}/info") == []
