"""Which tracks a demo library holds: the memorable ones first, then a crowd.

Owns the order and what tells the tunes apart. Pure: a number and a seed always give the same tracks.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice

from mcfs.demo.generated import crowd
from mcfs.demo.handwritten import MEMORABLE
from mcfs.demo.track import Track

# Far apart, so that libraries of different seeds share no tune at the same place.
_TUNES_BETWEEN_SEEDS = 7_919


def catalogue(count: int, seed: int) -> list[Track]:
    """`count` tracks, no two with the same sound; the first twenty show every special case."""
    others = crowd(seed, taken=[path for track in MEMORABLE for path in track.work_paths])
    first_tune = seed * _TUNES_BETWEEN_SEEDS
    return [
        replace(track, tune=replace(track.tune, number=first_tune + index))
        for index, track in enumerate(islice(chain(MEMORABLE, others), count))
    ]
