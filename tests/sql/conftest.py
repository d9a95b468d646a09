"""Fixtures of the tests that run a query's SQL."""

from __future__ import annotations

from tests.query.conftest import universal_time
from tests.records import cache, empty_cache, half_cache

__all__ = ["cache", "empty_cache", "half_cache", "universal_time"]
