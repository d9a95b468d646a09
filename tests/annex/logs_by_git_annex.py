"""git-annex's own reading of metadata logs, for hundreds of them in one call.

Owns a repository with so many keys, whose logs a test replaces on the git-annex branch as often as it likes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcfs.annex.keys import key_file_name, lower_folders
from tests.prerequisites import git_annex_environment

# The metadata of a key, by field; bytes that are not UTF-8 are replaced.
Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class LogReader:
    """A repository that `git annex metadata` reads logs from."""

    folder: Path

    def run(self, *words: str, stdin: bytes = b"", **variables: str) -> bytes:
        """Run a program in the repository."""
        return subprocess.run(
            words,
            cwd=self.folder,
            env=git_annex_environment(self.folder) | variables,
            input=stdin,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout

    def keys(self, count: int) -> list[str]:
        """The keys that the logs are given to, in their order. They need no file and no content."""
        return [f"SHA256E-s{number}--{number:064x}.mp3" for number in range(1, count + 1)]

    def put_on_branch(self, logs: Sequence[bytes]) -> list[str]:
        """Give each key one of these logs, and take all others off the branch; returns the keys."""
        keys = self.keys(len(logs))
        lines = [b"commit refs/heads/git-annex\ncommitter t <t@t> 1700000000 +0000\ndata 0\n"]
        before = self.run("git", "rev-parse", "refs/heads/git-annex").decode().strip()
        lines.append(f"from {before}\n".encode())
        lines += (b"D %s\n" % name for name in self._metadata_logs())
        for key, log in zip(keys, logs, strict=True):
            path = f"{lower_folders(key, 2)}/{key_file_name(key)}"
            for kind, text in ((".log.met", log), (".log", b"1700000000s 1 elsewhere\n")):
                lines.append(f"M 100644 inline {path}{kind}\ndata {len(text)}\n".encode())
                lines += (text, b"\n")
        self.run("git", "fast-import", "--quiet", "--force", stdin=b"".join(lines))
        return keys

    def _metadata_logs(self) -> list[bytes]:
        names = self.run("git", "ls-tree", "-rz", "--name-only", "refs/heads/git-annex")
        return [name for name in names.split(b"\0") if name.endswith(b".log.met")]

    def read(self, logs: Sequence[bytes]) -> list[Fields]:
        """What git-annex says each log means."""
        keys = self.put_on_branch(logs)
        # git-annex must not commit anything to the branch when we only ask it.
        options = ("-c", "annex.alwayscommit=false", "-c", "annex.merge-annex-branches=false")
        printed = self.run("git", *options, "annex", "metadata", "--json", "--all")
        lines = map(json.loads, printed.decode("utf-8", "replace").split("\n")[:-1])
        fields = {line["key"]: line["fields"] for line in lines}
        return [fields[key] for key in keys]


def new_log_reader(folder: Path) -> LogReader:
    """A repository for `LogReader`."""
    reader = LogReader(folder)
    reader.run("git", "init", "-q")
    reader.run("git", "annex", "init", "-q", "oracle")
    return reader
