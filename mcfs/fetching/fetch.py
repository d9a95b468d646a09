"""The contents that a query wants and that are not here: which they are, and having them fetched.

Owns that the disk says what is here, before and after: the store may be of yesterday. How git-annex is
asked is `annex/getting.py`'s; that the store hears of it is the caller's to see to, with a sync.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcfs.annex.get import GetProgress, GetResult, get_contents
from mcfs.annex.library import Library
from mcfs.annex.objects import present_contents
from mcfs.query import Query
from mcfs.sql import select_tracks
from mcfs.store import TrackRecord
from mcfs.store.cache_reader import CacheReader
from mcfs.store.clock import today


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many tracks a query names, and those of them that are not here, in its order."""

    named: int
    absent: tuple[TrackRecord, ...]


def wanted(query: Query, library: Library, read: CacheReader) -> Wanted:
    """A cut is of all tracks, so that who asks twice for the best fifty has those, and not a hundred."""
    keys = [row.annex_key for row in read.select(select_tracks(query, today()))]
    here = present_contents(library, keys)
    return Wanted(len(keys), tuple(read.records_in_order(key for key in keys if key not in here)))


def fetch(
    library: Library,
    tracks: tuple[TrackRecord, ...],
    remote: str | None,
    on_event: Callable[[GetProgress | GetResult], None],
) -> dict[str, str]:
    """Have git-annex fetch them; annex key → why, of those that are not here afterwards."""
    reasons: dict[str, str] = {}
    keys = [track.annex_key for track in tracks]
    for event in get_contents(library, keys, remote):
        if isinstance(event, GetResult) and event.reason is not None:
            reasons[event.annex_key] = event.reason
        on_event(event)
    here = present_contents(library, keys)
    return {key: reasons.get(key, "git-annex did not say why") for key in keys if key not in here}
