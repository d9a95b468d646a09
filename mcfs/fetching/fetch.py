"""Fetches the content of a query's tracks with git-annex, where it is not here.

Looks at the disk for what is here, before and after: the store may be out of date. The caller syncs
afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcfs.annex.get import GetProgress, GetResult, get_contents
from mcfs.annex.library import Library
from mcfs.annex.objects import present_contents
from mcfs.sql import BoundQuery, select_tracks
from mcfs.store import TrackRecord
from mcfs.store.cache_reader import CacheReader


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """How many tracks a query matches, and which of them are not here, in the query's order."""

    matched: int
    absent: tuple[TrackRecord, ...]


def plan_fetch(query: BoundQuery, library: Library, read: CacheReader) -> FetchPlan:
    """A limit counts all tracks: fetching the best fifty twice does not fetch a hundred."""
    keys = [row.annex_key for row in read.select(select_tracks(query))]
    here = present_contents(library, keys)
    return FetchPlan(
        len(keys), tuple(read.records_in_order(key for key in keys if key not in here))
    )


def fetch(
    library: Library,
    tracks: tuple[TrackRecord, ...],
    remote: str | None,
    on_event: Callable[[GetProgress | GetResult], None],
) -> dict[str, str]:
    """Fetch the tracks; returns annex key → reason for those that are still not here."""
    reasons: dict[str, str] = {}
    keys = [track.annex_key for track in tracks]
    for event in get_contents(library, keys, remote):
        if isinstance(event, GetResult) and event.reason is not None:
            reasons[event.annex_key] = event.reason
        on_event(event)
    here = present_contents(library, keys)
    return {key: reasons.get(key, "git-annex gave no reason") for key in keys if key not in here}
