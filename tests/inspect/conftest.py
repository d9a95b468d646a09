"""Fixtures of the tests of `inspect/`: the sample tracks, and UTC as the time zone."""

from __future__ import annotations

from tests.query.conftest import universal_time
from tests.records import cache

__all__ = ["cache", "universal_time"]
