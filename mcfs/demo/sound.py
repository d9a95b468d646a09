"""A tune as samples, and as a WAV, FLAC or MP3 file without tags.

Owns the synthesiser. It is plain Python: each note is computed once and then copied, so that hundreds of
files take a second or two.
"""

from __future__ import annotations

import functools
import io
import math
import random
import sys
import wave
from array import array

from mcfs.demo import flac, mp3
from mcfs.demo.tune import Tune, steps

RATE = 22_050
_LOUDEST = 11_000  # a tone and a drum together stay below 32,768
_LONGEST_STEP = RATE // 2


def encode(tune: Tune, extension: str) -> bytes:
    """A file of the format that the extension names."""
    match extension:
        case "wav":
            return _wav(samples(tune))
        case "flac":
            return flac.encode(samples(tune), RATE)
        case "mp3":
            return mp3.encode(tune)
        case _:
            raise ValueError(f"no sound is made as {extension}")


def samples(tune: Tune) -> array[int]:
    """The tune as 16-bit mono."""
    sound = array("h")
    for step in steps(tune):
        end = round((step.start + step.seconds) * RATE)
        sound += _step_samples(step.hertz, step.kick, step.hat)[: end - len(sound)]
    return sound


def _wav(sound: array[int]) -> bytes:
    if sys.byteorder == "big":
        sound = sound[:]
        sound.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(sound.tobytes())
    return file.getvalue()


@functools.cache
def _step_samples(hertz: float, kick: bool, hat: bool) -> array[int]:
    """The longest step; the samples of a shorter one are the first of these."""
    parts = [_tone(hertz)]
    if kick:
        parts.append(_kick())
    if hat:
        parts.append(_hat())
    return array("h", map(sum, zip(*parts, strict=True)))


@functools.cache
def _tone(hertz: float) -> list[int]:
    turn = 2 * math.pi * hertz / RATE
    return [
        round(_LOUDEST * math.exp(-index / 1_200) * math.sin(turn * index))
        for index in range(_LONGEST_STEP)
    ]


@functools.cache
def _kick() -> list[int]:
    """A sine that falls from 150 to 50 Hz."""
    phase = 0.0
    drum = []
    for index in range(_LONGEST_STEP):
        phase += 2 * math.pi * (50 + 100 * math.exp(-index / 500)) / RATE
        drum.append(round(_LOUDEST * math.exp(-index / 1_000) * math.sin(phase)))
    return drum


@functools.cache
def _hat() -> list[int]:
    """Noise. Only `random()` is guaranteed to give the same numbers in every version of Python."""
    noise = random.Random(909)
    return [
        round(_LOUDEST / 3 * math.exp(-index / 150) * (2 * noise.random() - 1))
        for index in range(_LONGEST_STEP)
    ]
