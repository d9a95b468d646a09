"""`mcfs mount` and `mcfs umount`: in the background, at odd mount points, after the process has died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.mount_probe import Health, health_of, read_from_mount
from mcfs.mount_table import all_mounts, mount_containing
from mcfs.store import Store
from tests.child_processes import children
from tests.mounts import REPOSITORY, RunningMount, is_mounted, mcfs, mounted, wait_until
from tests.prerequisites import needs_fuse


def test_mount_in_the_background_and_unmount(library: Library, place: Path) -> None:
    place.mkdir()
    done = mcfs("mount", library.top, place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(os.listdir(place / "genre:techno")) == 6, "a library never synced is synced first"
    again = mcfs("mount", library.top, place)
    assert again.returncode == 1
    assert "is mounted already; to take it away: mcfs umount" in again.stderr
    done = mcfs("umount", place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not is_mounted(place)
    wait_until(lambda: not _processes_naming(place))


def test_the_library_named_wins_over_the_environment(
    library: Library, synced: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCFS_LIBRARY", "/nowhere")
    with mounted(library.top, place) as served:
        assert len(os.listdir(served.path / "genre:techno")) == 6


def test_names_are_utf8_whatever_the_locale(
    library: Library, synced: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    with mounted(library.top, place) as served:
        assert "Кино - Группа крови.mp3" in os.listdir(served.path / "all")
        assert (served.path / "artist:кино" / "Кино - Группа крови.mp3").read_bytes()
    command = [
        sys.executable,
        "-m",
        "mcfs",
        "ls",
        "--library",
        os.fspath(library.top),
        "artist:кино",
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True)
    assert done.stdout.decode() == "Кино - Группа крови.mp3\n"


def test_two_mounts_of_one_library(library: Library, synced: Store, tmp_path: Path) -> None:
    with (
        mounted(library.top, tmp_path / "one") as one,
        mounted(library.top, tmp_path / "two") as two,
    ):
        (one.path / "pins" / "genre:techno").mkdir()
        wait_until((two.path / "pins" / "genre:techno").is_dir)


def test_of_commands_that_mount_at_one_place_only_the_first_does(
    library: Library, synced: Store, place: Path
) -> None:
    place.mkdir()
    command = [sys.executable, "-m", "mcfs", "mount", str(library.top), str(place)]
    commands = [
        subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = sorted(one.communicate(timeout=60)[1] for one in commands)
    mount_count = [mount.mount_point for mount in all_mounts()].count(place)
    assert [mcfs("umount", place).returncode for _ in range(mount_count)] == [0]
    assert sorted(one.returncode for one in commands) == [0, 1, 1]
    already = f"mcfs: {place} is mounted already; to take it away: mcfs umount {place}\n"
    assert said == ["", already, already]


def test_a_dead_mount_is_removed(library: Library, synced: Store, place: Path) -> None:
    place.mkdir()
    command = [sys.executable, "-m", "mcfs", "mount", "--foreground"]
    for clear in (("umount", str(place)), ("mount", str(library.top), str(place))):
        process = subprocess.Popen([*command, str(library.top), str(place)], cwd=REPOSITORY)
        wait_until(lambda: is_mounted(place))
        process.kill()
        process.wait()
        assert is_mounted(place)
        done = mcfs(*clear)
        assert (done.returncode, done.stderr) == (0, "")
    assert len(os.listdir(place / "genre:techno")) == 6
    assert mcfs("umount", place).returncode == 0


def test_a_mount_that_hangs_makes_nobody_wait(
    library: Library, synced: Store, place: Path, tmp_path: Path
) -> None:
    place.mkdir()
    link = tmp_path / "link"
    link.symlink_to(place)
    command = [sys.executable, "-m", "mcfs", "mount", "--foreground", str(library.top), str(place)]
    with subprocess.Popen(command, cwd=REPOSITORY) as process:
        wait_until(lambda: is_mounted(place))
        place.stat()
        process.send_signal(signal.SIGSTOP)
        # Beyond any signal, until the mount answers or is gone.
        waiting = subprocess.Popen(["stat", place / "genre:techno"], stderr=subprocess.DEVNULL)
        try:
            assert health_of(place, 0.2) is Health.SILENT
            assert read_from_mount(place / ".mcfs" / "help", 0.2) is None
            found = mount_containing(f"{link}/all/../genre")
            assert found is not None
            assert found[1] == "/genre"
            asked = [
                subprocess.Popen(
                    [sys.executable, "-m", "mcfs", *words],
                    cwd=REPOSITORY,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                for words in (
                    ["status", "--library", str(library.top)],
                    ["mount", str(library.top), str(link)],
                    ["mount", str(library.top), f"{place}/inside"],
                )
            ]
            status, again, inside = (process.communicate(timeout=60)[0] for process in asked)
            sentence = f"{place} does not answer; to remove it: mcfs umount {place}"
            # It may be wrapped anywhere.
            assert "".join(sentence.split()) in "".join(status.split())
            assert "is mounted already, and does not answer; to take it away: mcfs umount" in again
            assert "inside is inside a mount of mcfs; mount elsewhere" in inside
        finally:
            assert mcfs("umount", link).returncode == 0
            process.send_signal(signal.SIGCONT)
            waiting.wait(20)
        assert not is_mounted(place)
    # Those that were left behind end, and are then waited for.
    wait_until(lambda: health_of(place) is Health.ANSWERS and not children())


def test_a_bad_mount_point_is_refused_with_a_reason(library: Library, tmp_path: Path) -> None:
    # test_mount_point.py has all reasons.
    needs_fuse()
    (tmp_path / "file").touch()
    for place, sentence in (
        (tmp_path / "nowhere", "is not there; make it first: mkdir"),
        (tmp_path / "file", "is not a folder"),
        (tmp_path, "lie inside one another"),
    ):
        done = mcfs("mount", library.top, place)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert done.stderr.count("\n") == 1
    assert "is not mounted" in mcfs("umount", tmp_path).stderr
    assert not library.store_dir.exists(), "nothing was synced for a mount that cannot be"


_NOTES_WHEN_IT_LEAVES_ITS_GROUP = """
import os, sys
from pathlib import Path
from mcfs.cli import run
from mcfs.mount_table import type_mounted_at
place, setsid = Path(sys.argv[2]), os.setsid
def noted_setsid():
    place.with_name("when").write_text(str(type_mounted_at(place)))
    setsid()
os.setsid = noted_setsid
sys.exit(run(["mount", *sys.argv[1:]]))
"""


def test_it_stays_in_its_process_group_until_it_is_mounted(
    library: Library, synced: Store, place: Path
) -> None:
    """autofs lets only processes of its own group reach a mount point before something is mounted there."""
    place.mkdir()
    script = [sys.executable, "-c", _NOTES_WHEN_IT_LEAVES_ITS_GROUP]
    subprocess.run([*script, library.top, place], cwd=REPOSITORY, check=True)
    assert place.with_name("when").read_text() == "fuse.mcfs"
    assert mcfs("umount", place).returncode == 0


_MOUNTS_WHERE_THE_PATH_LEADS_NOW = """
import sys
from pathlib import Path
from mcfs.annex.library import open_library
from mcfs.mounting.mount import serve_mount
from mcfs.mounting.request import MountRequest
library, place = map(Path, sys.argv[1:])
serve_mount(open_library(library), place, MountRequest(), on_ready=lambda: print("ready"))
"""


def test_a_mount_point_that_becomes_a_link_is_not_served(
    library: Library, synced: Store, place: Path
) -> None:
    """As where its owner replaces it after it was looked at, while root mounts."""
    other = place.with_name("other")
    other.mkdir()
    place.symlink_to(other)
    script = [sys.executable, "-c", _MOUNTS_WHERE_THE_PATH_LEADS_NOW]
    done = subprocess.run(
        [*script, library.top, place],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "was replaced while mcfs was mounting there" in done.stderr
    assert done.stdout == ""
    assert not is_mounted(other)


def test_a_link_to_a_mount_point(library: Library, synced: Store, place: Path) -> None:
    place.mkdir()
    link = place.with_name("link")
    link.symlink_to(place)
    assert mcfs("mount", library.top, link).returncode == 0
    assert len(os.listdir(place / "genre:techno")) == 6
    assert mcfs("umount", link).stderr == ""
    wait_until(lambda: not _processes_naming(place))


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(
    library: Library, synced: Store, place: Path, closed: str
) -> None:
    place.mkdir()
    line = f'exec "$0" -m mcfs mount "$1" "$2" {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, library.top, place], cwd=REPOSITORY, check=False
    )
    assert done.returncode == 0
    assert len(os.listdir(place / "genre:techno")) == 6
    assert mcfs("umount", place).returncode == 0
    wait_until(lambda: not _processes_naming(place))


def test_a_mount_in_use_is_not_unmounted(served: RunningMount) -> None:
    descriptor = os.open(served.path / "all", os.O_RDONLY)
    try:
        done = mcfs("umount", served.path)
    finally:
        os.close(descriptor)
    assert done.returncode == 1
    assert "a program still uses it" in done.stderr


def _processes_naming(place: Path) -> list[bytes]:
    """The command lines of the processes that name a mount point."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes()
        except OSError:
            continue  # it has just ended
        if os.fsencode(place) in line:
            found.append(line)
    return found
