"""What every format asks of a track's metadata: its values by field, its length, its title."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mcfs.fields.kinds import Duration
from mcfs.text.fold import fold

if TYPE_CHECKING:
    from mcfs.store.records import TrackRecord

Values = Mapping[str, Sequence[str]]

_DURATION = Duration()
# The same few field names come with every track.
fold_field = functools.lru_cache(maxsize=1024)(fold)


def values_by_field(track: TrackRecord) -> dict[str, tuple[str, ...]]:
    """A track's values by the folded name of the field, however the library spells it."""
    return {fold_field(field): values for field, values in track.values.items()}


def seconds_of(values: Values) -> float | None:
    """How long a track is, if its metadata says so."""
    return _DURATION.shortest(values.get("duration", ()))


def display_title(track: TrackRecord, values: Values) -> str:
    """The title; without one, the track's name in a folder without its extension."""
    titles = [title for title in values.get("title", ()) if title.strip()]
    if titles:
        return titles[0]
    stem, dot, _ = track.name.rpartition(".")
    return stem if dot else track.name
