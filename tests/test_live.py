"""The kernel believes for a day what it was told: what changes must be told it, everywhere and in time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mcfs.annex.library import Library
from mcfs.store import open_store
from tests.living import drive
from tests.mounting import observed
from tests.needs import needs_fuse


@pytest.fixture(autouse=True)
def _fuse() -> None:
    needs_fuse()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "mnt"


def test_a_thousand_folders_through_a_hundred_changes(library: Library, place: Path) -> None:
    with open_store(library.store_dir) as store, observed(library.top, place, "--hurry") as served:
        draw = random.Random(1)
        for _ in drive(store, served.path, draw, rounds=60, folders=1000, some=40):
            pass
