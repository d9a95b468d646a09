"""Shells that complete paths in a mount."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mounts import REPOSITORY, mounted

COMPLETION = REPOSITORY / "contrib/completion/mcfs.zsh"


class Zsh:
    """An interactive zsh in a terminal."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal

    def type(self, keys: str, until: str) -> str:
        """Press keys; what zsh writes until `until` appears."""
        os.write(self._terminal, keys.encode())
        shown, end = "", time.monotonic() + 60
        while until not in shown:
            assert time.monotonic() < end, f"{until!r} does not appear in {shown!r}"
            if select.select([self._terminal], [], [], 1)[0]:
                shown += os.read(self._terminal, 4096).decode("utf-8", "replace")
        return shown

    def completed(self, line: str) -> str:
        """What a line becomes when Tab is pressed at its end."""
        # Ctrl-X prints the line, Ctrl-U empties it.
        shown = self.type(f"{line}\t\x18", "]]")
        self.type("\x15\x18", "[[]]")
        (found,) = re.findall(r"\[\[(.*)\]\]", shown)
        return str(found)


@contextmanager
def zsh_running(folder: Path, *settings: str) -> Iterator[Zsh]:
    """Run a zsh that reads no settings but these."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        ["zsh", "-f", "-i"],
        cwd=folder,
        env={**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        zsh = Zsh(master)
        lines = [
            "PS1='' RPS1='' PROMPT_EOL_MARK=''; unsetopt zle_bracketed_paste beep",
            "autoload -Uz compinit; compinit -u -D",
            "show() { print -r -- \"[[$BUFFER]]\" }; zle -N show; bindkey '^X' show",
            *settings,
            "print rea''dy",
        ]
        for line in lines:
            os.write(master, f"{line}\n".encode())
        zsh.type("", "ready")
        yield zsh
    finally:
        process.kill()
        process.wait()
        os.close(master)


# A line, and what Tab makes of it, in the root of a mount.
_COMPLETED = (
    ("ls al", "ls all/"),
    ("ls bpm:100-140/Nad", r"ls bpm:100-140/Nadja\ Wrobel\ -\ Night\ Bus\ to\ Tegel.flac "),
    ("ls 'bpm:>100/Nad", "ls 'bpm:>100/Nadja Wrobel - Night Bus to Tegel.flac' "),
    (
        "ls bpm:\\>100\\ genre:techno/any:night/N",
        r"ls bpm:\>100\ genre:techno/any:night/Nadja\ Wrobel\ -\ Night\ Bus\ to\ Tegel.flac ",
    ),
    (
        'ls "(genre:techno)/any:night/',
        'ls "(genre:techno)/any:night/Nadja Wrobel - Night Bus to Tegel.flac" ',
    ),
    ("cd {{\\ genre\\ }}/Neu", r"cd {{\ genre\ }}/Neurofunk/"),
    # Only folders, for a command that takes only these.
    ("cd bpm:100-140/Nad", "cd bpm:100-140/Nad"),
    # `all` is not in this folder, but in the current one.
    ("ls bpm:100-140/al", "ls bpm:100-140/al"),
    (
        "ls ~/link/bpm:100-140/Nad",
        r"ls ~/link/bpm:100-140/Nadja\ Wrobel\ -\ Night\ Bus\ to\ Tegel.flac ",
    ),
    # Outside of a mount.
    ("ls ~/lin", "ls ~/link/"),
    ("ls ~/link/../oth", "ls ~/link/../other "),
)


@pytest.mark.programs("zsh")
def test_zsh_completes_inside_queries(
    demo_copy: Path, tmp_path: Path, place: Path, home: Path
) -> None:
    place = place.with_name("two words")
    (home / "link").symlink_to(place)
    (place.with_name("other")).touch()
    with mounted(demo_copy, place), zsh_running(place, f"source {COMPLETION}") as zsh:
        assert [(line, zsh.completed(line)) for line, _ in _COMPLETED] == list(_COMPLETED)
        # What was typed so far is no failed query.
        assert (place / ".mcfs" / "errors").read_text() == "no errors\n"
