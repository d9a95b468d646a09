"""Runs git-annex commands that read keys from a pipe and answer in JSON (`--batch-keys --json`).

Owns how keys are written, which answer belongs to which key, and that the failure of one key is not a failure
of the command.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from mcfs.annex.library import Library
from mcfs.annex.process import interrupt, piped
from mcfs.errors import LibraryError
from mcfs.text.raw_text import replace_not_utf8

# What reading JSON raises that is none, or has another shape than git-annex's.
ODD_ANSWER = (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError)


@contextlib.contextmanager
def reading_answer() -> Iterator[None]:
    """Reading an answer of git-annex; a `LibraryError` where it is not what git-annex answers."""
    try:
        yield
    except ODD_ANSWER as error:
        raise LibraryError(
            "git-annex gave an answer that cannot be understood; does `git annex version` work?"
        ) from error


def run_batch(
    library: Library,
    *words: str,
    annex_keys: Iterable[str],
    seconds: float,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(annex key, git-annex's JSON object about it), as they come: none, one or several per key.

    A `LibraryError` when the command itself fails.
    """
    if not library.is_reachable():
        # git-annex would make a repository of its own out of one in the folders above.
        raise LibraryError(f"{library.top} is not there any more")
    # JSON cannot hold text that is not UTF-8.
    by_shown_key = {replace_not_utf8(key): key for key in annex_keys}
    some_failed = all_read = False
    try:
        with piped(
            # Not `git annex`: git would leave git-annex behind if it had to be killed.
            ["git-annex", *words, "--batch-keys", "-z", "--json", "--json-error-messages"],
            folder=library.top,
            lines=[os.fsencode(key) + b"\0" for key in by_shown_key.values()],
            seconds=seconds,
            variables=variables,
            stop=interrupt,
        ) as out:
            for line in out:
                if not line.strip():
                    continue  # nothing had to be done for this key
                with reading_answer():
                    answer = json.loads(line)
                    some_failed |= answer.get("success") is False
                    key = by_shown_key.get(answer.get("action", answer).get("key"))
                if key is not None:
                    yield key, answer
            all_read = True
    except LibraryError:
        # The exit status also reports a failure when a single key failed.
        if not (some_failed and all_read):
            raise
