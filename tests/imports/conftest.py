"""A Mixxx database next to the sample library."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports.mixxx_database import MixxxDatabase


@pytest.fixture
def mixxx(tmp_path: Path) -> MixxxDatabase:
    """A database of Mixxx 2.3 without tracks."""
    return MixxxDatabase(tmp_path / "mixxxdb.sqlite")
