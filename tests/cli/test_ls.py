"""`mcfs ls`: what a mount would show, for people and for programs; and errors."""

from __future__ import annotations

import json

import pytest

from mcfs.annex.library import Library
from mcfs.cli.text_layout import cell_width
from mcfs.errors import ExitCode
from mcfs.store import Store
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.cli.running import CommandRunner, add_tracks
from tests.mounts import RunningMount
from tests.simple_track import simple_track
from tests.tracks import ABSENT

HALCYON = "Orbital - Halcyon.mp3"


def listed(synced: Store, mount_path: str) -> list[str]:
    """What the tree lists at a path."""
    tree = Tree(synced)
    return list(tree.children(tree.resolve(Route.parse(mount_path))).entries)


class TestPlain:
    def test_the_root(self, mcfs: CommandRunner, synced: Store) -> None:
        result = mcfs("ls")
        assert (result.code, result.err) == (ExitCode.DONE, "")
        assert result.lines == [f"{name}/" for name in listed(synced, "/")]
        assert result.out == mcfs("ls", "/").out

    @pytest.mark.parametrize(
        "path",
        ["genre", "{{ genre }}/{{ artist }}", "genre:techno/{{ bpm | round_to(5) }}", "pins"],
    )
    def test_folders_have_a_slash(self, mcfs: CommandRunner, synced: Store, path: str) -> None:
        synced.user.add_pin("Peak", "rating:>=4")
        assert mcfs("ls", path).lines == [f"{name}/" for name in listed(synced, path)]

    @pytest.mark.parametrize("path", ["all", "genre/Ambient", "sort:-bpm limit:3", "-genre:techno"])
    def test_tracks_have_no_slash(self, mcfs: CommandRunner, synced: Store, path: str) -> None:
        assert mcfs("ls", path).lines == listed(synced, path)

    def test_a_file_is_listed_as_itself(self, mcfs: CommandRunner) -> None:
        assert mcfs("ls", f"all/{HALCYON}").out == f"{HALCYON}\n"
        assert mcfs("ls", "genre:techno.m3u8").out == "genre:techno.m3u8\n"
        assert mcfs("ls", ".mcfs").lines == ["status", "errors", "kernel", "edit", "help"]

    def test_an_empty_folder(self, mcfs: CommandRunner) -> None:
        result = mcfs("ls", "genre:nothing")
        assert (result.code, result.out, result.err) == (ExitCode.DONE, "", "")

    def test_absent_tracks(self, mcfs: CommandRunner) -> None:
        name = "Basic Channel - Phylyps.flac"
        assert name not in mcfs("ls", "genre:techno").lines
        assert name in mcfs("ls", "--absent", "show", "genre:techno").lines
        (mcfs.library.top / "mcfs.toml").write_text('absent = "show"\n')
        assert name in mcfs("ls", "genre:techno").lines
        assert name not in mcfs("ls", "--absent", "hide", "genre:techno").lines

    def test_a_path_in_a_mount_is_about_the_library_of_that_mount(
        self,
        mcfs: CommandRunner,
        served: RunningMount,
        clone: Library,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # The clone has no content.
        elsewhere = ("ls", "--library", str(clone.top))
        assert mcfs.anywhere(*elsewhere, "genre:pop").lines == []
        for words in (("ls",), elsewhere):
            result = mcfs.anywhere(*words, str(served.path / "genre:pop"))
            assert result.lines == ["Beyoncé - Halo.mp3"]
        assert mcfs.anywhere("ls", str(served.path)).out == mcfs("ls").out
        monkeypatch.chdir(served.path / "genre:pop")
        assert mcfs.anywhere("ls", ".").lines == ["Beyoncé - Halo.mp3"]
        assert mcfs.anywhere("ls", "../genre/Pop").lines == ["Beyoncé - Halo.mp3"]
        assert mcfs.anywhere("search", "genre:pop").out == mcfs("search", "genre:pop").out
        assert mcfs.anywhere("fields").out == mcfs("fields").out
        monkeypatch.setenv("MCFS_LIBRARY", str(clone.top))
        assert mcfs.anywhere("search", "genre:pop").out == ""
        monkeypatch.chdir("/")

    def test_a_broken_view_is_reported(self, mcfs: CommandRunner) -> None:
        (mcfs.library.top / "mcfs.toml").write_text('[view.bad]\nquery = "gnere:x"\n')
        result = mcfs("ls")
        assert result.code == ExitCode.DONE
        assert "bad/" not in result.lines
        assert "all/" in result.lines
        assert 'view bad: unknown field "gnere"; did you mean "genre"?' in result.err


class TestLong:
    def test_shows_where_each_track_is(self, mcfs: CommandRunner) -> None:
        result = mcfs("ls", "-l", "genre:pop")
        place = mcfs.library.top / "beyonce.mp3"
        (line,) = result.lines
        assert line.endswith(f"  Beyoncé - Halo.mp3 → {place}")
        assert line.split()[0] == "0.0M"

    def test_shows_where_an_absent_track_would_be(self, mcfs: CommandRunner) -> None:
        (line,) = mcfs("ls", "-l", "present:no").lines
        assert f" → {mcfs.library.common_dir / 'annex' / 'objects'}" in line
        assert ABSENT not in line

    def test_folders_are_aligned_with_the_names(self, mcfs: CommandRunner) -> None:
        lines = mcfs("ls", "-l", "genre").lines
        assert all(line.startswith(" " * 18) and line.endswith("/") for line in lines)

    def test_lines_are_cut_in_a_narrow_terminal(self, mcfs: CommandRunner) -> None:
        wide = mcfs.in_terminal("ls", "-l", "all", columns=1000).splitlines()
        narrow = mcfs.in_terminal("ls", "-l", "all", columns=40).splitlines()
        assert all(
            whole.startswith(line.removesuffix("…"))
            for whole, line in zip(wide, narrow, strict=True)
        )
        assert all(cell_width(line) <= 40 for line in narrow)
        assert any(line.endswith("…") for line in narrow)
        assert not any("…" in line for line in wide)


class TestJson:
    def test_a_track_is_the_same_object_as_in_other_commands(self, mcfs: CommandRunner) -> None:
        (track,) = json.loads(mcfs("ls", "--json", "genre:pop/{{ title }}.{{ ext }}").out)
        (searched,) = json.loads(mcfs("search", "--json", "genre:pop").out)
        assert searched["name"] == "Beyoncé - Halo.mp3"
        assert track == {**searched, "name": "Halo.mp3", "type": "track"}

    def test_a_folder_and_a_file(self, mcfs: CommandRunner) -> None:
        found = json.loads(mcfs("ls", "--json", "genre").out)
        assert {"name": "Ambient", "type": "folder"} in found
        assert json.loads(mcfs("ls", "--json", "genre:pop.csv").out) == [
            {"name": "genre:pop.csv", "type": "file"}
        ]
        assert json.loads(mcfs("ls", "--json", "genre:nothing").out) == []


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "sentence", "place"),
        [
            ("gnere:techno", 'unknown field "gnere"; did you mean "genre"?', "gnere"),
            ("genre/Nothing", "to search all text, write any:Nothing", "Nothing"),
            ("genre:techno/bpm:12x", '"12x" is no number', "12x"),
            (
                "genre:pop/{{ artist | uper }}",
                'unknown filter "uper"; did you mean "upper"?',
                "uper",
            ),
            ("genre:techno {{ artist }}", "write genre:techno/{{ artist }}", "genre"),
            ("all/{% for x in y %}", "only {{ … }} is supported", "{%"),
            ("{{ artist.upper() }}", "a field has no parts", ".upper"),
            ("nothing.m3u8", "not a query", "nothing"),
            (f"all/{HALCYON}/x", "a file holds nothing", "x"),
        ],
    )
    def test_show_the_position_and_a_suggestion(
        self, mcfs: CommandRunner, path: str, sentence: str, place: str
    ) -> None:
        result = mcfs("ls", path)
        assert (result.code, result.out) == (ExitCode.USAGE, "")
        first, shown, caret = result.err.splitlines()
        assert sentence in first
        assert shown == f"  {path}"
        assert caret.index("^") == shown.rindex(place)

    def test_a_path_that_is_too_deep(self, mcfs: CommandRunner) -> None:
        result = mcfs("ls", "genre:x/" * 40)
        assert result.code in (ExitCode.FAILED, ExitCode.USAGE)
        assert "folders deep" in result.err


class TestOddNames:
    def test_a_terminal_gets_no_control_characters(
        self, mcfs: CommandRunner, synced: Store
    ) -> None:
        odd = "a\x1b[2Jb\x9bc\u202ed\udcffe"
        add_tracks(synced, [simple_track("odd", genre=odd, file=f"{odd}.mp3")])
        for words in (["genre"], ["-l", "all"]):
            sent = mcfs.in_terminal("ls", *words, columns=500)
            assert not set(sent) & {"\x1b", "\x9b", "\u202e", "\udcff"}
            assert "␛[2Jb" in sent

    def test_programs_get_the_bytes(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", genre="caf\udce9")])
        assert "caf\udce9/" in mcfs("ls", "genre").lines
        json.loads(mcfs("ls", "--json", "genre").out.encode())
