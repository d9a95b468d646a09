"""`mcfs explain`: queries, paths, and texts that cannot be read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.cli import run
from mcfs.errors import ExitCode
from mcfs.inspect.path_or_query import path_inside_mount
from mcfs.mount_table import Mount
from mcfs.store import Store
from tests.cli.running import CommandRunner, add_tracks
from tests.mounts import RunningMount
from tests.simple_track import simple_track


class TestQuery:
    def test_shows_words_sql_plan_and_count(self, mcfs: CommandRunner) -> None:
        result = mcfs("explain", "genre:Techno", "bpm:>120")
        assert (result.code, result.err) == (ExitCode.DONE, "")
        assert result.lines[:2] == ["bpm above 120", 'genre contains "techno"']
        assert "  bpm:>120 genre:techno" in result.lines
        assert "  SELECT track.id" in result.out
        assert '"techno"' in result.out
        assert "SEARCH" in result.out
        assert re.fullmatch(r"4 tracks here, 5 in all, in [0-9.]+ ms", result.lines[-1])

    def test_a_query_that_contains_present(self, mcfs: CommandRunner) -> None:
        assert mcfs("explain", "present:no").lines[-1].startswith("1 track, in ")

    def test_the_remark_comes_first(self, mcfs: CommandRunner) -> None:
        assert (
            mcfs("explain", "genre:techno|house").lines[0].startswith('note: "|" always means OR')
        )

    def test_only_queries_in_a_path_are_remarked(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", title="Black and White", genre="Rock or Pop")])
        assert "note:" not in mcfs("explain", "genre/Rock or Pop").out
        assert '"or" is searched as a word' in mcfs("explain", "genre/genre:rock or pop").out
        assert "write genre:rock|genre:pop" in mcfs("explain", "all/genre:rock|pop.m3u8").out

    @pytest.mark.parametrize(
        "text",
        ["artist:AC/DC", 'title:"a/b:c"', "location:Surgeon/Force", "-artist:AC/DC", "AC/DC"],
    )
    def test_a_slash_does_not_make_a_path(self, mcfs: CommandRunner, text: str) -> None:
        result = json.loads(mcfs("explain", "--json", text).out)
        assert "steps" not in result
        assert "canonical" in result

    def test_an_empty_query_is_every_track(self, mcfs: CommandRunner) -> None:
        assert mcfs("explain", "").lines[0] == "every track"
        assert mcfs("explain").code == ExitCode.USAGE

    def test_json(self, mcfs: CommandRunner) -> None:
        result = json.loads(mcfs("explain", "--json", "genre:techno|house", "limit:2").out)
        assert result["text"] == "genre:techno|house limit:2"
        assert len(result["remarks"]) == 1
        assert result["canonical"] == "any:house | genre:techno limit:2"
        assert result["words"][0] == "at least one of these:"
        assert result["sql"].startswith("SELECT")
        assert any("SEARCH" in step for step in result["plan"])
        assert (result["tracks"], result["tracks_in_all"]) == (2, 2)
        assert result["seconds"] >= 0

    def test_text_that_is_not_utf_8(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", title="a\udcff\x1b[2J")])
        result = mcfs("explain", "title:a\udcff\x1b[2J")
        assert result.code == ExitCode.DONE
        assert "\x1b" not in result.out
        assert result.lines[-1].startswith("1 track here, 1 in all")
        mcfs("explain", "--json", "title:a\udcff").out.encode()

    def test_counts_the_same_tracks_as_search(self, mcfs: CommandRunner) -> None:
        for query in ("", "genre:techno", "-genre:techno", "rating:>3 limit:1", "bpm:120"):
            result = json.loads(mcfs("explain", "--json", query).out)
            assert result["tracks"] == len(json.loads(mcfs("search", "--json", query).out))
            every = mcfs("search", "--json", "--absent", "show", query).out
            assert result["tracks_in_all"] == len(json.loads(every))


class TestPath:
    def test_explains_name_by_name(self, mcfs: CommandRunner) -> None:
        result = mcfs("explain", "genre:techno/bpm:120-130")
        assert result.lines[:4] == [
            "/: the mount",
            "  genre:techno: a query: genre:techno",
            "    bpm:120-130: a query inside the one before: bpm:120..130",
            "",
        ]
        assert "  bpm:120..130 genre:techno" in result.lines

    @pytest.mark.parametrize(
        ("path", "meanings"),
        [
            ("/", ["the mount"]),
            ("all", ["the mount", "a view"]),
            ("all/genre:techno", ["the mount", "a view", "a query inside the one before: genre:techno"]),
            ("/genre:techno", ["the mount", "a query: genre:techno"]),
            ("pins", ["the mount", "the pins: saved queries"]),
            ("pins/Peak", ["the mount", "the pins: saved queries", "a pin of rating:>=4"]),
            ("pins/New", ["the mount", "the pins: saved queries",
                          "a pin without a query: an empty folder"]),
            ("genre:rock/AC∕DC - T.N.T..mp3", ["the mount", "a query: genre:rock", "a track: acdc.mp3"]),
            ("{{ genre }}", ["the mount", "a template for folders: {{ genre }}"]),
            ("{{genre|upper}}/{{ artist }}/TECHNO",
             ["the mount", "a template for folders: {{ genre | upper }}",
              "a template for folders: {{ artist }}", "a value of {{ genre | upper }}"]),
            ("{{ bpm }} {{ title }}.{{ ext }}",
             ["the mount", "a template for file names: {{ bpm }} {{ title }}.{{ ext }}"]),
            ("genre", ["the mount", "a view"]),
            ("genre/Ambient", ["the mount", "a view", "a value of {{ genre }}"]),
            ("artist/Surgeon/Force + Form/Remnants.flac",
             ["the mount", "a view", "a value of {{ albumartist or artist }}", "a value of {{ album }}",
              "a track: Surgeon/Force + Form/01.flac"]),
            ("genre.m3u8", ["the mount", "a playlist of everything in genre"]),
            ("genre:techno.csv", ["the mount", "a CSV table of everything in genre:techno"]),
            ("all/bpm:>120.json", ["the mount", "a view", "a JSON file of everything in bpm:>120"]),
            ("sort:-bpm limit:3/{{ genre }}",
             ["the mount", "a query: sort:-bpm limit:3", "a template for folders: {{ genre }}"]),
            (".mcfs/help", ["the mount", "information about the mount", "a file"]),
        ],
    )  # fmt: skip
    def test_every_kind_of_name(
        self, mcfs: CommandRunner, synced: Store, path: str, meanings: list[str]
    ) -> None:
        synced.user.add_pin("Peak", "rating:>=4")
        synced.user.add_pin("New", "")
        result = mcfs("explain", "--json", path)
        steps = json.loads(result.out)["steps"]
        assert [step["meaning"].partition(" (")[0] for step in steps] == meanings
        assert mcfs("explain", path).code == ExitCode.DONE

    @pytest.mark.parametrize(
        ("path", "words", "count"),
        [
            ("genre/Ambient", ['{{ genre }} is "ambient"'], "1 track here"),
            (
                "{{ genre }}/{{ artist }}",
                ["every track", "in folders by {{ genre }}, then by {{ artist }}"],
                "11 tracks here",
            ),
            (
                "artist",
                [
                    "every track",
                    "ordered by tracknumber; tracks without it last",
                    "in folders by {{ albumartist or artist }}, then by {{ album }}",
                    'file names are {{ tracknumber | pad(2) if tracknumber else "" }} '
                    "{{ title }}.{{ ext }}",
                ],
                "11 tracks here",
            ),
            (
                "sort:-bpm limit:3/{{ genre }}/techno",
                [
                    "among these:",
                    "  every track",
                    "  ordered by bpm, highest first; tracks without it last",
                    "  only the first 3",
                    '{{ genre }} is "techno"',
                    "ordered by bpm, highest first; tracks without it last",
                ],
                "2 tracks here",
            ),
            ("genre:pop.m3u8", ['genre contains "pop"'], "1 track here"),
        ],
    )
    def test_a_folder_in_words(
        self, mcfs: CommandRunner, path: str, words: list[str], count: str
    ) -> None:
        result = json.loads(mcfs("explain", "--json", path).out)
        assert result["words"] == words
        assert count in mcfs("explain", path).lines[-1]
        listed = json.loads(mcfs("ls", "--json", path).out)
        assert result["tracks"] == len(listed) or listed[0]["type"] != "track"

    def test_the_sql_of_a_large_value_is_shortened(
        self, mcfs: CommandRunner, synced: Store
    ) -> None:
        add_tracks(
            synced, (simple_track(f"{number}", genre="many", key="Am") for number in range(1500))
        )
        result = mcfs("explain", "{{ genre }} {{ key }}/many Am")
        assert result.code == ExitCode.DONE
        assert result.lines[-1].startswith("1500 tracks here")
        assert len(result.out) < 3000
        assert "characters */" in result.out

    def test_the_part_inside_a_mount(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ours = [Mount(Path("/home/dj/mnt"), "fuse.mcfs", "/home/dj/Music", 0)]
        monkeypatch.setattr("mcfs.mount_table.mcfs_mounts", lambda: ours)
        monkeypatch.setenv("HOME", "/home/dj")
        assert path_inside_mount("/home/dj/mnt/genre:x/bpm:120") == "/genre:x/bpm:120"
        assert path_inside_mount("/home/dj/mnt") == ""
        assert path_inside_mount("~/mnt/genre:x") == "/genre:x"
        assert path_inside_mount("/home/dj/mntgenre:x") == "/home/dj/mntgenre:x"

    def test_a_path_in_a_mount_is_about_the_library_of_that_mount(
        self,
        mcfs: CommandRunner,
        served: RunningMount,
        clone: Library,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def explained(*words: str) -> tuple[list[str], int]:
            result = json.loads(mcfs.anywhere("explain", "--json", *words).out)
            return [step["name"] for step in result.get("steps", ())], result["tracks"]

        # The clone has no content.
        elsewhere = ("--library", str(clone.top))
        assert explained(*elsewhere, "genre:techno") == ([], 0)
        assert explained(str(served.path / "genre:techno")) == (["/", "genre:techno"], 6)
        assert explained(*elsewhere, str(served.path / "genre:techno"))[1] == 6
        monkeypatch.chdir(served.path.parent)
        for path in ("mnt/genre:techno", "./mnt/genre:techno"):
            assert explained(*elsewhere, path) == (["/", "genre:techno"], 6)
        monkeypatch.chdir(served.path / "genre:techno")
        assert explained("./bpm:120-130") == (["/", "genre:techno", "bpm:120-130"], 4)
        assert explained("genre:techno") == ([], 6)
        assert explained(*elsewhere, "genre:techno") == ([], 0)
        monkeypatch.chdir("/")


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "sentence", "place"),
        [
            ("genre:techno bpm:12x", '"12x" is no number; write for example', "12x"),
            ("gnere:techno", 'unknown field "gnere"; did you mean "genre"', "gnere"),
            ("genre:techno/bpm:12x", '"12x" is no number', "12x"),
            ("genre:techno/gnere:x", 'unknown field "gnere"; did you mean "genre"', "gnere"),
            ("all/Techno", "to search all text, write any:Techno", "Techno"),
            ("pins/Nothing", "no pin of the name Nothing", "Nothing"),
            ("/.git/x", ".git", ".git"),
            ("genre:techno/(", "parenthesis", None),
            ("{{ genre", "the braces are not closed; write }} at their end", "{{ genre"),
            ("genre:techno/{{ artist | uper }}", 'unknown filter "uper"', "uper"),
            ("genre:techno {{ artist }}", "write genre:techno/{{ artist }}", "genre:techno"),
            ("{{ genre }}/Nothing", "to search all text, write any:Nothing", "Nothing"),
        ],
    )
    def test_show_the_position_and_a_suggestion(
        self, mcfs: CommandRunner, text: str, sentence: str, place: str | None
    ) -> None:
        result = mcfs("explain", text)
        assert result.code == ExitCode.USAGE
        first, shown, caret = result.err.splitlines()
        assert sentence in first
        assert shown == f"  {text}"
        if place is not None:
            assert caret.index("^") == shown.index(place)

    def test_names_before_the_error_are_explained(self, mcfs: CommandRunner) -> None:
        result = mcfs("explain", "genre:techno/bpm:12x")
        assert result.lines == ["/: the mount", "  genre:techno: a query: genre:techno"]

    def test_json(self, mcfs: CommandRunner) -> None:
        result = mcfs("explain", "--json", "genre:techno bpm:12x")
        assert result.code == ExitCode.USAGE
        assert json.loads(result.out)["error"] == {
            "message": '"12x" is no number',
            "position": 17,
            "suggestion": "write for example bpm:120, bpm:120-130 or bpm:>=120",
        }
        assert "^" in result.err

    def test_a_path_that_is_too_deep(self, mcfs: CommandRunner) -> None:
        result = mcfs("explain", "/" + "genre:x/" * 40)
        assert result.code in (ExitCode.FAILED, ExitCode.USAGE)
        assert "folders deep" in result.err

    def test_a_new_library_is_synced_first(
        self, library: Library, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert run(["explain", "--library", str(library.top), "genre:techno"]) == ExitCode.DONE
        assert b"6 tracks here, 7 in all" in capsysbinary.readouterr().out

    def test_a_closed_pipe_is_not_a_failure(self, mcfs: CommandRunner) -> None:
        result = mcfs.in_shell("mcfs explain genre:techno | true")
        assert (result.code, result.err) == (0, "")
