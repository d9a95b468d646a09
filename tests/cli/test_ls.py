"""`mcfs ls`: what the mount would show, for people, for programs, and what is said of what is not there."""

from __future__ import annotations

import json

import pytest

from mcfs.annex.library import Library
from mcfs.cli.text_layout import cell_width
from mcfs.errors import ExitCode
from mcfs.store import Store
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.cli.running import Mcfs, add
from tests.mounts import RunningMount
from tests.simple_track import simple_track
from tests.tracks import ABSENT

HALCYON = "Orbital - Halcyon.mp3"


def listed(synced: Store, mount_path: str) -> list[str]:
    """What the tree says is there."""
    tree = Tree(synced)
    return list(tree.children(tree.resolve(Route.parse(mount_path))).entries)


class TestPlain:
    def test_the_root(self, mcfs: Mcfs, synced: Store) -> None:
        said = mcfs("ls")
        assert (said.code, said.err) == (ExitCode.DONE, "")
        assert said.lines == [f"{name}/" for name in listed(synced, "/")]
        assert said.out == mcfs("ls", "/").out

    @pytest.mark.parametrize(
        "path",
        ["genre", "{{ genre }}/{{ artist }}", "genre:techno/{{ bpm | round_to(5) }}", "pins"],
    )
    def test_folders_have_a_slash(self, mcfs: Mcfs, synced: Store, path: str) -> None:
        synced.user.add_pin("Peak", "rating:>=4")
        assert mcfs("ls", path).lines == [f"{name}/" for name in listed(synced, path)]

    @pytest.mark.parametrize("path", ["all", "genre/Ambient", "sort:-bpm limit:3", "-genre:techno"])
    def test_tracks_have_none(self, mcfs: Mcfs, synced: Store, path: str) -> None:
        assert mcfs("ls", path).lines == listed(synced, path)

    def test_of_what_is_no_folder_its_name(self, mcfs: Mcfs) -> None:
        assert mcfs("ls", f"all/{HALCYON}").out == f"{HALCYON}\n"
        assert mcfs("ls", "genre:techno.m3u8").out == "genre:techno.m3u8\n"
        assert mcfs("ls", ".mcfs").lines == ["status", "errors", "help"]

    def test_of_what_is_empty_nothing(self, mcfs: Mcfs) -> None:
        said = mcfs("ls", "genre:nothing")
        assert (said.code, said.out, said.err) == (ExitCode.DONE, "", "")

    def test_what_is_not_here(self, mcfs: Mcfs) -> None:
        name = "Basic Channel - Phylyps.flac"
        assert name not in mcfs("ls", "genre:techno").lines
        assert name in mcfs("ls", "--absent", "show", "genre:techno").lines
        (mcfs.library.top / "mcfs.toml").write_text('absent = "show"\n')
        assert name in mcfs("ls", "genre:techno").lines
        assert name not in mcfs("ls", "--absent", "hide", "genre:techno").lines

    def test_in_a_mount_it_is_about_the_library_of_that(
        self, mcfs: Mcfs, served: RunningMount, clone: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Nothing of the clone is here.
        elsewhere = ("ls", "--library", str(clone.top))
        assert mcfs.anywhere(*elsewhere, "genre:pop").lines == []
        for words in (("ls",), elsewhere):
            told = mcfs.anywhere(*words, str(served.path / "genre:pop"))
            assert told.lines == ["Beyoncé - Halo.mp3"]
        assert mcfs.anywhere("ls", str(served.path)).out == mcfs("ls").out
        monkeypatch.chdir(served.path / "genre:pop")
        assert mcfs.anywhere("ls", ".").lines == ["Beyoncé - Halo.mp3"]
        assert mcfs.anywhere("ls", "../genre/Pop").lines == ["Beyoncé - Halo.mp3"]
        assert mcfs.anywhere("search", "genre:pop").out == mcfs("search", "genre:pop").out
        assert mcfs.anywhere("fields").out == mcfs("fields").out
        monkeypatch.setenv("MCFS_LIBRARY", str(clone.top))
        assert mcfs.anywhere("search", "genre:pop").out == ""
        monkeypatch.chdir("/")

    def test_a_broken_view_is_told_beside_the_others(self, mcfs: Mcfs) -> None:
        (mcfs.library.top / "mcfs.toml").write_text('[view.bad]\nquery = "gnere:x"\n')
        said = mcfs("ls")
        assert said.code == ExitCode.DONE
        assert "bad/" not in said.lines
        assert "all/" in said.lines
        assert 'view bad: unknown field "gnere"; did you mean "genre"?' in said.err


class TestLong:
    def test_says_where_each_track_lies(self, mcfs: Mcfs) -> None:
        said = mcfs("ls", "-l", "genre:pop")
        place = mcfs.library.top / "beyonce.mp3"
        (line,) = said.lines
        assert line.endswith(f"  Beyoncé - Halo.mp3 → {place}")
        assert line.split()[0] == "0.0M"

    def test_of_what_is_not_here_where_it_would_be(self, mcfs: Mcfs) -> None:
        (line,) = mcfs("ls", "-l", "present:no").lines
        assert f" → {mcfs.library.common_dir / 'annex' / 'objects'}" in line
        assert ABSENT not in line

    def test_folders_stand_below_the_names(self, mcfs: Mcfs) -> None:
        lines = mcfs("ls", "-l", "genre").lines
        assert all(line.startswith(" " * 18) and line.endswith("/") for line in lines)

    def test_stays_on_its_line_in_a_narrow_terminal(self, mcfs: Mcfs) -> None:
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
    def test_a_track_has_what_every_command_says(self, mcfs: Mcfs) -> None:
        (track,) = json.loads(mcfs("ls", "--json", "genre:pop/{{ title }}.{{ ext }}").out)
        (searched,) = json.loads(mcfs("search", "--json", "genre:pop").out)
        assert searched["name"] == "Beyoncé - Halo.mp3"
        assert track == {**searched, "name": "Halo.mp3", "type": "track"}

    def test_a_folder_and_a_file(self, mcfs: Mcfs) -> None:
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
            ("all/{% for x in y %}", "nothing but {{ … }} is worked out", "{%"),
            ("{{ artist.upper() }}", "a field has no parts", ".upper"),
            ("nothing.m3u8", "not a query", "nothing"),
            (f"all/{HALCYON}/x", "a file holds nothing", "x"),
        ],
    )
    def test_say_where_and_what_to_write(
        self, mcfs: Mcfs, path: str, sentence: str, place: str
    ) -> None:
        said = mcfs("ls", path)
        assert (said.code, said.out) == (ExitCode.USAGE, "")
        first, shown, caret = said.err.splitlines()
        assert sentence in first
        assert shown == f"  {path}"
        assert caret.index("^") == shown.rindex(place)

    def test_a_path_too_deep(self, mcfs: Mcfs) -> None:
        said = mcfs("ls", "genre:x/" * 40)
        assert said.code in (ExitCode.FAILED, ExitCode.USAGE)
        assert "folders deep" in said.err


class TestOddNames:
    def test_nothing_that_controls_a_terminal_reaches_one(self, mcfs: Mcfs, synced: Store) -> None:
        odd = "a\x1b[2Jb\x9bc\u202ed\udcffe"
        add(synced, [simple_track("odd", genre=odd, file=f"{odd}.mp3")])
        for words in (["genre"], ["-l", "all"]):
            sent = mcfs.in_terminal("ls", *words, columns=500)
            assert not set(sent) & {"\x1b", "\x9b", "\u202e", "\udcff"}
            assert "␛[2Jb" in sent

    def test_programs_get_the_bytes(self, mcfs: Mcfs, synced: Store) -> None:
        add(synced, [simple_track("odd", genre="caf\udce9")])
        assert "caf\udce9/" in mcfs("ls", "genre").lines
        json.loads(mcfs("ls", "--json", "genre").out.encode())
