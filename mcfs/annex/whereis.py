"""Which repositories have a content, according to git-annex (`git annex whereis`).

Changes nothing in the library: fetched git-annex branches of remotes are not merged. Connects to no remote,
and runs none of the commands that a remote is configured with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcfs.annex.batch import reading_answer, run_batch
from mcfs.annex.git import git
from mcfs.annex.library import Library
from mcfs.annex.process import environment
from mcfs.annex.untrusted_config import add_settings, settings_to_read_only

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Copy:
    """A repository that has a content."""

    uuid: str
    # As git-annex shows it: "usb disk [usb]" is the remote `usb`.
    description: str
    here: bool
    urls: tuple[str, ...]


def whereis(library: Library, annex_keys: Iterable[str]) -> dict[str, tuple[Copy, ...]]:
    """The copies of each key; a key that git-annex does not know is left out."""
    found: dict[str, tuple[Copy, ...]] = {}
    settings = git(library, "config", "--null", "--list")
    for key, answer in run_batch(
        library,
        "whereis",
        *("-c", "annex.merge-annex-branches=false"),
        annex_keys=annex_keys,
        seconds=_SECONDS,
        variables=add_settings(environment(), settings_to_read_only(settings)),
    ):
        with reading_answer():
            found[key] = tuple(
                Copy(copy["uuid"], copy["description"], copy["here"], tuple(copy["urls"]))
                for copy in answer["whereis"]
            )
    return found
