"""Runs git in one library, and reads any number of git objects through one pipe.

Owns that git uses exactly this library: without GIT_DIR, git would look for a repository in the folders above
when the disk of this one is gone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from mcfs.annex.library import Library
from mcfs.annex.process import piped, run
from mcfs.annex.untrusted_config import WITHOUT_REMOTES
from mcfs.errors import LibraryError

REPAIR_HINT = "git fsck says what is lost, git annex repair may bring it back"
TIMEOUT_SECONDS = 600.0


def git(library: Library, *words: str) -> bytes:
    """The output of a git command."""
    return run(
        ["git", *words],
        folder=library.top,
        seconds=TIMEOUT_SECONDS,
        variables=_environment(library),
    )


def blob_contents(library: Library, blobs: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(blob, its bytes), in the same order; a `LibraryError` when git lacks one of them."""
    for name, text in lookup_objects(library, blobs):
        if text is None:
            raise LibraryError(
                f"{library.top} is damaged: git has no object {os.fsdecode(name)}; {REPAIR_HINT}"
            )
        yield name, text


def lookup_objects(
    library: Library, names: Iterable[bytes]
) -> Iterator[tuple[bytes, bytes | None]]:
    """(object name, its bytes), in the same order; None when git has no such object."""
    requested = list(names)
    if not requested:
        return
    with piped(
        ["git", "cat-file", "--batch=%(objectsize)", "--buffer"],
        folder=library.top,
        lines=[b"\n".join(requested), b"\n"],
        seconds=TIMEOUT_SECONDS,
        variables=_environment(library),
    ) as out:
        # Hundreds of thousands of logs pass through here: every call that is saved counts.
        readline, read = out.readline, out.read
        for name in requested:
            head = readline()
            if not head[:-1].isdigit():
                if not head.endswith(b" missing\n"):
                    break  # git failed; leaving the pipe raises the reason
                yield name, None
                continue
            size = int(head)
            text = read(size + 1)
            if len(text) <= size:
                break
            yield name, text[:size]
        else:
            return
    raise LibraryError(
        f"{library.top} is damaged: git does not say what {os.fsdecode(name)} holds; {REPAIR_HINT}"
    )


def object_sizes(library: Library, objects: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """(object name, its size); objects that git lacks are left out."""
    lines = [name + b"\n" for name in objects]
    if not lines:
        return
    with piped(
        ["git", "cat-file", "--batch-check=%(objectname) %(objectsize)", "--buffer"],
        folder=library.top,
        lines=lines,
        seconds=TIMEOUT_SECONDS,
        variables=_environment(library),
    ) as out:
        for line in out:
            name, _, output = line.rstrip(b"\n").partition(b" ")
            if output.isdigit():
                yield name, int(output)


def hash_levels(library: Library, tuned: str) -> int:
    """How many levels of hash folders there are: two, or one when the repository was tuned so."""
    try:
        output = git(library, "config", "--type=bool", f"annex.tune.{tuned}")
    except LibraryError:
        return 2
    return 1 if output.strip() == b"true" else 2


def _environment(library: Library) -> dict[str, str]:
    return {
        "GIT_DIR": os.fspath(library.git_dir),
        "GIT_WORK_TREE": os.fspath(library.top),
        **WITHOUT_REMOTES,
    }
