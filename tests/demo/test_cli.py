"""`mcfs demo` on the command line: its output, wrong arguments, failures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from mcfs.annex import process
from mcfs.cli import run
from tests.prerequisites import needs_git_annex, needs_root


@pytest.fixture(autouse=True)
def _git_annex() -> None:
    needs_git_annex()


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_output_says_what_was_made_and_what_to_try(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "my library", "--tracks", "3"]) == 0
    captured = capfd.readouterr()
    assert captured.err == "", "no terminal, so no progress bar"
    lines = captured.out.splitlines()
    assert lines[0] == "Made a library of 3 tracks: my library"
    assert lines[1] == "Of these 1 is only in my library-archive, beside it."
    assert any("mcfs mount 'my library' ~/mnt" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my library", "my library-archive"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run(["demo", "empty", "--tracks", "1"]) == 0
    assert (tmp_path / "empty" / "README.md").is_file()


@pytest.mark.parametrize("occupied", ["demo", "demo-archive"])
def test_a_folder_that_is_not_empty_is_refused(
    occupied: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / occupied).mkdir()
    (tmp_path / occupied / "song.flac").write_text("mine")
    assert run(["demo", "demo"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"mcfs: {tmp_path / occupied} is not empty; name a folder that is new or empty\n"
    )
    assert [path.name for path in tmp_path.rglob("*")] == [occupied, "song.flac"]
    assert (tmp_path / occupied / "song.flac").read_text() == "mine"


@pytest.mark.parametrize("occupied", ["demo", "demo-archive"])
def test_a_file_is_refused(
    occupied: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / occupied).write_text("mine")
    assert run(["demo", "demo"]) == 1
    assert "is a file; name a folder" in capsys.readouterr().err
    assert (tmp_path / occupied).read_text() == "mine"


def test_a_folder_below_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert run(["demo", "file/demo"]) == 1
    assert capsys.readouterr().err == f"mcfs: {tmp_path / 'file/demo'}: Not a directory\n"


def test_a_colon_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "a:b"]) == 1
    assert "contains a colon" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [[], ["d", "--tracks", "0"], ["d", "--tracks", "x"], ["d", "--seed", "-1"], ["d", "e"]],
)
def test_wrong_arguments_are_refused(arguments: list[str], tmp_path: Path) -> None:
    assert run(["demo", *arguments]) == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("program", ["git", "git-annex"])
def test_a_missing_program_is_named_with_how_to_install_it(
    program: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    if program == "git-annex":
        (programs / "git").write_text("#!/bin/sh\n")
        (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(programs))
    process.environment.cache_clear()
    try:
        assert run(["demo", "demo"]) != 0
    finally:
        process.environment.cache_clear()
    assert f"{program} is not installed: install {program}" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_ctrl_c_leaves_no_files(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "mcfs", "demo", "new/demo", "--tracks", "400"],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("new/demo/**/*.flac")) and time.monotonic() < deadline:
            time.sleep(0.05)
        demo.send_signal(signal.SIGINT)
        _, complaint = demo.communicate(timeout=30)
    finally:
        demo.kill()
        demo.wait()
    assert demo.returncode == 130
    assert complaint.strip() == b"mcfs: interrupted"
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs_root("to mount a tiny disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tiny", disk], check=True)
    try:
        assert run(["demo", "disk/demo"]) == 1
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", disk], check=True)
    complaint = capsys.readouterr().err
    assert "No space left on device" in complaint
    assert complaint.count("\n") == 1
