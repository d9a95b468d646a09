"""`mcfs search`: results in every format, to a terminal, a pipe or a file."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from rich.cells import cell_len

from mcfs.annex.library import Library
from mcfs.cli import run
from mcfs.cli.text_layout import caret_lines
from mcfs.errors import ExitCode
from mcfs.store import Store
from mcfs.tree.nodes import TrackNode
from mcfs.tree.route import Route
from mcfs.tree.tree import Tree
from tests.cli.running import CommandRunner, add_tracks, work_paths
from tests.mounts import REPOSITORY
from tests.simple_track import simple_track
from tests.tracks import ABSENT, SAMPLES, SECOND_PATH

ODD = "\udcff"  # a byte that is not UTF-8


def files(mcfs: CommandRunner, *words: str) -> list[str]:
    """The work paths that a search prints, in its order."""
    result = mcfs("search", "--format", "paths", *words)
    assert result.code == ExitCode.DONE
    return work_paths(mcfs.library, result.lines)


class TestAnswer:
    @pytest.mark.parametrize(
        "query",
        [
            "genre:techno",
            "genre:techno bpm:>120",
            "genre:techno sort:-rating limit:3",
            "-genre:techno",
            "present:no",
            "artist:beyonce | artist:AC\\DC",
            "bpm:120-130 genre:techno sort:-bpm",
            "shuffle:friday",
        ],
    )
    def test_is_the_same_as_in_the_folder(
        self, mcfs: CommandRunner, synced: Store, query: str
    ) -> None:
        tree = Tree(synced)
        listed = [
            entry
            for entry in tree.children(tree.resolve(Route((query,)))).entries.values()
            if isinstance(entry, TrackNode)
        ]
        keys = tree.annex_keys(listed)
        found = json.loads(mcfs("search", "--json", *query.split(" ")).out)
        assert [track["annex_key"] for track in found] == [keys[track.inode] for track in listed]

    def test_no_query_means_all(self, mcfs: CommandRunner) -> None:
        assert set(files(mcfs)) == {sample.file for sample in SAMPLES} - {
            ABSENT,
            SECOND_PATH[0],
        } | {SECOND_PATH[1]}
        assert files(mcfs, "") == files(mcfs)

    def test_words_are_one_query(self, mcfs: CommandRunner) -> None:
        assert files(mcfs, "genre:techno", "bpm:>126") == files(mcfs, "genre:techno bpm:>126")

    def test_a_word_may_begin_with_a_dash(self, mcfs: CommandRunner) -> None:
        expected = files(mcfs, "-(genre:techno)")
        assert files(mcfs, "-genre:techno") == expected
        assert files(mcfs, "--", "-genre:techno") == expected
        # Also words that begin like -h or -0.
        assert mcfs("search", "-html").code == ExitCode.DONE
        assert mcfs("search", "-0123").out.startswith("artist")

    def test_absent_tracks_are_hidden_by_default(self, mcfs: CommandRunner) -> None:
        assert ABSENT not in files(mcfs, "genre:techno")
        assert ABSENT in files(mcfs, "genre:techno", "--absent", "show")
        assert files(mcfs, "present:no") == [ABSENT]

    def test_the_settings_decide_about_absent_tracks(
        self, mcfs: CommandRunner, library: Library
    ) -> None:
        (library.top / "mcfs.toml").write_text('absent = "show"\n')
        assert ABSENT in files(mcfs, "genre:techno")
        assert ABSENT not in files(mcfs, "genre:techno", "--absent", "hide")

    @pytest.mark.parametrize(
        ("words", "count"),
        [
            (["--limit", "2"], 2),
            (["limit:3", "--limit", "2"], 2),
            (["limit:2", "--limit", "5"], 2),
            (["--limit", "99"], 11),
        ],
    )
    def test_the_limit_is_applied_last(
        self, mcfs: CommandRunner, words: list[str], count: int
    ) -> None:
        whole = files(mcfs, "sort:-bpm")
        assert files(mcfs, "sort:-bpm", *words) == whole[:count]
        table = mcfs("search", "sort:-bpm", *words)
        assert len(table.lines) == count + 1

    @pytest.mark.parametrize("limit", ["0", "-1", "x", "9" * 30])
    def test_a_wrong_limit(self, mcfs: CommandRunner, limit: str) -> None:
        assert mcfs("search", "--limit", limit).code == ExitCode.USAGE

    def test_a_new_library_is_synced_first(
        self, library: Library, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        words = ["search", "--library", str(library.top), "artist:кино", "--format", "paths"]
        for _ in range(2):
            assert run(words) == ExitCode.DONE
            assert capsysbinary.readouterr().out == f"{library.top}/kino.mp3\n".encode()


class TestNothing:
    def test_is_not_a_failure(self, mcfs: CommandRunner) -> None:
        result = mcfs("search", "artist:zzzzzz")
        assert (result.code, result.out, result.err) == (ExitCode.DONE, "", "mcfs: no tracks\n")

    def test_json_is_an_empty_array(self, mcfs: CommandRunner) -> None:
        assert json.loads(mcfs("search", "--json", "artist:zzzzzz").out) == []

    @pytest.mark.parametrize(
        ("query", "meant"),
        [
            ("genre:tehcno", "genre:techno"),
            ("genre:=tehcno bpm:>120", "genre:=techno"),
            ("artist:surgoen", "artist:surgeon"),
            ("artist:beyonse", "artist:beyonce"),
            ('crate:"paek time"', 'crate:"peak time"'),
            ("genre:techno artist:Orbitel", "artist:orbital"),
            ("halcyno", "any:halcyon"),
        ],
    )
    def test_suggests_a_similar_value(self, mcfs: CommandRunner, query: str, meant: str) -> None:
        result = mcfs("search", query)
        assert result.err == f"mcfs: no tracks; did you mean {meant}?\n"
        assert mcfs("search", meant).lines[1:]

    def test_an_operator_of_another_language(self, mcfs: CommandRunner) -> None:
        result = mcfs("search", "techno", "AND", "surgeon")
        assert result.err == 'mcfs: no tracks; "AND" is searched as a word; write techno surgeon\n'
        assert mcfs("search", "techno", "surgeon").lines[1:]

    def test_mentions_tracks_that_are_elsewhere(self, mcfs: CommandRunner) -> None:
        result = mcfs("search", "artist:basic")
        assert (
            result.err == "mcfs: no tracks here; 1 track is elsewhere: --absent show shows them\n"
        )


class TestErrors:
    def test_point_at_the_position(self, mcfs: CommandRunner) -> None:
        result = mcfs("search", "genre:techno", "bpm:12x")
        assert (result.code, result.out) == (ExitCode.USAGE, "")
        first, text, caret = result.err.splitlines()
        assert first.startswith('mcfs: "12x" is no number; write for example')
        assert text == "  genre:techno bpm:12x"
        assert caret.index("^") == text.index("12x")

    def test_point_at_the_position_after_wide_characters(self, mcfs: CommandRunner) -> None:
        _, text, caret = mcfs("search", "戦場 🎹 bpm:x").err.splitlines()
        assert cell_len(caret) - 1 == cell_len(text.partition("x")[0])

    def test_fit_the_terminal(self, mcfs: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "30")
        _, text, caret = mcfs("search", f"{'戦' * 60} bpm:~{'場' * 60}").err.splitlines()
        assert cell_len(text) <= 30
        assert cell_len(caret) - 1 == cell_len(text.partition("~")[0])

    def test_contain_no_control_characters(self, mcfs: CommandRunner) -> None:
        result = mcfs("search", f"x\x1b[31m\n\x07{ODD} bpm:x")
        assert result.code == ExitCode.USAGE
        assert result.err.count("\n") == 3
        assert "\x1b" not in result.err
        assert "␛[31m ␇\N{REPLACEMENT CHARACTER} bpm:x" in result.err

    def test_suggest_a_similar_field(self, mcfs: CommandRunner) -> None:
        result = mcfs("search", "gnere:techno")
        assert result.code == ExitCode.USAGE
        assert 'unknown field "gnere"; did you mean "genre"' in result.err

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--json", "--format", "csv"], "--json and --format csv contradict each other"),
            (["-0", "--format", "csv"], "-0 prints paths"),
            (["-0", "--json"], "-0 prints paths"),
            (["--format", "xml"], "Invalid value for '--format'"),
            (["--format"], "requires an argument"),
            (["--jsn"], "No such option"),
        ],
    )
    def test_a_wrong_command_line(
        self, mcfs: CommandRunner, words: list[str], sentence: str
    ) -> None:
        result = mcfs("search", *words)
        assert (result.code, result.out) == (ExitCode.USAGE, "")
        assert sentence in result.err

    def test_no_library(self, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        assert run(["search", "--library", str(tmp_path)]) == ExitCode.UNREACHABLE
        assert b"name one with --library" in capsysbinary.readouterr().err


@pytest.mark.parametrize("width", [8, 18, 38, 78])
@pytest.mark.parametrize("before", ["", "a " * 20, "戦" * 60, "🎹" * 31 + " "])
@pytest.mark.parametrize("after", ["", " b" * 40, "場" * 60])
def test_the_caret_is_below_its_position(width: int, before: str, after: str) -> None:
    text, mark = caret_lines(f"{before}~{after}", len(before), width)
    assert cell_len(text) <= width
    assert cell_len(mark) - 1 == cell_len(text.partition("~")[0])
    end, mark = caret_lines(before, len(before), width)
    assert cell_len(mark) == cell_len(end) + 1 <= width


class TestTable:
    def test_has_only_columns_with_values(self, mcfs: CommandRunner) -> None:
        assert mcfs("search", "artist:surgeon").lines == [
            "artist   title     album         genre     bpm  key  rating  year  crate",
            "Surgeon  Remnants  Force + Form  Techno  134.5  8A   ★★★★★   1998  Festival, Peak time",
        ]
        assert mcfs("search", "artist:broken").lines == [
            "artist  title  genre    bpm",
            "Broken  Fast   techno  fast",
        ]

    def test_a_track_without_a_title_has_its_name(self, mcfs: CommandRunner) -> None:
        assert mcfs("search", "location:unsorted").lines == ["title", "nothing known"]

    def test_marks_absent_tracks(self, mcfs: CommandRunner) -> None:
        result = mcfs("search", "genre:techno", "--absent", "show")
        marked = [line for line in result.lines if line.startswith("✗  ")]
        assert len(marked) == 1
        assert "Phylyps" in marked[0]
        assert result.err == "7 tracks, 1 of them not here (✗)\n"

    def test_counts(self, mcfs: CommandRunner) -> None:
        assert mcfs("search", "artist:surgeon").err == "1 track\n"
        assert mcfs("search").err == "11 tracks\n"
        assert mcfs("search", "--limit", "3").err == "3 tracks; there are more\n"
        assert mcfs("search", "--limit", "11").err == "11 tracks\n"

    @pytest.mark.parametrize("columns", [1, 5, 10, 20, 30, 40, 60, 80, 100, 200])
    def test_is_never_wider_than_the_terminal(
        self, mcfs: CommandRunner, synced: Store, monkeypatch: pytest.MonkeyPatch, columns: int
    ) -> None:
        add_tracks(synced, WIDE)
        monkeypatch.setenv("COLUMNS", str(columns))
        head, *lines = mcfs("search", "--absent", "show").lines
        assert len(lines) == len(SAMPLES) + len(WIDE)
        assert max(map(cell_len, [head, *lines])) <= columns
        assert columns < 20 or "title" in head

    def test_uses_the_whole_width_for_long_texts(
        self, mcfs: CommandRunner, synced: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add_tracks(synced, [simple_track("long", title="x" * 300, artist="y" * 300)])
        for columns in (40, 80, 200):
            monkeypatch.setenv("COLUMNS", str(columns))
            lines = mcfs("search", "title:xxx").lines
            assert cell_len(lines[1]) == columns
            assert lines[1].count("…") == 2

    def test_leaves_out_the_least_important_columns(
        self, mcfs: CommandRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        head = mcfs("search").lines[0]
        assert head.split() == ["artist", "title", "bpm", "key"]

    def test_columns_are_aligned(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, WIDE)
        head, *lines = mcfs("search", "location:wide").lines
        at = cell_len(head.partition("title")[0])
        for line in lines:
            before, _, _ = line.partition("TITLE")
            assert cell_len(before) == at

    def test_contains_no_control_characters(self, mcfs: CommandRunner, synced: Store) -> None:
        nasty = "a\x1b[2Jb\nc\rd\te\x07f\x9bg\u202eh\u2028i\x7f" + ODD
        add_tracks(synced, [simple_track("nasty", title=nasty, artist=nasty, genre=nasty)])
        result = mcfs("search", "location:nasty")
        assert len(result.lines) == 2
        assert "a␛[2Jb c d e␇f�g�h i␡�" in result.lines[1]

    def test_ratings_and_numbers(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(
            synced,
            [
                simple_track(
                    "one", rating="3.5", bpm="126.0001234", year="2019-05-01", duration="65.4"
                ),
                simple_track("two", rating="0", bpm="80", year="soon", duration="1:01:01"),
                simple_track("three", rating="77", bpm=("90", "180")),
            ],
        )
        text = mcfs("search", "location:one|location:two|location:three", "sort:title").out
        rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()}
        assert rows["one"] == ["126", "3.5", "2019", "1:05"]
        assert rows["two"] == ["80", "soon", "61:01"]
        assert rows["three"] == ["180,", "90", "77"] or rows["three"] == ["90,", "180", "77"]

    def test_a_pipe_is_not_cut_and_not_styled(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("long", title="x" * 300, genre="techno")])
        out = mcfs.in_shell("mcfs search title:xxx genre:techno | cat").out
        assert "x" * 300 in out
        assert "\x1b" not in out

    def test_thousands_of_tracks_are_printed_as_they_arrive(
        self, mcfs: CommandRunner, synced: Store
    ) -> None:
        add_tracks(synced, [simple_track(f"n{n:04}", title=f"t{n:04}") for n in range(2500)])
        result = mcfs("search", "title:t")
        assert result.err == "2505 tracks\n"
        assert len(result.lines) == 2506

    def test_in_a_terminal(self, mcfs: CommandRunner) -> None:
        sent = mcfs.in_terminal("search", "genre:techno", "--absent", "show", columns=60)
        lines = sent.splitlines()
        assert lines[0].startswith("\x1b[1m")
        assert next(line for line in lines if "Phylyps" in line).startswith("\x1b[2m✗")
        assert lines[-1] == "7 tracks, 1 of them not here (✗)"
        bare = [
            line.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
            for line in lines
        ]
        assert max(map(cell_len, bare)) == 60

    @pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"NO_COLOR": "1"}, {"TERM": ""}])
    def test_in_a_terminal_without_colours(
        self, mcfs: CommandRunner, environment: dict[str, str]
    ) -> None:
        assert "\x1b" not in mcfs.in_terminal("search", columns=60, **environment)

    def test_in_a_terminal_without_unicode(self, mcfs: CommandRunner) -> None:
        sent = mcfs.in_terminal(
            "search", "--absent", "show", columns=80, PYTHONIOENCODING="ascii", PYTHONUTF8="0"
        )
        assert "????" in sent
        assert "x  " in sent

    def test_text_from_right_to_left_stays_in_its_column(
        self, mcfs: CommandRunner, synced: Store
    ) -> None:
        add_tracks(synced, [simple_track("rtl", title="שלום", artist="עולם", genre="rtl")])
        line = mcfs.in_terminal("search", "genre:rtl", columns=80, NO_COLOR="1").splitlines()[1]
        assert line.startswith("עולם  \N{LEFT-TO-RIGHT MARK}  שלום \N{LEFT-TO-RIGHT MARK}  rtl")
        assert "\N{LEFT-TO-RIGHT MARK}" not in mcfs("search", "genre:rtl").out


WIDE = [
    simple_track(f"wide{place}", artist=artist, title=f"TITLE {artist}", file=f"wide/{place}.mp3")
    for place, artist in enumerate(
        [
            "戦場のメリークリスマス",
            "🎹🎧",
            "שלום עולם",
            "مرحبا",
            "e\u0301a\u0308",
            "👩‍🚀 crew",
            "한국어",
            "plain",
        ]
    )
]


class TestPaths:
    def test_are_absolute_outside_the_library(self, mcfs: CommandRunner) -> None:
        assert mcfs("search", "artist:кино", "--format", "paths").lines == [
            f"{mcfs.library.top}/kino.mp3"
        ]

    def test_are_relative_inside_the_library(
        self, mcfs: CommandRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(mcfs.library.top)
        assert mcfs("search", "artist:anon", "--format", "paths").lines == [
            "white/a.mp3",
            "white/b.mp3",
        ] or mcfs("search", "artist:anon", "--format", "paths").lines == [
            "white/b.mp3",
            "white/a.mp3",
        ]
        monkeypatch.chdir(mcfs.library.top / "white")
        assert set(mcfs("search", "artist:anon|artist:кино", "--format", "paths").lines) == {
            "a.mp3",
            "b.mp3",
            "../kino.mp3",
        }

    def test_a_path_that_begins_with_a_dash_is_not_an_option(
        self, mcfs: CommandRunner, synced: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add_tracks(synced, [simple_track("dash", file="-rf.mp3")])
        monkeypatch.chdir(mcfs.library.top)
        assert mcfs("search", "location:rf", "--format", "paths").lines == ["./-rf.mp3"]

    def test_keep_every_byte(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", file=f"odd/a{ODD}\nb.mp3")])
        result = mcfs("search", "-0", "location:odd")
        assert result.out == f"{mcfs.library.top}/odd/a{ODD}\nb.mp3\0"

    def test_a_track_without_a_path_is_reported(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("gone", file="", title="Gone")])
        result = mcfs("search", "title:gone|artist:кино", "--format", "paths")
        assert (result.code, len(result.lines)) == (ExitCode.DONE, 1)
        assert result.err == "mcfs: 1 track has no file in the work tree, and so no path\n"

    def test_with_xargs(self, mcfs: CommandRunner) -> None:
        result = mcfs.in_shell("mcfs search genre:techno -0 | xargs -0 stat -L -c %n")
        assert result.code == 0
        assert "Surgeon/Force + Form/01.flac" in result.lines
        assert len(result.lines) == 6

    def test_with_git_annex(self, mcfs: CommandRunner) -> None:
        result = mcfs.in_shell(
            "cd white; mcfs search present:yes artist:surgeon -0 | xargs -0 git annex find --anything"
        )
        assert result.lines == ["../Surgeon/Force + Form/01.flac"]


class TestJson:
    def test_has_everything_about_a_track(self, mcfs: CommandRunner) -> None:
        (track,) = json.loads(mcfs("search", "--json", "artist:orbital").out)
        assert track.pop("annex_key").startswith("SHA256E-s")
        assert track == {
            "file": "best of/orbital again.mp3",
            "files": ["best of/orbital again.mp3", "orbital.mp3"],
            "name": "Orbital - Halcyon.mp3",
            "present": True,
            "size": 840,
            "fields": {
                "artist": ["Orbital"],
                "bpm": ["120"],
                "genre": ["Ambient", "Techno"],
                "rating": ["4"],
                "title": ["Halcyon"],
                "year": ["1992"],
            },
        }

    def test_format_json_is_the_same(self, mcfs: CommandRunner) -> None:
        assert mcfs("search", "--json").out == mcfs("search", "--format", "json").out

    def test_is_always_valid_utf_8(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", title=f"a{ODD}\x1b\x00", file=f"odd{ODD}.mp3")])
        out = mcfs("search", "--json", "location:odd").out
        out.encode()
        (track,) = json.loads(out)
        assert track["fields"]["title"] == ["a\N{REPLACEMENT CHARACTER}\x1b\x00"]
        assert track["file"] == "odd\N{REPLACEMENT CHARACTER}.mp3"

    def test_is_readable(self, mcfs: CommandRunner) -> None:
        out = mcfs("search", "--json", "artist:кино|artist:坂本").out
        assert "Группа крови" in out
        assert "戦場 🎹" in out
        assert len(out.splitlines()) == 4

    def test_with_jq_or_python(self, mcfs: CommandRunner) -> None:
        result = mcfs.in_shell(
            "mcfs search --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'"
        )
        assert result.out == "11\n"


class TestCsv:
    def test_is_rfc_4180(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", title='a "b", c\r\nd', genre=("x", "y"))])
        out = mcfs("search", "--format", "csv").out
        head, *rows = csv.reader(io.StringIO(out, newline=""), strict=True)
        assert head[:8] == [
            "file", "name", "present", "size", "annex_key", "artist", "title", "album",
        ]  # fmt: skip
        assert len(rows) == 12
        assert out.startswith("file,name,present,size,annex_key,artist,")
        assert out.partition("\n")[0].endswith("\r")
        odd = next(dict(zip(head, row, strict=True)) for row in rows if row[0] == "odd.mp3")
        assert odd["title"] == 'a "b", c\r\nd'
        assert odd["genre"] == "x; y"
        assert odd["present"] == "yes"

    def test_has_the_same_columns_for_every_query(self, mcfs: CommandRunner) -> None:
        heads = {mcfs("search", "--format", "csv", q).lines[0] for q in ("", "artist:кино", "zzz")}
        assert len(heads) == 1

    def test_keeps_bytes(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", title=ODD)])
        assert f",{ODD}," in mcfs("search", "--format", "csv", "location:odd").out


def entries_of(m3u8: str) -> list[tuple[int, str, str]]:
    """A playlist as a player reads it: (seconds, label, path)."""
    head, *rest = m3u8.splitlines()
    assert head == "#EXTM3U"
    assert len(rest) % 2 == 0
    entries = []
    for info, path in zip(rest[::2], rest[1::2], strict=True):
        seconds, comma, label = info.removeprefix("#EXTINF:").partition(",")
        assert info.startswith("#EXTINF:")
        assert comma
        assert not path.startswith("#")
        is_url = path.startswith("file://")
        place = unquote(urlparse(path).path, errors="surrogateescape") if is_url else path
        entries.append((int(seconds), label, place))
    return entries


class TestM3u8:
    def test_every_path_opens(self, mcfs: CommandRunner) -> None:
        entries = entries_of(mcfs("search", "--format", "m3u8").out)
        assert len(entries) == 11
        assert all(Path(path).is_absolute() and Path(path).is_file() for _, _, path in entries)
        assert (-1, "Surgeon - Remnants") in [entry[:2] for entry in entries]
        assert (-1, "nothing known") in [entry[:2] for entry in entries]

    @pytest.mark.parametrize(
        ("duration", "seconds"),
        [("215.6", 216), ("3:35", 215), ("0", -1), ("long", -1), ("-3", -1), ("", -1)],
    )
    def test_lengths_are_whole_seconds(
        self, mcfs: CommandRunner, synced: Store, duration: str, seconds: int
    ) -> None:
        add_tracks(synced, [simple_track("timed", title="Timed", duration=duration)])
        (entry,) = entries_of(mcfs("search", "--format", "m3u8", "title:timed").out)
        assert entry[0] == seconds

    def test_line_breaks_in_metadata_are_removed(self, mcfs: CommandRunner, synced: Store) -> None:
        path = f"odd/a\nb %20 {ODD}.mp3"
        add_tracks(
            synced, [simple_track("odd", title="a\nb\r\nc", artist=("x\n", "y,z"), file=path)]
        )
        (entry,) = entries_of(mcfs("search", "--format", "m3u8", "location:odd").out)
        assert entry == (-1, "x , y,z - a b c", f"{mcfs.library.top}/{path}")


class TestPipes:
    @pytest.mark.parametrize("words", ["", "--json", "--format csv", "--format m3u8", "-0"])
    def test_a_closed_pipe_is_not_a_failure(
        self, mcfs: CommandRunner, synced: Store, words: str
    ) -> None:
        add_tracks(synced, [simple_track(f"n{n:04}", title="t" * 80) for n in range(3000)])
        result = mcfs.in_shell(f"mcfs search {words} | head -c 5")
        assert (result.code, result.err) == (0, "")
        assert len(result.out) == 5

    def test_a_full_disk_is_one_sentence(self, mcfs: CommandRunner) -> None:
        result = mcfs.in_shell("mcfs search > /dev/full")
        assert (result.code, result.err.count("\n")) == (ExitCode.FAILED, 1)
        assert "No space left on device" in result.err

    def test_the_environment_may_set_the_width(self, mcfs: CommandRunner) -> None:
        lines = mcfs.in_shell("mcfs search | cat", COLUMNS="40", TERM="dumb").lines
        assert max(map(cell_len, lines)) <= 40
        assert mcfs.in_shell("mcfs search | cat", COLUMNS="nonsense").code == 0

    def test_programs_get_bytes_and_terminals_do_not(
        self, mcfs: CommandRunner, synced: Store
    ) -> None:
        add_tracks(synced, [simple_track("odd", title="x\x1b[2J", file="odd/x\x1b[2J\ry.mp3")])
        for words in ("--format paths", "--format csv", "-0"):
            line = f"mcfs search location:odd {words}"
            assert "\x1b" in mcfs.in_shell(f"{line} | cat").out
            sent = mcfs.in_terminal(*line.split()[1:], columns=80)
            assert "\x1b" not in sent
            assert "\r" not in sent.replace("\r\n", "\n")


def test_loads_only_what_it_needs(synced: Store, library: Library) -> None:
    """Nothing slow: a fuzzy finder runs a search at every key press."""
    script = (
        "import sys; from mcfs.cli import run;"
        f"run(['search', '--limit', '20', 'genre:techno', '--library', {str(library.top)!r}]);"
        "slow = ['trio', 'pyfuse3', 'jinja2', 'alembic', 'rich.console', 'rich.table',"
        " 'mcfs.store.user_repository', 'mcfs.store.bulk_load', 'mcfs.sync.run', 'mcfs.tree.tree'];"
        "print([name for name in slow if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stderr.endswith("[]\n")
