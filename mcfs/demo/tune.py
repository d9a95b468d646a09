"""The tune of a demo track: its notes and drums, and when they sound.

`sound.py` and `mp3.py` turn it into samples or MP3 frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_SCALES = {True: (0, 3, 5, 7, 10), False: (0, 2, 4, 7, 9)}  # pentatonic: any order sounds right
_NOTES = 8
# A melody is a number in base 5, one digit for each note. Multiplying by a prime other than 5, modulo their
# count, gives every melody exactly once, and makes neighbouring numbers sound different.
_MELODIES = 5**_NOTES
_SCATTER = 48_271
_SIXTEENTHS_IN_A_MINUTE = 4


@dataclass(frozen=True, slots=True)
class Tune:
    """Half a bar or a bar in a key. Each `number` below 390,625 gives another tune."""

    bpm: float
    root: int  # semitones above C
    minor: bool
    number: int


@dataclass(frozen=True, slots=True)
class Step:
    """One sixteenth note: a tone that fades, and possibly a drum."""

    start: float  # seconds
    seconds: float
    hertz: float
    kick: bool
    hat: bool


def steps(tune: Tune) -> Iterator[Step]:
    """Four beats of the tune, or two if they are slow: one or two seconds."""
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
