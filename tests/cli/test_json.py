"""`--json`: which commands have it, and how results and failures look to programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.cli import COMMANDS, run
from mcfs.errors import ExitCode
from mcfs.store import Store
from tests.cli.running import CommandRunner

# They print nothing when they succeed, or only text for people.
WITHOUT_RESULTS = {"mount", "umount", "unpin", "help"}


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"import", "snapshot"}))
def test_every_command_with_results_has_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == ExitCode.DONE
    assert ("--json" in capsys.readouterr().out) is (name not in WITHOUT_RESULTS)


@pytest.mark.parametrize(
    "command",
    ["import mixxx", "import tags"]
    + [
        f"snapshot {name}" for name in ["take", "list", "show", "drop", "rename", "refresh", "done"]
    ],
)
def test_every_command_of_a_group_has_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == ExitCode.DONE
    assert "--json" in capsys.readouterr().out


class TestFailures:
    @pytest.mark.parametrize(
        "command",
        [
            ["search", "--json"],
            ["search", "--format", "json"],
            ["get", "--json"],
            ["pin", "--json"],
            ["explain", "--json"],
        ],
    )
    def test_a_wrong_query(self, mcfs: CommandRunner, command: list[str]) -> None:
        result = mcfs(*command, "gnere:techno")
        assert result.code == ExitCode.USAGE
        assert json.loads(result.out)["error"] == {
            "message": 'unknown field "gnere"',
            "suggestion": 'did you mean "genre"?',
            "position": 0,
        }
        assert result.err.startswith('mcfs: unknown field "gnere"; did you mean "genre"?\n')

    @pytest.mark.parametrize("command", [["ls", "--json"], ["which", "--json"]])
    def test_a_wrong_path(self, mcfs: CommandRunner, command: list[str]) -> None:
        result = mcfs(*command, "genre/Nothing")
        assert result.code == ExitCode.USAGE
        error = json.loads(result.out)["error"]
        assert (error["position"], error["suggestion"]) == (
            6,
            "to search all text, write any:Nothing",
        )

    @pytest.mark.parametrize(
        "command",
        [["status"], ["sync"], ["pins"], ["fields"], ["search"], ["ls"], ["import", "tags"]],
    )
    def test_no_library(
        self, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = run([*command, "--json", "--library", str(tmp_path)])
        captured = capsys.readouterr()
        assert code == ExitCode.UNREACHABLE
        error = json.loads(captured.out)["error"]
        assert captured.err == f"mcfs: {error['message']}\n"
        assert (error["suggestion"], error["position"]) == (None, None)

    def test_a_failure_of_the_system(
        self, mcfs: CommandRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise PermissionError(13, "Permission denied", "/music")

        monkeypatch.setattr("mcfs.cli.status.gather_status", fail)
        result = mcfs("status", "--json")
        assert result.code == ExitCode.FAILED
        assert json.loads(result.out)["error"]["message"] == "/music: Permission denied"

    def test_a_closed_pipe(self, mcfs: CommandRunner) -> None:
        result = mcfs.in_shell("mcfs search --json gnere:techno | true")
        assert result.code == ExitCode.USAGE
        assert result.err.splitlines()[1:] == ["  gnere:techno", "  ^"]

    def test_without_the_option_nothing_is_printed(self, mcfs: CommandRunner) -> None:
        assert mcfs("search", "gnere:techno").out == ""


class TestSync:
    def test_the_first(self, library: Library, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["sync", "--json", "--library", str(library.top)]) == ExitCode.DONE
        report = json.loads(capsys.readouterr().out)
        assert report.pop("seconds") >= 0
        assert report == {
            "dry_run": False,
            "kind": "full",
            "tracks": 12,
            "present": 11,
            "added": 12,
            "changed": 0,
            "removed": 0,
            "broken": {"bpm": 1},
            "incomplete": 0,
            "incomplete_tracks": {},
            "unmerged": [],
            "rebuilt": None,
            "rescued": None,
        }

    def test_a_dry_run(self, mcfs: CommandRunner) -> None:
        (mcfs.library.top / "kino.mp3").unlink()
        result = mcfs("sync", "--dry-run", "--json")
        assert result.code == ExitCode.DONE
        report = json.loads(result.out)
        assert report["dry_run"] is True
        assert {report["added"], report["changed"]} == {0}


class TestPin:
    def test_the_new_pin(self, mcfs: CommandRunner, synced: Store) -> None:
        pin = json.loads(mcfs("pin", "--json", "--name", "Peak", "genre:techno").out)
        assert pin == {"name": "Peak", "query": "genre:techno", "tracks": 6, "error": None}
        assert json.loads(mcfs("pins", "--json").out) == [pin]

    def test_a_name_that_exists(self, mcfs: CommandRunner) -> None:
        mcfs("pin", "genre:techno")
        result = mcfs("pin", "--json", "genre:techno")
        assert result.code == ExitCode.FAILED
        assert "genre:techno" in json.loads(result.out)["error"]["message"]


def test_demo(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--json", "--tracks", "3", str(tmp_path / "demo")]) == ExitCode.DONE
    assert json.loads(capfd.readouterr().out) == {
        "library": str(tmp_path / "demo"),
        "archive": str(tmp_path / "demo-archive"),
        "tracks": 3,
        "only_in_archive": 1,
    }
