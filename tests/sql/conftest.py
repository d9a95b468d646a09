"""Fixtures of the tests that run a query's SQL."""

from __future__ import annotations

from tests.query.conftest import universal_time
from tests.records import asked, empty, fewer

__all__ = ["asked", "empty", "fewer", "universal_time"]
