"""Which repositories have a content, as git-annex knows.

Owns that question alone. It changes nothing in the library: what remotes have sent stays unmerged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcfs.annex.batch import run_batch
from mcfs.annex.library import Library

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Copy:
    """A repository that has a content."""

    uuid: str
    # As git-annex shows it: "usb disk [usb]" is a remote of the name usb.
    description: str
    here: bool
    urls: tuple[str, ...]


def whereis(library: Library, annex_keys: Iterable[str]) -> dict[str, tuple[Copy, ...]]:
    """Who has the content of each key; nobody, where the key is not among them."""
    return {
        key: tuple(
            Copy(copy["uuid"], copy["description"], copy["here"], tuple(copy["urls"]))
            for copy in said["whereis"]
        )
        for key, said in run_batch(
            library,
            "whereis",
            *("-c", "annex.merge-annex-branches=false"),
            annex_keys=annex_keys,
            seconds=_SECONDS,
        )
    }
