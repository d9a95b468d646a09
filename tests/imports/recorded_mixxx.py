"""The rows that a real Mixxx left in its database: after a scan, a DJ's work, names that changed, more scans.

`contrib/programs/mixxx_loop.py` made `data/mixxx-2.3.3-loop.json` and says how; a trial compares it with what
a Mixxx leaves today.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# "columns" of the table `library`; and "steps", each with the rows of four tables "after" something was done.
RECORDED = json.loads((Path(__file__).parent / "data" / "mixxx-2.3.3-loop.json").read_text())

Step = dict[str, Any]
# What a row must have in common with the one of a real Mixxx, besides its path and its crates.
KEPT = ("title", "artist", "genre", "rating", "mixxx_deleted")


def library_rows(step: Step) -> list[dict[str, Any]]:
    """The rows of the table `library`."""
    return [dict(zip(RECORDED["columns"], row, strict=True)) for row in step["library"]]


def comparable_rows(step: Step) -> list[tuple[Any, ...]]:
    """Path, whether it is gone, what the row has, its crates: the numbers of rows are Mixxx's own affair."""
    crates = dict(step["crates"])
    places = {place[0]: (place[1], place[5]) for place in step["track_locations"]}
    return sorted(
        (
            *places[row["location"]],
            *(row[name] for name in KEPT),
            sorted(crates[crate] for crate, track in step["crate_tracks"] if track == row["id"]),
        )
        for row in library_rows(step)
    )
