"""FLAC files: a small encoder for 16-bit mono.

Owns the format (RFC 9639): fixed predictors with Rice codes, or plain samples where that is shorter. The
encoders on PyPI need numpy, or a compiler and libFLAC. This needs neither, and no new version of an
encoder can change the keys of a demo library.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from array import array
from collections.abc import Sequence

_BLOCK = 4096
_BITS = 16
_ORDER = 2  # the second difference: a straight line predicts smooth sound well
_RATES = {22_050: 0b0110, 44_100: 0b1001, 48_000: 0b1010}


def encode(samples: array[int], rate: int) -> bytes:
    """The whole file: STREAMINFO, then blocks of 4096 samples."""
    frames = [
        _frame(number, samples[start : start + _BLOCK], rate)
        for number, start in enumerate(range(0, len(samples), _BLOCK))
    ]
    stream_info = _stream_info(samples, rate, [len(frame) for frame in frames])
    return b"fLaC" + stream_info + b"".join(frames)


def _stream_info(samples: array[int], rate: int, sizes: list[int]) -> bytes:
    little = samples
    if sys.byteorder == "big":
        little = samples[:]
        little.byteswap()
    channels_less_one = 0
    packed = rate << 44 | channels_less_one << 41 | (_BITS - 1) << 36 | len(samples)
    body = (
        _BLOCK.to_bytes(2) * 2
        + min(sizes).to_bytes(3)
        + max(sizes).to_bytes(3)
        + packed.to_bytes(8)
        + hashlib.md5(little.tobytes(), usedforsecurity=False).digest()
    )
    last_and_type = 0x80
    return bytes([last_and_type]) + len(body).to_bytes(3) + body


def _frame(number: int, block: array[int], rate: int) -> bytes:
    head = (
        b"\xff\xf8"  # sync code, blocks of one size
        # Block size in 16 bits below, rate, mono, 16 bits a sample.
        + bytes([0b0111 << 4 | _RATES[rate], 0b0000 << 4 | 0b100 << 1])
        + chr(number).encode()  # the frame's number is coded as UTF-8 codes characters
        + (len(block) - 1).to_bytes(2)
    )
    head += bytes([_crc(head, _CRC8, 8)])
    bits = _subframe(block)
    bits += "0" * (-len(bits) % 8)
    frame = head + int(bits, 2).to_bytes(len(bits) // 8)
    return frame + _crc(frame, _CRC16, 16).to_bytes(2)


def _subframe(block: array[int]) -> str:
    verbatim = _subframe_head(0b000001) + _fixed_width(block)
    if len(block) <= _ORDER:
        return verbatim
    residual = [c - 2 * b + a for a, b, c in zip(block, block[1:], block[2:], strict=False)]
    # The code is shortest if 2 ** parameter is about the mean of the coded numbers.
    mean = 2 * sum(map(abs, residual)) // len(residual)
    parameter = min(max(mean.bit_length() - 1, 0), 14)
    coded = "".join(map(_rice(parameter).__getitem__, residual))
    one_partition = f"000000{parameter:04b}"
    warm_up = _fixed_width(block[:_ORDER])
    predicted = _subframe_head(0b001000 | _ORDER) + warm_up + one_partition + coded
    return min(predicted, verbatim, key=len)


def _subframe_head(kind: int) -> str:
    return f"0{kind:06b}0"


def _fixed_width(samples: Sequence[int]) -> str:
    return "".join([f"{sample & 0xFFFF:016b}" for sample in samples])


class _RiceCodes(dict[int, str]):
    """Residual → its code, kept after first use, because residuals repeat."""

    def __init__(self, parameter: int) -> None:
        self._parameter = parameter

    def __missing__(self, residual: int) -> str:
        folded = 2 * residual if residual >= 0 else -2 * residual - 1
        quotient, rest = folded >> self._parameter, folded & (1 << self._parameter) - 1
        code = "0" * quotient + "1" + (f"{rest:0{self._parameter}b}" if self._parameter else "")
        self[residual] = code
        return code


@functools.cache
def _rice(parameter: int) -> _RiceCodes:
    return _RiceCodes(parameter)


def _crc_table(polynomial: int, width: int) -> list[int]:
    table = []
    for byte in range(256):
        value = byte << width - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> width - 1 else 0)
            value &= (1 << width) - 1
        table.append(value)
    return table


_CRC8 = _crc_table(0x07, 8)
_CRC16 = _crc_table(0x8005, 16)


def _crc(data: bytes, table: list[int], width: int) -> int:
    crc = 0
    mask = (1 << width) - 1
    for byte in data:
        crc = crc << 8 & mask ^ table[crc >> width - 8 ^ byte]
    return crc
