"""Contents fetched by git-annex, with what it says on the way.

Owns the running of `git-annex get`, the one command of this room that changes a library: where contents
are, and in what order remotes are tried, is git-annex's own to know.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcfs.annex.batch import run_batch
from mcfs.annex.library import Library
from mcfs.annex.process import run
from mcfs.errors import LibraryError, NoRemoteError

# However long a slow line takes; one that stands still is git-annex's to notice (annex.stalldetection).
_NO_LIMIT = threading.TIMEOUT_MAX
# How git-annex says so; it takes more for a name than git does, and knows remotes of its own (web).
_NO_REMOTE = "there is no available git remote named"


@dataclass(frozen=True, slots=True)
class GetProgress:
    """So many bytes of it are here."""

    annex_key: str
    done: int


@dataclass(frozen=True, slots=True)
class GetResult:
    """It is here, or there is a reason why not."""

    annex_key: str
    reason: str | None


def get_contents(
    library: Library, annex_keys: Iterable[str], remote: str | None
) -> Iterator[GetProgress | GetResult]:
    """Fetch contents, from one remote or from whichever has them; what is interrupted can be resumed."""
    words = ["get", "--json-progress", *([] if remote is None else [f"--from={remote}"])]
    try:
        for key, said in run_batch(library, *words, annex_keys=annex_keys, seconds=_NO_LIMIT):
            if "action" in said:
                yield GetProgress(key, int(said["byte-progress"]))
            elif said["success"]:
                yield GetResult(key, None)
            else:
                complaints = " ".join(said.get("error-messages", ())) or said.get("note", "")
                yield GetResult(key, " ".join(complaints.split()) or "git-annex gave no reason")
    except LibraryError as error:
        if remote is not None and _NO_REMOTE in str(error):
            raise NoRemoteError(_none_of_that_name(library, remote)) from error
        raise


def _none_of_that_name(library: Library, remote: str) -> str:
    names = os.fsdecode(run(["git", "remote"], folder=library.top)).splitlines()
    there_are = f"there are {', '.join(names)}" if names else "the library has none"
    return f"no remote of the name {remote}; {there_are}"
