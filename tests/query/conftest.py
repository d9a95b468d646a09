"""Tests of queries run in UTC, unless a test sets another time zone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.records import cache, empty_cache, half_cache

__all__ = ["cache", "empty_cache", "half_cache", "universal_time"]


@pytest.fixture(scope="package", autouse=True)
def universal_time() -> Iterator[None]:
    """Days begin at midnight UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()
