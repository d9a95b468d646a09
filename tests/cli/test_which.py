"""`mcfs which`: the track behind a path, with and without a mount."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.errors import ExitCode
from mcfs.store import Store
from tests.cli.running import CommandResult, CommandRunner
from tests.mounts import mounted
from tests.prerequisites import needs_fuse
from tests.remotes import annex
from tests.tracks import ABSENT, SECOND_PATH, UNLOCKED

HALCYON = "Orbital - Halcyon.mp3"
PHYLYPS = "Basic Channel - Phylyps.flac"


def key_of(library: Library, file: str) -> str:
    """Where git-annex says the content is."""
    return annex(library.top, "lookupkey", "--", file).strip()


def content_of(library: Library, key: str) -> str:
    """The absolute path of the content, from git-annex."""
    return str(library.top / annex(library.top, "contentlocation", key).strip())


class TestOutput:
    def test_a_track_that_is_here(self, mcfs: CommandRunner) -> None:
        result = mcfs("which", f"genre:techno/{HALCYON}")
        key = key_of(mcfs.library, SECOND_PATH[0])
        assert (result.code, result.err) == (ExitCode.DONE, "")
        assert result.lines == [
            f"name       {HALCYON}",
            f"work path  {mcfs.library.top}/best of/orbital again.mp3",
            f"           {mcfs.library.top}/orbital.mp3",
            f"annex key  {key}",
            f"content    {content_of(mcfs.library, key)}",
        ]

    def test_the_content_of_an_unlocked_file(self, mcfs: CommandRunner) -> None:
        found = json.loads(mcfs("which", "--json", "all/Underworld - Rez.wav").out)
        assert found[0]["content"] == content_of(mcfs.library, key_of(mcfs.library, UNLOCKED))

    def test_a_hidden_track(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        result = mcfs("which", f"all/{PHYLYPS}")
        assert result.code == ExitCode.DONE
        assert result.lines[-1] == "content    not here, and no other place is known"
        _bring_elsewhere(mcfs.library, tmp_path)
        result = mcfs("which", f"genre/Ambient/{HALCYON}", f"all/{HALCYON}")
        assert result.lines[4:6] == ["content    not here", "held by    [usb]"]

    def test_a_name_in_a_numbered_folder(self, mcfs: CommandRunner) -> None:
        listed = mcfs("ls", "sort:-rating limit:2").lines
        result = mcfs("which", *(f"sort:-rating limit:2/{name}" for name in listed))
        names = [line[11:] for line in result.lines if line.startswith("name")]
        assert names == [name[4:] for name in listed]

    def test_several(self, mcfs: CommandRunner) -> None:
        result = mcfs("which", f"all/{HALCYON}", "all/Beyoncé - Halo.mp3")
        first, second = result.out.split("\n\n")
        assert first == mcfs("which", f"all/{HALCYON}").out.rstrip("\n")
        assert second == mcfs("which", "all/Beyoncé - Halo.mp3").out

    def test_json(self, mcfs: CommandRunner, tmp_path: Path) -> None:
        _bring_elsewhere(mcfs.library, tmp_path)
        mcfs("sync")
        result = mcfs("which", "--json", "all/Beyoncé - Halo.mp3", f"present:no/{HALCYON}")
        halo, halcyon = json.loads(result.out)
        (searched,) = json.loads(mcfs("search", "--json", "artist:beyonce").out)
        assert searched.items() <= halo.items()
        assert halo["content"] == content_of(mcfs.library, key_of(mcfs.library, "beyonce.mp3"))
        assert [(copy["uuid"], copy["here"]) for copy in halo["whereis"]] == [
            (mcfs.library.uuid, True)
        ]
        assert (halcyon["present"], halcyon["content"]) == (False, None)
        assert [(copy["description"], copy["here"]) for copy in halcyon["whereis"]] == [
            ("[usb]", False)
        ]

    def test_the_disk_says_what_is_here(self, mcfs: CommandRunner) -> None:
        annex(mcfs.library.top, "drop", "-q", "--force", "beyonce.mp3")
        assert "not here" in mcfs("which", "all/Beyoncé - Halo.mp3").out

    def test_the_library_stays_as_it_is(self, mcfs: CommandRunner) -> None:
        refs = mcfs.library.git_dir / "refs" / "heads" / "git-annex"
        before = refs.read_bytes()
        mcfs("which", "--json", f"all/{PHYLYPS}")
        assert refs.read_bytes() == before

    def test_a_name_that_is_not_utf_8(self, mcfs: CommandRunner, synced: Store) -> None:
        file = os.fsdecode(b"caf\xe9.mp3")
        (mcfs.library.top / file).write_bytes(b"sound")
        annex(mcfs.library.top, "add", "-q", ".")
        mcfs("sync")
        result = mcfs("which", f"all/{file}")
        assert result.code == ExitCode.DONE
        assert mcfs("which", str(mcfs.library.top / file)).out == result.out


class TestPaths:
    def test_a_file_of_the_work_tree(
        self, mcfs: CommandRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = mcfs("which", f"all/{HALCYON}").out
        assert mcfs("which", str(mcfs.library.top / SECOND_PATH[1])).out == expected
        monkeypatch.chdir(mcfs.library.top / "best of")
        assert mcfs("which", "orbital again.mp3").out == expected
        assert mcfs("which", "../orbital.mp3").out == expected
        # A link into the work tree, and a broken link.
        assert "not here" in mcfs("which", f"../{ABSENT}").out

    def test_in_a_mount(
        self, mcfs: CommandRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        needs_fuse()
        expected = mcfs("which", f"all/{HALCYON}").out
        with mounted(mcfs.library.top, tmp_path / "mnt") as served:
            # The current folder does not matter, also when it is in no library.
            monkeypatch.chdir(tmp_path)
            monkeypatch.setenv("HOME", str(tmp_path))
            (tmp_path / "link").symlink_to(served.path)
            for path in (
                served.path / "genre:techno" / HALCYON,
                f"mnt/bpm:120/{HALCYON}",
                f"./mnt//all/../all/{HALCYON}",
                f"~/mnt/genre/Ambient/{HALCYON}",
                f"link/all/{HALCYON}",
            ):
                assert mcfs.anywhere("which", str(path)) == CommandResult(
                    ExitCode.DONE, expected, ""
                )
            monkeypatch.chdir(served.path / "genre:ambient")
            assert mcfs.anywhere("which", HALCYON) == CommandResult(ExitCode.DONE, expected, "")
            assert mcfs.anywhere("which", "nothing.mp3").code == ExitCode.USAGE
            monkeypatch.chdir(tmp_path)

    def test_in_mounts_of_two_libraries(
        self, mcfs: CommandRunner, clone: Library, tmp_path: Path
    ) -> None:
        needs_fuse()
        mcfs.anywhere("sync", "--library", str(clone.top))
        with (
            mounted(mcfs.library.top, tmp_path / "one") as one,
            mounted(clone.top, tmp_path / "two") as two,
        ):
            paths = [one.path / "all" / HALCYON, two.path / "present:no" / HALCYON]
            result = mcfs.anywhere("which", "--json", *map(str, paths))
        here, there = json.loads(result.out)
        assert here["annex_key"] == there["annex_key"]
        assert (here["present"], there["present"]) == (True, False)


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "sentence", "place"),
        [
            ("all", "this is a folder, not a track; mcfs ls lists it", 0),
            ("/", "this is a folder, not a track", 0),
            ("all/bpm:120", "this is a folder, not a track", 4),
            ("genre/Ambient", "this is a folder, not a track", 6),
            ("genre:techno.m3u8", "this is a file that mcfs makes, not a track", 0),
            (".mcfs/status", "this is a file that mcfs makes, not a track", 6),
            ("all/nothing.mp3", "nothing.mp3: nothing of that name", 4),
            ("gnere:techno/x.mp3", 'unknown field "gnere"; did you mean "genre"?', 0),
            (f"genre:pop/{HALCYON}", f"{HALCYON}: nothing of that name", 10),
            ("notes.txt", "notes.txt: nothing of that name", 0),
        ],
    )
    def test_show_the_position(
        self, mcfs: CommandRunner, path: str, sentence: str, place: int
    ) -> None:
        result = mcfs("which", path)
        assert (result.code, result.out) == (ExitCode.USAGE, "")
        first, text, mark = result.err.splitlines()
        assert first.startswith(f"mcfs: {sentence}")
        assert text == f"  {path}"
        assert mark == " " * (2 + place) + "^"

    def test_one_wrong_path_stops_everything(self, mcfs: CommandRunner) -> None:
        result = mcfs("which", f"all/{HALCYON}", "all/nothing.mp3")
        assert (result.code, result.out) == (ExitCode.USAGE, "")

    def test_a_path_is_required(self, mcfs: CommandRunner) -> None:
        assert mcfs("which").code == ExitCode.USAGE


def _bring_elsewhere(library: Library, tmp_path: Path) -> None:
    """Halcyon has moved to a disk and is not here any more."""
    (tmp_path / "usb").mkdir()
    place = f"directory={tmp_path / 'usb'}"
    annex(library.top, "initremote", "-q", "usb", "type=directory", place, "encryption=none")
    annex(library.top, "move", "-q", "--to=usb", "orbital.mp3")
