"""`mcfs pin`, `mcfs unpin` and `mcfs pins`, with and without a mount."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcfs.errors import ExitCode
from mcfs.store import Store
from tests.cli.running import CommandRunner
from tests.mounts import mounted, wait_until
from tests.prerequisites import needs_fuse
from tests.taken_snapshots import take

TECHNO = "genre:techno bpm:120-130"


class TestPin:
    def test_without_a_name_the_query_is_the_name(self, mcfs: CommandRunner) -> None:
        result = mcfs("pin", "genre:techno", "bpm:120-130")
        assert (result.code, result.out, result.err) == (
            ExitCode.DONE,
            f"pinned {TECHNO}, 4 tracks\n",
            "",
        )
        # A mount would show it, with the same tracks.
        assert mcfs("ls", "pins").lines == [f"{TECHNO}/"]
        assert mcfs("ls", f"pins/{TECHNO}").out == mcfs("ls", TECHNO).out

    def test_a_name(self, mcfs: CommandRunner) -> None:
        result = mcfs("pin", "--name", "Peak time", TECHNO)
        assert result.out.startswith("pinned Peak time: ")
        assert mcfs("ls", "pins/Peak time").out == mcfs("ls", TECHNO).out

    def test_a_query_may_begin_with_a_minus(self, mcfs: CommandRunner) -> None:
        assert mcfs("pin", "-genre:techno").code == ExitCode.DONE
        assert mcfs("ls", "pins/-genre:techno").out == mcfs("ls", "./-genre:techno").out
        assert mcfs("unpin", "-genre:techno").code == ExitCode.DONE

    def test_words_without_a_field_search_all_text(self, mcfs: CommandRunner) -> None:
        assert mcfs("pin", "halcyon").out == "pinned halcyon, 1 track\n"
        assert mcfs("ls", "pins/halcyon").lines == ["Orbital - Halcyon.mp3"]

    def test_a_slash_must_be_replaced(self, mcfs: CommandRunner) -> None:
        result = mcfs("pin", "artist:AC/DC")
        assert result.code == ExitCode.USAGE
        assert result.err.splitlines() == [
            r"mcfs: the name of a pin cannot contain a slash; write ∕ or \ instead",
            "  artist:AC/DC",
            "           ^",
        ]
        assert mcfs("pin", r"artist:AC\DC").out == "pinned artist:AC\\DC, 1 track\n"
        assert mcfs("pin", "--name", "AC∕DC", "artist:AC/DC").code == ExitCode.DONE
        assert mcfs("ls", "pins/AC∕DC").out == mcfs("ls", r"pins/artist:AC\DC").out

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["gnere:techno"], 'unknown field "gnere"; did you mean "genre"?'),
            (["--name", ".hidden", "genre:techno"], "the name of a pin cannot begin with a dot"),
            (["--name", "..", "genre:techno"], "the name of a pin cannot begin with a dot"),
            (["--name", "", "genre:techno"], "a pin needs a name"),
            (["--name", "a/b", "genre:techno"], "the name of a pin cannot contain a slash"),
            (["--name", "é" * 128, "genre:techno"], "the name of a pin can have at most 255 bytes"),
            ([""], "a pin needs a query; all tracks are in all/ already"),
        ],
    )
    def test_what_cannot_be_pinned(
        self, mcfs: CommandRunner, synced: Store, words: list[str], sentence: str
    ) -> None:
        result = mcfs("pin", *words)
        assert result.code == ExitCode.USAGE
        assert result.err.startswith(f"mcfs: {sentence}")
        assert result.err.endswith("^\n")
        assert synced.user.pins() == []

    def test_the_longest_name(self, mcfs: CommandRunner) -> None:
        assert mcfs("pin", "--name", "é" * 127 + "e", "genre:techno").code == ExitCode.DONE

    def test_a_name_that_exists(self, mcfs: CommandRunner, synced: Store) -> None:
        mcfs("pin", "--name", "Peak", "genre:techno")
        result = mcfs("pin", "--name", "Peak", "genre:pop")
        assert (result.code, result.out) == (ExitCode.FAILED, "")
        assert result.err == "mcfs: a pin of the name Peak exists already\n"
        assert [pin.query_text for pin in synced.user.pins()] == ["genre:techno"]

    def test_an_empty_query(self, mcfs: CommandRunner) -> None:
        assert mcfs("pin").code == ExitCode.USAGE


class TestUnpin:
    def test_deletes_the_pin(self, mcfs: CommandRunner, synced: Store) -> None:
        mcfs("pin", "genre:techno", "bpm:120-130")
        mcfs("pin", "--name", "Peak time", "genre:techno")
        result = mcfs("unpin", "genre:techno", "bpm:120-130")
        assert (result.code, result.out, result.err) == (ExitCode.DONE, "", "")
        assert [pin.name for pin in synced.user.pins()] == ["Peak time"]

    def test_snapshots_are_deleted_only_where_somebody_says_so(
        self, mcfs: CommandRunner, synced: Store
    ) -> None:
        for pin in ("Peak time", "Dub"):
            mcfs("pin", "--name", pin, "genre:techno")
            take(synced, f"{pin} 1", pin=pin)
            take(synced, f"{pin} 2", pin=pin)
        result = mcfs("unpin", "Peak time")
        assert (result.code, result.out) == (ExitCode.FAILED, "")
        assert result.err == (
            "mcfs: 2 snapshots belong to the pin Peak time: Peak time 1, Peak time 2; to delete all of"
            " them: mcfs unpin --cascade 'Peak time'\n"
        )
        assert len(synced.user.pins()) == 2
        assert mcfs("unpin", "--cascade", "Peak", "time").code == ExitCode.DONE
        assert synced.user.snapshots.names() == ["Dub 1", "Dub 2"]
        asked = mcfs.in_terminal("unpin", "Dub", columns=100, types="y\n")
        assert "mcfs: these snapshots belong to the pin: Dub 1, Dub 2\n" in asked
        assert "Delete all of them with the pin? [y/N]: " in asked
        assert (synced.user.pins(), synced.user.snapshots.names()) == ([], [])

    def test_an_unknown_pin(self, mcfs: CommandRunner) -> None:
        result = mcfs("unpin", "Peak")
        assert result.code == ExitCode.FAILED
        assert result.err == "mcfs: no pin of the name Peak; to list the pins: mcfs pins\n"


class TestPins:
    def test_shows_name_tracks_and_query(self, mcfs: CommandRunner, synced: Store) -> None:
        mcfs("pin", "--name", "Peak time", "genre:techno", "sort:-rating", "limit:3")
        mcfs("pin", "--name", "坂本", "artist:坂本")
        synced.user.add_pin("New folder", "")
        synced.user.add_pin("old", "mood:dark")
        result = mcfs("pins")
        assert (result.code, result.err) == (ExitCode.DONE, "")
        assert result.lines == [
            "name        tracks  query",
            "New folder          (no query yet: rename its folder to one)",
            "Peak time        3  genre:techno sort:-rating limit:3",
            'old                 mood:dark (unknown field "mood"; `mcfs fields` lists what there is)',
            "坂本             1  artist:坂本",
        ]

    def test_says_why_a_query_cannot_be_read(self, mcfs: CommandRunner, synced: Store) -> None:
        synced.user.add_pin("old", "mood:dark")
        reason = 'unknown field "mood"; `mcfs fields` lists what there is'
        for path in ("pins", "pins/old"):
            assert mcfs("ls", path).err == f"mcfs: pins/old: {reason}\n"
        (pin,) = json.loads(mcfs("pins", "--json").out)
        assert (pin["query"], pin["tracks"]) == ("mood:dark", None)
        assert pin["error"]["message"].startswith('unknown field "mood"')
        *_, meaning = mcfs("explain", "pins/old").lines
        assert meaning == f"    old: a pin whose query cannot be read, so it is empty: {reason}"

    def test_counts_what_the_folder_shows(self, mcfs: CommandRunner) -> None:
        mcfs("pin", "--name", "dub", 'genre:"dub techno"')
        mcfs("pin", "--name", "elsewhere", "present:no")
        assert [row.split()[1] for row in mcfs("pins").lines[1:]] == ["0", "1"]

    def test_without_pins(self, mcfs: CommandRunner) -> None:
        result = mcfs("pins")
        assert (result.code, result.out) == (ExitCode.DONE, "")
        assert result.err == "mcfs: no pins; to make one: mcfs pin QUERY, or mkdir in pins/\n"
        assert json.loads(mcfs("pins", "--json").out) == []

    def test_json(self, mcfs: CommandRunner, synced: Store) -> None:
        mcfs("pin", "--name", "Peak", "genre:techno")
        synced.user.add_pin("New", "")
        new, peak = json.loads(mcfs("pins", "--json").out)
        assert peak == {"name": "Peak", "query": "genre:techno", "tracks": 6, "error": None}
        assert (new["query"], new["tracks"]) == ("", None)
        assert "no query" in new["error"]["message"]


def test_a_mount_shows_changes_of_pins(mcfs: CommandRunner, tmp_path: Path) -> None:
    needs_fuse()
    with mounted(mcfs.library.top, tmp_path / "mnt") as served:
        pins = served.path / "pins"
        assert list(pins.iterdir()) == []
        assert not (pins / "Peak time").exists()
        mcfs("pin", "--name", "Peak time", "genre:ambient")
        wait_until(lambda: [pin.name for pin in pins.iterdir()] == ["Peak time"])
        assert [track.name for track in (pins / "Peak time").iterdir()] == ["Orbital - Halcyon.mp3"]
        mcfs("unpin", "Peak time")
        wait_until(lambda: not (pins / "Peak time").exists())
        wait_until(lambda: list(pins.iterdir()) == [])
        # And in the other direction.
        (pins / "genre:pop").mkdir()
        assert mcfs("pins").lines[1:] == ["genre:pop       1  genre:pop"]
