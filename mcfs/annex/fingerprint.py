"""The fingerprint of a library: whether anything has changed, for one git command, one stat and two listings.

Owns what is compared for that. When two fingerprints are equal, a sync would find nothing new.
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

# Modification time in nanoseconds, size and inode. The inode too: git and git-annex write a new file and
# rename it, and the clock of a file system may tick only every few milliseconds.
Stamp = tuple[int, int, int]

JOURNALS = ("journal", "journal-private")
NO_LOG = (FileNotFoundError, IsADirectoryError)


# A branch that git-annex derived from another one, which may be a derived branch itself.
_LAYER = re.compile(r"refs/heads/(adjusted|views)/(.*)\(([^()]*)\)", re.DOTALL)
ANNEX_BRANCH = "refs/heads/git-annex"
_REFS = "--format=%(refname) %(objectname)"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The state of a library at one moment."""

    # The commit of the git-annex branch; None before there is one.
    annex_commit: str | None
    # The git-annex branches of remotes, fetched or pushed here: ref → commit. git-annex merges them when it
    # runs next.
    remote_commits: Mapping[str, str]
    # The checked-out branch, or the commit of a detached HEAD; and the commit of the branch that it is
    # based on, when it hides or renames files of that.
    head: str | None
    basis_commit: str | None
    index: Stamp | None
    # Logs that are not committed: folder and file name → stamp.
    journal: Mapping[str, Stamp]
    # Such a log → the git object that it becomes when it is committed; empty when logs were not read.
    blobs: Mapping[str, str] = field(default_factory=dict, compare=False)

    def as_json(self) -> dict[str, Any]:
        """The form that the store keeps."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Fingerprint:
        """The fingerprint from the form that the store keeps."""
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
    # Last: what is committed after the journal was listed must be found in the refs.
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
    """The branch that the checked-out one is based on, when that hides files or renames them.

    `git annex adjust --hide-missing` hides files, `git annex view` renames them; each can be applied to the
    result of the other.
    """
    basis, differs = head or "", False
    while layer := _LAYER.fullmatch(basis):
        kind, below, how = layer.groups()
        differs |= kind == "views" or "hidemissing" in how
        basis = f"refs/heads/{below}"
    return basis if differs else None


def is_view(head: str | None) -> bool:
    """Whether the checked-out branch is a view, with file names that `git annex view` has made."""
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
    output = git(library, "for-each-ref", _REFS, *patterns)
    pairs = (line.rpartition(" ") for line in output.decode("utf-8", "surrogateescape").split("\n"))
    return {ref: commit for ref, _, commit in pairs}


def _journal(library: Library) -> dict[str, Stamp]:
    found: dict[str, Stamp] = {}
    for folder in JOURNALS:
        with (
            contextlib.suppress(FileNotFoundError),
            os.scandir(library.common_dir / "annex" / folder) as entries,
        ):
            for entry in entries:
                # The log may be committed meanwhile; then the refs, which are read later, differ.
                with contextlib.suppress(*NO_LOG):
                    if entry.is_file():
                        found[f"{folder}/{entry.name}"] = stamp_of(entry.stat())
    return found


def stamp_of(what: os.stat_result) -> Stamp:
    """The stamp that changes with the file."""
    return what.st_mtime_ns, what.st_size, what.st_ino


def _index(library: Library) -> Stamp | None:
    try:
        return stamp_of((library.git_dir / "index").stat())
    except FileNotFoundError:
        return None
