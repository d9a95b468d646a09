"""The metadata of some keys now, as git-annex has it: asked before something is changed because of it."""

from __future__ import annotations

from collections.abc import Collection

from mcfs.annex.branch import logs_of
from mcfs.annex.library import Library
from mcfs.annex.logs import parse_metadata
from mcfs.annex.read_library import fingerprint_and_journal

Fields = dict[str, tuple[str, ...]]


def read_metadata(library: Library, keys: Collection[str]) -> dict[str, Fields]:
    """Key → folded name of a field → its values, sorted; also of keys that have no file any more."""
    state, journal = fingerprint_and_journal(library)
    logs = logs_of(library, state.annex_commit, keys, journal)
    return {
        key: {
            name.casefold(): tuple(sorted(values))
            for name, values in parse_metadata(of_key.metadata).values.items()
        }
        for key, of_key in logs.items()
    }
