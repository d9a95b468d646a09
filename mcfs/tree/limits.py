"""How much memory the caches of one tree may take.

Owns the default bounds. A test gives smaller ones instead of filling them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one tree's caches."""

    # Entries of all cached listings together: with its name and paths, one takes nearly a kilobyte.
    listed_entries: int = 20_000
    # Bytes on the disk of all cached folder files (playlists, tables) together.
    file_bytes: int = 512_000_000
    # Templates in use. With more of them, a change is reported as "any name may differ".
    templates: int = 1000
    # Bytes of the values of all templates together, and of which tracks have them. The eighty thousand titles
    # of a large library take nearly all of it.
    group_bytes: int = 32_000_000
    # Of the values of one template's fields, in one folder; what has more is refused.
    combinations: int = 1_000_000


DEFAULT_LIMITS = Limits()
