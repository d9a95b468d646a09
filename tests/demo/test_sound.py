"""The synthesiser: loudness, rhythm, notes."""

from __future__ import annotations

import io
import math
import wave

import pytest

from mcfs.demo.sound import RATE, encode, samples
from mcfs.demo.tune import Tune, steps

TUNE = Tune(bpm=120, root=9, minor=True, number=5)


@pytest.mark.parametrize("bpm", [60, 87.01, 99.99, 100, 128.5, 177])
def test_it_takes_a_second_or_two(bpm: float) -> None:
    sound = samples(Tune(bpm, root=0, minor=True, number=1))
    beats = 2 if bpm < 100 else 4
    assert len(sound) / RATE == pytest.approx(beats * 60 / bpm, abs=0.001)
    assert 1 <= len(sound) / RATE <= 2.5


def test_it_is_loud_and_does_not_clip() -> None:
    for number in range(20):
        sound = samples(Tune(126, root=number % 12, minor=bool(number % 2), number=number))
        assert 12_000 < max(map(abs, sound)) < 32_000


def test_there_is_a_beat() -> None:
    """The kick is the loudest part, twice a second at 120 bpm."""
    sound = samples(TUNE)
    sixteenth = RATE * 15 // 120
    loud = [sum(map(abs, sound[at : at + 1500])) for at in range(0, 16 * sixteenth, sixteenth)]
    loudest = sorted(range(16), key=lambda step: loud[step])[-4:]
    assert sorted(loudest) == [0, 4, 8, 12]


def test_the_notes_are_in_the_key() -> None:
    a_minor = {9, 0, 2, 4, 7}  # A C D E G
    for step in steps(TUNE):
        midi = 69 + 12 * math.log2(step.hertz / 440)
        assert midi == pytest.approx(round(midi), abs=1e-6)
        assert round(midi) % 12 in a_minor


def test_no_two_numbers_make_the_same_tune() -> None:
    melodies = {
        tuple(step.hertz for step in steps(Tune(120, 0, True, number))) for number in range(5000)
    }
    assert len(melodies) == 5000


def test_wav() -> None:
    with wave.open(io.BytesIO(encode(TUNE, "wav"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() == len(samples(TUNE))


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="ogg"):
        encode(TUNE, "ogg")
