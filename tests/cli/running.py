"""Runs commands for tests: in this process, in a shell with pipes, or in a terminal."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.cli import run
from mcfs.query import ALL
from mcfs.sql import bind_without_values, select_tracks
from mcfs.store import Store, TrackRecord
from mcfs.store.clock import today
from tests.mounts import REPOSITORY
from tests.prerequisites import git_annex_environment


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class CommandRunner:
    """`mcfs … --library LIBRARY`."""

    def __init__(self, library: Library, captured: pytest.CaptureFixture[bytes]) -> None:
        self.library = library
        self._captured = captured

    def __call__(self, command: str, *words: str) -> CommandResult:
        """Run in this process."""
        return self.anywhere(command, "--library", str(self.library.top), *words)

    def anywhere(self, *words: str) -> CommandResult:
        """Run in this process, without --library."""
        code = run(list(words))
        out, err = self._captured.readouterr()
        result = CommandResult(code, _text(out), _text(err))
        assert "Traceback" not in result.err
        return result

    def in_shell(self, line: str, **environment: str) -> CommandResult:
        """Run a line of bash; the exit code is that of the first command of a pipe."""
        mcfs = f"{shlex.quote(sys.executable)} -m mcfs"
        done = subprocess.run(
            ["bash", "-c", f'mcfs() {{ {mcfs} "$@"; }}; {line}; exit "${{PIPESTATUS[0]}}"'],
            cwd=self.library.top,
            env=self._environment(environment),
            capture_output=True,
            timeout=60,
        )
        return CommandResult(done.returncode, _text(done.stdout), _text(done.stderr))

    def in_terminal(self, *words: str, columns: int, types: str = "", **environment: str) -> str:
        """Everything that a terminal of this width receives, including stderr and what somebody `types`."""
        return in_terminal(
            [sys.executable, "-m", "mcfs", *words],
            columns=columns,
            folder=self.library.top,
            environment=self._environment(environment),
            types=types,
        )

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        return (
            git_annex_environment(self.library.top)
            | {
                "PYTHONPATH": str(REPOSITORY),
                "LANG": "C.UTF-8",
                "TERM": "xterm",
                "MCFS_LIBRARY": str(self.library.top),
            }
            | more
        )


def in_terminal(
    command: list[str], *, columns: int, folder: Path, environment: dict[str, str], types: str = ""
) -> str:
    """Everything that a terminal of this width receives from any command."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        ["bash", "-c", f"stty cols {columns}; exec {shlex.join(command)}"],
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, types.encode())
    sent = b""
    while True:
        select.select([ours], [], [], 60)
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break  # the other end is closed
        if not piece:
            break
        sent += piece
    os.close(ours)
    assert process.wait() == 0, sent
    return _text(sent).replace("\r\n", "\n")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def add_tracks(store: Store, records: Iterable[TrackRecord]) -> None:
    """Add tracks to those of the sample library."""
    with store.cache.reading() as read:
        there = list(read.records_of(select_tracks(bind_without_values(ALL, today()))))
    store.cache.replace_all([*there, *records])


def work_paths(library: Library, paths: list[str]) -> list[str]:
    """Absolute paths in the library as work paths."""
    return [str(Path(path).relative_to(library.top)) for path in paths]
