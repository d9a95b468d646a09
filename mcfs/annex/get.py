"""Fetches contents with `git annex get`, and reports its progress.

Owns the running of that command. Where contents are, and in which order remotes are tried, is left to
git-annex.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcfs.annex.batch import reading_answer, run_batch
from mcfs.annex.library import Library
from mcfs.annex.process import run
from mcfs.errors import LibraryError, NoRemoteError

# A slow remote may take as long as it needs; git-annex itself notices one that stalls (annex.stalldetection).
_NO_LIMIT = math.inf
# git-annex's message. It accepts more names than git does, and has remotes of its own (web).
_NO_REMOTE = "there is no available git remote named"


@dataclass(frozen=True, slots=True)
class GetProgress:
    """How many bytes of a content have arrived."""

    annex_key: str
    done: int


@dataclass(frozen=True, slots=True)
class GetResult:
    """A content has arrived; or the reason why it has not."""

    annex_key: str
    reason: str | None


def get_contents(
    library: Library, annex_keys: Iterable[str], remote: str | None
) -> Iterator[GetProgress | GetResult]:
    """Fetch contents from one remote, or from any; git-annex resumes a fetch that was interrupted."""
    words = ["get", "--json-progress", *([] if remote is None else [f"--from={remote}"])]
    try:
        for key, answer in run_batch(library, *words, annex_keys=annex_keys, seconds=_NO_LIMIT):
            with reading_answer():
                result = _result(key, answer)
            yield result
    except LibraryError as error:
        if remote is not None and _NO_REMOTE in str(error):
            raise NoRemoteError(_no_such_remote(library, remote)) from error
        raise


def _result(key: str, answer: Mapping[str, Any]) -> GetProgress | GetResult:
    if "action" in answer:
        return GetProgress(key, int(answer["byte-progress"]))
    if answer["success"]:
        return GetResult(key, None)
    reason = " ".join(answer.get("error-messages", ())) or answer.get("note", "")
    return GetResult(key, " ".join(reason.split()) or "git-annex gave no reason")


def _no_such_remote(library: Library, remote: str) -> str:
    names = os.fsdecode(run(["git", "remote"], folder=library.top)).splitlines()
    there_are = f"there are {', '.join(names)}" if names else "the library has none"
    return f"no remote of the name {remote}; {there_are}"
