"""Whether so many tracks lose values in a few seconds that it looks like an accident, such as `rm -r`.

Owns the rule: more than 100 tracks within 10 seconds. Pure; the caller says what time it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

MOST_TRACKS = 100
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class UnlinkGuard:
    """Which tracks have lost values lately."""

    # Annex key → when it last did. In the order of time.
    _lately: dict[str, float] = field(default_factory=dict)
    # When a removal was last refused.
    _refused_at: float | None = None

    def allows(self, annex_keys: Iterable[str], now: float) -> tuple[bool, UnlinkGuard]:
        """Whether these tracks may lose values now, and the guard to ask next.

        After it has refused once it goes on refusing, until nobody has tried for some seconds: a program that
        removes everything must not succeed in part, just because it is slow.
        """
        if self._refused_at is not None and now - self._refused_at < SECONDS:
            return False, replace(self, _refused_at=now)
        keys = set(annex_keys)
        lately = {
            key: at for key, at in self._lately.items() if now - at < SECONDS and key not in keys
        }
        lately |= dict.fromkeys(keys, now)
        if len(lately) > MOST_TRACKS:
            return False, replace(self, _refused_at=now)
        return True, UnlinkGuard(lately)
