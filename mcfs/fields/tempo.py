"""Which tempos a written tempo means, as Mixxx has it.

Owns the intervals alone. A whole number means all tempos that begin with it; the margin of 0.05 below
takes in what analysers make of a steady 126.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_BELOW = 0.05
_FADER = 0.06


@dataclass(frozen=True, slots=True)
class BpmRange:
    """From `low`, included, to `high`, included or not."""

    low: float
    high: float
    high_open: bool = False


def bpm_ranges(bpm: str, *, exact: bool, near: bool) -> tuple[BpmRange, ...]:
    """The tempo itself and, unless `exact`, its half and its double."""
    number = float(bpm)
    spans: tuple[BpmRange, ...]
    if near:
        low, high = math.floor(number * (1 - _FADER)), math.ceil(number * (1 + _FADER))
        spans = (BpmRange(low, high), BpmRange(low / 2, high / 2), BpmRange(low * 2, high * 2))
    elif "." in bpm:
        margin = _rounded(0.5 * 10.0 ** -len(bpm.partition(".")[2]))
        spans = tuple(
            BpmRange(_rounded(middle - margin), _rounded(middle + margin))
            for middle in (number, number / 2, number * 2)
        )
    else:
        whole = int(number)
        spans = (
            BpmRange(_rounded(whole - _BELOW), whole + 1, high_open=True),
            BpmRange(_rounded(whole // 2 - _BELOW), whole / 2 + 1, high_open=True),
            BpmRange(_rounded(whole * 2 - _BELOW), (whole + 1) * 2, high_open=True),
        )
    return spans[:1] if exact else spans


def _rounded(number: float) -> float:
    # 127.12 - 0.005 is 127.11500000000001: the last digits are the float's, not the DJ's.
    return round(number, 9)
