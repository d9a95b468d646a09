"""The tune of a demo track: which notes and drums, at what time.

Owns the music; how it becomes samples or MP3 frames is `sound`'s and `mp3`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_SCALES = {True: (0, 3, 5, 7, 10), False: (0, 2, 4, 7, 9)}  # pentatonic: any order sounds right
_NOTES = 8
# Every melody is one number in base 5. Multiplying by a prime that is not 5 maps the numbers onto
# themselves, and makes neighbours sound unlike each other.
_MELODIES = 5**_NOTES
_SCATTER = 48_271
_SIXTEENTHS_IN_A_MINUTE = 4


@dataclass(frozen=True, slots=True)
class Tune:
    """A bar or half a bar in a key; tunes of different `number` below 390,625 differ."""

    bpm: float
    root: int  # semitones above C
    minor: bool
    number: int


@dataclass(frozen=True, slots=True)
class Step:
    """One sixteenth note: a tone that fades, and maybe a drum."""

    start: float  # seconds
    seconds: float
    hertz: float
    kick: bool
    hat: bool


def steps(tune: Tune) -> Iterator[Step]:
    """A second or two of it: four beats, or two where the beats are slow."""
    seconds = 60 / tune.bpm / _SIXTEENTHS_IN_A_MINUTE
    melody = tune.number * _SCATTER % _MELODIES
    scale = _SCALES[tune.minor]
    for index in range(_NOTES * (1 if tune.bpm < 100 else 2)):
        degree = scale[melody // 5 ** (index % _NOTES) % 5]
        yield Step(
            start=index * seconds,
            seconds=seconds,
            hertz=440 * 2 ** ((60 + tune.root + degree - 69) / 12),
            kick=index % 4 == 0,
            hat=index % 4 == 2,
        )
