"""The local day."""

from __future__ import annotations

import time

import pytest

from mcfs.store.clock import today


def test_the_day_is_the_local_one() -> None:
    """Of two time zones 26 hours apart, one is always a day ahead."""
    days = []
    with pytest.MonkeyPatch.context() as patch:
        for zone in ("AHEAD-14", "BEHIND+12"):
            patch.setenv("TZ", zone)
            time.tzset()
            days.append(today())
    time.tzset()
    assert days[0] > days[1]
