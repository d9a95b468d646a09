"""Running commands: output, time limits, errors."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcfs.annex.process import environment, piped, read_errors, run, start_process
from mcfs.errors import LibraryError


def test_the_output_is_returned(tmp_path: Path) -> None:
    assert run(["cat"], folder=tmp_path, stdin=b"said") == b"said"


def test_a_failure_contains_the_error_output(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"git cat-file blob failed \(128\): fatal: .*"):
        run(["git", "cat-file", "blob", "nonsense"], folder=tmp_path)


def test_a_failure_without_error_output(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"false failed \(1\): it gave no reason"):
        run(["false"], folder=tmp_path)


def test_a_missing_program_is_reported_with_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no-such-program is not installed"):
        run(["no-such-program"], folder=tmp_path)
    with (
        pytest.raises(LibraryError, match="is not installed"),
        piped(["no-such-program"], folder=tmp_path, lines=[]),
    ):
        pass


def test_a_folder_that_went_away(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="gone is not there"):
        run(["git", "status"], folder=tmp_path / "gone")


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(LibraryError, match=r"sleep 60 did not finish in 0\.2 s"):
        run(["sleep", "60"], folder=tmp_path, seconds=0.2)
    with (
        pytest.raises(LibraryError, match=r"sleep 60 did not answer for 0\.2 s"),
        piped(["sleep", "60"], folder=tmp_path, lines=[], seconds=0.2) as out,
    ):
        out.read()
    assert time.monotonic() - start < 30


def test_a_command_may_take_long_if_it_is_never_silent_for_long(tmp_path: Path) -> None:
    command = ["sh", "-c", "for n in 1 2 3 4 5 6; do sleep 0.2; echo $n; done"]
    with piped(command, folder=tmp_path, lines=[], seconds=1.0) as out:
        assert out.read() == b"1\n2\n3\n4\n5\n6\n"


def test_a_command_may_wait_for_a_busy_reader(tmp_path: Path) -> None:
    with piped(["cat"], folder=tmp_path, lines=[b"x\n"] * 100_000, seconds=0.2) as out:
        time.sleep(0.4)
        assert len(out.read()) == 200_000


def test_more_data_than_pipes_hold(tmp_path: Path) -> None:
    lines = [b"%d\n" % number for number in range(200_000)]
    with piped(["cat"], folder=tmp_path, lines=lines) as out:
        assert sum(1 for _ in out) == len(lines)


def _read_one_line_and_give_up(folder: Path) -> None:
    with piped(["cat"], folder=folder, lines=[b"x\n"] * 1_000_000) as out:
        raise ZeroDivisionError(out.readline())


def test_a_reader_that_gives_up_leaves_no_process(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _read_one_line_and_give_up(tmp_path)


def test_a_command_that_dies_early_is_reported_with_its_error_output(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo broken >&2; exit 3"]
    with (
        pytest.raises(LibraryError, match=r"failed \(3\): broken"),
        piped(command, folder=tmp_path, lines=[b"x\n"] * 1_000_000) as out,
    ):
        assert out.read() == b""


_FLOOD = "yes eeeeeeee | head -c 3000000 >&2; exit 3"


def test_only_the_beginning_of_a_flood_of_errors_is_kept(tmp_path: Path) -> None:
    """And the command does not wait for a reader of the rest."""
    kept: list[bytes] = []
    with start_process(["sh", "-c", _FLOOD], tmp_path) as process:
        assert process.stderr is not None
        read_errors(process.stderr, kept)
    assert process.returncode == 3
    assert sum(map(len, kept)) == 1 << 16


def test_a_flood_of_errors_becomes_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"failed \(3\): eeeeeeee") as direct:
        run(["sh", "-c", _FLOOD], folder=tmp_path)
    with (
        pytest.raises(LibraryError, match=r"failed \(3\): eeeeeeee") as through_pipe,
        piped(["sh", "-c", _FLOOD], folder=tmp_path, lines=[]) as out,
    ):
        out.read()
    assert len(str(direct.value)) < 3000
    assert len(str(through_pipe.value)) < 3000


@pytest.fixture
def fresh_environment() -> Iterator[None]:
    """The environment is made again for this test."""
    environment.cache_clear()
    yield
    environment.cache_clear()


def test_another_repository_in_the_environment_is_not_ours(
    monkeypatch: pytest.MonkeyPatch, fresh_environment: None
) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    chosen = environment()
    assert "GIT_DIR" not in chosen
    assert chosen["GIT_OPTIONAL_LOCKS"] == "0", "reading must not refresh the index"
    assert os.path.dirname(sys.executable) in chosen["PATH"].split(os.pathsep)  # noqa: PTH120


@pytest.mark.parametrize("path", ["", None])
def test_programs_are_found_without_a_path(
    monkeypatch: pytest.MonkeyPatch, fresh_environment: None, path: str | None
) -> None:
    """mount(8) starts a mount without one."""
    if path is None:
        monkeypatch.delenv("PATH")
    else:
        monkeypatch.setenv("PATH", path)
    folders = environment()["PATH"].split(os.pathsep)
    assert folders[0] == os.path.dirname(sys.executable)  # noqa: PTH120
    assert {"/usr/local/bin", "/usr/bin", "/bin"} <= set(folders)
