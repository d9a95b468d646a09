"""The FLAC encoder, tested with a decoder that shares no code with it."""

from __future__ import annotations

import hashlib
import io
import random
import shutil
import subprocess
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mutagen import flac as mutagen_flac

from mcfs.demo import flac
from mcfs.demo.sound import RATE, samples
from mcfs.demo.tune import Tune

TUNE = Tune(bpm=128.5, root=9, minor=True, number=77)


class Bits:
    """Reads a number of bits at a time, as RFC 9639 describes the format."""

    def __init__(self, data: bytes) -> None:
        self._text = "".join(f"{byte:08b}" for byte in data)
        self.at = 0

    def unsigned(self, width: int) -> int:
        self.at += width
        return int(self._text[self.at - width : self.at] or "0", 2)

    def signed(self, width: int) -> int:
        value = self.unsigned(width)
        return value - (1 << width) if value >> (width - 1) else value

    def unary(self) -> int:
        end = self._text.index("1", self.at)
        zeros = end - self.at
        self.at = end + 1
        return zeros

    @property
    def over(self) -> bool:
        return self.at >= len(self._text)


def crc(data: bytes, polynomial: int, width: int) -> int:
    """CRC, bit by bit; it is 0 for data that ends with its own checksum."""
    value = 0
    for byte in data:
        for bit in range(7, -1, -1):
            top = value >> (width - 1) ^ byte >> bit & 1
            value = (value << 1 & (1 << width) - 1) ^ (polynomial if top else 0)
    return value


def decoded(file: bytes) -> list[int]:
    assert file[:4] == b"fLaC"
    assert file[4] == 0x80, "STREAMINFO, and no other block"
    body = int.from_bytes(file[5:8])
    found = [sample for frame in frames(file[8 + body :]) for sample in frame]
    total = int.from_bytes(file[21:26]) & (1 << 36) - 1
    assert len(found) == total
    little = array("h", found)
    if sys.byteorder == "big":
        little.byteswap()
    assert hashlib.md5(little.tobytes(), usedforsecurity=False).digest() == file[26:42]
    return found


def frames(data: bytes) -> Iterator[list[int]]:
    start = number = 0
    while start < len(data):
        bits = Bits(data[start:])
        assert bits.unsigned(16) == 0xFFF8
        assert bits.unsigned(4) == 0b0111, "block size in 16 bits"
        assert bits.unsigned(4) == 0b0110, "22.05 kHz"
        assert bits.unsigned(8) == 0b0000_100_0, "mono, 16 bits"
        coded = data[start + 4 :].decode("utf-8", "ignore")[0]
        assert ord(coded) == number
        bits.at += 8 * len(coded.encode())
        size = bits.unsigned(16) + 1
        bits.at += 8
        assert crc(data[start : start + bits.at // 8], 0x07, 8) == 0
        yield subframe(bits, size)
        bits.at += -bits.at % 8 + 16
        end = start + bits.at // 8
        assert crc(data[start:end], 0x8005, 16) == 0
        start, number = end, number + 1


def subframe(bits: Bits, size: int) -> list[int]:
    assert bits.unsigned(1) == 0
    kind = bits.unsigned(6)
    assert bits.unsigned(1) == 0, "no wasted bits"
    if kind == 1:
        return [bits.signed(16) for _ in range(size)]
    assert kind == 0b001010, "fixed predictor of order 2"
    sound = [bits.signed(16), bits.signed(16)]
    assert bits.unsigned(6) == 0, "Rice codes of 4 bits, one partition"
    parameter = bits.unsigned(4)
    assert parameter < 15
    while len(sound) < size:
        folded = bits.unary() << parameter | bits.unsigned(parameter)
        residual = -(folded + 1) // 2 if folded & 1 else folded // 2
        sound.append(2 * sound[-1] - sound[-2] + residual)
    return sound


def noise(length: int) -> array[int]:
    dice = random.Random(1)
    return array("h", [int(65_536 * dice.random()) - 32_768 for _ in range(length)])


@pytest.mark.parametrize(
    "sound",
    [
        samples(TUNE)[:9000],
        array("h", [0] * 5000),
        array("h", [32_767, -32_768] * 2100),
        array("h", range(-4000, 4000)),
        noise(4097),
        noise(4096),
        *(array("h", [-7] * length) for length in (1, 2, 3)),
    ],
    ids=["tune", "silence", "extremes", "slope", "noise", "one block", "one", "two", "three"],
)
def test_decoding_gives_the_same_samples(sound: array[int]) -> None:
    assert decoded(flac.encode(sound, RATE)) == list(sound)


def test_sound_is_compressed_and_noise_hardly_grows() -> None:
    tune = samples(TUNE)
    assert len(flac.encode(tune, RATE)) < 0.75 * len(tune.tobytes())
    assert len(flac.encode(noise(8192), RATE)) < 2 * 8192 + 100


def test_mutagen_reads_it() -> None:
    sound = samples(TUNE)
    opened: Any = mutagen_flac.FLAC
    info = opened(io.BytesIO(flac.encode(sound, RATE))).info
    assert (info.sample_rate, info.channels, info.bits_per_sample) == (RATE, 1, 16)
    assert info.total_samples == len(sound)


def test_the_reference_decoder_accepts_it(tmp_path: Path) -> None:
    program = shutil.which("flac")
    if program is None:
        pytest.skip("flac is not installed; our own decoder has read it")
    file = tmp_path / "tune.flac"
    file.write_bytes(flac.encode(samples(TUNE), RATE))
    subprocess.run([program, "--test", "--silent", "--warnings-as-errors", file], check=True)
