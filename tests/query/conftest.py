"""The language is asked in Universal Time, unless a test says where it is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.records import cache, empty_cache, half_cache

__all__ = ["cache", "empty_cache", "half_cache", "universal_time"]


@pytest.fixture(scope="package", autouse=True)
def universal_time() -> Iterator[None]:
    """A day begins at midnight of the place one is in; here nobody is anywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()
