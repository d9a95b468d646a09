"""The tracks of a demo library: first the handwritten ones, then generated ones.

Owns their order, and that no two tunes are the same. Pure: the same count and seed give the same tracks.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice

from mcfs.demo.generated import generated_tracks
from mcfs.demo.handwritten import HANDWRITTEN_TRACKS
from mcfs.demo.track import Track

# Far apart, so that libraries with different seeds have different tunes at the same position.
_TUNES_BETWEEN_SEEDS = 7_919


def catalogue(count: int, seed: int) -> list[Track]:
    """`count` tracks, no two with the same sound. The first twenty have every special case."""
    generated = generated_tracks(
        seed, taken=[path for track in HANDWRITTEN_TRACKS for path in track.work_paths]
    )
    first_tune = seed * _TUNES_BETWEEN_SEEDS
    return [
        replace(track, tune=replace(track.tune, number=first_tune + index))
        for index, track in enumerate(islice(chain(HANDWRITTEN_TRACKS, generated), count))
    ]
