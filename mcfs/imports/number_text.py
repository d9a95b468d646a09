"""How imports write numbers, from every source alike: otherwise one import would undo what another wrote."""

from __future__ import annotations

import math


def bpm_text(bpm: float | str) -> str:
    """With two decimals, "126.90"; "" if it is not a number, or 0, which programs write for no tempo."""
    try:
        number = float(str(bpm).strip().replace(",", "."))
    except ValueError:
        return ""
    return f"{number:.2f}" if math.isfinite(number) and number > 0 else ""


def seconds_text(seconds: float) -> str:
    """With at most two decimals, and no trailing zeros: "254.43", "200.5", "4"."""
    return f"{seconds:.2f}".rstrip("0").rstrip(".")
