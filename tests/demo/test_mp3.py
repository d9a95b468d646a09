"""The MP3 encoder, tested by parsing every frame: header, length, spectral lines."""

from __future__ import annotations

import io
import itertools
import math
import shutil
import subprocess
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mutagen import mp3 as mutagen_mp3

from mcfs.demo import mp3
from mcfs.demo.tune import Tune, steps

TUNE = Tune(bpm=124.5, root=9, minor=True, number=77)
SLOW = Tune(bpm=60, root=0, minor=False, number=3)
FAST = Tune(bpm=177, root=11, minor=True, number=390_624)


@dataclass
class Granule:
    gain: int
    lines: dict[int, int]  # frequency line → +1 or -1


def frames(file: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(file):
        assert file[start : start + 2] == b"\xff\xfb", "MPEG-1 Layer III without checksum"
        assert file[start + 2] & 0b1111_1101 == 0b0001_0000, "32 kbit/s, 44.1 kHz"
        assert file[start + 3] >> 6 == 0b11, "mono"
        size = 144 * 32_000 // 44_100 + (file[start + 2] >> 1 & 1)
        yield file[start : start + size]
        start += size
    assert start == len(file), "the last frame is whole"


def granules(file: bytes) -> Iterator[Granule]:
    for frame in frames(file):
        bits = "".join(f"{byte:08b}" for byte in frame)
        side, data = bits[32 : 32 + 136], bits[32 + 136 :]
        assert int(side[:9], 2) == 0, "no bits from earlier frames"
        for half in (side[18:77], side[77:136]):
            length, big_values, gain = int(half[:12], 2), int(half[12:21], 2), int(half[21:29], 2)
            assert big_values == 0
            assert int(half[29:58], 2) == 0, "no scale factors, long blocks, no tables"
            assert half[58] == "1", "count1 table B"
            yield Granule(gain, lines(data[:length]))
            data = data[length:]
        assert set(data) <= {"0"}, "the rest is empty"


def lines(data: str) -> dict[int, int]:
    """Table B of the count1 region (ISO 11172-3): four bits, 0 for a line that is not zero; then signs."""
    found = {}
    at = line = 0
    while at < len(data):
        there = [line + offset for offset in range(4) if data[at + offset] == "0"]
        at += 4
        for index in there:
            found[index] = -1 if data[at] == "1" else 1
            at += 1
        line += 4
    assert at == len(data), "the length is that of the codes"
    assert line <= 576
    return found


@pytest.mark.parametrize("tune", [TUNE, SLOW, FAST])
def test_every_frame_is_complete_and_has_the_lines_of_the_notes(tune: Tune) -> None:
    notes = list(steps(tune))
    for number, granule in enumerate(granules(mp3.encode(tune))):
        time = number * 576 / 44_100
        sounding = [note for note in notes if note.start <= time][-1]
        low = {line for line in granule.lines if line < 4}
        tones = set(granule.lines) - low
        assert len(tones) <= 1
        assert all(abs((line + 0.5) * 44_100 / 1152 - sounding.hertz) < 20 for line in tones)
        assert not low or sounding.kick
        assert 0 < granule.gain < 210


def test_each_note_is_loudest_at_its_beginning() -> None:
    gains = [granule.gain for granule in granules(mp3.encode(TUNE))]
    rises = sum(later > earlier for earlier, later in itertools.pairwise(gains))
    assert rises == len(list(steps(TUNE))) - 1


def test_mutagen_reads_it() -> None:
    opened: Any = mutagen_mp3.MP3
    info = opened(io.BytesIO(mp3.encode(TUNE))).info
    assert (info.version, info.layer, info.sample_rate, info.channels) == (1, 3, 44_100, 1)
    assert info.bitrate == 32_000
    assert info.length == pytest.approx(16 * 15 / TUNE.bpm, abs=0.05)
    assert not info.sketchy


def loudness_at(sound: array[int], hertz: float) -> float:
    """The strength of one frequency, by Goertzel's algorithm."""
    turn = 2 * math.cos(2 * math.pi * hertz / 44_100)
    last = before = 0.0
    for sample in sound:
        last, before = sample + turn * last - before, last
    return math.sqrt(max(last**2 + before**2 - turn * last * before, 0))


@pytest.mark.parametrize("decoder", ["mpg123", "ffmpeg"])
def test_a_real_decoder_plays_the_notes(decoder: str, tmp_path: Path) -> None:
    program = shutil.which(decoder)
    if program is None:
        pytest.skip(f"{decoder} is not installed; the frames have been parsed above")
    file = tmp_path / "tune.mp3"
    file.write_bytes(mp3.encode(TUNE))
    arguments = {
        "mpg123": ["--quiet", "--stdout", str(file)],
        "ffmpeg": ["-nostdin", "-v", "error", "-i", str(file), "-f", "s16le", "-"],
    }[decoder]
    done = subprocess.run([program, *arguments], check=True, capture_output=True)
    assert not done.stderr
    sound = array("h", done.stdout[: len(done.stdout) // 2 * 2])
    assert 8_000 < max(sound) < 32_000
    for note in list(steps(TUNE))[1:8]:
        # Decoders are 529 + 576 samples late.
        start = 1105 + round((note.start + 0.015) * 44_100)
        part = sound[start : start + 4_000]
        others = [note.hertz * 2 ** (semitones / 12) for semitones in (-3, -2, 2, 3)]
        assert loudness_at(part, note.hertz) > 2 * max(loudness_at(part, hertz) for hertz in others)
