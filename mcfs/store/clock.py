"""Which day it is, for queries that speak of "yesterday".

Owns that question: the rooms below (`sql/`, `query/` …) are given the day and read no clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime


def today() -> date:
    """The local day. Relative dates in a query refer to whole local days."""
    return datetime.now(UTC).astimezone().date()
