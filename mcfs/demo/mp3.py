"""MP3 files: MPEG-1 Layer III frames with a few spectral lines each.

Owns the format (ISO 11172-3). Nothing is analysed: a tone is the one frequency line that is nearest to it,
with the value +1, 0 or -1 in each granule, following its phase; the granule's gain is its loudness. All
lines are in the count1 region, with its fixed-length table B. Each frame has its own data (no bit
reservoir), and the bit rate is constant.
"""

from __future__ import annotations

import math

from mcfs.demo.tune import Step, Tune, steps

RATE = 44_100
_KILOBITS = 32
_GRANULE = 576  # samples, and frequency lines
_LINE = RATE / 2 / _GRANULE  # hertz
_HEAD_AND_SIDE_INFO = 4 + 17
_FULL_SCALE = 210  # the gain at which a line of 1 is as loud as can be
_LOUDNESS = 0.25
_KICK_LINES = (1, 2)  # 57 and 96 Hz
_KICK_SECONDS = 0.06


def encode(tune: Tune) -> bytes:
    """The whole file: frames of two granules each."""
    notes = list(steps(tune))
    length = notes[-1].start + notes[-1].seconds
    frames = []
    owed = 0  # what rounding frame sizes down has left out so far, in 1/RATE of a byte
    for number in range(math.ceil(length * RATE / _GRANULE / 2)):
        size, rest = divmod(144 * _KILOBITS * 1000, RATE)
        owed += rest
        padded = owed >= RATE
        owed -= RATE * padded
        granules = [_granule(notes, 2 * number), _granule(notes, 2 * number + 1)]
        frames.append(_frame(granules, size + padded, padded))
    return b"".join(frames)


def _frame(granules: list[tuple[str, str]], size: int, padded: bool) -> bytes:
    head = f"{0b111111111111101:015b}1" + f"0001{0b00:02b}{int(padded)}0" + "11000100"
    side_info = "0" * (9 + 5 + 4) + "".join(side for side, _ in granules)
    main_data = "".join(data for _, data in granules)
    room = (size - _HEAD_AND_SIDE_INFO) * 8
    bits = head + side_info + main_data.ljust(room, "0")
    return int(bits, 2).to_bytes(size)


def _granule(notes: list[Step], number: int) -> tuple[str, str]:
    """The granule's part of the side information, and its spectral lines."""
    start = number * _GRANULE / RATE
    sounding = [note for note in notes if note.start <= start] or notes[:1]
    note = sounding[-1]
    age = start - note.start
    lines = {round(note.hertz / _LINE - 0.5): _phase_level(note.hertz, number)}
    loudness = _LOUDNESS * math.exp(-age / 0.06)
    if note.kick and age < _KICK_SECONDS:
        lines.update((line, _phase_level((line + 0.5) * _LINE, number)) for line in _KICK_LINES)
    quads = "".join(
        _quad([lines.get(line + offset, 0) for offset in range(4)])
        for line in range(0, max(lines) + 1, 4)
    )
    gain = round(_FULL_SCALE + 4 * math.log2(loudness))
    # 12 bits length, 9 big values (none), 8 gain; no scale factors, long blocks, no tables; count1
    # table B.
    side = f"{len(quads):012b}{0:09b}{gain:08b}" + "0" * 4 + "0" + "0" * 15 + "0" * 7 + "00" + "1"
    return side, quads


def _phase_level(hertz: float, granule: int) -> int:
    """The phase of a tone at a granule, rounded to one of three levels."""
    return round(1.2 * math.cos(2 * math.pi * hertz * granule * _GRANULE / RATE + math.pi / 4))


def _quad(lines: list[int]) -> str:
    """Table B: one bit for each line, 0 if it is not zero; then the signs of those."""
    return "".join("01"[not line] for line in lines) + "".join(
        "01"[line < 0] for line in lines if line
    )
