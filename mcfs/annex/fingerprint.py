"""What state a library is in, cheaply: one git command, one stat and two listings.

Owns the question "has anything changed?", and what the answer is compared by. Two equal fingerprints
mean that a sync would find what it found before.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mcfs.annex.git import git
from mcfs.annex.library import Library, explain_disk_errors

# mtime in nanoseconds, size, inode: git and git-annex write a new file and rename it, and the clock of
# a file system ticks every few milliseconds only.
Stamp = tuple[int, int, int]

JOURNALS = ("journal", "journal-private")
NO_LOG = (FileNotFoundError, IsADirectoryError)


# A branch that git-annex made of another one, which may be of that kind itself.
_LAYER = re.compile(r"refs/heads/(adjusted|views)/(.*)\(([^()]*)\)", re.DOTALL)
ANNEX_BRANCH = "refs/heads/git-annex"
_REFS = "--format=%(refname) %(objectname)"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One state of a library."""

    # The commit of the git-annex branch; None before there is one.
    annex_commit: str | None
    # The git-annex branches of others, fetched or pushed here: ref → commit. git-annex merges them when
    # it next runs.
    remote_commits: Mapping[str, str]
    # The checked-out branch, or the commit of a detached HEAD; and the commit of the branch whose
    # files count where that one hides or replaces them.
    head: str | None
    basis_commit: str | None
    index: Stamp | None
    # Logs that are written but not committed, by file name; of `journal-private` with its folder.
    journal: Mapping[str, Stamp]
    # The object that git has once such a log is committed as it was read; of none, where none was read.
    blobs: Mapping[str, str] = field(default_factory=dict, compare=False)

    def as_json(self) -> dict[str, Any]:
        """For the store to keep."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Fingerprint:
        """What the store kept."""
        return cls(
            annex_commit=kept["annex_commit"],
            remote_commits=dict(kept["remote_commits"]),
            head=kept["head"],
            basis_commit=kept["basis_commit"],
            index=None if kept["index"] is None else _stamp_of_json(kept["index"]),
            journal={name: _stamp_of_json(stamp) for name, stamp in kept["journal"].items()},
            blobs=dict(kept.get("blobs", {})),
        )


def _stamp_of_json(kept: Sequence[int]) -> Stamp:
    return kept[0], kept[1], kept[2]


def take_fingerprint(library: Library) -> Fingerprint:
    """The state of a library now."""
    with explain_disk_errors(library):
        head = _head(library)
        index = _index(library)
        journal = _journal(library)
    basis = basis_of(head)
    # Last, for what was committed since the journal was listed is found here.
    refs = _refs(library, basis)
    remotes = {
        ref: commit
        for ref, commit in refs.items()
        if ref.endswith("/git-annex") and ref != ANNEX_BRANCH
    }
    return Fingerprint(
        annex_commit=refs.get(ANNEX_BRANCH),
        remote_commits=remotes,
        head=head,
        basis_commit=refs.get(basis) if basis else None,
        index=index,
        journal=journal,
    )


def basis_of(head: str | None) -> str | None:
    """The branch whose files count, where the checked-out one shows fewer of them, or others.

    `git annex adjust --hide-missing` takes files away, `git annex view` puts others in their place;
    both can be done to what the other made.
    """
    basis, differs = head or "", False
    while layer := _LAYER.fullmatch(basis):
        kind, below, how = layer.groups()
        differs |= kind == "views" or "hidemissing" in how
        basis = f"refs/heads/{below}"
    return basis if differs else None


def is_view(head: str | None) -> bool:
    """Whether the checked-out branch shows files under names that `git annex view` made up."""
    while layer := _LAYER.fullmatch(head or ""):
        if layer.group(1) == "views":
            return True
        head = f"refs/heads/{layer.group(2)}"
    return False


def _head(library: Library) -> str | None:
    try:
        text = (library.git_dir / "HEAD").read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    return text.removeprefix("ref: ").strip()


def _refs(library: Library, basis: str | None) -> dict[str, str]:
    patterns = [ANNEX_BRANCH, "refs/heads/synced/", "refs/remotes/", *([basis] if basis else [])]
    said = git(library, "for-each-ref", _REFS, *patterns)
    pairs = (line.rpartition(" ") for line in said.decode("utf-8", "surrogateescape").split("\n"))
    return {ref: commit for ref, _, commit in pairs}


def _journal(library: Library) -> dict[str, Stamp]:
    found: dict[str, Stamp] = {}
    for folder in JOURNALS:
        with (
            contextlib.suppress(FileNotFoundError),
            os.scandir(library.common_dir / "annex" / folder) as entries,
        ):
            for entry in entries:
                # It may be committed while we look; then its commit says so.
                with contextlib.suppress(*NO_LOG):
                    if entry.is_file():
                        found[f"{folder}/{entry.name}"] = stamp_of(entry.stat())
    return found


def stamp_of(what: os.stat_result) -> Stamp:
    """What tells one version of a file from the next."""
    return what.st_mtime_ns, what.st_size, what.st_ino


def _index(library: Library) -> Stamp | None:
    try:
        return stamp_of((library.git_dir / "index").stat())
    except FileNotFoundError:
        return None
