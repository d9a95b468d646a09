"""`mcfs explain`: how a text was read, and what is said of one that cannot be."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.cli import run
from mcfs.errors import ExitCode
from mcfs.inspect.describe_query import describe_query, query_remarks
from mcfs.inspect.path_or_query import path_inside_mount
from mcfs.inspect.sql_text import sql_text
from mcfs.mount_table import Mount
from mcfs.query import AnnexKeys, Query, ValueIs, Vocabulary, hiding_absent, parse
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store
from mcfs.template import parse_template
from tests.cli.running import Mcfs, add
from tests.mounts import RunningMount
from tests.simple_track import simple_track

DAY = date(2025, 6, 15)
KNOWN = Vocabulary(frozenset({"mood"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["every track"]),
        ("genre:techno", ['genre contains "techno"']),
        ("genre:=techno", ['genre is "techno", the whole value']),
        ('genre:""', ["has no genre"]),
        ('-genre:""', ["has genre"]),
        ("-genre:techno", ['not: genre contains "techno" (keeps tracks without genre)']),
        ("artist:x", ['artist or album artist contains "x"']),
        (
            "dark",
            [
                "artist, album artist, title, album, genre, composer, comment, grouping, crate or "
                'work path contains "dark"'
            ],
        ),
        ("location:x", ['work path contains "x"']),
        ("mood:dark", ['mood contains "dark"']),
        ("meta.mood:dark", ['the annex field "mood" contains "dark"']),
        (
            "bpm:126",
            ["tempo 126: 125.95 up to 127, its half 62.95 up to 64, its double 251.95 up to 254"],
        ),
        ("bpm:=126", ["tempo 126: 125.95 up to 127, without half and double"]),
        (
            "~bpm:100",
            ["tempo near 100: 94 to 106, its half 47 to 53, its double 188 to 212"],
        ),
        ("bpm:120-130", ["bpm 120 to 130"]),
        ("bpm:<=120.5", ["bpm at most 120.5"]),
        ("rating:>3", ["rating above 3"]),
        ("rating:>=4", ["rating at least 4"]),
        ("rating:<3", ["rating below 3, or none"]),
        ("-rating:<3", ["not: rating below 3, or none (removes tracks without rating too)"]),
        ("-rating:>=3", ["not: rating at least 3 (keeps tracks without rating)"]),
        ("year:<1990", ["year below 1990"]),
        ("year:1990s", ["year 1990 to 1999"]),
        ("played:3", ["played 3"]),
        ("duration:3:30", ["duration 3:30 up to 3:31"]),
        ("size:>10M", ["size above 10485760 bytes (10M)"]),
        ("size:<500", ["size below 500 bytes"]),
        ("key:Am", ["key 8A, in any notation"]),
        ("~key:8A", ["key mixes with 8A: 7A 7B 8A 8B 9A 9B, in any notation"]),
        ("added:2025", ["added 2025-01-01 to 2025-12-31"]),
        ("added:2025-06-01", ["added on 2025-06-01"]),
        ("added:>=-7d", ["added on 2025-06-08 or after"]),
        ("added:<2025", ["added on 2024-12-31 or before"]),
        ("changed:2024..2025-03", ["changed 2024-01-01 to 2025-03-31"]),
        ("present:no", ["content is not here"]),
        ("live:yes", ["a live recording"]),
        ("-live:yes", ["not: a live recording"]),
        (
            "genre:a | genre:b bpm:100-110",
            [
                "at least one of these:",
                "  all of these:",
                "    bpm 100 to 110",
                '    genre contains "b"',
                '  genre contains "a"',
            ],
        ),
        (
            "-(genre:a | genre:b)",
            ["not: at least one of these:", '  genre contains "a"', '  genre contains "b"'],
        ),
        (
            "genre:a sort:-rating sort:bpm limit:5",
            [
                'genre contains "a"',
                "ordered by rating, highest first; tracks without it last",
                "then by bpm; tracks without it last",
                "only the first 5",
            ],
        ),
        ("limit:5", ["every track", "only the first 5 by name"]),
        ("shuffle:friday", ["every track", 'ordered at random, always the same for "friday"']),
    ],
)
def test_in_words(text: str, words: list[str]) -> None:
    assert list(describe_query(parse(text, KNOWN), DAY)) == words


def test_what_no_text_says_has_words_too() -> None:
    cut = parse("genre:a limit:5").refined(parse("bpm:100-110"))
    assert list(describe_query(cut, DAY)) == [
        "among these:",
        '  genre contains "a"',
        "  only the first 5 by name",
        "bpm 100 to 110",
    ]
    assert list(describe_query(Query(AnnexKeys(("a", "b"))), DAY)) == [
        "one of 2 tracks of a snapshot"
    ]
    assert list(describe_query(Query(ValueIs(parse_template("{{ bpm }}"), "130")), DAY)) == [
        '{{ bpm }} is "130"'
    ]


@pytest.mark.parametrize(
    ("text", "alternative"),
    [
        ("genre:techno|house", "genre:techno|genre:house"),
        ("x genre=techno|house", "genre:techno|genre:house"),
        ("genre:techno|genre:house", None),
        ("genre:techno | house", None),
        ('genre:"techno|house"', None),
        ("techno|house", None),
        ("(genre:techno|house)", "genre:techno|genre:house"),
        ("genre:techno|-house", None),
    ],
)
def test_a_bar_that_may_surprise_is_remarked(text: str, alternative: str | None) -> None:
    said = list(query_remarks(text))
    if alternative is None:
        assert said == []
    else:
        (remark,) = said
        assert '"|" always means OR' in remark
        assert remark.endswith(f"write {alternative}")


def test_sql_has_its_parameters_in_their_places() -> None:
    query = hiding_absent(parse('title:"o\'b (x" added:>=2025 artist:\udcff sort:-bpm limit:3'))
    sql = sql_text(select_tracks(bind_without_values(query, DAY)))
    assert not re.search(r":[a-z]\w*", sql.replace("00:00", ""))
    assert "'\"o''b (x\"'" in sql
    assert "/* 2025-01-01 00:00 */" in sql
    assert "X'ff'" in sql
    assert "LIMIT 3" in sql


class TestQuery:
    def test_everything_is_said(self, mcfs: Mcfs) -> None:
        said = mcfs("explain", "genre:Techno", "bpm:>120")
        assert (said.code, said.err) == (ExitCode.DONE, "")
        assert said.lines[:2] == ["bpm above 120", 'genre contains "techno"']
        assert "  bpm:>120 genre:techno" in said.lines
        assert "  SELECT track.id" in said.out
        assert '"techno"' in said.out
        assert "SEARCH" in said.out
        assert re.fullmatch(r"4 tracks here, 5 in all, in [0-9.]+ ms", said.lines[-1])

    def test_one_that_speaks_of_presence(self, mcfs: Mcfs) -> None:
        assert mcfs("explain", "present:no").lines[-1].startswith("1 track, in ")

    def test_the_remark_comes_first(self, mcfs: Mcfs) -> None:
        assert (
            mcfs("explain", "genre:techno|house").lines[0].startswith('note: "|" always means OR')
        )

    @pytest.mark.parametrize(
        "text",
        ["artist:AC/DC", 'title:"a/b:c"', "location:Surgeon/Force", "-artist:AC/DC", "AC/DC"],
    )
    def test_a_slash_makes_no_path(self, mcfs: Mcfs, text: str) -> None:
        said = json.loads(mcfs("explain", "--json", text).out)
        assert "steps" not in said
        assert "canonical" in said

    def test_nothing_is_every_track(self, mcfs: Mcfs) -> None:
        assert mcfs("explain", "").lines[0] == "every track"
        assert mcfs("explain").code == ExitCode.USAGE

    def test_json(self, mcfs: Mcfs) -> None:
        said = json.loads(mcfs("explain", "--json", "genre:techno|house", "limit:2").out)
        assert said["text"] == "genre:techno|house limit:2"
        assert len(said["remarks"]) == 1
        assert said["canonical"] == "any:house | genre:techno limit:2"
        assert said["words"][0] == "at least one of these:"
        assert said["sql"].startswith("SELECT")
        assert any("SEARCH" in step for step in said["plan"])
        assert (said["tracks"], said["tracks_in_all"]) == (2, 2)
        assert said["seconds"] >= 0

    def test_text_that_is_no_utf_8(self, mcfs: Mcfs, synced: Store) -> None:
        add(synced, [simple_track("odd", title="a\udcff\x1b[2J")])
        said = mcfs("explain", "title:a\udcff\x1b[2J")
        assert said.code == ExitCode.DONE
        assert "\x1b" not in said.out
        assert said.lines[-1].startswith("1 track here, 1 in all")
        mcfs("explain", "--json", "title:a\udcff").out.encode()

    def test_counts_as_search_finds(self, mcfs: Mcfs) -> None:
        for query in ("", "genre:techno", "-genre:techno", "rating:>3 limit:1", "bpm:120"):
            said = json.loads(mcfs("explain", "--json", query).out)
            assert said["tracks"] == len(json.loads(mcfs("search", "--json", query).out))
            every = mcfs("search", "--json", "--absent", "show", query).out
            assert said["tracks_in_all"] == len(json.loads(every))


class TestPath:
    def test_is_told_name_by_name(self, mcfs: Mcfs) -> None:
        said = mcfs("explain", "genre:techno/bpm:120-130")
        assert said.lines[:4] == [
            "/: the mount",
            "  genre:techno: a query: genre:techno",
            "    bpm:120-130: a query inside the one before: bpm:120..130",
            "",
        ]
        assert "  bpm:120..130 genre:techno" in said.lines

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
        self, mcfs: Mcfs, synced: Store, path: str, meanings: list[str]
    ) -> None:
        synced.user.add_pin("Peak", "rating:>=4")
        synced.user.add_pin("New", "")
        said = mcfs("explain", "--json", path)
        steps = json.loads(said.out)["steps"]
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
    def test_what_a_folder_is_in_words(
        self, mcfs: Mcfs, path: str, words: list[str], count: str
    ) -> None:
        said = json.loads(mcfs("explain", "--json", path).out)
        assert said["words"] == words
        assert count in mcfs("explain", path).lines[-1]
        listed = json.loads(mcfs("ls", "--json", path).out)
        assert said["tracks"] == len(listed) or listed[0]["type"] != "track"

    def test_a_value_of_many_tracks_is_not_spelled_out(self, mcfs: Mcfs, synced: Store) -> None:
        add(synced, (simple_track(f"{number}", genre="many", key="Am") for number in range(1500)))
        said = mcfs("explain", "{{ genre }} {{ key }}/many Am")
        assert said.code == ExitCode.DONE
        assert said.lines[-1].startswith("1500 tracks here")
        assert len(said.out) < 3000
        assert "characters */" in said.out

    def test_the_part_inside_a_mount(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ours = [Mount(Path("/home/dj/mnt"), "fuse.mcfs", "/home/dj/Music")]
        monkeypatch.setattr("mcfs.mount_table.mcfs_mounts", lambda: ours)
        monkeypatch.setenv("HOME", "/home/dj")
        assert path_inside_mount("/home/dj/mnt/genre:x/bpm:120") == "/genre:x/bpm:120"
        assert path_inside_mount("/home/dj/mnt") == ""
        assert path_inside_mount("~/mnt/genre:x") == "/genre:x"
        assert path_inside_mount("/home/dj/mntgenre:x") == "/home/dj/mntgenre:x"

    def test_in_a_mount_it_is_about_the_library_of_that(
        self, mcfs: Mcfs, served: RunningMount, clone: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def explained(*words: str) -> tuple[list[str], int]:
            told = json.loads(mcfs.anywhere("explain", "--json", *words).out)
            return [step["name"] for step in told.get("steps", ())], told["tracks"]

        # Nothing of the clone is here.
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
    def test_say_where_and_what_to_write(
        self, mcfs: Mcfs, text: str, sentence: str, place: str | None
    ) -> None:
        said = mcfs("explain", text)
        assert said.code == ExitCode.USAGE
        first, shown, caret = said.err.splitlines()
        assert sentence in first
        assert shown == f"  {text}"
        if place is not None:
            assert caret.index("^") == shown.index(place)

    def test_names_before_it_are_explained(self, mcfs: Mcfs) -> None:
        said = mcfs("explain", "genre:techno/bpm:12x")
        assert said.lines == ["/: the mount", "  genre:techno: a query: genre:techno"]

    def test_json(self, mcfs: Mcfs) -> None:
        said = mcfs("explain", "--json", "genre:techno bpm:12x")
        assert said.code == ExitCode.USAGE
        assert json.loads(said.out)["error"] == {
            "message": '"12x" is no number',
            "position": 17,
            "suggestion": "write for example bpm:120, bpm:120-130 or bpm:>=120",
        }
        assert "^" in said.err

    def test_a_path_too_deep_is_a_sentence(self, mcfs: Mcfs) -> None:
        said = mcfs("explain", "/" + "genre:x/" * 40)
        assert said.code in (ExitCode.FAILED, ExitCode.USAGE)
        assert "folders deep" in said.err

    def test_a_library_never_synced_is_synced_first(
        self, library: Library, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert run(["explain", "--library", str(library.top), "genre:techno"]) == ExitCode.DONE
        assert b"6 tracks here, 7 in all" in capsysbinary.readouterr().out

    def test_a_reader_that_has_seen_enough(self, mcfs: Mcfs) -> None:
        said = mcfs.in_shell("mcfs explain genre:techno | true")
        assert (said.code, said.err) == (0, "")
