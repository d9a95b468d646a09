"""git-annex commands that are told keys through a pipe and say what became of each, in JSON.

Owns that conversation: how keys go in, whose answer is whose, and that one key's failure is not the
command's. What is asked for is `getting.py`'s and `whereis.py`'s.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from mcfs.annex.library import Library
from mcfs.annex.process import interrupt, piped
from mcfs.errors import LibraryError
from mcfs.text.raw_text import replace_not_utf8


def run_batch(
    library: Library, *words: str, annex_keys: Iterable[str], seconds: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(annex key, what git-annex says of it), as it says it: nothing, once or many times of each.

    A `LibraryError` where it could not even begin.
    """
    if not library.is_reachable():
        # git-annex would make a repository of its own of the next one above.
        raise LibraryError(f"{library.top} is not there any more")
    # JSON has no way to say bytes that are not UTF-8.
    asked = {replace_not_utf8(key): key for key in annex_keys}
    some_failed = False
    try:
        with piped(
            # By its own name: `git annex` would leave it behind if it had to be ended.
            ["git-annex", *words, "--batch-keys", "-z", "--json", "--json-error-messages"],
            folder=library.top,
            lines=[os.fsencode(key) + b"\0" for key in asked.values()],
            seconds=seconds,
            stop=interrupt,
        ) as out:
            for line in out:
                if not line.strip():
                    continue  # nothing was to be done for this one
                said = json.loads(line)
                some_failed |= said.get("success") is False
                key = asked.get(said.get("action", said).get("key"))
                if key is not None:
                    yield key, said
    except LibraryError:
        # That one of them failed is what its exit status says too.
        if not some_failed:
            raise
