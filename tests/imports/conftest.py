"""A Mixxx database beside the sample library."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports.mixxx_database import MixxxDatabase


@pytest.fixture
def mixxx(tmp_path: Path) -> MixxxDatabase:
    """Of Mixxx 2.3, with no tracks in it."""
    return MixxxDatabase(tmp_path / "mixxxdb.sqlite")
