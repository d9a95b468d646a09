"""The files of a library, and the key that each of them is a file of.

Owns the reading of links and pointers out of git, never off the disk: a stat per file is what makes
cold libraries slow. Files are those of the index; where the checked-out branch hides some of them,
those of the branch it is based on too, and where it is a view, those alone.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcfs.annex.fingerprint import Fingerprint, is_view
from mcfs.annex.git import blob_contents, git, object_sizes
from mcfs.annex.keys import key_of_link
from mcfs.annex.library import Library
from mcfs.errors import LibraryError

# git-annex itself takes nothing longer for a pointer.
_LONGEST_POINTER = 32 * 1024
# What a sparse checkout leaves out of the work tree.
_SKIPPED = b"S"
_LINK = b"120000"
_FILES = frozenset((_LINK, b"100644", b"100755"))


@dataclass(frozen=True, slots=True)
class AnnexedFile:
    """A file by its work path."""

    key: str
    # What says so in git; as long as it stays, so does the key.
    blob: str
    # Whether its content can be reached at its work path: it is checked out, not only in the branch that
    # ours is based on, and links lead somewhere.
    in_work_tree: bool = True


def read_files(
    library: Library,
    state: Fingerprint,
    wanted: Callable[[str], bool],
    known: Mapping[str, AnnexedFile],
) -> dict[str, AnnexedFile]:
    """Every annexed file whose work path is `wanted`. What is `known` is not read again."""
    entries = _entries(library, state, wanted)
    keys = {file.blob: file.key for path, file in known.items() if path in entries}
    unread: dict[bytes, bytes] = {}
    for mode, blob, _ in entries.values():
        if blob not in keys:
            unread[blob.encode()] = mode
    regular = [blob for blob, mode in unread.items() if mode != _LINK]
    for name, size in object_sizes(library, regular):
        if size > _LONGEST_POINTER:
            del unread[name]
    for name, text in blob_contents(library, unread):
        key = key_of_link(text)
        if key is not None:
            keys[name.decode()] = key
    return {
        path: AnnexedFile(keys[blob], blob, in_work_tree)
        for path, (_, blob, in_work_tree) in entries.items()
        if blob in keys
    }


def _entries(
    library: Library, state: Fingerprint, wanted: Callable[[str], bool]
) -> dict[str, tuple[bytes, str, bool]]:
    """Work path → mode, blob and whether its content can be reached there."""
    listed = git(library, "ls-files", "--stage", "-t", "-z")
    links_lead = _links_lead_to_contents(library)
    index: dict[str, tuple[bytes, str, bool]] = {}
    for entry in listed.split(b"\0"):
        head, tab, name = entry.partition(b"\t")
        mode = head[2:8]
        # In a merge that is not done git-annex goes by our side of it, and so does the work tree.
        if tab and head[-1:] in (b"0", b"2") and mode in _FILES:
            path = os.fsdecode(name)
            if wanted(path):
                leads = head[:1] != _SKIPPED and (links_lead or mode != _LINK)
                index[path] = mode, head[9:-2].decode(), leads
    if state.basis_commit is None:
        return index
    listed = git(library, "ls-tree", "-r", "-z", state.basis_commit)
    basis: dict[str, tuple[bytes, str, bool]] = {}
    for entry in listed.split(b"\0"):
        head, tab, name = entry.partition(b"\t")
        if tab and head[:6] in _FILES:
            path = os.fsdecode(name)
            if wanted(path):
                basis[path] = head[:6], head[12:].decode(), False
    # The files of a view are the same ones under other names, which come and go with it.
    if is_view(state.head):
        return basis
    return basis | index


def _links_lead_to_contents(library: Library) -> bool:
    """They go through `.git`: git-annex sees to that where it has run, but not beside a bare repository."""
    if not (library.top / ".git" / "annex").is_dir():
        return False
    if library.git_dir == library.common_dir:
        return True
    with contextlib.suppress(LibraryError):
        return git(library, "config", "--type=bool", "core.bare").strip() != b"true"
    return True
