"""The version of the library, and of its snapshots, that an answer of the tree is true of.

A module of its own, because listings, changes and the tree's state all carry it.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from mcfs.store import Generation


class TreeVersion(NamedTuple):
    """A generation of the store on one local day: "in the last 7 days" is another answer tomorrow."""

    generation: Generation
    day: date
    # Which of the sets of snapshots that this tree has seen, one after the other.
    snapshots: int = 0
    # How often the values that no track has yet have changed since the tree was made.
    empty_values: int = 0

    def is_older_than(self, other: TreeVersion) -> bool:
        """Whether the store has moved on since. Generations of different stores have no order."""
        one, two = self.generation, other.generation
        if one.store_uuid != two.store_uuid:
            return False
        return one.counter < two.counter or (
            one == two
            and (self.snapshots, self.empty_values) < (other.snapshots, other.empty_values)
        )
