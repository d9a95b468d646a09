"""How numbers are spelled as metadata, whichever source they come from.

Owns that two sources that know the same say the same: else one would undo what the other wrote.
"""

from __future__ import annotations

import math


def bpm_text(bpm: float | str) -> str:
    """With two decimals, "126.90"; "" where it is none, or 0, which programs write for none."""
    try:
        number = float(str(bpm).strip().replace(",", "."))
    except ValueError:
        return ""
    return f"{number:.2f}" if math.isfinite(number) and number > 0 else ""


def seconds_text(seconds: float) -> str:
    """With as many decimals as it has, and two at most: "254.43", "200.5", "4"."""
    return f"{seconds:.2f}".rstrip("0").rstrip(".")
