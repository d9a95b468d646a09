"""The annexed files of a library, and the key of each.

Owns how links and pointers are read: from git, never from the work tree, because a stat per file is slow when
the disk cache is cold. The files are those of the index. When the checked-out branch hides some files, those
of the branch that it is based on are added; when it is a view, only the files of that branch count.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mcfs.annex.fingerprint import Fingerprint, is_view
from mcfs.annex.git import blob_contents, git, object_sizes
from mcfs.annex.keys import key_of_link
from mcfs.annex.library import Library
from mcfs.errors import LibraryError

# git-annex does not treat a longer file as a pointer.
_LONGEST_POINTER = 32 * 1024
# The tag of files that a sparse checkout leaves out of the work tree.
_SKIPPED = b"S"
LINK = b"120000"
_FILES = frozenset((LINK, b"100644", b"100755"))


@dataclass(frozen=True, slots=True)
class AnnexedFile:
    """The key of a file, and how the file can be reached."""

    key: str
    # The git object that names the key: the same object always names the same key.
    blob: str
    # Whether the content can be reached at the work path: the file is checked out, and its link is valid.
    in_work_tree: bool = True


def read_files(
    library: Library,
    state: Fingerprint,
    is_wanted: Callable[[str], bool],
    known_files: Mapping[str, AnnexedFile],
) -> dict[str, AnnexedFile]:
    """Every annexed file whose work path is `is_wanted`; the objects of `known_files` are not read again."""
    entries = list_files(library, state, is_wanted)
    keys = {file.blob: file.key for path, file in known_files.items() if path in entries}
    unread: dict[bytes, bytes] = {}
    for mode, blob, _ in entries.values():
        if blob not in keys:
            unread[blob.encode()] = mode
    regular = [blob for blob, mode in unread.items() if mode != LINK]
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


def list_files(
    library: Library,
    state: Fingerprint,
    is_wanted: Callable[[str], bool],
    patterns: Sequence[str] = (),
) -> dict[str, tuple[bytes, str, bool]]:
    """Work path → mode, blob, and whether the content can be reached there; of files that are wanted.

    git's own `patterns` may leave out others sooner.
    """
    listed = git(library, "ls-files", "--stage", "-t", "-z", "--", *patterns)
    links_valid = _links_are_valid(library)
    index: dict[str, tuple[bytes, str, bool]] = {}
    for entry in listed.split(b"\0"):
        head, tab, name = entry.partition(b"\t")
        mode = head[2:8]
        # During a merge, git-annex and the work tree use our side (stage 2).
        if tab and head[-1:] in (b"0", b"2") and mode in _FILES:
            path = os.fsdecode(name)
            if is_wanted(path):
                reachable = head[:1] != _SKIPPED and (links_valid or mode != LINK)
                index[path] = mode, head[9:-2].decode(), reachable
    if state.basis_commit is None:
        return index
    listed = git(library, "ls-tree", "-r", "-z", state.basis_commit)
    basis: dict[str, tuple[bytes, str, bool]] = {}
    for entry in listed.split(b"\0"):
        head, tab, name = entry.partition(b"\t")
        if tab and head[:6] in _FILES:
            path = os.fsdecode(name)
            if is_wanted(path):
                basis[path] = head[:6], head[12:].decode(), False
    # A view shows the same files under other names, which exist only as long as the view.
    if is_view(state.head):
        return basis
    return basis | index


def _links_are_valid(library: Library) -> bool:
    """Links lead through `.git/annex`: git-annex sees to that, except beside a bare repository."""
    if not (library.top / ".git" / "annex").is_dir():
        return False
    if library.git_dir == library.common_dir:
        return True
    with contextlib.suppress(LibraryError):
        return git(library, "config", "--type=bool", "core.bare").strip() != b"true"
    return True
