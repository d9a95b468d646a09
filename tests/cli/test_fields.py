"""`mcfs fields`: fields and values, with counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from mcfs.annex.library import Library
from mcfs.cli import run
from mcfs.errors import ExitCode
from mcfs.store import Store
from tests.cli.running import CommandRunner, add_tracks
from tests.simple_track import simple_track
from tests.tracks import SAMPLES


def counts(mcfs: CommandRunner, *words: str) -> dict[str, int]:
    """The output of `--json`, in its order."""
    result = mcfs("fields", "--json", *words)
    assert result.code == ExitCode.DONE
    key = "value" if words else "field"
    return {tally[key]: tally["tracks"] for tally in json.loads(result.out)}


class TestFields:
    def test_the_fields_of_the_library_come_first(self, mcfs: CommandRunner) -> None:
        assert list(counts(mcfs).items()) == [
            ("album", 1),
            ("artist", 11),
            ("bpm", 10),
            ("comment", 1),
            ("crate", 1),
            ("genre", 11),
            ("key", 1),
            ("rating", 4),
            ("title", 11),
            ("year", 4),
            ("added", 12),
            ("changed", 11),
            ("decade", 4),
            ("directory", 5),
            ("live", 0),
            ("location", 12),
            ("present", 12),
            ("size", 12),
            ("type", 12),
        ]

    def test_show_their_kind(self, mcfs: CommandRunner) -> None:
        tallies = {t["field"]: t for t in json.loads(mcfs("fields", "--json").out)}
        assert tallies["bpm"] == {"field": "bpm", "tracks": 10, "kind": "bpm", "derived": False}
        assert tallies["size"] == {"field": "size", "tracks": 12, "kind": "size", "derived": True}

    def test_say_where_dates_were_found(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(
            synced,
            [
                simple_track("a", Released="2024-05-01", energy="7"),
                simple_track("b", Released="2024-05"),
                simple_track("c", Released="2023"),
            ],
        )
        tallies = {t["field"]: t for t in json.loads(mcfs("fields", "--json").out)}
        assert tallies["Released"]["kind"] == "date"
        assert tallies["energy"]["kind"] == "text"
        lines = [line.split("  ")[0] for line in mcfs("fields").lines]
        assert "Released (dates)" in lines
        assert "added" in lines
        assert counts(mcfs, "released") == {"2023": 1, "2024-05": 2}
        (mcfs.library.top / "mcfs.toml").write_text('[field.released]\nkind = "text"\n')
        assert "Released" in [line.split("  ")[0] for line in mcfs("fields").lines]
        paths = mcfs("search", "--format", "paths", "released:05").lines
        assert [Path(path).name for path in paths] == ["a.mp3", "b.mp3"]
        (mcfs.library.top / "mcfs.toml").unlink()
        assert mcfs("search", "released:05").code == ExitCode.USAGE
        assert "released 2024-05-01 to 2024-05-31" in mcfs("explain", "released:2024-05").out

    def test_have_the_names_that_queries_use(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", Mood="dark", size="huge", added="2020-01-02")])
        found = counts(mcfs)
        assert found["Mood"] == 1
        assert found["meta.size"] == 1
        assert found["meta.added"] == 1
        for field in found:
            assert mcfs("fields", field).code == ExitCode.DONE
        assert counts(mcfs, "meta.size") == {"huge": 1}
        assert counts(mcfs, "MOOD") == {"dark": 1}

    def test_are_drawn_as_bars(self, mcfs: CommandRunner) -> None:
        result = mcfs("fields")
        assert result.err == ""
        assert result.lines[0].split()[:2] == ["album", "1"]
        assert result.lines[10] == ""
        longest = next(line for line in result.lines if line.startswith("present"))
        assert longest.endswith("█" * 40)

    def test_of_an_empty_library(self, mcfs: CommandRunner, synced: Store) -> None:
        synced.cache.replace_all([])
        assert set(counts(mcfs).values()) == {0}
        assert mcfs("fields").code == ExitCode.DONE
        result = mcfs("fields", "genre")
        assert (result.code, result.out, result.err) == (
            ExitCode.DONE,
            "",
            "mcfs: no track has genre\n",
        )


class TestValues:
    def test_spellings_are_merged(self, mcfs: CommandRunner) -> None:
        assert list(counts(mcfs, "genre").items()) == [
            ("techno", 7),
            ("Ambient", 1),
            ("Dub Techno", 1),
            ("Pop", 1),
            ("Rock", 1),
            ("Soundtrack", 1),
            ("рок", 1),
        ]

    def test_a_track_with_two_spellings_counts_once(
        self, mcfs: CommandRunner, synced: Store
    ) -> None:
        add_tracks(
            synced,
            [simple_track("two", genre=("Techno", "TECHNO")), simple_track("one", genre="Beyoncé")],
        )
        found = counts(mcfs, "genre")
        assert found["techno"] == 8
        assert found["Beyoncé"] == 1

    @pytest.mark.parametrize("field", ["artist", "genre", "crate", "album", "directory", "type"])
    def test_counts_are_what_a_query_finds(self, mcfs: CommandRunner, field: str) -> None:
        for value, tracks in counts(mcfs, field).items():
            found = mcfs("search", "--json", "--absent", "show", f'{field}:="{value}"')
            assert len(json.loads(found.out)) == tracks, value

    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            ("year", {"1975": 1, "1983": 1, "1992": 1, "1998": 1}),
            ("decade", {"1970s": 1, "1980s": 1, "1990s": 2}),
            ("rating", {"3": 1, "4": 2, "5": 1}),
            ("present", {"yes": 11, "no": 1}),
            ("live", {"no": 12}),
            ("size", {"<1M": 12}),
            ("crate", {"Festival": 1, "Peak time": 1}),
            ("type", {"mp3": 8, "flac": 2, "wav": 2}),
        ],
    )
    def test_values(self, mcfs: CommandRunner, field: str, expected: dict[str, int]) -> None:
        assert list(counts(mcfs, field).items()) == list(expected.items())

    def test_numbers_are_sorted_as_numbers(self, mcfs: CommandRunner) -> None:
        values = list(counts(mcfs, "bpm"))
        assert values[-1] == "fast"
        assert values[:-1] == sorted(values[:-1], key=float)

    def test_dates_are_grouped_by_month(self, mcfs: CommandRunner) -> None:
        ((month, tracks),) = counts(mcfs, "added").items()
        assert len(month) == 7
        assert tracks == len(SAMPLES)
        found = mcfs("search", "--json", "--absent", "show", f"added:{month}")
        assert len(json.loads(found.out)) == tracks

    def test_sizes_are_grouped_by_range(self, mcfs: CommandRunner, synced: Store) -> None:
        big = simple_track("big")
        add_tracks(
            synced,
            [big.__class__(**{n: getattr(big, n) for n in big.__slots__} | {"size": 7 << 20})],
        )
        assert counts(mcfs, "size") == {"<1M": 12, "5M-10M": 1}

    def test_an_alias_means_the_field(self, mcfs: CommandRunner) -> None:
        assert counts(mcfs, "g") == counts(mcfs, "GENRE") == counts(mcfs, "genre")

    @pytest.mark.parametrize("columns", [1, 8, 20, 40, 80, 200])
    def test_bars_are_scaled_to_the_terminal(
        self, mcfs: CommandRunner, synced: Store, monkeypatch: pytest.MonkeyPatch, columns: int
    ) -> None:
        add_tracks(synced, [simple_track("wide", genre=("戦場" * 30, "x" * 200, "a\x1b[2J"))])
        monkeypatch.setenv("COLUMNS", str(columns))
        result = mcfs("fields", "genre")
        assert "\x1b" not in result.out
        if columns >= 8:
            assert max(map(cell_len, result.lines)) <= columns
        assert ("█" in result.out) == (columns >= 20)

    def test_bars_without_unicode(self, mcfs: CommandRunner) -> None:
        out = mcfs.in_shell("mcfs fields genre", PYTHONIOENCODING="ascii", PYTHONUTF8="0").out
        assert out.splitlines()[0].endswith("#" * 40)

    def test_json_of_bytes_is_utf_8(self, mcfs: CommandRunner, synced: Store) -> None:
        add_tracks(synced, [simple_track("odd", genre="a\udcff")])
        mcfs("fields", "genre", "--json").out.encode()


class TestErrors:
    @pytest.mark.parametrize(
        ("field", "sentence"),
        [
            ("gerne", 'unknown field "gerne"; did you mean "genre"?'),
            ("zzzzzz", "`mcfs fields` lists what there is"),
            ("any", "any: searches all text"),
            ("sort", 'unknown field "sort"'),
            ("", 'unknown field ""'),
            ("\x1b[31m", "unknown field"),
        ],
    )
    def test_unknown(self, mcfs: CommandRunner, field: str, sentence: str) -> None:
        result = mcfs("fields", field)
        assert (result.code, result.out) == (ExitCode.USAGE, "")
        assert sentence in result.err
        assert "\x1b" not in result.err

    def test_a_new_library_is_synced_first(
        self, library: Library, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert run(["fields", "--library", str(library.top), "crate"]) == ExitCode.DONE
        assert capsysbinary.readouterr().out.count(b"\n") == 2

    def test_a_closed_pipe_is_not_a_failure(self, mcfs: CommandRunner) -> None:
        result = mcfs.in_shell("mcfs fields title | true")
        assert (result.code, result.err) == (0, "")
