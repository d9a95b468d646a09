"""Which tempos a search for one tempo finds: the same ones as in Mixxx.

A whole number means every tempo that begins with it. The margin of 0.05 below takes in what beat
analysers make of a steady 126.
"""

from __future__ import annotations

import math

from mcfs.fields.amounts import Interval
from mcfs.text.numbers import number_text

_BELOW = 0.05
_FADER = 0.06


def bpm_ranges(bpm: str, *, exact: bool, near: bool) -> tuple[Interval, ...]:
    """The tempo itself and, unless `exact`, its half and its double; `near`: what a pitch fader reaches."""
    number = float(bpm)
    spans: tuple[Interval, ...]
    if near:
        return (Interval(math.floor(number * (1 - _FADER)), math.ceil(number * (1 + _FADER))),)
    if "." in bpm:
        spans = tuple(map(_shown_as, (number, number / 2, number * 2)))
    else:
        whole = int(number)
        spans = (
            Interval(_rounded(whole - _BELOW), whole + 1, high_open=True),
            Interval(_rounded(whole // 2 - _BELOW), whole / 2 + 1, high_open=True),
            Interval(_rounded(whole * 2 - _BELOW), (whole + 1) * 2, high_open=True),
        )
    return spans[:1] if exact else spans


def _shown_as(number: float) -> Interval:
    """All tempos that a list shows as this one: 127.1 has one decimal, and its half 63.55 has two."""
    decimals = max(1, len(number_text(number, 9).partition(".")[2]))
    margin = 0.5 * 10.0**-decimals
    return Interval(_rounded(number - margin), _rounded(number + margin))


def _rounded(number: float) -> float:
    # 127.12 - 0.005 is 127.11500000000001: the last digits are the float's, not the DJ's.
    return round(number, 9)
