"""The logs of keys on the git-annex branch, with the uncommitted logs of the journal in place of older ones.

Owns where a log is on the branch, which logs changed between two commits, and what is still to be merged.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mcfs.annex.fingerprint import Fingerprint
from mcfs.annex.git import REPAIR_HINT, blob_contents, git, hash_levels, lookup_objects
from mcfs.annex.journal import (
    LOCATION_LOG,
    METADATA_LOG,
    Journal,
    journal_key,
    log_of_path,
    public_log_path,
)
from mcfs.annex.keys import key_file_name, lower_folders
from mcfs.annex.library import Library
from mcfs.annex.process import run
from mcfs.errors import LibraryError

_NOTHING = b""
_PATHS_PER_COMMAND = 500
_SECONDS_TO_MERGE = 3600.0
# The length of the name of a top folder.
_TOP = 3


class Logs(NamedTuple):
    """The metadata log and the location log of a key; empty when it has none."""

    metadata: bytes = _NOTHING
    location: bytes = _NOTHING


def unmerged_branches(library: Library, state: Fingerprint) -> list[str]:
    """The git-annex branches of remotes that are fetched but not merged into ours."""
    if not state.remote_commits or state.annex_commit is None:
        return []
    done: set[str] = set()
    for name in ("mergedrefs", "ignoredrefs"):
        with contextlib.suppress(FileNotFoundError):
            noted = (library.common_dir / "annex" / name).read_text("utf-8", "surrogateescape")
            done |= {line.partition("\t")[0].partition(" ")[0] for line in noted.split("\n")}
    left = {ref for ref, commit in state.remote_commits.items() if commit not in done}
    if not left:
        return []
    command = ["for-each-ref", "--format=%(refname)", f"--no-merged={state.annex_commit}"]
    return os.fsdecode(git(library, *command, *sorted(left))).split("\n")[:-1]


def merge_remotes(library: Library) -> None:
    """Let git-annex merge the branches of remotes into ours."""
    # Not through git: `git annex` would leave git-annex behind if it had to be killed.
    run(["git-annex", "merge", "--quiet"], folder=library.top, seconds=_SECONDS_TO_MERGE)


def changed_keys(library: Library, seen: Fingerprint, now: Fingerprint) -> set[str] | None:
    """The keys whose logs may differ, on the branch or in the journal; None when that cannot be found out.

    A log that was read from the journal and is now on the branch with the same text has not changed: a
    command that changes thousands of tracks commits them a moment after we have read them.
    """
    logs: dict[str, str] = {}
    if seen.annex_commit != now.annex_commit:
        changed = _changed_logs(library, seen.annex_commit, now.annex_commit)
        if changed is None:
            return None
        logs = changed
    names = seen.journal.keys() | now.journal.keys()
    moved = {name for name in names if seen.journal.get(name) != now.journal.get(name)}
    for name, blob in seen.blobs.items():
        path = public_log_path(name)
        if name not in now.journal and logs.get(path) == blob:
            del logs[path]
            moved.discard(name)
    found = {named[0] for path in logs if (named := log_of_path(path))}
    return found | {key for name in moved if (key := journal_key(name)) is not None}


def _changed_logs(library: Library, old: str | None, new: str | None) -> dict[str, str] | None:
    """Path of every file that differs between two commits → its object in the newer one."""
    if old is None or new is None:
        return None
    try:
        output = git(
            library, "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", old, new
        )
    except LibraryError:
        return None  # the branch was rewritten, and the old commit is gone
    words = iter(output.split(b"\0"))
    # `:100644 100644 OLD NEW M`, and the path.
    return {
        os.fsdecode(path): head.split(b" ")[3].decode()
        for head, path in zip(words, words, strict=False)
    }


def list_branch(library: Library, commit: str | None) -> bytes:
    """All files of a commit of the branch, for `all_logs`."""
    return _NOTHING if commit is None else git(library, "ls-tree", "-r", "-z", commit)


def all_logs(
    library: Library, listed: bytes, keys: Iterable[str], journal: Journal
) -> Iterator[tuple[str, Logs]]:
    """The logs of these keys, as one stream of the whole branch. Keys without a log are left out."""
    names = {os.fsencode(key_file_name(key)): key for key in keys}
    logs_to_read: list[tuple[str, bool]] = []
    blobs: list[bytes] = []
    described: set[str] = set()
    for entry in listed.split(b"\0"):
        is_metadata = entry.endswith(b".log.met")
        if not is_metadata and not entry.endswith(b".log"):
            continue
        key = names.get(entry[entry.rfind(b"/") + 1 : -8 if is_metadata else -4])
        if key is not None:
            logs_to_read.append((key, is_metadata))
            blobs.append(entry[12 : entry.index(b"\t")])
            if is_metadata:
                described.add(key)
    not_committed = journal.keys().intersection(names.values())
    del listed, names
    waiting: dict[str, bytes] = {}
    for (key, is_metadata), (_, text) in zip(
        logs_to_read, blob_contents(library, blobs), strict=True
    ):
        if is_metadata:
            logs = Logs(text, waiting.pop(key, _NOTHING))
        elif key in described:
            waiting[key] = text
            continue
        else:
            logs = Logs(_NOTHING, text)
        not_committed.discard(key)
        yield key, _overlaid(key, logs, journal)
    for key in not_committed:
        yield key, _overlaid(key, Logs(), journal)


def logs_of(
    library: Library, commit: str | None, keys: Iterable[str], journal: Journal
) -> dict[str, Logs]:
    """The logs of a few keys, each read by its path."""
    requested = list(keys)
    found: dict[tuple[str, str], bytes] = {}
    if commit is not None:
        levels = hash_levels(library, "branchhash1")
        paths = {
            os.fsencode(f"{lower_folders(key, levels)}/{key_file_name(key)}{kind}"): (key, kind)
            for key in requested
            for kind in (METADATA_LOG, LOCATION_LOG)
        }
        # Not by their path from the commit: git would read the large top folder for each of them.
        tops = _top_folders(library, commit)
        below = [(path, tops.get(path[:_TOP])) for path in paths]
        there = [(path, top + b":" + path[_TOP + 1 :]) for path, top in below if top]
        objects = lookup_objects(library, (name for _, name in there))
        absent = []
        for (path, _), (_, text) in zip(there, objects, strict=True):
            if text is None:
                absent.append(path)
            else:
                found[paths[path]] = text
        _check_that_absent(library, commit, absent)
    return {
        key: _overlaid(
            key,
            Logs(
                found.get((key, METADATA_LOG), _NOTHING), found.get((key, LOCATION_LOG), _NOTHING)
            ),
            journal,
        )
        for key in requested
    }


def _top_folders(library: Library, commit: str) -> dict[bytes, bytes]:
    """The top folders of a commit of the branch: name → git object."""
    entries = git(library, "ls-tree", "-z", commit).split(b"\0")[:-1]
    # `040000 tree OBJECT`, and the name.
    return {name: head[12:] for head, _, name in (entry.partition(b"\t") for entry in entries)}


def _check_that_absent(library: Library, commit: str, paths: list[bytes]) -> None:
    """Raise when one of these logs exists but git has lost its object; for git reports both as missing."""
    for start in range(0, len(paths), _PATHS_PER_COMMAND):
        some = [os.fsdecode(path) for path in paths[start : start + _PATHS_PER_COMMAND]]
        if lost := git(library, "--literal-pathspecs", "ls-tree", "-z", commit, "--", *some):
            name = os.fsdecode(lost.partition(b"\t")[2].partition(b"\0")[0])
            raise LibraryError(
                f"{library.top} is damaged: git has no object for {name}; {REPAIR_HINT}"
            )


def _overlaid(key: str, logs: Logs, journal: Journal) -> Logs:
    if not journal.public and not journal.private:
        return logs
    return Logs(
        journal.over(key, METADATA_LOG, logs.metadata),
        journal.over(key, LOCATION_LOG, logs.location),
    )
